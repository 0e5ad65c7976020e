"""Kubernetes nodes that an EKS node group stands for: decided here, made by the bridge.

A node offers what a kubelet on that instance type would offer: its CPUs, memory and devices, less what the hypervisor,
the kubelet and the eviction threshold keep.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

NODE_GROUP_LABEL = "eks.amazonaws.com/nodegroup"
GIVEN_ANNOTATION = "local.paddock.dev/given"
"""The labels and taints that came from the group: later changes leave alone what others put on the node."""

VM_OVERHEAD = 0.075
"""Share of the memory that the guest does not see: Karpenter's VM_MEMORY_OVERHEAD_PERCENT, v1.14.1, 2026-08-21."""

# What EKS's bootstrap reserves (awslabs/amazon-eks-ami, snapshot 2026-07-23; Bottlerocket uses the same formulas).
KUBE_RESERVED_MIB_PER_POD = 11
KUBE_RESERVED_MIB = 255
KUBE_RESERVED_CPU_SHARES = (0.06, 0.01, 0.005, 0.005)
"""Shares of the first four cores; `KUBE_RESERVED_CPU_SHARE_ABOVE` of each further one."""
KUBE_RESERVED_CPU_SHARE_ABOVE = 0.0025
KUBE_RESERVED_STORAGE_MIB = 1024
EVICTION_MEMORY_MIB = 100
EVICTION_STORAGE_SHARE = 0.1

# Pods per node with prefix delegation (EKS user guide, "Choosing an Amazon EC2 instance type").
SMALL_NODE_VCPUS = 30
MAX_PODS_SMALL = 110
MAX_PODS = 250

KUBELET_HOST = "localhost"
"""Address at which kwok plays the kubelets of all nodes; on EKS this address is the instance's private DNS name."""

DEFAULT_DISK_GIB = 20
BOTTLEROCKET_DATA_DEVICE = "/dev/xvdb"
DEVICE_PLUGIN_FOLDER = "/var/lib/kubelet/device-plugins"
TAINT_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subnet:
    zone: str
    cidr: IPv4Network


@dataclass(frozen=True, slots=True)
class Placement:
    """Facts that a node group does not state: the zones of its subnets, the data of its launch template."""

    subnets: Sequence[Subnet]
    template: Json = field(default_factory=dict)


def instance_type_of(node_group: Json, template: Json) -> str | None:
    """EKS takes the type from the group, where the first one is tried first, or from its launch template."""
    types = node_group.get("instanceTypes") or [template.get("InstanceType")]
    name: str | None = types[0]
    return name


def nodes_for(node_group: Json, instance_type: Json, placement: Placement) -> list[dict[str, Any]]:
    """The nodes of a group, as Kubernetes objects: the same group and index always give the same node."""
    if node_group["status"] in ("DELETING", "CREATE_FAILED"):
        return []
    count = node_group["scalingConfig"]["desiredSize"]
    return [_node(node_group, instance_type, placement, index) for index in range(count)]


def _node(node_group: Json, instance_type: Json, placement: Placement, index: int) -> dict[str, Any]:
    subnet = placement.subnets[index % len(placement.subnets)]
    zone = subnet.zone
    region = zone.rstrip("abcdefghijklmnopqrstuvwxyz")
    # A new version of the launch template, of Kubernetes or of the AMI means new instances, as in EKS.
    template, version, release = (
        node_group.get("launchTemplate", {}).get("version"),
        node_group.get("version"),
        node_group.get("releaseVersion"),
    )
    made_from = f"{node_group['nodegroupArn']} {template} {version} {release} {index}"
    identity = hashlib.sha256(made_from.encode()).hexdigest()
    instance_id = f"i-{identity[:17]}"
    # An instance's private DNS name where subnets use resource names (EC2 user guide, "hostname types").
    name = f"{instance_id}.{'ec2.internal' if region == 'us-east-1' else f'{region}.compute.internal'}"
    labels, taints = _labels(node_group, instance_type, name, zone, region), _taints(node_group)
    given = json.dumps({"labels": labels, "taints": taints}, sort_keys=True)
    capacity, allocatable = resources_of(node_group, instance_type, placement.template)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {GIVEN_ANNOTATION: given}},
        "spec": {"providerID": f"aws:///{zone}/{instance_id}", "taints": taints},
        "status": {
            "capacity": capacity,
            "allocatable": allocatable,
            "addresses": [
                {"type": "InternalIP", "address": str(_address(subnet.cidr, int(identity, 16)))},
                {"type": "Hostname", "address": name},
                {"type": "InternalDNS", "address": KUBELET_HOST},
            ],
            "nodeInfo": {
                "architecture": _architecture(instance_type),
                "operatingSystem": "linux",
                "kubeletVersion": f"v{version}.0",
                "osImage": f"{node_group.get('amiType', '')} {release}",
            },
        },
    }


def _address(cidr: IPv4Network, identity: int) -> IPv4Address:
    first, last = 4, cidr.num_addresses - 2  # AWS keeps the first four addresses of a subnet and its last
    return cidr[first + identity % (last - first + 1)]


