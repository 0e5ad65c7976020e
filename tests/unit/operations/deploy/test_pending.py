"""State of a killed engine: what was made is taken over, what was not is made again, nothing is made twice."""

from collections.abc import Mapping
from typing import Any

import pytest

from paddock.operations.deploy.orphans import import_id, is_of_type
from paddock.operations.deploy.pending import name_of, settled
from paddock.operations.deploy.state import LOCK, STORE, STORE_PARTS, bucket_of

VPC = "urn:pulumi:dev::paddock::a:b:C$aws:ec2/vpc:Vpc::llama-vpc"
TAGS = {"Name": "llama-vpc", "paddock:stack": "paddock/dev"}


def resource(urn: str = VPC, **more: Any) -> dict[str, Any]:
    return {
        "urn": urn,
        "custom": True,
        "type": "aws:ec2/vpc:Vpc",
        "inputs": {"tags": TAGS},
        "outputs": {"a": 1},
        **more,
    }


def pending(kind: str = "creating", **more: Any) -> dict[str, Any]:
    made = resource(**more)
    del made["outputs"]
    return {"resources": [], "pending_operations": [{"type": kind, "resource": made}]}


def nothing(_: Mapping[str, Any]) -> str | None:
    return None


def test_a_creation_that_happened_is_taken_over_and_read() -> None:
    done = settled(pending(), lambda found: "vpc-1" if found["inputs"]["tags"] == TAGS else None)
    assert done.taken_over == (VPC,)
    assert [each["id"] for each in done.deployment["resources"]] == ["vpc-1"]
    assert "pending_operations" not in done.deployment


def test_a_creation_of_which_nothing_is_there_is_dropped_and_happens_again() -> None:
    done = settled(pending(), nothing)
    assert (done.dropped, done.deployment["resources"]) == ((VPC,), [])


def test_the_object_that_it_was_to_replace_is_deleted_after_it() -> None:
    state = pending() | {"resources": [resource(id="vpc-0")]}
    done = settled(state, lambda *_: "vpc-1")
    assert [(each["id"], each.get("delete", False)) for each in done.deployment["resources"]] == [
        ("vpc-0", True),
        ("vpc-1", False),
    ]


def test_the_object_that_stands_already_is_not_taken_for_its_replacement() -> None:
    state = pending() | {"resources": [resource(id="vpc-0")]}
    assert settled(state, lambda *_: "vpc-0").dropped == (VPC,)


@pytest.mark.parametrize(
    ("id_", "same", "other"),
    [
        ("a-1", "llama,a-1", "llama,a-2"),
        ("arn:aws:codebuild:us-east-1:1:project/llama", "llama", "llama-2"),
        ("rtbassoc-1", "subnet-1/rtb-1", "subnet-2/rtb-1"),
    ],
)
def test_it_is_not_taken_for_it_either_where_it_is_imported_by_another_id_than_the_states(
    id_: str, same: str, other: str
) -> None:
    state = pending() | {"resources": [resource(id=id_, inputs={"subnetId": "subnet-1", "routeTableId": "rtb-1"})]}
    assert settled(state, lambda *_: same).dropped == (VPC,)
    assert settled(state, lambda *_: other).taken_over == (VPC,)


@pytest.mark.parametrize("kind", ["updating", "deleting", "reading"])
def test_what_was_cut_short_is_read_again(kind: str) -> None:
    assert settled(pending(kind), nothing).unfinished == (VPC,)


def test_what_an_earlier_recovery_took_over_and_did_not_read_is_read() -> None:
    state = {"resources": [resource(id="vpc-1", outputs={})]}
    assert settled(state, nothing).unfinished == (VPC,)


def test_a_whole_state_is_left_alone() -> None:
    state = {"resources": [resource(id="vpc-1")]}
    assert not settled(state, nothing).needed
    assert not settled({}, nothing).needed


def test_names_are_short() -> None:
    assert name_of(VPC) == "aws:ec2/vpc:Vpc llama-vpc"


