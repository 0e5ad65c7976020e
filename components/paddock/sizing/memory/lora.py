"""The slots for LoRA adapters that vLLM fills with zeros when it starts, whether or not an adapter is ever loaded.

With the V1 engine (0.8 and newer) vLLM prints them within 'Model loading took'; V0 made them afterwards.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from paddock.catalog.quantizations import UNKNOWN_RUNTIME, Runtime
from paddock.sizing.memory.allocator import Allocator
from paddock.sizing.memory.parameters import embedding, has_experts, layer_tensors, lm_head
from paddock.sizing.memory.weights import rank_layers, shard

if TYPE_CHECKING:
    from paddock.catalog import Model, Scheme
    from paddock.sizing.memory.parallelism import Parallelism, PipelineRank

NO_EXTRA_VOCABULARY_FROM = "0.12.0"
EXTRA_VOCABULARY = 256
"""Tokens that an adapter could add, until vLLM dropped that. Source: config/lora.py of 0.11.2."""
EXPERTS_FROM = "0.12.0"
"""The first version whose vllm/lora/layers has slots for a mixture of experts."""


def rank_bytes(
    model: Model,
    scheme: Scheme,
    split: Parallelism,
    rank: PipelineRank,
    max_loras: int,
    max_lora_rank: int,
    runtime: Runtime = UNKNOWN_RUNTIME,
) -> int:
    """Bytes that one GPU of that pipeline stage sets aside for `max_loras` adapters of `max_lora_rank`.

    Each projection has a matrix A (rank x inputs) and B (outputs x rank) a slot. Tensor parallelism divides the outputs
    of B or, where the layer itself is divided by its inputs, those of A; nothing of the embedding and lm_head.
    Assumes no `--fully-sharded-loras` and no list of target modules. Source: vllm/lora/layers of 0.6.3 to 0.33.0.
    """
    return _rank_bytes(model, scheme, split, rank, max_loras, max_lora_rank, runtime)


@lru_cache(maxsize=2**12)
def _rank_bytes(
    model: Model,
    scheme: Scheme,
    split: Parallelism,
    rank: PipelineRank,
    max_loras: int,
    max_lora_rank: int,
    runtime: Runtime,
) -> int:
    value_bytes = scheme.unquantized_bytes
    extra = EXTRA_VOCABULARY if runtime.before(NO_EXTRA_VOCABULARY_FROM) else 0

    def slots(outputs: int, inputs: int, copies: int = 1) -> tuple[int, int]:
        values = max_loras * max_lora_rank * copies
        return values * inputs * value_bytes, values * outputs * value_bytes

    def added_tokens(slots: int) -> list[int]:
        """Rows in the embedding or lm_head itself, and what each adapter may put there."""
        own = slots * extra * model.hidden // split.tensor
        return [own * value_bytes, max_loras * extra * model.hidden * value_bytes] if extra else []

    gpu = Allocator()
    for layer in rank_layers(model, rank):
        if has_experts(model, layer) and runtime.before(EXPERTS_FROM):
            continue
        for tensor in layer_tensors(model, layer):
            if len(tensor.shape) == 2:
                outputs, inputs = shard(model, tensor, split.tensor)
                gpu.repeat(slots(outputs, inputs, tensor.copies), 1)
    if rank.first:
        vocabulary, hidden = embedding(model).shape
        gpu.repeat([*slots(hidden, vocabulary + extra), *added_tokens(max_loras)], 1)
    if rank.last:
        vocabulary, hidden = lm_head(model).shape
        gpu.repeat([*slots(vocabulary + extra, hidden), *added_tokens(1)], 1)
    return gpu.allocated_bytes
