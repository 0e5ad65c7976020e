"""The EKS control plane, its add-ons and the small node group that they run on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.catalog import footprint
from paddock.catalog.eks import addon_version, newest_eks_version
from paddock.choices import DEFAULT_LOG_RETENTION_DAYS, HTTPS_PORT, NodeOs
from paddock.cluster.kubeconfig import Signer, kubeconfig
from paddock.cluster.node_group import AMI_TYPES, Home, NodeGroupPlan, managed_node_group, node_os
from paddock.common.account import Account
from paddock.common.iam import pod_identity_trust, policy_document, service_role, trust
from paddock.common.inputs import ArgumentError, accepted, refused
from paddock.common.labels import GPU_TOLERATION, NO_TAGS
from paddock.common.log_groups import log_key
from paddock.common.naming import cluster_name, tags
from paddock.common.subnets import service_range
from paddock.privacy.predicates.hardening import CONTROL_PLANE_LOGS
from paddock.privacy.predicates.shapes import shape_findings
from paddock.settings.checks import role_or_user

CONTROL_PLANE_ZONES = 2
"""Subnets of the control plane, one a zone. Source: EKS user guide, network-reqs, read 2026-11-28."""

VPC_CNI_CONFIGURATION = {
    # Without it, NetworkPolicies are objects that nothing reads.
    "enableNetworkPolicy": "true",
    # A /28 at a time: a node then holds as many pods as the kubelet allows without one network interface for each few.
    "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
}
NODE_MONITORING_CONFIGURATION = {
    # The agent runs on every node; its DCGM server by default on none with a taint, and so without GPUs to read:
    # https://github.com/aws/containers-roadmap/issues/2567, read 2026-11-28.
    "dcgmAgent": {"tolerations": [GPU_TOLERATION]},
}
VPC_CNI_SERVICE_ACCOUNT = "aws-node"
"""Service account in kube-system, made by the add-on. Source: EKS user guide, cni-iam-role."""


class ClusterArgs(TypedDict):
    vpc_id: pulumi.Input[str]
    endpoint_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Subnets of the control plane's network interfaces: the first two, in two zones. EKS never leaves these zones, so
    a cluster that is there keeps them."""
    node_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Subnets of the system nodes. Nodes that are there keep theirs."""
    kubernetes_version: NotRequired[str]
    """The EKS minor version, such as `1.35`; a cluster goes up by one at a time, and back by hand alone, for 7 days.
    Default: a new cluster has the catalog's newest, one that is there keeps its own."""
    peer_cidrs: NotRequired[Sequence[str]]
    """Networks from which operators reach the private API endpoint. Default: none but the VPC itself."""
    routed_cidrs: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Networks that pods speak to: the VPC, its peers, clients. A new cluster's Services get addresses clear of them.
    Default: clear of the VPC alone."""
    admin_principal_arns: NotRequired[Sequence[str]]
    """Roles or users, by ARN, that administer the cluster beside whoever makes it. Default: none."""
    endpoint_public_access_cidrs: NotRequired[Sequence[str]]
    """Networks on the internet that the API answers too. Default: none, and it has no public endpoint."""
    tunnel_port: NotRequired[int]
    """Port of `paddock tunnel`, if the kubeconfig is to go through it. Default: straight to the endpoint."""
    aws_profile: NotRequired[str]
    """Profile of the AWS CLI that the kubeconfig signs calls with; give what your AWS provider has. Default: none."""
    aws_role_arn: NotRequired[str]
    """Role that the kubeconfig assumes to sign calls; give what your AWS provider has. Default: none."""
    region: NotRequired[str]
    """Written into the kubeconfig. Default: the provider's region."""
    node_os: NotRequired[str]
    """Operating system of the system nodes: `bottlerocket` or `al2023`. Default: `bottlerocket`."""
    node_release_version: NotRequired[str]
    """The release of the system nodes' AMI, in EKS's form; another one replaces the nodes, one at a time. Default: the
    newest when the nodes are made, which then stays until Kubernetes' version changes."""
    deletion_protection: NotRequired[bool]
    """True: EKS refuses to delete the cluster until this is false again. Default: false."""
    log_retention_days: NotRequired[int]
    """Retention of the control plane's logs, in days that CloudWatch takes. Default: 90."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Default: none."""


def system_nodes(region: str, system: NodeOs, release_version: str | None = None) -> NodeGroupPlan:
    """The nodes of what is not a model, of a type that every zone of the region offers."""
    return NodeGroupPlan(
        instance_type=footprint.system_node(region).instance_type,
        node_os=system,
        ami_type=AMI_TYPES[system].plain,
        nodes=footprint.SYSTEM_NODES,
        disk_gib=footprint.SYSTEM_DISK_GIB,
        release_version=release_version,
    )


