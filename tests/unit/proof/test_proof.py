"""The proof on a program that really ran, changed one thing at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddock.proof import ProofInputError, State, Verdict, prove, read_inventory
from tests.unit.proof.mutations import FAULTS, HARMLESS
from tests.unit.proof.stacks import Stack, allow, closed, document, text_of


def test_the_program_of_today_is_not_private_and_for_these_reasons_alone() -> None:
    proof = Stack().proof()
    assert proof.verdict is Verdict.NOT_PRIVATE
    assert {(way.state, way.rule) for way in proof.reasons} == {
        (State.OPEN, "dns"),
        (State.OPEN, "endpoint-policy"),
        (State.OPEN, "bucket-network"),
    }
    assert not proof.doors
    assert not proof.elsewhere


def test_a_first_preview_gives_the_same_reasons_but_cannot_know_the_bucket_policy() -> None:
    proof = prove(read_inventory(text_of("preview")))
    assert proof.verdict is Verdict.NOT_PRIVATE
    assert {(way.state, way.rule) for way in proof.reasons} == {
        (State.OPEN, "dns"),
        (State.OPEN, "endpoint-policy"),
        (State.UNCLEAR, "bucket-policy"),
    }


def test_the_program_with_its_three_gaps_closed_is_private_and_its_doors_are_named() -> None:
    proof = closed().proof()
    assert proof.verdict is Verdict.PRIVATE
    assert {answer.verdict for answer in proof.answers} == {Verdict.PRIVATE}
    assert not proof.reasons
    assert {way.rule for way in proof.doors} == {"dns", "endpoint-policy"}
    assert any("network alone carries this proof" in remark for remark in proof.remarks)


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_not_private_or_unclear_with_its_rule_named(fault: str) -> None:
    change, rule = FAULTS[fault]
    stack = closed()
    change(stack)
    proof = stack.proof()
    assert proof.verdict is not Verdict.PRIVATE
    assert rule in {way.rule for way in proof.reasons}


@pytest.mark.parametrize("change", HARMLESS)
def test_a_harmless_change_stays_private(change: str) -> None:
    stack = closed()
    HARMLESS[change](stack)
    proof = stack.proof()
    assert (proof.verdict, [way.text for way in proof.reasons]) == (Verdict.PRIVATE, [])


def test_what_is_empty_or_interrupted_or_failed_is_never_private() -> None:
    empty = json.dumps({"deployment": {"resources": []}})
    interrupted = closed()
    interrupted.data["deployment"]["pending_operations"] = [{}]
    failed = json.dumps({"steps": [], "diagnostics": [{"severity": "error"}]})
    for text in (empty, json.dumps(interrupted.data), failed):
        assert prove(read_inventory(text)).verdict is Verdict.CANNOT_TELL


def test_a_role_that_writes_anywhere_undoes_an_endpoint_policy_by_principal() -> None:
    stack = closed()
    HARMLESS["an endpoint policy by principal"](stack)
    right = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    stack.add("aws:iam/rolePolicy:RolePolicy", "wide", policy=json.dumps({"Statement": [right]}))
    assert stack.proof().verdict is Verdict.NOT_PRIVATE


def test_two_vpcs_that_are_peered_share_their_ways_out() -> None:
    stack = closed()
    HARMLESS["a gateway in a VPC apart"](stack)
    stack.add("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "peers", vpcId=stack.vpc_id, peerVpcId="apart-id")
    proof = stack.proof()
    assert (proof.verdict, {way.rule for way in proof.reasons}) == (Verdict.NOT_PRIVATE, {"gateway"})


def test_a_secret_is_not_read() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"internal"'}
    stack = closed()
    stack.add("aws:lb/loadBalancer:LoadBalancer", "lb", internal=secret)
    assert stack.proof().verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": [1]}', '{"deployment": {"resources": [{}]}}', "[" * 10**5])
def test_what_is_not_pulumis_is_one_message(text: str) -> None:
    with pytest.raises(ProofInputError, match=r"."):
        read_inventory(text)


def test_an_endpoint_policy_for_another_account_is_a_named_door() -> None:
    stack = closed()
    foreign = allow(Condition={"StringEquals": {"aws:ResourceAccount": "210987654321"}})
    stack.change("VpcEndpoint", "llama-s3", policy=document(foreign))
    assert any("210987654321" in way.text for way in stack.proof().doors)


def test_an_endpoint_policy_for_another_accounts_identities_is_a_named_door() -> None:
    stack = closed()
    foreign = allow(Condition={"StringEquals": {"aws:PrincipalAccount": "210987654321"}})
    stack.change("VpcEndpoint", "llama-s3", policy=document(foreign))
    assert any("210987654321" in way.text for way in stack.proof().doors)


def test_operators_with_an_access_entry_are_doors_and_an_unknown_one_is_unclear() -> None:
    stack = closed()
    kind = "aws:eks/accessEntry:AccessEntry"
    stack.add(kind, "operators", principalArn="arn:aws:iam::123456789012:role/operators")
    proof = stack.proof()
    assert proof.verdict is Verdict.PRIVATE
    assert "cluster-access" in {way.rule for way in proof.doors}
    stack.add(kind, "someone", principalArn="04da6b54-80e4-46f7-96ec-b56ff0331ba9")
    assert stack.proof().verdict is Verdict.CANNOT_TELL


def test_the_policy_of_a_bucket_that_is_not_seen_is_unclear() -> None:
    stack = closed()
    stack.add("aws:s3/bucketPolicy:BucketPolicy", "other", bucket="elsewhere", policy=document(allow()))
    assert {way.rule for way in stack.proof().reasons} == {"bucket-policy"}


def test_egress_rules_of_pods_are_remarked_on_and_never_change_the_verdict() -> None:
    kind = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
    stack = closed()
    stack.add(kind, "narrow", spec={"policyTypes": ["Egress"]})
    assert any("narrowed too, by narrow" in remark for remark in stack.proof().remarks)
    everywhere = [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]
    stack.add(kind, "wide", spec={"policyTypes": ["Egress"], "egress": everywhere})
    assert any("let pods out to every address" in remark for remark in stack.proof().remarks)
    open_stack = Stack()
    open_stack.add(kind, "narrow", spec={"policyTypes": ["Egress"]})
    assert open_stack.proof().verdict is Verdict.NOT_PRIVATE


def test_nodes_in_a_subnet_that_is_not_known_are_unclear() -> None:
    stack = closed()
    known = stack.one("NodeGroup", "llama-gpu")["inputs"]["subnetIds"]
    stack.change("NodeGroup", "llama-gpu", subnetIds=[*known, "subnet-else"])
    assert stack.proof().verdict is Verdict.CANNOT_TELL


def build(stack: Stack, *rights: dict[str, Any], **values: object) -> None:
    """A CodeBuild project whose role has these rights."""
    stack.add("aws:iam/role:Role", "builder", arn="arn:aws:iam::123456789012:role/builder", assumeRolePolicy=BUILDERS)
    stack.add("aws:iam/rolePolicy:RolePolicy", "builder-rights", role="builder-id", policy=document(*rights))
    role = "arn:aws:iam::123456789012:role/builder"
    stack.add("aws:codebuild/project:Project", "copy", serviceRole=role, **values)


BUILDERS = document(
    {"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": ["sts:AssumeRole"]}
)
PUSH: dict[str, Any] = {
    "Effect": "Allow",
    "Action": ["ecr:PutImage"],
    "Resource": "arn:aws:ecr:us-east-1:123456789012:repository/vllm",
}


def test_a_build_outside_the_vpc_is_named_and_is_no_way_out_of_it() -> None:
    stack = closed()
    build(stack, PUSH)
    proof = stack.proof()
    assert proof.verdict is Verdict.PRIVATE
    assert [way.rule for way in proof.elsewhere] == ["build"]


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:Get*", "*"])
def test_a_build_that_may_read_objects_lets_the_weights_out(action: str) -> None:
    stack = closed()
    build(stack, PUSH, {"Effect": "Allow", "Action": [action], "Resource": "arn:aws:s3:::any/*"})
    proof = stack.proof()
    assert (proof.verdict, {way.rule for way in proof.reasons}) == (Verdict.NOT_PRIVATE, {"build"})


def test_a_build_in_the_vpc_or_with_rights_that_are_not_seen_is_unclear() -> None:
    inside, unseen = closed(), closed()
    build(inside, PUSH, vpcConfig={"vpcId": inside.vpc_id})
    build(unseen, PUSH)
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    unseen.add("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "more", role="builder-id", policyArn=arn)
    assert [stack.proof().verdict for stack in (inside, unseen)] == [Verdict.CANNOT_TELL] * 2
