"""The machine around the GPUs: a replica's share of a node's CPU, memory and disk, and whether it is enough."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from paddock.catalog import Instance
from paddock.catalog.nodes import EVICTION_DISK_SHARE, KUBELET_DISK_MIB, Allocatable, allocatable, left_by_daemons
from paddock.units import MIB_PER_GIB

ENGINE_MEMORY_MIB = 4096
"""API server and engine core with their Python, tokenizer and CUDA libraries."""
WORKER_MEMORY_MIB = 3072
"""One worker process a GPU: CUDA context, pinned buffers, compile cache."""
STREAM_BUFFER_MIN_MIB = 1024
STREAM_BUFFER_MAX_MIB = 8192
"""The weight streamer's read buffer of one worker; its own default of 40 GB would not fit most nodes."""
SHARED_MEMORY_BASE_MIB = 1024
SHARED_MEMORY_PER_GPU_MIB = 1024
"""Shared memory for NCCL and the queues between the engine and its workers. Counted as memory of the pod."""

IMAGE_GIB = 36
"""A CUDA 13 vLLM image: 10 GB compressed beside 25 unpacked while it is pulled."""
SCRATCH_GIB = 10
"""Compile caches, temporary files and logs of one replica; weights are streamed and never touch the disk."""
DISK_STEP_GIB = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PodShape:
    """What the pod of one replica asks for."""

    cpu_millicores: int
    memory_mib: int
    gpus: int
    shm_mib: int
    ephemeral_mib: int


def disk_gib(replicas_per_node: int) -> int:
    """The data volume: the image and the replicas' scratch, with what the kubelet and its eviction keep free."""
    held = IMAGE_GIB + SCRATCH_GIB * replicas_per_node + KUBELET_DISK_MIB / MIB_PER_GIB
    return ceil(held / (1 - EVICTION_DISK_SHARE) / DISK_STEP_GIB) * DISK_STEP_GIB


def node(instance: Instance, replicas_per_node: int) -> Allocatable:
    """What such a node has left for models."""
    return left_by_daemons(allocatable(instance.vcpus, instance.memory_mib, disk_gib(replicas_per_node), instance.gpus))


def pod_shape(instance: Instance, gpus: int) -> PodShape:
    """A replica's share of its node is its share of the GPUs: a pool runs nothing else."""
    left = node(instance, instance.gpus // gpus)
    return PodShape(
        cpu_millicores=left.cpu_millicores * gpus // instance.gpus,
        memory_mib=left.memory_mib * gpus // instance.gpus,
        gpus=gpus,
        shm_mib=shared_memory_mib(gpus),
        ephemeral_mib=SCRATCH_GIB * 1024,
    )


def shared_memory_mib(gpus: int) -> int:
    return SHARED_MEMORY_BASE_MIB + SHARED_MEMORY_PER_GPU_MIB * (gpus - 1)


def needed_memory_mib(gpus: int) -> int:
    """The least host memory that a replica starts in."""
    return ENGINE_MEMORY_MIB + gpus * (WORKER_MEMORY_MIB + STREAM_BUFFER_MIN_MIB) + shared_memory_mib(gpus)


def stream_buffer_mib(pod: PodShape) -> int:
    """The read buffer of each worker: what the pod's memory leaves, within bounds."""
    spare = pod.memory_mib - ENGINE_MEMORY_MIB - pod.gpus * WORKER_MEMORY_MIB - pod.shm_mib
    return max(STREAM_BUFFER_MIN_MIB, min(STREAM_BUFFER_MAX_MIB, spare // pod.gpus))


def too_small(instance: Instance, gpus: int) -> str | None:
    """Why the host cannot carry a replica with that many GPUs, or None."""
    pod = pod_shape(instance, gpus)
    cpu, memory = (gpus + 1) * 1000, needed_memory_mib(gpus)
    if pod.memory_mib < memory:
        return f"its host memory leaves {pod.memory_mib:,} MiB a replica, {memory - pod.memory_mib:,} too few"
    if pod.cpu_millicores < cpu:
        return f"its CPUs leave {pod.cpu_millicores / 1000:.1f} a replica, {gpus + 1} are needed"
    return None
