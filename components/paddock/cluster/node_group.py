"""One EKS managed node group: its operating system, its role, its launch template, the group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from paddock.catalog.footprint import os_disk_gib
from paddock.catalog.lookup import shown
from paddock.choices import NodeOs
from paddock.cluster.instance_store import user_data
from paddock.common.iam import service_role, trust
from paddock.common.inputs import ArgumentError
from paddock.common.labels import NO_TAGS
from paddock.common.naming import node_group_name, pool_label, tags

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
"""The least that lets a node join and pull from the account's registry; the right to give pods addresses is the network
plug-in's own (`Cluster`). Source: EKS user guide, node IAM role, read 2026-11-24."""


@dataclass(frozen=True, slots=True)
class AmiTypes:
    """EKS's names for an operating system's images: without and with NVIDIA's driver."""

    plain: str
    gpu: str


AMI_TYPES = {
    NodeOs.BOTTLEROCKET: AmiTypes(plain="BOTTLEROCKET_x86_64", gpu="BOTTLEROCKET_x86_64_NVIDIA"),
    NodeOs.AL2023: AmiTypes(plain="AL2023_x86_64_STANDARD", gpu="AL2023_x86_64_NVIDIA"),
}

GP3_THROUGHPUT_MIB_S = 125
GP3_IOPS = 3000
"""Throughput and IOPS that every gp3 volume has without a price of its own."""
GP3_MOST_THROUGHPUT_MIB_S = 1000
MINUTES_A_NODE = 30
"""The longest that EKS takes to replace a node before it gives up: 15 for pods to leave, as much for a new node to be
ready. AWS's provider waits 60 for all. Source: EKS user guide, managed-node-update-behavior, read 2026-11-28."""
GP3_IOPS_PER_MIB_S = 4
"""Source: Amazon EBS user guide, general-purpose volumes: 0.25 MiB/s for each of the volume's IOPS. Read 2026-11-28."""

ROOT_VOLUME = "/dev/xvda"
BOTTLEROCKET_DATA_VOLUME = "/dev/xvdb"
"""Images, logs and pods' scratch live on Bottlerocket's second volume; its default of 20 GiB cannot hold a vLLM image.
Amazon Linux has them on its root volume."""


