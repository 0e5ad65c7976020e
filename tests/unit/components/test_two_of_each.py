"""Two of every component in one program: nothing that AWS, Kubernetes or Pulumi tells apart by name is there twice."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

import paddock
from paddock import (
    Bastion,
    Cluster,
    DevicePlugin,
    ExistingNetwork,
    GpuNodePool,
    IngestProject,
    LlamaPlatform,
    PrivateNetwork,
    ServiceLoadBalancer,
    VllmService,
    WeightsBucket,
    WeightsReadAccess,
)
from paddock.catalog.eks import NODE_GROUP_LABEL
from tests.unit.components.cases import CASES
from tests.unit.components.recorder import Built, build
from tests.unit.components.variants import BASE, vpc_answers

NODE_GROUP, DEPLOYMENT, DAEMON_SET = (
    "aws:eks/nodeGroup:NodeGroup",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:DaemonSet",
)
NAMES = ("a", "b")
IDENTITY: dict[str, tuple[str, ...]] = {
    "aws:autoscaling/attachment:Attachment": ("autoscalingGroupName", "lbTargetGroupArn"),
    "aws:cloudwatch/logGroup:LogGroup": ("name",),
    "aws:codebuild/project:Project": ("name",),
    "aws:ec2/flowLog:FlowLog": ("vpcId",),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("subnetId",),
    "aws:ec2/subnet:Subnet": ("vpcId", "cidrBlock"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("vpcId", "serviceName"),
    "aws:eks/addon:Addon": ("clusterName", "addonName"),
    "aws:eks/cluster:Cluster": ("name",),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("clusterName", "namespace", "serviceAccount"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("role", "policyArn"),
    "aws:lb/listener:Listener": ("loadBalancerArn", "port"),
    "aws:route53/record:Record": ("zoneId", "name", "type"),
    "aws:route53/resolverFirewallConfig:ResolverFirewallConfig": ("resourceId",),
    "aws:route53/resolverFirewallRule:ResolverFirewallRule": ("firewallRuleGroupId", "priority"),
    "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": ("vpcId", "priority"),
    "aws:route53/zone:Zone": ("name", "vpcs"),
    "aws:s3/bucketPolicy:BucketPolicy": ("bucket",),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        *("securityGroupId", "referencedSecurityGroupId", "cidrIpv4", "ipProtocol", "fromPort", "toPort"),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        *("securityGroupId", "referencedSecurityGroupId", "cidrIpv4", "ipProtocol", "fromPort", "toPort"),
    ),
}
"""Inputs by which AWS refuses a second one. A type that is not here has a name that Pulumi makes up for each."""
PHYSICAL_NAMES = ("name", "bucket", "nodeGroupName", "parameterName", "groupName", "roleName")


class Everything(pulumi.ComponentResource):
    """A stranger's stack: pools, services and plugins of both names in one cluster, all else of each name once."""

    def __init__(self, opts: pulumi.ResourceOptions) -> None:
        super().__init__("stranger:index:Everything", "everything", {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        for i, name in enumerate(NAMES):
            network = PrivateNetwork(name, {}, child)
            existing: Any = {**CASES["ExistingNetwork"].required, "vpc_id": f"vpc-{i}"}
            ExistingNetwork(f"{name}-existing", existing, child)
            made = Cluster(
                name,
                {
                    "vpc_id": network.vpc_id,
                    "endpoint_subnet_ids": network.endpoint_subnet_ids,
                    "node_subnet_ids": network.node_subnet_ids,
                },
                child,
            )
            if name == NAMES[0]:
                cluster, home = made, network
                provider = kubernetes.Provider("a", kubeconfig=made.kubeconfig, opts=child)
                in_cluster = pulumi.ResourceOptions(parent=self, provider=provider)
            Bastion(
                name,
                {
                    "cluster_name": "a-test",
                    "cluster_security_group_id": cluster.cluster_security_group_id,
                    "vpc_id": home.vpc_id,
                    "endpoint_cidrs": ["10.0.224.0/24"],
                    "subnet_id": home.endpoint_subnet_ids.apply(lambda ids: ids[0]),
                    "region": "us-east-1",
                },
                child,
            )
            pool_args: Any = {**CASES["GpuNodePool"].required, "cluster_name": cluster.cluster_name}
            pool = GpuNodePool(name, pool_args, child)
            plugin: Any = {**CASES["DevicePlugin"].required, "node_group_name": pool.node_group_name}
            DevicePlugin(name, plugin, in_cluster)
            weights = WeightsBucket(name, {"model": "llama-3.1-8b", "quantization": "bf16"}, child)
            ingest: Any = {**CASES["IngestProject"].required, "bucket_name": weights.bucket_name}
            IngestProject(name, ingest, child)
            WeightsReadAccess(
                name,
                {
                    "bucket_name": weights.bucket_name,
                    "key_arn": weights.key_arn,
                    "prefix": weights.prefix,
                    "cluster_name": cluster.cluster_name,
                    "namespace": name,
                },
                child,
            )
            port = 30080 + i
            service: Any = {
                **CASES["VllmService"].required,
                "node_group_name": pool.node_group_name,
                "node_port": port,
            }
            VllmService(name, service, in_cluster)
            balancer: Any = {
                **CASES["ServiceLoadBalancer"].required,
                "vpc_id": home.vpc_id,
                "node_security_group_id": cluster.cluster_security_group_id,
                "autoscaling_group_name": pool.autoscaling_group_name,
                "domain_name": f"{name}.internal.example.com",
                "node_port": port,
            }
            ServiceLoadBalancer(name, balancer, child)
            LlamaPlatform(f"{name}-platform", {**BASE}, child)  # type: ignore[typeddict-item]


@cache
def everything() -> Built:
    existing = CASES["ExistingNetwork"].required
    subnets = {key: existing[key] for key in ("node_subnet_ids", "endpoint_subnet_ids")}
    answers = vpc_answers({**subnets, "vpc_id": "vpc-0"})
    get_subnet = answers["aws:ec2/getSubnet:getSubnet"]
    asked: list[str] = []

    def get_vpcs(args: dict[str, Any]) -> dict[str, Any]:
        asked.extend(args["filters"][0]["values"])
        return {"ids": args["filters"][0]["values"]}

    answers["aws:ec2/getVpcs:getVpcs"] = get_vpcs
    answers["aws:ec2/getSubnet:getSubnet"] = lambda args: {**get_subnet(args), "vpcId": asked[-1]}
    return build(Everything, answers=answers)


def made() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Resources that are made, so neither read from AWS nor components."""
    for token, name, inputs in everything().made:
        if token.startswith(("aws:", "kubernetes:")) and (token, name) not in READ:
            yield token, name, inputs


READ = {
    (f"aws:ec2/{kind}", f"{name}-existing-{what}")
    for name in NAMES
    for kind, what in (
        ("vpc:Vpc", "vpc"),
        ("routeTable:RouteTable", "rtb-1"),
        *(("subnet:Subnet", f"{purpose}-{i}") for purpose in ("nodes", "endpoints") for i in range(2)),
    )
}
"""Outputs of `ExistingNetwork` about the VPC: one VPC stands for both here."""


def twice(keys: Iterator[Any]) -> list[Any]:
    counted = Counter(map(str, keys))
    assert counted
    return [key for key, count in counted.items() if count > 1]


def test_two_of_every_component_are_there() -> None:
    counted = Counter(token.rpartition(":")[2] for token, _, _ in everything().made if token.startswith("paddock:"))
    components = {
        name
        for name in paddock.__all__
        if isinstance(getattr(paddock, name), type) and issubclass(getattr(paddock, name), pulumi.ComponentResource)
    }
    assert {name for name, count in counted.items() if count >= len(NAMES)} == components


def test_no_urn_is_there_twice() -> None:
    assert twice(iter(everything().urns)) == []


def test_no_type_and_name_of_aws_is_there_twice_as_pulumi_makes_physical_names_of_them() -> None:
    assert twice((token, name) for token, name, _ in made() if token.startswith("aws:")) == []


def test_nothing_in_aws_is_there_twice() -> None:
    keys = [(token, *(inputs.get(key) for key in IDENTITY[token])) for token, _, inputs in made() if token in IDENTITY]
    assert {token for token, *_ in keys} == set(IDENTITY)
    assert twice(iter(keys)) == []


def test_no_other_type_is_given_a_physical_name() -> None:
    named = {
        token
        for token, _, inputs in made()
        if token.startswith("aws:") and token not in IDENTITY and set(inputs) & set(PHYSICAL_NAMES)
    }
    # Settings of a bucket, named after the bucket that they belong to; the bucket itself has a made-up name.
    assert {token.partition("/")[0] for token in named} == {"aws:s3"}


def test_no_kind_name_and_namespace_in_kubernetes_is_there_twice() -> None:
    """Objects as if all were in one cluster: the platforms' names differ from the services'."""
    keys = (
        (inputs["kind"], inputs["metadata"]["name"], inputs["metadata"].get("namespace"))
        for token, _, inputs in made()
        if token.startswith("kubernetes:")
    )
    assert twice(keys) == []


def test_no_node_port_is_there_twice_in_a_cluster() -> None:
    services = everything().of("kubernetes:core/v1:Service").values()
    ports = [port["nodePort"] for each in services for port in each["spec"]["ports"] if "nodePort" in port]
    assert sorted(ports) == [30080, 30081]


@pytest.mark.parametrize("name", NAMES)
def test_pods_select_the_pool_that_they_were_given_and_no_other(name: str) -> None:
    """Pool by the node group's name, which EKS makes a label of its nodes; a replaced group has another."""
    groups = everything().of(NODE_GROUP)
    wanted = {NODE_GROUP_LABEL: f"{name}-gpu-g6-xlarge-0a1b2c3"}
    assert f"{name}-gpu-g6-xlarge" in groups
    deployment = everything().of(DEPLOYMENT)[f"{name}-deployment"]
    daemon_set = everything().of(DAEMON_SET)[f"{name}-daemonset"]
    for each in (deployment, daemon_set):
        assert each["spec"]["template"]["spec"]["nodeSelector"] == wanted


def test_pools_of_one_cluster_are_told_apart_by_a_label_that_outlives_them() -> None:
    groups = everything().of(NODE_GROUP)
    in_cluster = {name: each for name, each in groups.items() if each["clusterName"] == "a-test"}
    assert len(in_cluster) == 3
    assert {name: each["labels"]["paddock.dev/pool"] for name, each in in_cluster.items()} == {
        name: name.removesuffix("-g6-xlarge") for name in in_cluster
    }
