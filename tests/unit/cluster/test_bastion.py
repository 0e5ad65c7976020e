"""Bastion: an instance that nobody reaches but by Systems Manager, and that reaches nothing but HTTPS in its VPC."""

import json

from paddock.cluster.bastion import agent_policy
from paddock.platform import LlamaPlatform
from paddock.platform_args import LlamaPlatformArgs
from paddock.policy import stack_view
from paddock.privacy.predicates.documents import rights_findings
from paddock.privacy.predicates.hardening import disk_findings, instance_metadata_findings
from paddock.privacy.predicates.shapes import shape_findings
from tests.unit.components.cases import built_case
from tests.unit.components.recorder import Build, build
from tests.unit.components.variants import BASE, IMAGE, VARIANTS, built_variants, vpc_answers

GET_SUBNET = "aws:ec2/getSubnet:getSubnet"
INSTANCE = "aws:ec2/instance:Instance"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
PLATFORM: LlamaPlatformArgs = {
    "region": "us-east-1",
    "model": "llama-3.1-8b",
    "vllm_image": IMAGE,
    "concurrent_requests": 2,
}


def test_the_instance_keeps_every_rule_of_the_policy_pack() -> None:
    instance = built_case("Bastion", every=True).one(INSTANCE)
    for findings in (instance_metadata_findings, disk_findings, shape_findings("public-address")):
        assert findings(INSTANCE, stack_view.plain(instance)) == []
    assert instance["associatePublicIpAddress"] is False
    assert "keyName" not in instance
    assert "userData" not in instance


def test_nothing_is_let_in_and_only_https_to_the_vpc_is_let_out() -> None:
    got = built_case("Bastion", every=True)
    group = got.one("aws:ec2/securityGroup:SecurityGroup")
    assert {"ingress", "egress"} & set(group) == set()
    (rule,) = got.of(INGRESS).values()
    assert (rule["securityGroupId"], rule["referencedSecurityGroupId"]) == ("sg-cluster", "b-guard-id")
    out = got.of(EGRESS).values()
    assert {(each["securityGroupId"], each["fromPort"], each["toPort"]) for each in out} == {("b-guard-id", 443, 443)}
    assert [each["cidrIpv4"] for each in out] == ["10.0.224.0/24", "10.1.0.0/24"]


def test_it_reaches_the_endpoints_of_every_subnet_of_a_vpc_that_is_there_already() -> None:
    """A secondary range of the VPC counts too, which its first range does not cover."""
    args = {**VARIANTS["in an existing network"], "bastion": True}
    subnet = vpc_answers(args)[GET_SUBNET]
    second = {GET_SUBNET: lambda asked: subnet(asked) | {"cidrBlock": f"100.64.{asked['id'][-1]}.0/24"}}
    got = build(
        lambda opts: LlamaPlatform("llama", {**BASE, **args}, opts),  # type: ignore[typeddict-item]
        answers={**vpc_answers(args), **second},
    )
    out = [each["cidrIpv4"] for name, each in got.of(EGRESS).items() if name.startswith("llama-bastion-https")]
    assert out == ["100.64.2.0/24", "100.64.3.0/24"]


def test_the_role_may_only_take_part_in_session_manager() -> None:
    got = built_case("Bastion", every=True)
    policy = got.one("aws:iam/rolePolicy:RolePolicy")["policy"]
    assert policy == agent_policy("aws", "us-east-1", "123456789012")
    assert rights_findings("aws:iam/rolePolicy:RolePolicy", {"policy": policy}) == []
    actions = [action for each in json.loads(policy)["Statement"] for action in each["Action"]]
    assert {action.partition(":")[0] for action in actions} == {"ssm", "ssmmessages"}
    assert got.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment") == {}


def test_the_tunnel_finds_it_by_tags_that_a_caller_cannot_take_over() -> None:
    tags = built_case("Bastion", every=True).one(INSTANCE)["tags"]
    assert tags["team"] == "research"
    assert (tags["paddock:role"], tags["paddock:cluster"], tags["paddock:stack"]) == (
        "bastion",
        "llama-test",
        "paddock/test",
    )


def test_a_private_platform_has_one_and_its_kubernetes_provider_comes_after_it_and_goes_before_it() -> None:
    got = built_variants()["as it comes"]
    assert list(got.of(INSTANCE)) == ["llama-bastion-instance"]
    assert "llama-bastion" in got.after("llama-kubernetes")
    assert "llama" in got.after("llama-bastion"), "its network, whose endpoints it signs on through"
    services = {each["serviceName"].rpartition(".")[2] for each in got.of("aws:ec2/vpcEndpoint:VpcEndpoint").values()}
    assert {"ssm", "ssmmessages"} <= services


def test_a_platform_that_is_reached_otherwise_has_none(built: Build) -> None:
    allowlist: LlamaPlatformArgs = {**PLATFORM, "endpoint_public_access_cidrs": ["8.8.8.8/32"]}
    settings: list[LlamaPlatformArgs] = [
        {**PLATFORM, "peer_cidrs": ["10.9.0.0/16"]},
        allowlist,
        {**PLATFORM, "bastion": False},
    ]
    for args in settings:
        got = built(lambda opts, args=args: LlamaPlatform("llama", args, opts))
        assert got.of(INSTANCE) == {}
        server = json.loads(got.outputs["kubeconfig"])["clusters"][0]["cluster"]["server"]
        assert server == "https://10.0.0.1"
    assert got.one("aws:eks/cluster:Cluster")["vpcConfig"]["endpointPublicAccess"] is False
