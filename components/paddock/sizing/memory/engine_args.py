"""How vLLM is started: the flags that its memory depends on, named as vLLM names them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from paddock.catalog import Batch, Engine, Gpu
from paddock.sizing.memory.parallelism import Parallelism


class KvCacheDtype(StrEnum):
    """`--kv-cache-dtype`; `auto` is the model's own type."""

    AUTO = "auto"
    FP8 = "fp8"
    FP8_E4M3 = "fp8_e4m3"
    FP8_E5M2 = "fp8_e5m2"

    def element_bytes(self, model_bytes: int) -> int:
        return model_bytes if self is KvCacheDtype.AUTO else 1


LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What `--max-lora-rank` takes: MaxLoRARanks of vllm/config/lora.py, 0.33.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSlots:
    """Room for adapters, taken at start-up whether used or not."""

    max_loras: int
    """Adapters in one step."""
    max_lora_rank: int


DEFAULT_LORA = LoraSlots(max_loras=1, max_lora_rank=16)
"""What `--enable-lora` alone reserves (vllm/config/lora.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Every flag has its value: `launch` fills in vLLM's own defaults."""

    split: Parallelism
    max_model_len: int
    gpu_memory_utilization: float
    max_num_seqs: int
    max_num_batched_tokens: int
    kv_cache_dtype: KvCacheDtype = KvCacheDtype.AUTO
    enforce_eager: bool = False
    lora: LoraSlots | None = None


def launch(
    engine: Engine,
    gpu: Gpu,
    *,
    split: Parallelism,
    max_model_len: int,
    gpu_memory_utilization: float | None = None,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    kv_cache_dtype: KvCacheDtype = KvCacheDtype.AUTO,
    enforce_eager: bool = False,
    lora: LoraSlots | None = None,
) -> Launch:
    """What that version does on that GPU where a flag is not given.

    vLLM refuses fewer tokens in a step than sequences, so a larger number of sequences raises the tokens with it. By
    default it takes no more than the sequences have at their longest (`arg_utils.py`).
    """
    usual: Batch = engine.batch(gpu, max_model_len)
    seqs = max_num_seqs or min(usual.max_num_seqs, max_num_batched_tokens or usual.max_num_seqs)
    tokens = max_num_batched_tokens or max(min(usual.max_num_batched_tokens, seqs * max_model_len), seqs)
    return Launch(
        split=split,
        max_model_len=max_model_len,
        gpu_memory_utilization=engine.gpu_memory_utilization
        if gpu_memory_utilization is None
        else gpu_memory_utilization,
        max_num_seqs=seqs,
        max_num_batched_tokens=tokens,
        kv_cache_dtype=kv_cache_dtype,
        enforce_eager=enforce_eager,
        lora=lora,
    )