def _labels(node_group: Json, instance_type: Json, name: str, zone: str, region: str) -> dict[str, str]:
    return {
        **node_group.get("labels", {}),
        NODE_GROUP_LABEL: node_group["nodegroupName"],
        "eks.amazonaws.com/capacityType": node_group.get("capacityType", "ON_DEMAND"),
        "node.kubernetes.io/instance-type": instance_type["InstanceType"],
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
        "kubernetes.io/arch": _architecture(instance_type),
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
    }


def _taints(node_group: Json) -> list[dict[str, str]]:
    return [
        {"key": taint["key"], "value": taint.get("value", ""), "effect": TAINT_EFFECTS[taint["effect"]]}
        for taint in node_group.get("taints") or ()
    ]


def _architecture(instance_type: Json) -> str:
    for architecture in instance_type["ProcessorInfo"]["SupportedArchitectures"]:
        if architecture in ARCHITECTURES:
            return ARCHITECTURES[architecture]
    raise ValueError(f"{instance_type['InstanceType']}: no architecture that Kubernetes runs on")


def resources_of(node_group: Json, instance_type: Json, template: Json) -> tuple[dict[str, str], dict[str, str]]:
    """Capacity and allocatable of one node."""
    vcpus = instance_type["VCpuInfo"]["DefaultVCpus"]
    pods = MAX_PODS_SMALL if vcpus < SMALL_NODE_VCPUS else MAX_PODS
    memory_mib = math.floor(instance_type["MemoryInfo"]["SizeInMiB"] * (1 - VM_OVERHEAD))
    storage_mib = disk_gib(node_group, template) * 1024
    devices = _devices(node_group, instance_type)
    capacity = {
        "cpu": str(vcpus),
        "memory": f"{memory_mib}Mi",
        "ephemeral-storage": f"{storage_mib}Mi",
        "pods": str(pods),
        **devices,
    }
    kept_memory_mib = KUBE_RESERVED_MIB_PER_POD * pods + KUBE_RESERVED_MIB + EVICTION_MEMORY_MIB
    kept_storage_mib = KUBE_RESERVED_STORAGE_MIB + math.ceil(storage_mib * EVICTION_STORAGE_SHARE)
    allocatable = {
        "cpu": f"{vcpus * 1000 - reserved_millicores(vcpus)}m",
        "memory": f"{memory_mib - kept_memory_mib}Mi",
        "ephemeral-storage": f"{storage_mib - kept_storage_mib}Mi",
        "pods": str(pods),
        **devices,
    }
    return capacity, allocatable


def reserved_millicores(vcpus: int) -> int:
    """192 vCPUs keep 550: Karpenter shows 191450m as allocatable on a p5.48xlarge."""
    first, above = KUBE_RESERVED_CPU_SHARES[:vcpus], max(0, vcpus - len(KUBE_RESERVED_CPU_SHARES))
    return math.ceil(1000 * (sum(first) + KUBE_RESERVED_CPU_SHARE_ABOVE * above) - 1e-6)


def disk_gib(node_group: Json, template: Json) -> int:
    """The volume that holds pods and images: Bottlerocket's data volume, else the root volume."""
    disks = {
        mapping["DeviceName"]: mapping["Ebs"]["VolumeSize"]
        for mapping in template.get("BlockDeviceMappings", ())
        if mapping.get("Ebs", {}).get("VolumeSize")
    }
    if node_group.get("amiType", "").startswith("BOTTLEROCKET"):
        return int(disks.get(BOTTLEROCKET_DATA_DEVICE, DEFAULT_DISK_GIB))
    return int(next(iter(disks.values()), node_group.get("diskSize") or DEFAULT_DISK_GIB))


def _gpus(instance_type: Json) -> int:
    return sum(
        gpu.get("Count", 0)
        for gpu in instance_type.get("GpuInfo", {}).get("Gpus", ())
        if gpu.get("Manufacturer", "").upper() == "NVIDIA"
    )


def waits_for_device_plugin(node_group: Json) -> bool:
    """True if the AMI has NVIDIA's driver and not its device plugin: then a pod must show the GPUs."""
    ami: str = node_group.get("amiType", "")
    return ami.startswith("AL2023") and "NVIDIA" in ami


def shown_by_device_plugin(instance_type: Json, pods_of_node: Sequence[Json]) -> dict[str, str]:
    """Resources that a node gains once a running pod has the folder in which the kubelet waits for plugins."""
    for pod in pods_of_node:
        folders = [volume.get("hostPath", {}).get("path") for volume in pod["spec"].get("volumes") or ()]
        if DEVICE_PLUGIN_FOLDER in folders and pod.get("status", {}).get("phase") == "Running":
            return {"nvidia.com/gpu": str(_gpus(instance_type))}
    return {}


def _devices(node_group: Json, instance_type: Json) -> dict[str, str]:
    """GPUs need an AMI with NVIDIA's driver; what a plain AMI is given on a GPU instance stays dark."""
    gpus = _gpus(instance_type)
    ami = node_group.get("amiType", "")
    devices = {}
    if gpus and ("NVIDIA" in ami or ami == "CUSTOM") and not waits_for_device_plugin(node_group):
        devices["nvidia.com/gpu"] = str(gpus)
    efa_interfaces = instance_type.get("NetworkInfo", {}).get("EfaInfo", {}).get("MaximumEfaInterfaces", 0)
    if efa_interfaces:
        devices["vpc.amazonaws.com/efa"] = str(efa_interfaces)
    return devices
