"""Proof of a program that really ran, changed one thing at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from paddock.cli.parsing.stack_file import config_of_file
from paddock.platform import LlamaPlatform
from paddock.privacy.proof import PrivacyVerdict, Proof, ProofInputError, prove, read_inventory
from paddock.settings import settings_of_stack
from tests.unit.components import recorder
from tests.unit.privacy.proof.mutations import FAULTS, HARMLESS
from tests.unit.privacy.proof.stacks import ACCOUNT, Stack, allow, document, text_of

ROOT = Path(__file__).parents[4]


def doors(proof: Proof) -> set[tuple[str, str]]:
    """Doors of a proof that finds nothing else."""
    assert {answer.verdict for answer in proof.answers} == {proof.verdict} == {PrivacyVerdict.PRIVATE}
    assert (proof.reasons, proof.elsewhere) == ((), ())
    return {(edge.resource_name, edge.text) for edge in proof.doors}


def test_what_was_captured_is_what_the_program_makes_today() -> None:
    settings = settings_of_stack(config_of_file(ROOT / "stacks" / "Pulumi.local.yaml"))
    made = recorder.build(lambda opts: LlamaPlatform("llama", settings, opts)).made
    today = {(kind, name) for kind, name, _ in made}
    steps = [step["newState"] for step in json.loads(text_of("preview"))["steps"]]
    captured = {(each["type"], each["urn"].rpartition("::")[2]) for each in steps}
    assert captured - {("pulumi:pulumi:Stack", "paddock-local")} == today, "capture it again (stacks.py, slim.py)"


def test_the_program_of_today_is_private_and_has_no_door() -> None:
    assert doors(Stack().proof()) == set()


def test_a_first_preview_is_too_and_knows_its_account_by_who_may_change_its_keys() -> None:
    assert doors(prove(read_inventory(text_of("preview")))) == set()


def first_preview(*policies: Any, **values: Any) -> Proof:
    """Proof of a first preview whose keys have these policies, and these values."""
    preview = json.loads(text_of("preview"))
    keys = [step["newState"]["inputs"] for step in preview["steps"] if step["newState"]["type"] == "aws:kms/key:Key"]
    for key, policy in zip(keys, [*policies] + [policies[-1]] * len(keys), strict=False):
        key |= {"policy": policy, **values}
    return prove(read_inventory(json.dumps(preview)))


ROOT_OF = "arn:aws:iam::{}:root"
MAY = {"Action": "kms:*", "Principal": {"AWS": ROOT_OF.format(ACCOUNT)}}


@pytest.mark.parametrize(
    ("policies", "values"),
    [
        ((document(allow(**MAY | {"Action": "kms:Decrypt"})),), {}),
        ((document(allow(**MAY | {"Principal": "*"})),), {}),
        ((document(allow(**MAY), allow(**MAY | {"Principal": {"AWS": ROOT_OF.format("210987654321")}})),), {}),
        ((document(allow(**MAY)), document(allow(**MAY | {"Principal": {"AWS": ROOT_OF.format("210987654321")}}))), {}),
        ((document(allow(**MAY)),), {"bypassPolicyLockoutSafetyCheck": True}),
        (("no document",), {}),
    ],
    ids=["may not change it", "anyone", "two accounts", "two keys", "no check by KMS", "no document"],
)
def test_keys_that_another_might_make_do_not_tell_whose_the_account_is(
    policies: tuple[str, ...], values: dict[str, Any]
) -> None:
    found = {(edge.rule, edge.who) for edge in first_preview(*policies, **values).doors}
    assert {("endpoint-policy", ACCOUNT), ("bucket-network", f"VPC endpoints of {ACCOUNT}")} <= found


def test_what_only_another_account_could_make_is_not_private() -> None:
    proof = first_preview(document(allow(**MAY | {"Principal": {"AWS": ROOT_OF.format("210987654321")}})))
    assert proof.verdict is PrivacyVerdict.NOT_PRIVATE


def test_with_every_door_on_it_is_private_and_says_whom_each_lets_in() -> None:
    session = "identities of the account that may ssm:StartSession"
    principal = "arn:aws:iam::210987654321:root"
    assert doors(Stack("doors").proof()) == {
        ("llama-ssmmessages", f"{session} open sessions into nodes"),
        ("llama-bastion-instance", f"{session} on llama-bastion-instance forward ports through it"),
        ("llama-lb-from-0", "lets 10.9.0.0/16 in, by name"),
        ("llama-lb", f"{principal} may connect by PrivateLink; each connection is accepted by hand"),
    }


@pytest.mark.parametrize(
    ("name", "answered"),
    [
        ("*.s3.us-east-1.amazonaws.com.", True),
        ("eks.us-east-1.api.aws", True),
        ("*.7.10.in-addr.arpa", True),
        ("*.113.0.203.in-addr.arpa", False),
        ("*.113.203.in-addr.arpa", False),
        ("amazonaws.com.evil.example", False),
        ("evil-amazonaws.com", False),
        ("llama.field.internal", False),
    ],
)
def test_a_name_that_aws_does_not_answer_is_a_door_of_its_own(name: str, answered: bool) -> None:
    stack = Stack()
    names = stack.one("ResolverFirewallDomainList", "llama-dns-allowed")["inputs"]["domains"]
    stack.change("ResolverFirewallDomainList", "llama-dns-allowed", domains=[*names, name])
    door = set() if answered else {("llama-vpc", f"names that pods may ask for: {name}")}
    assert doors(stack.proof()) == door


def test_a_name_of_a_private_zone_of_the_vpc_is_no_door_and_of_another_vpcs_is() -> None:
    stack = Stack("doors")
    stack.change("Zone", vpcs=[{"vpcId": "vpc-0000000000000000a"}])
    proof = stack.proof()
    assert "name servers of llama.field.internal" in {edge.who for edge in proof.doors}


@pytest.mark.parametrize(
    ("resource", "action", "is_door"),
    [
        ("arn:aws:ecr:us-east-1:602401143452:repository/*", "ecr:BatchGetImage", False),
        ("arn:aws:ecr:us-east-1:602401143452:repository/*", "ecr:PutImage", True),
        ("arn:aws:ecr:eu-south-2:602401143452:repository/*", "ecr:BatchGetImage", True),
        ("arn:aws:ecr:us-east-1:210987654321:repository/*", "ecr:BatchGetImage", True),
        ("arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*", "s3:GetObject", False),
        ("arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*", "s3:*", True),
        ("arn:aws:s3:::prod-mars-1-starport-layer-bucket/*", "s3:GetObject", True),
    ],
)
def test_images_of_aws_are_no_door_where_they_are_only_read(resource: str, action: str, is_door: bool) -> None:
    stack = Stack()
    name = "llama-s3" if ":s3:" in resource else "llama-ecr-api"
    own = allow(Action=action, Resource=resource, Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})
    stack.change("VpcEndpoint", name, policy=document(own))
    assert (resource in {edge.who for edge in stack.proof().doors}) is is_door


def test_an_instance_with_an_identity_is_a_door_for_those_who_may_start_sessions() -> None:
    stack = Stack()
    HARMLESS["a bastion that Systems Manager reaches"](stack)
    (door,) = [edge for edge in stack.proof().doors if edge.rule == "instance"]
    assert "ssm:StartSession on bastion" in door.text
    stack.change("Instance", "bastion", iamInstanceProfile="")
    assert "instance" not in {edge.rule for edge in stack.proof().doors}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_not_private_or_unclear_with_its_rule_named(fault: str) -> None:
    change, rule = FAULTS[fault]
    stack = Stack()
    change(stack)
    proof = stack.proof()
    assert proof.verdict is not PrivacyVerdict.PRIVATE
    assert rule in {edge.rule for edge in proof.reasons}


@pytest.mark.parametrize("change", HARMLESS)
def test_a_harmless_change_stays_private(change: str) -> None:
    stack = Stack()
    HARMLESS[change](stack)
    proof = stack.proof()
    assert (proof.verdict, [edge.text for edge in proof.reasons]) == (PrivacyVerdict.PRIVATE, [])


def test_what_is_empty_or_interrupted_or_failed_is_never_private() -> None:
    empty = json.dumps({"deployment": {"resources": []}})
    interrupted = Stack()
    interrupted.data["deployment"]["pending_operations"] = [{}]
    failed = json.dumps({"steps": [], "diagnostics": [{"severity": "error"}]})
    for text in (empty, json.dumps(interrupted.data), failed):
        assert prove(read_inventory(text)).verdict is PrivacyVerdict.CANNOT_TELL


def test_a_role_that_writes_anywhere_undoes_an_endpoint_policy_by_principal() -> None:
    stack = Stack()
    HARMLESS["an endpoint policy by principal"](stack)
    right = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    stack.add("aws:iam/rolePolicy:RolePolicy", "wide", policy=json.dumps({"Statement": [right]}))
    assert stack.proof().verdict is PrivacyVerdict.NOT_PRIVATE


def test_two_vpcs_that_are_peered_share_their_exits() -> None:
    stack = Stack()
    HARMLESS["a gateway in a VPC apart"](stack)
    stack.add("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "peers", vpcId=stack.vpc_id, peerVpcId="apart-id")
    proof = stack.proof()
    assert (proof.verdict, {edge.rule for edge in proof.reasons}) == (PrivacyVerdict.NOT_PRIVATE, {"gateway"})


def test_a_secret_is_not_read() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"internal"'}
    stack = Stack()
    stack.add("aws:lb/loadBalancer:LoadBalancer", "lb", internal=secret)
    assert stack.proof().verdict is PrivacyVerdict.CANNOT_TELL


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": [1]}', '{"deployment": {"resources": [{}]}}', "[" * 10**5])
def test_what_is_not_pulumis_is_one_message(text: str) -> None:
    with pytest.raises(ProofInputError, match=r"."):
        read_inventory(text)


@pytest.mark.parametrize("key", ["aws:ResourceAccount", "aws:PrincipalAccount"])
def test_an_endpoint_policy_for_another_account_or_its_identities_is_a_named_door(key: str) -> None:
    stack = Stack()
    foreign = allow(Condition={"StringEquals": {key: "210987654321"}})
    stack.change("VpcEndpoint", "llama-s3", policy=document(foreign))
    assert any("210987654321" in edge.text for edge in stack.proof().doors)


def test_weights_that_an_account_may_read_are_remarked_on_with_the_roles_that_have_the_right() -> None:
    stack = Stack()
    proof = stack.proof()
    (remark,) = [each for each in proof.remarks if "every VPC endpoint of account 123456789012" in each]
    assert remark.endswith("In this stack that is llama-reader.")
    bucket = stack.one("Bucket")["urn"]
    reached = {edge.target for edge in proof.graph.edges if edge.source == bucket}
    assert stack.one("Role", "llama-reader")["urn"] in reached
    assert stack.one("Role", "llama-gpu-node")["urn"] not in reached


def test_a_role_that_is_only_refused_is_no_reader() -> None:
    stack = Stack()
    refused = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    role = stack.one("Role", "llama-gpu-node")["id"]
    stack.add("aws:iam/rolePolicy:RolePolicy", "refused", role=role, policy=document(refused))
    assert any(each.endswith("In this stack that is llama-reader.") for each in stack.proof().remarks)


def test_operators_with_an_access_entry_are_doors_and_an_unknown_one_is_unclear() -> None:
    stack = Stack()
    kind = "aws:eks/accessEntry:AccessEntry"
    stack.add(kind, "operators", principalArn="arn:aws:iam::123456789012:role/operators")
    proof = stack.proof()
    assert proof.verdict is PrivacyVerdict.PRIVATE
    assert "cluster-access" in {edge.rule for edge in proof.doors}
    stack.add(kind, "someone", principalArn="04da6b54-80e4-46f7-96ec-b56ff0331ba9")
    assert stack.proof().verdict is PrivacyVerdict.CANNOT_TELL


def test_the_policy_of_a_bucket_that_is_not_seen_is_unclear() -> None:
    stack = Stack()
    stack.add("aws:s3/bucketPolicy:BucketPolicy", "other", bucket="elsewhere", policy=document(allow()))
    assert {edge.rule for edge in stack.proof().reasons} == {"bucket-policy"}


UNLIMITED = "Nothing limits where the GPU pods of namespace llama may connect to"


def without_policies(stack: Stack) -> None:
    kind = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
    stack.data["deployment"]["resources"] = [each for each in stack.resources if each["type"] != kind]


def limit_egress(stack: Stack, *egress: object) -> None:
    """NetworkPolicy for every pod of the model's namespace, instead of those that are there."""
    without_policies(stack)
    kind, spec = "kubernetes:networking.k8s.io/v1:NetworkPolicy", {"policyTypes": ["Egress"], "egress": list(egress)}
    stack.add(kind, "limit", metadata={"namespace": "llama"}, spec=spec)