def no_log_group(account: Account, name: str) -> str:
    """Denial of making the log group: it is Pulumi's to make."""
    group = account.arn("logs", f"log-group:{name}")
    return policy_document(
        {"Effect": "Deny", "Action": ["logs:CreateLogGroup"], "Resource": [group, f"{group}:*"]},
    )


def administrators(arns: Sequence[str]) -> list[str]:
    """Roles and users by ARN; raises `ArgumentError` for what EKS takes for no access entry."""
    try:
        return [str(role_or_user(arn)) for arn in arns]
    except ValueError as error:
        raise ArgumentError(f"Cluster: admin_principal_arns {error}") from None


def service_addresses(
    routed: pulumi.Input[Sequence[pulumi.Input[str]]] | None,
) -> aws.eks.ClusterKubernetesNetworkConfigArgs | None:
    """Addresses of Kubernetes Services, which nobody outside the cluster has; EKS chooses where no network is named."""
    if routed is None:
        return None

    def clear(cidrs: Sequence[str]) -> str:
        try:
            return service_range(cidrs)
        except ValueError as error:
            raise ArgumentError(f"Cluster: {error}") from None

    if isinstance(routed, Sequence) and not any(isinstance(each, pulumi.Output) for each in routed):
        return aws.eks.ClusterKubernetesNetworkConfigArgs(service_ipv4_cidr=clear([str(each) for each in routed]))
    return aws.eks.ClusterKubernetesNetworkConfigArgs(
        service_ipv4_cidr=pulumi.Output.from_input(routed).apply(lambda cidrs: pulumi.Output.all(*cidrs).apply(clear))
    )


def vpc_config(
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]], allowlist: Sequence[str]
) -> aws.eks.ClusterVpcConfigArgs:
    """Nodes always reach the API inside the VPC. A public endpoint without a list would answer the whole internet."""
    return aws.eks.ClusterVpcConfigArgs(
        # As few zones as EKS takes: one more could never be given up.
        subnet_ids=pulumi.Output.from_input(subnet_ids).apply(lambda ids: ids[:CONTROL_PLANE_ZONES]),
        endpoint_private_access=True,
        endpoint_public_access=bool(allowlist),
        public_access_cidrs=list(allowlist) or None,
    )


