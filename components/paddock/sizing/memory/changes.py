"""Single flags with which a setup starts that does not start as it is."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import TYPE_CHECKING

from paddock.catalog import Quantization, scheme
from paddock.record import Record
from paddock.sizing.memory.engine_args import KvCacheDtype
from paddock.sizing.memory.parallelism import Parallelism, illegal, over_slices
from paddock.sizing.memory.verdict import FitRange, fit_range
from paddock.units import GIB, MIB_PER_GIB

if TYPE_CHECKING:
    from paddock.sizing.memory.setup import Setup

MOST_UTILIZATION = 0.98
"""Beyond it not even the CUDA context has room."""
UTILIZATION_STEPS = (0.90, 0.92, 0.95, MOST_UTILIZATION)
LEAST_USEFUL_CONTEXT_TOKENS = 1024
ROUND_TOKENS = 1024
SMALLER = (Quantization.FP8, Quantization.INT8, Quantization.INT4)
FEWER_SEQUENCES = 64
FEWER_TOKENS = 2048


class Change(Record):
    """One flag, and what comes of it."""

    flag: str
    fits: FitRange


def changes_to_start(setup: Setup) -> tuple[Change, ...]:
    """Single changes after which vLLM starts even at the low end of the band; empty where none is enough."""
    found: list[Change] = []
    for flag, changed in _changed_setups(setup, fit_range(setup)):
        seen = fit_range(changed)
        if seen.verdict.starts and seen.low.starts and not any(_same_flag(flag, each.flag) for each in found):
            found.append(Change(flag=flag, fits=seen))
    return tuple(found)


def _changed_setups(setup: Setup, now: FitRange) -> Iterator[tuple[str, Setup]]:
    memory = now.expected.memory
    if setup.kv_cache_memory_bytes is not None:
        whole = (memory.kv_cache_mib - memory.outside_shortfall_mib) // MIB_PER_GIB
        if 0 < whole * GIB < setup.kv_cache_memory_bytes:
            yield f"--kv-cache-memory-bytes {whole}G", setup._replace(kv_cache_memory_bytes=whole * GIB)
    elif memory.outside_shortfall_mib:
        # What lies beside the share has room again.
        share = floor((1 - memory.outside_mib / setup.gpu.usable_mib) * 100) / 100
        if share > 0:
            yield f"--gpu-memory-utilization {share}", setup._replace(gpu_memory_utilization=share)
    for share in UTILIZATION_STEPS if setup.kv_cache_memory_bytes is None else ():
        if share > setup.gpu_memory_utilization:
            yield f"--gpu-memory-utilization {share}", setup._replace(gpu_memory_utilization=share)
    if setup.kv_cache_dtype is KvCacheDtype.AUTO:
        yield "--kv-cache-dtype fp8", setup._replace(kv_cache_dtype=KvCacheDtype.FP8)
    shorter = _shorter(now, setup)
    if shorter is not None:
        yield f"--max-model-len {shorter}", setup._replace(max_model_len=shorter)
    if setup.max_num_seqs > FEWER_SEQUENCES or setup.max_num_batched_tokens > FEWER_TOKENS:
        seqs = min(setup.max_num_seqs, FEWER_SEQUENCES)
        tokens = min(setup.max_num_batched_tokens, FEWER_TOKENS)
        yield (
            f"--max-num-seqs {seqs} --max-num-batched-tokens {tokens}",
            setup._replace(max_num_seqs=seqs, max_num_batched_tokens=tokens),
        )
    for name in SMALLER:
        smaller = scheme(name)
        runs = smaller.runs_on(setup.gpu) and smaller.runs_in(setup.engine.version)
        if smaller.weight_bits < setup.scheme.weight_bits and runs:
            yield f"--quantization {name}", setup._replace(scheme=smaller)
    tensor = setup.split.tensor * 2
    while tensor <= setup.model.attention_heads:
        split = Parallelism(tensor, setup.split.pipeline)
        if (illegal(setup.model, setup.scheme, split) or over_slices(split, setup.gpu)) is None:
            yield f"--tensor-parallel-size {tensor}", setup._replace(split=split)
        tensor *= 2


def _shorter(now: FitRange, setup: Setup) -> int | None:
    """The longest context that fits at the low end of the band, in whole thousands."""
    rounded = now.low.kv_cache.max_context_tokens // ROUND_TOKENS * ROUND_TOKENS
    return rounded if LEAST_USEFUL_CONTEXT_TOKENS <= rounded < setup.max_model_len else None


def _same_flag(one: str, other: str) -> bool:
    """True for two values of one flag: the first that is enough is the least change; each quantization counts."""
    name = one.split()[0]
    return name == other.split()[0] and (name != "--quantization" or one == other)