def test_egress_rules_of_pods_are_remarked_on_and_never_change_the_verdict() -> None:
    bare, opened = Stack(), Stack()
    without_policies(bare)
    proof = bare.proof()
    assert proof.verdict is PrivacyVerdict.PRIVATE
    assert any("network alone carries this proof" in remark for remark in proof.remarks)
    limit_egress(opened)
    FAULTS["internet gateway"][0](opened)
    assert opened.proof().verdict is PrivacyVerdict.NOT_PRIVATE


def to(*cidrs: str) -> object:
    return {"to": [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]}


@pytest.mark.parametrize(
    "rule", [{}, to("0.0.0.0/0"), to("0.0.0.0/1", "128.0.0.0/1"), to(*(f"{n}.0.0.0/9" for n in range(20, 24)))]
)
def test_a_namespace_whose_gpu_pods_may_connect_anywhere_is_named(rule: object) -> None:
    stack = Stack()
    limit_egress(stack, rule)
    assert any(UNLIMITED in remark for remark in stack.proof().remarks)


@pytest.mark.parametrize("rules", [(), (to("10.0.0.0/8"),), (to("52.216.0.0/15", "3.5.0.0/19"),)])
def test_a_namespace_whose_pods_may_connect_to_some_ranges_is_limited(rules: tuple[object, ...]) -> None:
    stack = Stack()
    limit_egress(stack, *rules)
    assert any("NetworkPolicies limit the egress of all pods of llama" in each for each in stack.proof().remarks)


