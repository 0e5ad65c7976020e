"""LoRA adapters of a plan: the revisions, and the disk of each pod that holds their checked copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from types import MappingProxyType

from paddock.settings import PREFIX, ModelSettings
from paddock.sizing import Candidate, PodShape
from paddock.sizing.memory.engine_args import LoraSlots
from paddock.sizing.placement.pod_shape import SCRATCH_GIB, adapters_mib
from paddock.units import MIB_PER_GIB

STORED_BYTES = 4
"""Bytes of a value in the largest file of an adapter, which peft may have saved in 32 bits."""
OTHER_FILES_MIB = 64
"""Tokenizer and papers beside an adapter's tensors."""
LEAST_SCRATCH_MIB = 4 * MIB_PER_GIB
"""Part of a replica's disk that is left for compile caches, temporary files and logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptersPlan:
    revisions: Mapping[str, str]
    """`<model>/<revision>` by the name that clients use."""
    disk_mib: int
    """Disk of each pod for their copies; 0 where there are none."""


def plan_adapters(settings: ModelSettings, chosen: Candidate) -> AdaptersPlan:
    """The adapters, with the disk that the largest ones of their rank take."""
    revisions = settings.adapter_revisions
    one = LoraSlots(max_loras=1, max_lora_rank=settings.max_lora_rank)
    values = STORED_BYTES / chosen.scheme.unquantized_bytes
    each_mib = ceil(adapters_mib(chosen.model, chosen.scheme, one) * values) + OTHER_FILES_MIB
    return AdaptersPlan(revisions=MappingProxyType(revisions), disk_mib=len(revisions) * each_mib)


def with_adapters(pod: PodShape, adapters: AdaptersPlan) -> PodShape:
    """The pod with what they leave of its disk: a node has scratch for each GPU, and is not replaced for an adapter."""
    room_mib = SCRATCH_GIB * MIB_PER_GIB * pod.gpus
    return replace(pod, ephemeral_mib=min(pod.ephemeral_mib, room_mib - adapters.disk_mib))


def adapters_problem(pod: PodShape, adapters: AdaptersPlan) -> str | None:
    """Reason why the pod's disk does not hold them, or None."""
    room_mib = SCRATCH_GIB * MIB_PER_GIB * pod.gpus - LEAST_SCRATCH_MIB
    if adapters.disk_mib <= room_mib:
        return None
    return (
        f"{PREFIX}adapters has {len(adapters.revisions)}, which may take {adapters.disk_mib:,} MiB of disk at that "
        f"rank, but a pod has {room_mib:,} MiB for them; lower {PREFIX}max_lora_rank, or serve some by another stack"
    )
