"""The proof on a program that really ran, changed one thing at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddock.proof import ProofInputError, State, Verdict, prove, read_inventory
from tests.unit.proof.mutations import FAULTS, HARMLESS
from tests.unit.proof.stacks import Stack, account_fence, allow, closed, document, text_of


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


def test_an_instance_with_an_identity_is_a_door_for_who_may_start_sessions() -> None:
    stack = closed()
    HARMLESS["a bastion that Systems Manager reaches"](stack)
    (door,) = [way for way in stack.proof().doors if way.rule == "instance"]
    assert "ssm:StartSession on bastion" in door.text
    stack.change("Instance", "bastion", iamInstanceProfile="")
    assert "instance" not in {way.rule for way in stack.proof().doors}


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


def test_weights_that_an_account_may_read_are_remarked_on_with_the_roles_that_have_the_right() -> None:
    stack = closed()
    HARMLESS["a bucket policy by account"](stack)
    proof = stack.proof()
    (remark,) = [each for each in proof.remarks if "every VPC endpoint of account 123456789012" in each]
    assert remark.endswith("In this stack that is llama-reader.")
    bucket = stack.one("Bucket")["urn"]
    reached = {way.target for way in proof.graph.ways if way.source == bucket}
    assert stack.one("Role", "llama-reader")["urn"] in reached
    assert stack.one("Role", "llama-gpu-node")["urn"] not in reached


def test_a_role_that_is_only_refused_is_no_reader() -> None:
    stack = closed()
    HARMLESS["a bucket policy by account"](stack)
    refused = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    role = stack.one("Role", "llama-gpu-node")["id"]
    stack.add("aws:iam/rolePolicy:RolePolicy", "refused", role=role, policy=document(refused))
    assert any(each.endswith("In this stack that is llama-reader.") for each in stack.proof().remarks)


def test_a_first_preview_names_the_account_whose_endpoints_may_read_as_a_door() -> None:
    steps = json.loads(text_of("preview"))
    states = [step["newState"] for step in steps["steps"]]
    bucket = next(each for each in states if each["type"] == "aws:s3/bucket:Bucket")
    policy = next(each for each in states if each["type"] == "aws:s3/bucketPolicy:BucketPolicy")
    policy["inputs"]["policy"] = document(account_fence(bucket["inputs"]["bucket"], "123456789012"))
    proof = prove(read_inventory(json.dumps(steps)))
    assert {way.rule for way in proof.reasons} == {"dns", "endpoint-policy"}
    (door,) = [way for way in proof.doors if way.rule == "bucket-network"]
    assert "123456789012; a first preview cannot know" in door.text


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
    open_stack = Stack()
    limit_egress(open_stack)
    assert open_stack.proof().verdict is Verdict.NOT_PRIVATE


UNLIMITED = "Nothing limits where the GPU pods of namespace llama may connect to"


def limit_egress(stack: Stack, *egress: object) -> None:
    """A policy for every pod of the model's namespace, in the place of those that are there."""
    kind = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
    for each in [each for each in stack.resources if each["type"] == kind]:
        stack.resources.remove(each)
    stack.add(kind, "limit", metadata={"namespace": "llama"}, spec={"policyTypes": ["Egress"], "egress": list(egress)})


def to(*cidrs: str) -> object:
    return {"to": [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]}


@pytest.mark.parametrize(
    "rule", [{}, to("0.0.0.0/0"), to("0.0.0.0/1", "128.0.0.0/1"), to(*(f"{n}.0.0.0/9" for n in range(20, 24)))]
)
def test_a_namespace_whose_gpu_pods_may_connect_anywhere_is_named(rule: object) -> None:
    stack = closed()
    limit_egress(stack, rule)
    assert any(UNLIMITED in remark for remark in stack.proof().remarks)


@pytest.mark.parametrize("rules", [(), (to("10.0.0.0/8"),), (to("52.216.0.0/15", "3.5.0.0/19"),)])
def test_a_namespace_whose_pods_may_connect_to_some_places_is_limited(rules: tuple[object, ...]) -> None:
    stack = closed()
    limit_egress(stack, *rules)
    assert any("NetworkPolicies limit the egress of all pods of llama" in each for each in stack.proof().remarks)


def test_a_policy_of_another_namespace_limits_nothing() -> None:
    stack = closed()
    limit_egress(stack)
    stack.change("NetworkPolicy", "limit", metadata={"namespace": "other"})
    assert any(UNLIMITED in remark for remark in stack.proof().remarks)


def test_an_egress_rule_that_is_not_known_yet_limits_nothing() -> None:
    stack = closed()
    limit_egress(stack, to("04da6b54-80e4-46f7-96ec-b56ff0331ba9"))
    assert any(UNLIMITED in remark for remark in stack.proof().remarks)


def test_nodes_in_a_subnet_that_is_not_known_are_unclear() -> None:
    stack = closed()
    known = stack.one("NodeGroup", "llama-gpu")["inputs"]["subnetIds"]
    stack.change("NodeGroup", "llama-gpu", subnetIds=[*known, "subnet-else"])
    assert stack.proof().verdict is Verdict.CANNOT_TELL


def with_door() -> Stack:
    """The closed program with a load balancer for clients, as `ServiceDoor` makes it."""
    stack = closed()
    vpc = stack.one("Vpc")["id"]
    guard = stack.add("aws:ec2/securityGroup:SecurityGroup", "door", vpcId=vpc)
    for name, cidr in (("vpc", "10.0.0.0/16"), ("peer", "10.9.0.0/16")):
        rule = {"securityGroupId": guard["id"], "cidrIpv4": cidr, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
        stack.add("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", name, **rule)
    stack.add("aws:lb/loadBalancer:LoadBalancer", "door", internal=True, securityGroups=[guard["id"]])
    stack.add("aws:lb/targetGroup:TargetGroup", "door", targetType="instance", vpcId=vpc)
    stack.add("aws:lb/listener:Listener", "door", protocol="TLS")
    stack.add("aws:autoscaling/attachment:Attachment", "door")
    stack.add("aws:acm/certificate:Certificate", "door")
    stack.add("aws:route53/zone:Zone", "door", vpcs=[{"vpcId": vpc}])
    stack.add("aws:route53/record:Record", "door")
    principal = "arn:aws:iam::210987654321:root"
    service = "aws:ec2/vpcEndpointService:VpcEndpointService"
    stack.add(service, "door", allowedPrincipals=[principal], acceptanceRequired=True)
    return stack


def test_a_door_for_clients_is_private_and_names_whom_it_lets_in() -> None:
    proof = with_door().proof()
    assert (proof.verdict, proof.reasons) == (Verdict.PRIVATE, ())
    said = " / ".join(way.text for way in proof.doors)
    assert "lets 10.9.0.0/16 in, by name" in said
    assert "10.0.0.0/16" not in said, "the VPC itself is no door"
    assert "arn:aws:iam::210987654321:root may connect by PrivateLink; each connection is accepted by hand" in said


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("LoadBalancer", {"internal": False}),
        ("TargetGroup", {"targetType": "ip"}),
        ("Zone", {"vpcs": []}),
        ("VpcEndpointService", {"allowedPrincipals": ["*"]}),
    ],
)
def test_one_fault_in_a_door_for_clients_is_not_private(kind: str, values: dict[str, object]) -> None:
    stack = with_door()
    stack.change(kind, "door", **values)
    assert stack.proof().verdict is not Verdict.PRIVATE


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
