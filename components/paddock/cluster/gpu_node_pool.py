"""The GPU node pool: as many nodes of one instance type as the plan needs, kept free of everything else."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi

from paddock.catalog import CapacityType, all_instances
from paddock.catalog.lookup import shown
from paddock.cluster.node_group import (
    AMI_TYPES,
    GP3_MOST_THROUGHPUT_MIB_S,
    GP3_THROUGHPUT_MIB_S,
    Home,
    NodeGroupPlan,
    managed_node_group,
    node_os,
)
from paddock.common.inputs import ArgumentError, accepted
from paddock.common.labels import GPU_TAINT_KEY, GPU_TAINT_VALUE, NO_TAGS

CAPACITY_TYPES = {"on_demand": "ON_DEMAND", "spot": "SPOT"}


class GpuNodePoolArgs(TypedDict):
    cluster_name: pulumi.Input[str]
    kubernetes_version: pulumi.Input[str]
    """The control plane's version, an output of `Cluster`: nodes follow it, one at a time."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Node subnets in zones that offer the instance type. A pool that is there stays in those of its birth."""
    instance_type: str
    """An x86-64 EC2 type with NVIDIA GPUs, such as `g6.xlarge`. Plain: another one is another node group."""
    accelerator: str
    """The GPU's name, such as `l4`; becomes the label by which autoscalers tell pools apart."""
    nodes: int
    """Number of nodes, 0 or more."""
    disk_gib: int
    """Disk for images, logs and scratch, in GiB; 20 or more. The operating system's comes on top."""
    disk_throughput_mib_s: NotRequired[int]
    """Throughput of that disk, 125 to 1000 MiB/s; images are pulled to it. Default: 125, which gp3 has by itself."""
    instance_store: NotRequired[bool]
    """True for images, logs and pods' scratch on the type's own NVMe, RAID 0 where there are several, in the place of
    the disk, which stays beside it. Changing it replaces the nodes, one at a time. Default: false."""
    node_os: NotRequired[str]
    """`bottlerocket`, with NVIDIA's driver and device plugin; or `al2023`, with the driver alone: then make a
    `DevicePlugin` too. Changing it replaces the pool. Default: `bottlerocket`."""
    release_version: NotRequired[str]
    """The AMI's release, in EKS's form; another one replaces the nodes, one at a time. Default: the newest when the
    pool is made, which then stays until Kubernetes' version or the disk changes."""
    capacity_type: NotRequired[CapacityType]
    """Changing it replaces the pool. Default: `on_demand`."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Instances and their volumes keep those of the pool's birth. Default: none."""
    group_tags: NotRequired[dict[str, str]]
    """Extra tags on the node group alone, which may change without new nodes. Default: none."""


MIN_DISK_GIB = 20


def plan_gpu_pool(args: GpuNodePoolArgs) -> NodeGroupPlan:
    """Resolve defaults and check ranges; raises `ArgumentError`."""
    nodes, disk_gib, capacity = args["nodes"], args["disk_gib"], args.get("capacity_type", CapacityType.ON_DEMAND)
    if nodes < 0:
        raise ArgumentError(f"GpuNodePool: nodes must be 0 or more, got {nodes}")
    if disk_gib < MIN_DISK_GIB:
        raise ArgumentError(
            f"GpuNodePool: disk_gib must be {MIN_DISK_GIB} or more, got {disk_gib}, Bottlerocket's own default"
        )
    throughput = args.get("disk_throughput_mib_s", GP3_THROUGHPUT_MIB_S)
    if not GP3_THROUGHPUT_MIB_S <= throughput <= GP3_MOST_THROUGHPUT_MIB_S:
        raise ArgumentError(
            f"GpuNodePool: disk_throughput_mib_s must be {GP3_THROUGHPUT_MIB_S} to {GP3_MOST_THROUGHPUT_MIB_S}, as gp3 "
            f"takes, got {throughput}"
        )
    if capacity not in CAPACITY_TYPES:
        raise ArgumentError(
            f"GpuNodePool: capacity_type must be one of {', '.join(CAPACITY_TYPES)}, got {shown(capacity)}"
        )
    instance_store = args.get("instance_store", False)
    known = all_instances().get(args["instance_type"])
    if instance_store and known is not None and not known.nvme_gb:
        raise ArgumentError(
            f"GpuNodePool: instance_store is true, but {args['instance_type']} has none; leave it out, or choose a "
            "type with local NVMe"
        )
    system = node_os("GpuNodePool", args.get("node_os"))
    return NodeGroupPlan(
        instance_type=args["instance_type"],
        node_os=system,
        ami_type=AMI_TYPES[system].gpu,
        nodes=nodes,
        disk_gib=disk_gib,
        disk_throughput_mib_s=throughput,
        instance_store=instance_store,
        capacity_type=CAPACITY_TYPES[capacity],
        labels={"k8s.amazonaws.com/accelerator": args["accelerator"]},
        taints=[(GPU_TAINT_KEY, GPU_TAINT_VALUE, "NO_SCHEDULE")],
        # No quota and often no capacity for GPUs beside those that run.
        update_strategy="MINIMAL",
        release_version=args.get("release_version"),
    )


class GpuNodePool(pulumi.ComponentResource):
    """A managed node group of GPU instances, tainted so that only pods which ask for a GPU land on it."""

    node_group_name: pulumi.Output[str]
    """Physical name, by which pods select the pool; a replaced pool has another."""
    autoscaling_group_name: pulumi.Output[str]
    """Made by EKS for the node group; load balancers are attached to it."""
    instance_type: pulumi.Output[str]
    nodes: pulumi.Output[int]

    def __init__(self, name: str, args: GpuNodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("GpuNodePool", args, GpuNodePoolArgs)
        plan = plan_gpu_pool(args)
        super().__init__("paddock:index:GpuNodePool", name, {}, opts)
        # The type is in the name: another type is another group, in the subnets that offer it, beside the old one until
        # the pods have moved.
        group = managed_node_group(
            f"{name}-gpu-{plan.instance_type.replace('.', '-')}",
            plan,
            Home(
                cluster_name=args["cluster_name"],
                kubernetes_version=args["kubernetes_version"],
                subnet_ids=args["subnet_ids"],
            ),
            args.get("tags", NO_TAGS),
            parent=self,
            pool=f"{name}-gpu",
            group_tags=args.get("group_tags", NO_TAGS),
        )
        self.node_group_name = group.name
        self.autoscaling_group_name = group.resource.resources[0].autoscaling_groups[0].name
        self.instance_type = pulumi.Output.from_input(plan.instance_type)
        self.nodes = pulumi.Output.from_input(plan.nodes)
        self.register_outputs(
            {
                "node_group_name": self.node_group_name,
                "autoscaling_group_name": self.autoscaling_group_name,
                "instance_type": self.instance_type,
                "nodes": self.nodes,
            }
        )