@pytest.mark.parametrize(
    ("type_", "arn", "id_"),
    [
        ("aws:ec2/vpc:Vpc", "arn:aws:ec2:us-east-1:1:vpc/vpc-1", "vpc-1"),
        ("aws:ec2/securityGroup:SecurityGroup", "arn:aws:ec2:us-east-1:1:security-group/sg-1", "sg-1"),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", "arn:aws:ec2:us-east-1:1:vpc-endpoint/vpce-1", "vpce-1"),
        ("aws:ec2/flowLog:FlowLog", "arn:aws:ec2:us-east-1:1:vpc-flow-log/fl-1", "fl-1"),
        ("aws:kms/key:Key", "arn:aws:kms:us-east-1:1:key/0a-1b", "0a-1b"),
        ("aws:s3/bucket:Bucket", "arn:aws:s3:::llama-store-1", "llama-store-1"),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            "arn:aws:logs:us-east-1:1:log-group:/aws/eks/a/cluster",
            "/aws/eks/a/cluster",
        ),
        ("aws:eks/cluster:Cluster", "arn:aws:eks:us-east-1:1:cluster/llama", "llama"),
        ("aws:eks/nodeGroup:NodeGroup", "arn:aws:eks:us-east-1:1:nodegroup/llama/gpu/0a", "llama:gpu"),
        (
            "aws:eks/podIdentityAssociation:PodIdentityAssociation",
            "arn:aws:eks:us-east-1:1:podidentityassociation/llama/a-1",
            "llama,a-1",
        ),
        (
            "aws:eks/accessEntry:AccessEntry",
            "arn:aws:eks:us-east-1:1:access-entry/llama/role/1/admin/0a",
            "llama:arn:aws:iam::1:role/admin",
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "arn:aws:ec2:us-east-1:1:security-group-rule/sgr-1",
            "sgr-1",
        ),
        (
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            "arn:aws:ec2:us-east-1:1:security-group-rule/sgr-1",
            "sgr-1",
        ),
        ("aws:codebuild/project:Project", "arn:aws:codebuild:us-east-1:1:project/llama", "llama"),
        (
            "aws:acm/certificate:Certificate",
            "arn:aws:acm:us-east-1:1:certificate/0a-1b",
            "arn:aws:acm:us-east-1:1:certificate/0a-1b",
        ),
        (
            "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList",
            "arn:aws:route53resolver:us-east-1:1:firewall-domain-list/rslvr-fdl-1",
            "rslvr-fdl-1",
        ),
        (
            "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup",
            "arn:aws:route53resolver:us-east-1:1:firewall-rule-group/rslvr-frg-1",
            "rslvr-frg-1",
        ),
        (
            "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
            "arn:aws:route53resolver:us-east-1:1:firewall-rule-group-association/rslvr-frgassoc-1",
            "rslvr-frgassoc-1",
        ),
    ],
)
def test_an_object_is_known_by_its_arn(type_: str, arn: str, id_: str) -> None:
    assert is_of_type(arn, type_)
    inputs = {"clusterName": "llama", "principalArn": "arn:aws:iam::1:role/admin"}
    assert import_id(type_, arn, inputs) == id_


@pytest.mark.parametrize(
    ("type_", "arn"),
    [
        ("aws:ec2/vpc:Vpc", "arn:aws:ec2:us-east-1:1:vpc-endpoint/vpce-1"),
        ("aws:ec2/vpc:Vpc", "arn:aws:ec2:us-east-1:1:subnet/subnet-1"),
        ("aws:kms/key:Key", "arn:aws:kms:us-east-1:1:alias/a"),
        ("aws:eks/cluster:Cluster", "arn:aws:eks:us-east-1:1:nodegroup/llama/gpu/0a"),
        ("aws:iam/role:Role", "arn:aws:ec2:us-east-1:1:vpc/vpc-1"),
        ("aws:ec2/securityGroup:SecurityGroup", "arn:aws:ec2:us-east-1:1:security-group-rule/sgr-1"),
        (
            "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup",
            "arn:aws:route53resolver:us-east-1:1:firewall-rule-group-association/rslvr-frgassoc-1",
        ),
        ("aws:ec2/vpc:Vpc", "no ARN"),
    ],
)
def test_another_kind_is_not_taken_for_it(type_: str, arn: str) -> None:
    assert not is_of_type(arn, type_)


def store(*, without: str = "", signing: bool = True, lock: bool = False) -> list[dict[str, Any]]:
    made = [
        {"urn": f"urn:pulumi:dev::paddock::x${STORE}${type_}::llama-store", "type": type_, "id": "llama-store-1"}
        for type_ in sorted(STORE_PARTS | {LOCK} if lock else STORE_PARTS)
        if type_ != without
    ]
    key = {"urn": f"urn:pulumi:dev::paddock::x${STORE}$aws:kms/key:Key::llama-signing-key", "type": "aws:kms/key:Key"}
    return made + ([{**key, "id": "k"}] if signing else [])


def test_a_store_counts_once_all_of_it_is_there() -> None:
    assert bucket_of(store(), locked=False) == "llama-store-1"
    assert bucket_of(store(signing=False), locked=False) is None
    for type_ in STORE_PARTS - {"aws:kms/key:Key"}:
        assert bucket_of(store(without=type_), locked=False) is None, type_
    assert bucket_of([], locked=False) is None


def test_a_store_that_locks_counts_once_its_lock_is_there() -> None:
    assert bucket_of(store(), locked=True) is None
    assert bucket_of(store(lock=True), locked=True) == "llama-store-1"
