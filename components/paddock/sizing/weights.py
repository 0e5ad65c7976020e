"""The bytes of weights that one GPU holds, exact to the tensor."""

from __future__ import annotations

from math import ceil

from paddock.catalog import Model, Scheme
from paddock.catalog.quantizations import UNQUANTIZED_BYTES
from paddock.sizing.parallelism import Parallelism, PipelineRank, kv_heads_per_rank, pipeline_ranks
from paddock.sizing.parameters import Split, Tensor, embedding, final_norm, layer_tensors, lm_head

VOCABULARY_PADDING = 64
"""vLLM pads the vocabulary to this multiple before dividing it (DEFAULT_VOCAB_PADDING_SIZE)."""


def checkpoint_bytes(model: Model, scheme: Scheme) -> int:
    """What the checkpoint's files weigh: every tensor once, nothing padded."""
    layer = sum(stored_bytes(tensor.shape, tensor.linear, scheme) for tensor in layer_tensors(model))
    ends = [embedding(model), final_norm(model)] + ([] if model.tied_embeddings else [lm_head(model)])
    return model.layers * layer + sum(stored_bytes(tensor.shape, tensor.linear, scheme) for tensor in ends)


def rank_bytes(model: Model, scheme: Scheme, split: Parallelism, rank: PipelineRank) -> int:
    """What one GPU of that pipeline stage loads; vLLM prints it as 'Model loading took'."""

    def held(tensor: Tensor) -> int:
        return stored_bytes(shard(model, tensor, split.tensor), tensor.linear, scheme)

    total = rope_cache_bytes(model) + rank.layers * sum(held(tensor) for tensor in layer_tensors(model))
    if rank.first:
        total += held(embedding(model))
    if rank.last:
        total += held(final_norm(model))
        if not (model.tied_embeddings and rank.first):
            total += held(lm_head(model))
    return total


def ranks_bytes(model: Model, scheme: Scheme, split: Parallelism) -> tuple[int, ...]:
    """`rank_bytes` of each pipeline stage."""
    return tuple(rank_bytes(model, scheme, split, rank) for rank in pipeline_ranks(model, split.pipeline))


def shard(model: Model, tensor: Tensor, tensor_parallel: int) -> tuple[int, ...]:
    """The shape that one tensor-parallel rank holds."""
    match tensor.split:
        case Split.WHOLE:
            return tensor.shape
        case Split.ROWS:
            return (tensor.shape[0] // tensor_parallel, tensor.shape[1])
        case Split.COLUMNS:
            return (tensor.shape[0], tensor.shape[1] // tensor_parallel)
        case Split.KV_HEADS:
            return (kv_heads_per_rank(model, tensor_parallel) * model.head_dim, tensor.shape[1])
        case Split.VOCABULARY:
            padded = ceil(tensor.shape[0] / VOCABULARY_PADDING) * VOCABULARY_PADDING
            return (ceil(padded / tensor_parallel), tensor.shape[1])


def stored_bytes(shape: tuple[int, ...], linear: bool, scheme: Scheme) -> int:
    """Weights and scales of a tensor of that shape, as the scheme stores it."""
    if not linear or scheme.weight_bits == 8 * UNQUANTIZED_BYTES:
        rows, columns = (*shape, 1)[:2]
        return rows * columns * UNQUANTIZED_BYTES
    rows, columns = shape
    scales = rows * scheme.channel_scale_bytes
    if scheme.group_size:
        scales += rows * ceil(columns / scheme.group_size) * scheme.group_scale_bytes
    return rows * columns * scheme.weight_bits // 8 + scales


def rope_cache_bytes(model: Model) -> int:
    """The rotary embedding's table of sines and cosines: one for all layers, whole on every GPU.

    Not in the checkpoint, but counted by vLLM: 14.9889 GiB printed for 8B is 14.9576 of parameters and this.
    """
    return model.max_context_tokens * model.head_dim * UNQUANTIZED_BYTES
