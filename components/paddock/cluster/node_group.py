"""One EKS managed node group: its operating system, its role, its launch template, the group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from paddock.catalog.footprint import os_disk_gib
from paddock.catalog.lookup import shown
from paddock.choices import NodeOs
from paddock.common.iam import service_role, trust
from paddock.common.inputs import ArgumentError
from paddock.common.naming import NO_TAGS, pool_label, tags

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
    capacity_type: str = "ON_DEMAND"
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[tuple[str, str, str]] = ()
    """(key, value, effect), the effect as the EKS API spells it: NO_SCHEDULE."""


def volumes(node_os: NodeOs, disk_gib: int) -> dict[str, int]:
    """GiB by device."""
    if node_os is NodeOs.BOTTLEROCKET:
        return {BOTTLEROCKET_DATA_VOLUME: disk_gib, ROOT_VOLUME: os_disk_gib(node_os)}
    return {ROOT_VOLUME: disk_gib + os_disk_gib(node_os)}


def managed_node_group(
    name: str,
    plan: NodeGroupPlan,
    cluster_name: pulumi.Input[str],
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]],
    extra_tags: Mapping[str, str] = NO_TAGS,
    *,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
) -> aws.eks.NodeGroup:
    """Create role, launch template and node group as children of `parent`, the group not before `after`."""
    labels = {**plan.labels, **pool_label(name)}
    role, rights = service_role(f"{name}-node", trust("ec2.amazonaws.com"), NODE_POLICIES, extra_tags, parent=parent)
    template = aws.ec2.LaunchTemplate(
        name,
        update_default_version=True,
        block_device_mappings=[_encrypted(device, gib) for device, gib in volumes(plan.node_os, plan.disk_gib).items()],
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
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return aws.eks.NodeGroup(
        name,
        cluster_name=cluster_name,
        node_role_arn=role.arn,
        subnet_ids=subnet_ids,
        instance_types=[plan.instance_type],
        ami_type=plan.ami_type,
        capacity_type=plan.capacity_type,
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        # EKS takes no maximum below one, even for a pool that is switched off.
        scaling_config={"desired_size": plan.nodes, "min_size": 0, "max_size": max(plan.nodes, 1)},
        update_config={"max_unavailable": 1},
        labels=labels,
        taints=[{"key": key, "value": value, "effect": effect} for key, value, effect in plan.taints],
        tags=tags(name, extra_tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*rights, *after]),
    )


def _encrypted(device: str, gib: int) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    volume = aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
        volume_size=gib, volume_type="gp3", encrypted="true", delete_on_termination="true"
    )
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(device_name=device, ebs=volume)
