"""The EKS control plane, its add-ons and the small node group that they run on."""

import json
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.arguments import accepted, refused
from paddock.catalog import footprint
from paddock.iam import service_role, trust
from paddock.naming import NO_TAGS, SYSTEM_POOL, cluster_name, tags
from paddock.node_group import NodeGroupPlan, managed_node_group
from paddock.policy.predicates import open_ingress_findings

CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
LOG_RETENTION_DAYS = 90

SYSTEM_NODES = NodeGroupPlan(
    instance_type=footprint.system_node().instance_type,
    ami_type="BOTTLEROCKET_x86_64",
    nodes=footprint.SYSTEM_NODES,
    disk_gib=footprint.SYSTEM_DISK_GIB,
    labels=SYSTEM_POOL,
)

NODE_INDEPENDENT_ADDONS = ("kube-proxy", "eks-pod-identity-agent")

VPC_CNI_CONFIGURATION = {"env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}}
"""A /28 at a time: a node then holds as many pods as the kubelet allows without one network interface for each few."""


class ClusterArgs(TypedDict):
    kubernetes_version: pulumi.Input[str]
    """The EKS minor version, such as `1.35`."""
    vpc_id: pulumi.Input[str]
    endpoint_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Where the control plane's network interfaces go, in at least two zones."""
    node_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Where the system nodes go."""
    peer_cidrs: NotRequired[Sequence[str]]
    """Networks from which operators reach the private API endpoint. Default: none but the VPC itself."""
    region: NotRequired[str]
    """Written into the kubeconfig. Default: the provider's region."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Default: none."""


def kubeconfig(name: str, endpoint: str, certificate_authority: str, region: str) -> str:
    """A kubeconfig that holds no secret: `aws eks get-token` signs each call with the caller's own AWS identity."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority}}
            ],
            "users": [
                {
                    "name": name,
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "aws",
                            "args": [
                                "eks",
                                "get-token",
                                "--cluster-name",
                                name,
                                "--region",
                                region,
                                "--output",
                                "json",
                            ],
                            "interactiveMode": "Never",
                        }
                    },
                }
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )


class Cluster(pulumi.ComponentResource):
    """An EKS cluster whose API answers only inside the VPC and its peers.

    Secrets are encrypted with a key of the account, all control-plane logs are kept, access is by access entries.
    Whoever creates the cluster is its administrator.
    """

    cluster_name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    cluster_security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("Cluster", args, ClusterArgs)
        for cidr in args.get("peer_cidrs", ()):
            refused(
                "Cluster",
                open_ingress_findings("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": cidr}),
            )
        super().__init__("paddock:index:Cluster", name, {}, opts)
        extra = args.get("tags", NO_TAGS)
        child = pulumi.ResourceOptions(parent=self)
        spelled = cluster_name(name)

        key = aws.kms.Key(
            f"{name}-secrets",
            description=f"Kubernetes secrets of {spelled}",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            tags=tags(f"{name}-secrets", extra),
            opts=child,
        )
        # Made here, since the group that EKS makes by itself keeps logs for ever and outlives the cluster.
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/eks/{spelled}/cluster",
            retention_in_days=LOG_RETENTION_DAYS,
            tags=tags(f"{name}-logs", extra),
            opts=child,
        )
        role, rights = service_role(
            f"{name}-control-plane", trust("eks.amazonaws.com"), ["AmazonEKSClusterPolicy"], extra, parent=self
        )
        cluster = aws.eks.Cluster(
            f"{name}-cluster",
            name=spelled,
            role_arn=role.arn,
            version=args["kubernetes_version"],
            vpc_config={
                "subnet_ids": args["endpoint_subnet_ids"],
                "endpoint_private_access": True,
                "endpoint_public_access": False,
            },
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": True},
            encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
            enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
            # The default, EXTENDED, bills six times the fee once a version's standard support ends.
            upgrade_policy={"support_type": "STANDARD"},
            bootstrap_self_managed_addons=False,
            tags=tags(spelled, extra),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*rights, logs]),
        )
        security_group_id = cluster.vpc_config.cluster_security_group_id
        for i, cidr in enumerate(args.get("peer_cidrs", ())):
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-api-{i}",
                security_group_id=security_group_id,
                description="Kubernetes API from a peered network",
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                tags=tags(f"{name}-api-{i}", extra),
                opts=child,
            )
        self._addons(name, cluster, args["node_subnet_ids"], extra)

        region = args.get("region") or aws.get_region(opts=pulumi.InvokeOptions(parent=self)).region
        self.cluster_name = cluster.name
        self.endpoint = cluster.endpoint
        self.certificate_authority = cluster.certificate_authority.data
        self.kubeconfig = pulumi.Output.all(cluster.name, cluster.endpoint, self.certificate_authority).apply(
            lambda known: kubeconfig(known[0], known[1], known[2], region)
        )
        self.cluster_security_group_id = security_group_id
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "endpoint": self.endpoint,
                "certificate_authority": self.certificate_authority,
                "kubeconfig": self.kubeconfig,
                "cluster_security_group_id": self.cluster_security_group_id,
            }
        )

    def _addons(
        self,
        name: str,
        cluster: aws.eks.Cluster,
        node_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]],
        extra: Mapping[str, str],
    ) -> None:
        def addon(
            addon_name: str, configuration: object = None, after: Sequence[pulumi.Resource] = ()
        ) -> aws.eks.Addon:
            return aws.eks.Addon(
                f"{name}-{addon_name}",
                cluster_name=cluster.name,
                addon_name=addon_name,
                configuration_values=json.dumps(configuration) if configuration else None,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                tags=tags(f"{name}-{addon_name}", extra),
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
            )

        # Nodes without a network plug-in never become ready, so it goes first and CoreDNS, which needs nodes, last.
        network = addon("vpc-cni", VPC_CNI_CONFIGURATION)
        for each in NODE_INDEPENDENT_ADDONS:
            addon(each)
        system = managed_node_group(
            f"{name}-system", SYSTEM_NODES, cluster.name, node_subnet_ids, extra, parent=self, after=[network]
        )
        addon("coredns", after=[system])