class Cluster(pulumi.ComponentResource):
    """An EKS cluster whose API answers only inside the VPC and its peers, and to an allow-list where one is given.

    Secrets and logs are encrypted with keys of the account, all control-plane logs are kept, access is by access
    entries, NetworkPolicies are enforced.
    Whoever creates the cluster is its administrator, beside those that are named.
    """

    cluster_name: pulumi.Output[str]
    kubernetes_version: pulumi.Output[str]
    """The control plane's own, for node pools."""
    endpoint: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    cluster_security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("Cluster", args, ClusterArgs)
        admins = administrators(args.get("admin_principal_arns", ()))
        system = node_os("Cluster", args.get("node_os"))
        for cidr in args.get("peer_cidrs", ()):
            rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
            refused("Cluster", shape_findings("security-group")(rule, {"cidrIpv4": cidr}))
        super().__init__("paddock:index:Cluster", name, {}, opts)
        extra = args.get("tags", NO_TAGS)
        child = pulumi.ResourceOptions(parent=self)
        spelled = cluster_name(name)
        account = Account.of(self)
        region = args.get("region") or account.region
        signer = Signer(args.get("aws_profile"), args.get("aws_role_arn"))
        nodes = system_nodes(region, system, args.get("node_release_version"))

        key = aws.kms.Key(
            f"{name}-secrets",
            description=f"Kubernetes secrets of {spelled}",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            tags=tags(f"{name}-secrets", extra),
            opts=child,
        )
        # Made here, since the group that EKS makes by itself keeps logs for ever and outlives the cluster.
        log_group_name = f"/aws/eks/{spelled}/cluster"
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=log_group_name,
            kms_key_id=log_key(f"{name}-logs", log_group_name, account, extra, parent=self).arn,
            retention_in_days=args.get("log_retention_days", DEFAULT_LOG_RETENTION_DAYS),
            tags=tags(f"{name}-logs", extra),
            opts=child,
        )
        role, rights = service_role(
            f"{name}-control-plane", trust("eks.amazonaws.com"), ["AmazonEKSClusterPolicy"], extra, parent=self
        )
        # The last lines of a cluster that goes would make its log group again, in the way of the next cluster's.
        quiet = aws.iam.RolePolicy(
            f"{name}-control-plane-logs", role=role.name, policy=no_log_group(account, log_group_name), opts=child
        )
        cluster = aws.eks.Cluster(
            f"{name}-cluster",
            name=spelled,
            role_arn=role.arn,
            version=args.get("kubernetes_version", newest_eks_version()),
            vpc_config=vpc_config(args["endpoint_subnet_ids"], args.get("endpoint_public_access_cidrs", ())),
            kubernetes_network_config=service_addresses(args.get("routed_cidrs")),
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": True},
            encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
            enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
            # The default, EXTENDED, bills six times the fee once a version's standard support ends.
            upgrade_policy={"support_type": "STANDARD"},
            bootstrap_self_managed_addons=False,
            deletion_protection=args.get("deletion_protection", False),
            tags=tags(spelled, extra),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*rights, quiet, logs],
                # What was chosen at the birth stays: no newer catalog upgrades it, which nothing undoes after 7 days.
                ignore_changes=[
                    "vpcConfig.subnetIds",
                    "kubernetesNetworkConfig",
                    *([] if "kubernetes_version" in args else ["version"]),
                ],
            ),
        )
        security_group_id = cluster.vpc_config.cluster_security_group_id
        for i, cidr in enumerate(args.get("peer_cidrs", ())):
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-api-{i}",
                security_group_id=security_group_id,
                description="Kubernetes API from a peered network",
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=HTTPS_PORT,
                to_port=HTTPS_PORT,
                tags=tags(f"{name}-api-{i}", extra),
                opts=child,
            )
        cni_trust = pod_identity_trust(account.id, spelled, "kube-system", VPC_CNI_SERVICE_ACCOUNT)
        for principal_arn in admins:
            # By what it is for, not by its place in the list: EKS takes no second entry of a principal that moved up.
            called = f"{name}-admin-{hashlib.sha256(principal_arn.encode()).hexdigest()[:8]}"
            entry = aws.eks.AccessEntry(
                called,
                cluster_name=cluster.name,
                principal_arn=principal_arn,
                tags=tags(called, extra),
                opts=child,
            )
            aws.eks.AccessPolicyAssociation(
                called,
                cluster_name=cluster.name,
                principal_arn=entry.principal_arn,
                policy_arn=f"arn:{account.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
                access_scope={"type": "cluster"},
                opts=child,
            )
        self._addons(name, cluster, nodes, args["node_subnet_ids"], cni_trust, extra)

        self.cluster_name = cluster.name
        self.kubernetes_version = cluster.version
        self.endpoint = cluster.endpoint
        self.certificate_authority = cluster.certificate_authority.data
        self.kubeconfig = pulumi.Output.all(cluster.name, cluster.endpoint, self.certificate_authority).apply(
            lambda known: kubeconfig(known[0], known[1], known[2], region, args.get("tunnel_port"), signer)
        )
        self.cluster_security_group_id = security_group_id
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "kubernetes_version": self.kubernetes_version,
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
        nodes: NodeGroupPlan,
        node_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]],
        cni_trust: str,
        extra: Mapping[str, str],
    ) -> None:
        def addon(
            addon_name: str,
            after: Sequence[pulumi.Resource] = (),
            cluster_name: pulumi.Input[str] = cluster.name,
            **more: Any,
        ) -> aws.eks.Addon:
            return aws.eks.Addon(
                f"{name}-{addon_name}",
                cluster_name=cluster_name,
                addon_name=addon_name,
                addon_version=cluster.version.apply(lambda version: addon_version(version, addon_name)),
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                tags=tags(f"{name}-{addon_name}", extra),
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
                **more,
            )

        addon("kube-proxy")
        # The plug-in's rights come from Pod Identity and not from the node, whose identity every pod on the host's
        # network could borrow. That works on a cluster's first node too, as the agent is on the host's network and
        # tolerates a node that is not ready (from v1.2.0-eksbuild.1, github.com/aws/amazon-vpc-cni-k8s/issues/2780),
        # but only with both add-ons there before the node: without the agent the plug-in crashes
        # (github.com/terraform-aws-modules/terraform-aws-eks/issues/3260).
        agent = addon("eks-pod-identity-agent")
        role, rights = service_role(f"{name}-vpc-cni", cni_trust, ["AmazonEKS_CNI_Policy"], extra, parent=self)
        network = addon(
            "vpc-cni",
            after=[agent, *rights],
            configuration_values=json.dumps(VPC_CNI_CONFIGURATION),
            pod_identity_associations=[{"service_account": VPC_CNI_SERVICE_ACCOUNT, "role_arn": role.arn}],
        )
        # Nodes without a network plug-in never become ready, so it goes first and CoreDNS, which needs nodes, last.
        system = managed_node_group(
            f"{name}-system",
            nodes,
            Home(cluster_name=cluster.name, kubernetes_version=cluster.version, subnet_ids=node_subnet_ids),
            extra,
            parent=self,
            after=[network],
            # The type is paddock's choice, of the region and the day.
            kept=["instanceTypes"],
        )
        on_nodes = pulumi.Output.all(cluster.name, system.name)[0]
        addon("coredns", after=[system.resource], cluster_name=on_nodes)
        # Before any GPU pool, which waits for the whole cluster: node repair learns of broken GPUs from it alone.
        addon(
            "eks-node-monitoring-agent",
            after=[system.resource],
            cluster_name=on_nodes,
            configuration_values=json.dumps(NODE_MONITORING_CONFIGURATION),
        )