def node_os(component: str, name: str | None) -> NodeOs:
    """The operating system of that name, Bottlerocket where none is named; raises `ArgumentError`."""
    try:
        return NodeOs(NodeOs.BOTTLEROCKET if name is None else name)
    except ValueError:
        raise ArgumentError(f"{component}: node_os must be one of {', '.join(NodeOs)}, got {shown(name)}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroupPlan:
    """Node group as decided, all of it plain."""

    instance_type: str
    node_os: NodeOs
    ami_type: str
    nodes: int
    disk_gib: int
    """Disk of images, logs and pods' scratch; the operating system's comes on top."""
    disk_throughput_mib_s: int = GP3_THROUGHPUT_MIB_S
    """Throughput of that disk."""
    instance_store: bool = False
    """True: all that is on the node's instance store, which is gone with the node, and the disk stays empty."""
    capacity_type: str = "ON_DEMAND"
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[tuple[str, str, str]] = ()
    """(key, value, effect), the effect as the EKS API spells it: NO_SCHEDULE."""
    update_strategy: str = "DEFAULT"
    """Order in which EKS replaces nodes: DEFAULT starts new ones first, and raises the group for it by up to twice its
    zones; MINIMAL ends old ones first and needs no instance more. Source: EKS user guide, managed-node-update-behavior,
    read 2026-11-28."""
    release_version: str | None = None
    """The AMI's release; None for the newest at the group's birth, which then stays."""


def volumes(node_os: NodeOs, disk_gib: int) -> dict[str, int]:
    """GiB by device."""
    if node_os is NodeOs.BOTTLEROCKET:
        return {BOTTLEROCKET_DATA_VOLUME: disk_gib, ROOT_VOLUME: os_disk_gib(node_os)}
    return {ROOT_VOLUME: disk_gib + os_disk_gib(node_os)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Cluster that a node group joins, and the subnets of its nodes."""

    cluster_name: pulumi.Input[str]
    kubernetes_version: pulumi.Input[str]
    """The control plane's own, which its nodes follow."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]


@dataclass(frozen=True, slots=True)
class ManagedNodeGroup:
    """Node group that was made."""

    resource: aws.eks.NodeGroup
    name: pulumi.Output[str]
    """Physical name, known only of a group that did not fail: whatever needs its nodes takes the name from here."""


def managed_node_group(
    name: str,
    plan: NodeGroupPlan,
    home: Home,
    extra_tags: Mapping[str, str] = NO_TAGS,
    *,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
    pool: str | None = None,
    kept: Sequence[str] = (),
    group_tags: Mapping[str, str] = NO_TAGS,
) -> ManagedNodeGroup:
    """Create role, launch template and node group as children of `parent`, the group not before `after`.

    `pool` is the name that stays when another group takes this one's place; `kept` are properties of the group's birth
    that no later `up` changes; `group_tags` are the group's alone, as all others reach instances and volumes too.
    """
    pool = pool or name
    labels = {**plan.labels, **pool_label(pool)}
    node_group_name(name)
    role, rights = service_role(f"{pool}-node", trust("ec2.amazonaws.com"), NODE_POLICIES, extra_tags, parent=parent)
    template = aws.ec2.LaunchTemplate(
        name,
        update_default_version=True,
        block_device_mappings=_volumes(plan),
        user_data=user_data(plan.node_os) if plan.instance_store else None,
        # Tokens only, and one hop: a pod cannot borrow the node's identity.
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        # A node group's tags stop at the group; only the template's reach instances and volumes, and so the bill.
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags(name, extra_tags))
            for kind in ("instance", "volume")
        ],
        tags=tags(name, extra_tags),
        # A new version of the template recycles every node, and AWS's provider announces one for any change, of a tag
        # too (terraform-provider-aws, launch_template.go, `latest_version`): so tags stay those of the group's birth.
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["tagSpecifications", "tags"]),
    )
    group = aws.eks.NodeGroup(
        name,
        cluster_name=home.cluster_name,
        version=home.kubernetes_version,
        release_version=plan.release_version,
        node_role_arn=role.arn,
        subnet_ids=home.subnet_ids,
        instance_types=[plan.instance_type],
        ami_type=plan.ami_type,
        capacity_type=plan.capacity_type,
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        # EKS takes no maximum below one, even for a pool that is switched off.
        scaling_config={"desired_size": plan.nodes, "min_size": 0, "max_size": max(plan.nodes, 1)},
        update_config={"max_unavailable": 1, "update_strategy": plan.update_strategy},
        # EKS replaces a node whose kubelet is silent, or whose GPU the add-on eks-node-monitoring-agent finds broken.
        node_repair_config={"enabled": True},
        labels=labels,
        taints=[{"key": key, "value": value, "effect": effect} for key, value, effect in plan.taints],
        tags=tags(name, {**extra_tags, **group_tags}),
        # EKS cannot move a group: a zone that AWS offers the type in one day, or one more in the network, would replace
        # it unasked.
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[*rights, *after],
            ignore_changes=["subnetIds", *kept],
            custom_timeouts=pulumi.CustomTimeouts(update=f"{max(plan.nodes, 2) * MINUTES_A_NODE}m"),
        ),
    )
    # The name is known at the first preview already, where the status is not.
    not_failed: pulumi.Output[bool] = pulumi.Output.from_input(_is_not_failed(group))
    name_of = pulumi.Output.all(group.node_group_name, not_failed).apply(lambda both: str(both[0]))
    return ManagedNodeGroup(resource=group, name=name_of)


async def _is_not_failed(group: aws.eks.NodeGroup) -> bool:
    """True for a group that came up, or is yet to be made; raises `ArgumentError` for one whose creation failed.

    Pulumi keeps a group whose creation failed and, with nothing to change, takes it for done at the next `up`; EKS
    refuses every change of it (aws/containers-roadmap issue 2204).
    """
    status = await group.status.future()
    if status is None or not status.endswith("_FAILED"):
        return True
    name, cluster_name, urn = [await each.future() for each in (group.node_group_name, group.cluster_name, group.urn)]
    raise ArgumentError(
        f"the node group {name} is {status}, and EKS takes no change of it. What went wrong:\n"
        f"  aws eks describe-nodegroup --cluster-name {cluster_name} --nodegroup-name {name} --query nodegroup.health\n"
        f"Once that is mended, make it anew:\n"
        f"  pulumi up --replace '{urn}'"
    )


def _volumes(plan: NodeGroupPlan) -> list[aws.ec2.LaunchTemplateBlockDeviceMappingArgs]:
    """Encrypted gp3 volumes, that of images and scratch as fast as planned; what gp3 has by itself is left unsaid."""
    data = BOTTLEROCKET_DATA_VOLUME if plan.node_os is NodeOs.BOTTLEROCKET else ROOT_VOLUME
    throughput, iops = plan.disk_throughput_mib_s, plan.disk_throughput_mib_s * GP3_IOPS_PER_MIB_S
    return [
        aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
            device_name=device,
            ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                volume_size=gib,
                volume_type="gp3",
                throughput=throughput if device == data and throughput > GP3_THROUGHPUT_MIB_S else None,
                iops=iops if device == data and iops > GP3_IOPS else None,
                encrypted="true",
                delete_on_termination="true",
            ),
        )
        for device, gib in volumes(plan.node_os, plan.disk_gib).items()
    ]
