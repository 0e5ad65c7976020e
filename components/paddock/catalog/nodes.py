"""Allocatable resources of an EKS node: capacity, less what the virtual machine, the kubelet and daemons keep.

One function a quantity. Sources: karpenter-provider-aws pkg/providers/instancetype/types.go v1.14.1 (VM overhead, kube
reserved, eviction) and the EKS AMI's nodeadm, which uses the same formulas; read 2026-11-24.
"""

from __future__ import annotations

from dataclasses import dataclass

VM_MEMORY_OVERHEAD = 0.075
"""Share of the instance's memory that the hypervisor and kernel keep; Karpenter's VM_MEMORY_OVERHEAD_PERCENT."""
EVICTION_MEMORY_MIB = 100
EVICTION_DISK_SHARE = 0.10
KUBELET_DISK_MIB = 1024

MANY_CPUS = 30
MAX_PODS_BELOW_MANY_CPUS = 110
MAX_PODS = 250
"""Pods a node with prefix delegation, which EKS caps at 110 below 30 vCPUs and at 250 from there."""

DAEMON_CPU_MILLICORES = 300
"""aws-node 50, kube-proxy 100, node monitoring agent 10, Pod Identity agent and room for a log or metrics agent 140."""
DAEMON_MEMORY_MIB = 512
"""The same daemons: most state no request, so this is room for what they use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocatable:
    """Allocatable resources that the kubelet offers to pods."""

    cpu_millicores: int
    memory_mib: int
    ephemeral_mib: int
    pods: int
    gpus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Capacity that the kubelet sees of the machine."""

    cpu_millicores: int
    memory_mib: int
    ephemeral_mib: int
    pods: int
    gpus: int


def max_pods(vcpus: int) -> int:
    return MAX_PODS_BELOW_MANY_CPUS if vcpus < MANY_CPUS else MAX_PODS


def capacity_memory_mib(instance_memory_mib: int) -> int:
    return int(instance_memory_mib * (1 - VM_MEMORY_OVERHEAD))


def kube_reserved_cpu_millicores(vcpus: int) -> int:
    """6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest."""
    shares = [60, 10, 5, 5]
    return round(sum(shares[: min(vcpus, 4)]) + 2.5 * max(0, vcpus - 4))


def kube_reserved_memory_mib(pods: int) -> int:
    """The EKS AMI keeps 11 MiB a pod plus 255."""
    return 11 * pods + 255


def allocatable_ephemeral_mib(disk_gib: int) -> int:
    mib = disk_gib * 1024
    return max(0, mib - KUBELET_DISK_MIB - int(mib * EVICTION_DISK_SHARE))


def capacity(vcpus: int, memory_mib: int, disk_gib: int, gpus: int = 0) -> Capacity:
    return Capacity(
        cpu_millicores=vcpus * 1000,
        memory_mib=capacity_memory_mib(memory_mib),
        ephemeral_mib=disk_gib * 1024,
        pods=max_pods(vcpus),
        gpus=gpus,
    )


def allocatable(vcpus: int, memory_mib: int, disk_gib: int, gpus: int = 0) -> Allocatable:
    """Allocatable resources of an EKS node of that shape, daemons included."""
    whole = capacity(vcpus, memory_mib, disk_gib, gpus)
    reserved_mib = kube_reserved_memory_mib(whole.pods) + EVICTION_MEMORY_MIB
    return Allocatable(
        cpu_millicores=whole.cpu_millicores - kube_reserved_cpu_millicores(vcpus),
        memory_mib=max(0, whole.memory_mib - reserved_mib),
        ephemeral_mib=allocatable_ephemeral_mib(disk_gib),
        pods=whole.pods,
        gpus=gpus,
    )


def left_by_daemons(node: Allocatable) -> Allocatable:
    """The same node once the daemons that run on every node have what they need."""
    return Allocatable(
        cpu_millicores=node.cpu_millicores - DAEMON_CPU_MILLICORES,
        memory_mib=node.memory_mib - DAEMON_MEMORY_MIB,
        ephemeral_mib=node.ephemeral_mib,
        pods=node.pods,
        gpus=node.gpus,
    )