def test_a_policy_of_another_namespace_limits_nothing() -> None:
    stack = Stack()
    limit_egress(stack)
    stack.change("NetworkPolicy", "limit", metadata={"namespace": "other"})
    assert any(UNLIMITED in remark for remark in stack.proof().remarks)


def test_an_egress_rule_that_is_not_known_yet_limits_nothing() -> None:
    stack = Stack()
    limit_egress(stack, to("04da6b54-80e4-46f7-96ec-b56ff0331ba9"))
    assert any(UNLIMITED in remark for remark in stack.proof().remarks)


def test_nodes_in_a_subnet_that_is_not_known_are_unclear() -> None:
    stack = Stack()
    known = stack.one("NodeGroup", "llama-gpu-g6-xlarge")["inputs"]["subnetIds"]
    stack.change("NodeGroup", "llama-gpu-g6-xlarge", subnetIds=[*known, "subnet-else"])
    assert stack.proof().verdict is PrivacyVerdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("LoadBalancer", {"internal": False}),
        ("TargetGroup", {"targetType": "lambda"}),
        ("Zone", {"vpcs": []}),
        ("VpcEndpointService", {"allowedPrincipals": ["*"]}),
    ],
)
def test_one_fault_in_the_load_balancer_for_clients_is_not_private(kind: str, values: dict[str, Any]) -> None:
    stack = Stack("doors")
    stack.change(kind, **values)
    assert stack.proof().verdict is not PrivacyVerdict.PRIVATE


