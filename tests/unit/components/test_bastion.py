"""Bastion: an instance that nobody reaches but by Systems Manager, and that reaches nothing but HTTPS in its VPC."""

import json

from paddock.cluster.bastion import agent_policy
from paddock.platform import LlamaPlatform, LlamaPlatformArgs
from paddock.privacy.predicates import disk_findings, iam_findings, instance_metadata_findings, public_address_findings
from tests.unit.components.cases import built_case
from tests.unit.components.recorder import Build
from tests.unit.components.variants import built_variants

INSTANCE = "aws:ec2/instance:Instance"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
PLATFORM: LlamaPlatformArgs = {
    "region": "us-east-1",
    "model": "llama-3.1-8b",
    "vllm_image": f"registry.internal/vllm@sha256:{64 * 'a'}",
    "concurrent_requests": 2,
}


def test_the_instance_keeps_every_rule_of_the_policy_pack() -> None:
    instance = built_case("Bastion", every=True).one(INSTANCE)
    for findings in (instance_metadata_findings, disk_findings, public_address_findings):
        assert findings(INSTANCE, instance) == []
    assert instance["associatePublicIpAddress"] is False
    assert "keyName" not in instance
    assert "userData" not in instance


def test_nothing_is_let_in_and_only_https_to_the_vpc_is_let_out() -> None:
    got = built_case("Bastion", every=True)
    group = got.one("aws:ec2/securityGroup:SecurityGroup")
    assert {"ingress", "egress"} & set(group) == set()
    (rule,) = got.of(INGRESS).values()
    assert (rule["securityGroupId"], rule["referencedSecurityGroupId"]) == ("sg-cluster", "b-guard-id")
    (out,) = got.of(EGRESS).values()
    assert (out["securityGroupId"], out["cidrIpv4"], out["fromPort"], out["toPort"]) == (
        "b-guard-id",
        "10.0.0.0/16",
        443,
        443,
    )


def test_the_role_may_only_take_part_in_session_manager() -> None:
    got = built_case("Bastion", every=True)
    policy = got.one("aws:iam/rolePolicy:RolePolicy")["policy"]
    assert policy == agent_policy("aws", "us-east-1", "123456789012")
    assert iam_findings("aws:iam/rolePolicy:RolePolicy", {"policy": policy}) == []
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
    ways: list[LlamaPlatformArgs] = [
        {**PLATFORM, "peer_cidrs": ["10.9.0.0/16"]},
        allowlist,
        {**PLATFORM, "bastion": False},
    ]
    for args in ways:
        got = built(lambda opts, args=args: LlamaPlatform("llama", args, opts))
        assert got.of(INSTANCE) == {}
        server = json.loads(got.outputs["kubeconfig"])["clusters"][0]["cluster"]["server"]
        assert server == "https://10.0.0.1"
    assert got.one("aws:eks/cluster:Cluster")["vpcConfig"]["endpointPublicAccess"] is False
