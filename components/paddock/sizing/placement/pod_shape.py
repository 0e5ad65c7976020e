"""The machine around the GPUs: a replica's share of a node's CPU, memory and disk, and whether it is enough."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from paddock.catalog import Instance, Model, Scheme
from paddock.catalog.nodes import EVICTION_DISK_SHARE, KUBELET_DISK_MIB, Allocatable, allocatable, left_by_daemons
from paddock.sizing.memory import lora
from paddock.sizing.memory.engine_args import LoraSlots
from paddock.sizing.memory.parallelism import Parallelism, pipeline_ranks
from paddock.sizing.memory.weights import largest_tensor_bytes
from paddock.units import GB, MIB, MIB_PER_GIB

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
IMAGE_COMPRESSED_GB, IMAGE_UNPACKED_GB = 10, 25
UNPACKED_MB_PER_SECOND = 60
"""Compressed megabytes that a node downloads and unpacks in a second: 15 to 20 GB took it 4 to 6 minutes (AWS's blog on
parallel pulls with SOCI, as copied by dataforcee.us, read 2026-11-28)."""
DISK_THROUGHPUT_MIB_S = 250
"""gp3 throughput at which a pull does not wait for the disk: it writes 200 MiB/s, and gp3's default is 125."""
PULL_SAFETY_FACTOR = 2
SCRATCH_GIB = 10
"""Compile caches, temporary files and logs of one replica; a copy of the weights, where one is made, comes on top."""
DISK_STEP_GIB = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PodShape:
    """Resources that the pod of one replica asks for."""

    cpu_millicores: int
    memory_mib: int
    gpus: int
    shm_mib: int
    ephemeral_mib: int


def disk_gib(node_gpus: int) -> int:
    """Data volume of a node: the image and a replica's scratch for each GPU, with what the kubelet and its eviction
    keep free. So another number of replicas, which may split the model in another way, replaces no node."""
    held = IMAGE_GIB + SCRATCH_GIB * node_gpus + KUBELET_DISK_MIB / MIB_PER_GIB
    return ceil(held / (1 - EVICTION_DISK_SHARE) / DISK_STEP_GIB) * DISK_STEP_GIB


def pull_seconds(disk_throughput_mib_s: int = DISK_THROUGHPUT_MIB_S) -> int:
    """Time for a node to pull the image, generous: it unpacks, or it waits for its disk."""
    unpacking = IMAGE_COMPRESSED_GB * 1000 / UNPACKED_MB_PER_SECOND
    writing = (IMAGE_COMPRESSED_GB + IMAGE_UNPACKED_GB) * GB / MIB / disk_throughput_mib_s
    return ceil(PULL_SAFETY_FACTOR * max(unpacking, writing))


def node(instance: Instance) -> Allocatable:
    """Resources that such a node has left for models."""
    return _left(instance.vcpus, instance.memory_mib, instance.gpus)


def _left(vcpus: int, memory_mib: int, gpus: int) -> Allocatable:
    return left_by_daemons(allocatable(vcpus, memory_mib, disk_gib(gpus), gpus))


def pod_shape(instance: Instance, gpus: int) -> PodShape:
    """A replica's share of its node is its share of the GPUs: a pool runs nothing else."""
    return _pod_shape(instance.vcpus, instance.memory_mib, instance.gpus, gpus)


def _pod_shape(vcpus: int, memory_mib: int, node_gpus: int, gpus: int) -> PodShape:
    left = _left(vcpus, memory_mib, node_gpus)
    return PodShape(
        cpu_millicores=left.cpu_millicores * gpus // node_gpus,
        memory_mib=left.memory_mib * gpus // node_gpus,
        gpus=gpus,
        shm_mib=shared_memory_mib(gpus),
        ephemeral_mib=SCRATCH_GIB * 1024,
    )


def shared_memory_mib(gpus: int) -> int:
    return SHARED_MEMORY_BASE_MIB + SHARED_MEMORY_PER_GPU_MIB * (gpus - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNeeds:
    """The least of a node that one replica, or its part on that node, starts in."""

    cpu_millicores: int
    memory_mib: int
    """Shared memory included."""
    shm_mib: int


def needs(gpus: int, held_mib: int = 0) -> HostNeeds:
    """`gpus` are those of the replica on that node; `held_mib` is as in `needed_memory_mib`."""
    return HostNeeds(
        cpu_millicores=(gpus + 1) * 1000,
        memory_mib=needed_memory_mib(gpus, held_mib),
        shm_mib=shared_memory_mib(gpus),
    )


def needed_memory_mib(gpus: int, held_mib: int = 0) -> int:
    """The least host memory that a replica starts in; each worker holds `held_mib`, its adapters and large tensors."""
    worker = WORKER_MEMORY_MIB + STREAM_BUFFER_MIN_MIB + held_mib
    return ENGINE_MEMORY_MIB + gpus * worker + shared_memory_mib(gpus)


def adapters_mib(model: Model, scheme: Scheme, slots: LoraSlots | None) -> int:
    """Host memory of one worker for LoRA adapters: vLLM keeps `max_cpu_loras` of them, by default `max_loras`, and each
    worker reads them whole (vllm/config/lora.py, lora/worker_manager.py)."""
    if slots is None:
        return 0
    (whole,) = pipeline_ranks(model, 1)
    held = lora.rank_bytes(model, scheme, Parallelism(), whole, slots.held, slots.max_lora_rank)
    return ceil(held / MIB)


def largest_tensor_mib(model: Model, scheme: Scheme) -> int:
    return ceil(largest_tensor_bytes(model, scheme) / MIB)


def loading_mib(model: Model, scheme: Scheme) -> int:
    """Host memory of one worker while it loads, beyond the least read buffer: the streamer's buffer holds the largest
    tensor whole (RunaiStreamerMemoryLimitException otherwise), and vLLM copies each one out of it
    (runai_safetensors_weights_iterator of 0.33.0). A worker's own memory has room for small ones."""
    return 2 * max(0, largest_tensor_mib(model, scheme) - STREAM_BUFFER_MIN_MIB)


def stream_buffer_mib(pod: PodShape, largest_tensor_mib: int) -> int:
    """The read buffer of each worker: what the pod's memory leaves, within bounds, and at least the largest tensor."""
    copies_mib = pod.gpus * max(0, largest_tensor_mib - STREAM_BUFFER_MIN_MIB)
    spare = pod.memory_mib - ENGINE_MEMORY_MIB - pod.gpus * WORKER_MEMORY_MIB - copies_mib - pod.shm_mib
    return max(STREAM_BUFFER_MIN_MIB, min(STREAM_BUFFER_MAX_MIB, spare // pod.gpus), largest_tensor_mib)


def too_small(instance: Instance, gpus: int, held_mib: int = 0) -> str | None:
    """Reason why the host cannot carry a replica with that many of its GPUs, or None."""
    return _too_small(instance.vcpus, instance.memory_mib, instance.gpus, gpus, held_mib)


@lru_cache(maxsize=4096)
def _too_small(vcpus: int, memory_mib: int, node_gpus: int, gpus: int, held_mib: int) -> str | None:
    pod, least = _pod_shape(vcpus, memory_mib, node_gpus, gpus), needs(gpus, held_mib=held_mib)
    if pod.memory_mib < least.memory_mib:
        return f"its host memory leaves {pod.memory_mib:,} MiB a replica, {least.memory_mib - pod.memory_mib:,} too few"
    if pod.cpu_millicores < least.cpu_millicores:
        return f"its CPUs leave {pod.cpu_millicores / 1000:.1f} a replica, {gpus + 1} are needed"
    return None