def build(stack: Stack, *rights: dict[str, Any], **values: object) -> None:
    """CodeBuild project whose role has these rights."""
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


def test_a_build_outside_the_vpc_is_named_and_is_no_exit_of_it() -> None:
    stack = Stack()
    build(stack, PUSH)
    proof = stack.proof()
    assert proof.verdict is PrivacyVerdict.PRIVATE
    assert [edge.rule for edge in proof.elsewhere] == ["build"]


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:Get*", "*"])
def test_a_build_that_may_read_objects_lets_the_weights_out(action: str) -> None:
    stack = Stack()
    build(stack, PUSH, {"Effect": "Allow", "Action": [action], "Resource": "arn:aws:s3:::any/*"})
    proof = stack.proof()
    assert (proof.verdict, {edge.rule for edge in proof.reasons}) == (PrivacyVerdict.NOT_PRIVATE, {"build"})


def test_a_build_in_the_vpc_or_with_rights_that_are_not_seen_is_unclear() -> None:
    inside, unseen = Stack(), Stack()
    build(inside, PUSH, vpcConfig={"vpcId": inside.vpc_id})
    build(unseen, PUSH)
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    unseen.add("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "more", role="builder-id", policyArn=arn)
    assert [stack.proof().verdict for stack in (inside, unseen)] == [PrivacyVerdict.CANNOT_TELL] * 2
