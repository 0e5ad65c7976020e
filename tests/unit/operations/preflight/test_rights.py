"""Rights of the caller, as IAM simulates them for a preflight: who may do too little, and what is left open."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import boto3
import pytest

from paddock.operations.preflight.account import Account
from paddock.operations.preflight.facts import Asked, Caller, Rights
from tests.unit.operations.preflight.stacks import REGION, Kept, asked
from tests.unit.operations.preflight.test_account import SERVED, TRUST, read


def _as_role(
    session: Kept, name: str, policy: dict[str, Any] | None, path: str = "/", guard: dict[str, Any] | None = None
) -> boto3.Session:
    iam, sts = session.client("iam"), session.client("sts")
    arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    if policy is not None:
        document = {"Version": "2012-10-17", "Statement": [policy, *([guard] if guard else [])]}
        iam.put_role_policy(RoleName=name, PolicyName="it", PolicyDocument=json.dumps(document))
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    return boto3.Session(
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_a_session_is_simulated_as_its_role_with_the_path_of_a_single_sign_on(session: Kept) -> None:
    path = "/aws-reserved/sso.amazonaws.com/"
    caller = Account(asked(), _as_role(session, "AWSReservedSSO_Admin_1", None, path)).caller()
    assert isinstance(caller, Caller)
    assert caller.arn == "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_1/me"
    assert caller.principal == f"arn:aws:iam::123456789012:role{path}AWSReservedSSO_Admin_1"


def test_a_role_that_may_do_too_little_is_refused_by_name_and_one_that_may_all_is_not(session: Kept) -> None:
    most = {"Effect": "Allow", "NotAction": ["iam:CreateRole", "eks:CreateCluster"], "Resource": "*"}
    rights = read(asked(), _as_role(session, "most", most)).rights
    assert isinstance(rights, Rights)
    assert rights.denied == ("eks:CreateCluster", "iam:CreateRole")
    everything = read(asked(), _as_role(session, "all", {"Effect": "Allow", "Action": "*", "Resource": "*"})).rights
    assert isinstance(everything, Rights)
    assert everything.denied == ()
    assert everything.allowed > 100


def test_a_stack_with_a_build_is_asked_for_codebuild(session: Kept) -> None:
    role = _as_role(session, "nobuild", {"Effect": "Allow", "NotAction": "codebuild:*", "Resource": "*"})
    package = f"paddock[images] @ git+https://github.com/paddock/paddock@{40 * 'a'}"
    for stack, denied in ((asked(), 0), (asked(ingest_package=package), 7)):
        rights = read(stack, role).rights
        assert isinstance(rights, Rights)
        assert len(rights.denied) == denied
        assert all(each.startswith("codebuild:") for each in rights.denied)


def test_the_roles_of_services_are_asked_for_where_the_account_has_them_not_yet(session: Kept) -> None:
    """Made by whoever uses the service first; a policy names the service by a condition."""
    iam = session.client("iam")
    most = {"Effect": "Allow", "NotAction": "iam:CreateServiceLinkedRole", "Resource": "*"}
    eks = {
        "Effect": "Allow",
        "Action": "iam:CreateServiceLinkedRole",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:AWSServiceName": ["eks.amazonaws.com", "eks-nodegroup.amazonaws.com"]}},
    }
    none, some = _as_role(session, "noslr", most), _as_role(session, "eksslr", most, guard=eks)
    balanced = asked(**SERVED)

    def refused(stack: Asked, role: boto3.Session) -> tuple[str, ...]:
        rights = read(stack, role).rights
        assert isinstance(rights, Rights)
        assert rights.open == ()
        return rights.denied

    refusal = ("iam:CreateServiceLinkedRole",)
    assert (refused(asked(), none), refused(asked(), some), refused(balanced, some)) == (refusal, (), refusal)
    roles = {"eks": "AWSServiceRoleForAmazonEKS", "eks-nodegroup": "AWSServiceRoleForAmazonEKSNodegroup"}
    for service, name in roles.items():
        path = f"/aws-service-role/{service}.amazonaws.com/"
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST)
    try:
        assert refused(asked(), none) == ()
    finally:
        for name in roles.values():
            iam.delete_role(RoleName=name)


def test_a_role_limited_to_the_names_of_the_platform_is_asked_for_these(session: Kept) -> None:
    named = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": [
            "arn:aws:iam::123456789012:role/llama-*",
            "arn:aws:eks:us-east-1:123456789012:*/llama-dev*",
            "arn:aws:s3:::llama-store-*",
        ],
    }
    rights = read(asked(), _as_role(session, "named", named)).rights
    assert isinstance(rights, Rights)
    assert not [each for each in rights.denied if each.startswith(("s3:", "eks:"))]
    assert "ec2:CreateVpc" in rights.denied


def test_conditions_that_a_simulation_cannot_know_leave_an_action_open(session: Kept) -> None:
    condition = {"StringEquals": {"aws:RequestTag/team": "llama"}}
    policy = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    rights = read(asked(), _as_role(session, "tagged", policy)).rights
    assert isinstance(rights, Rights)
    assert rights.denied == ()
    assert "ec2:CreateVpc" in rights.open


@pytest.mark.parametrize(
    ("deny", "denied", "open_"),
    [
        ({"StringNotEquals": {"aws:RequestedRegion": REGION}}, False, False),
        ({"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}}, True, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, False, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, False, False),
        ({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, False, True),
    ],
)
def test_a_deny_with_conditions_refuses_where_the_request_would_meet_them(
    session: Kept, deny: dict[str, Any], denied: bool, open_: bool
) -> None:
    name = "deny" + hashlib.sha256(json.dumps(deny).encode()).hexdigest()[:12]
    guard = {"Effect": "Deny", "Action": "ec2:CreateVpc", "Resource": "*", "Condition": deny}
    role = _as_role(session, name, {"Effect": "Allow", "Action": "*", "Resource": "*"}, guard=guard)
    rights = read(asked(), role).rights
    assert isinstance(rights, Rights)
    assert rights.denied == (("ec2:CreateVpc",) if denied else ())
    assert rights.open == (("ec2:CreateVpc",) if open_ else ())


def test_a_guard_of_regions_is_asked_of_iam_in_its_own_region(session: Kept) -> None:
    guard = {
        "Effect": "Deny",
        "Action": ["ec2:CreateVpc", "iam:CreateRole"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}},
    }
    role = _as_role(session, "regions", {"Effect": "Allow", "Action": "*", "Resource": "*"}, guard=guard)
    there = asked()
    elsewhere = replace(there, plan=replace(there.plan, region="eu-central-1"))
    rights = Account(elsewhere, role).rights(Account(there, role).caller())
    assert isinstance(rights, Rights)
    assert rights.denied == ("ec2:CreateVpc",)
