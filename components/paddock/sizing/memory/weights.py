"""The bytes of weights that one GPU holds, exact to the tensor and to the allocator's block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from math import ceil, inf, prod
from typing import TYPE_CHECKING

from paddock.catalog import Quantization
from paddock.catalog.quantizations import UNKNOWN_RUNTIME, UNQUANTIZED_BYTES, Part, Runtime
from paddock.sizing.memory.allocator import Allocator, rounded
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank, kv_heads_per_rank, pipeline_ranks
from paddock.sizing.memory.parameters import (
    Split,
    Tensor,
    attention_tensors,
    embedding,
    final_norm,
    has_experts,
    is_quantized,
    layer_tensors,
    lm_head,
    vision_parameters,
    vision_tensors,
)
from paddock.units import MIB

if TYPE_CHECKING:
    from paddock.catalog import Model, Scheme

VOCABULARY_PADDING = 64
"""vLLM pads the vocabulary to this multiple before dividing it (DEFAULT_VOCAB_PADDING_SIZE)."""

FLOAT32_BYTES = 4

SPLIT_LIMIT_FROM, SPLIT_LIMIT_BYTES = "0.22.0", 20 * MIB
"""Weights are loaded with `max_split_size_mb:20` (v1/worker/gpu_worker.py of 0.22.0; 0.20.2 does not)."""


@lru_cache(maxsize=2**12)
def checkpoint_bytes(model: Model, scheme: Scheme) -> int:
    """Size of the checkpoint's files: every tensor once, nothing padded."""

    def stored(tensor: Tensor, layer: int) -> int:
        if not is_quantized(model, scheme, tensor, layer):
            return tensor.parameters * UNQUANTIZED_BYTES
        return tensor.copies * sum(part.stored_bytes(*tensor.shape) for part in scheme.files)

    ends = [embedding(model), final_norm(model)] + ([] if model.tied_embeddings else [lm_head(model)])
    return (
        sum(stored(tensor, layer) for layer in range(model.layers) for tensor in layer_tensors(model, layer))
        + sum(stored(tensor, 0) for tensor in ends)
        + vision_parameters(model) * UNQUANTIZED_BYTES
    )


@lru_cache(maxsize=2**12)
def largest_tensor_bytes(model: Model, scheme: Scheme) -> int:
    """The largest tensor of the checkpoint's files. At 16 bits Llama 4 stores the experts of a layer as one, gate and
    up fused; quantized checkpoints store each expert."""
    unquantized = (scheme.files_of or scheme.name) is Quantization.BF16
    largest = embedding(model).parameters * UNQUANTIZED_BYTES
    for layer in range(model.layers):
        stored: Counter[str] = Counter()
        for tensor in layer_tensors(model, layer):
            if tensor.copies > 1 and unquantized:
                stored[tensor.fused_as or tensor.name] += tensor.parameters * UNQUANTIZED_BYTES
            else:
                stored[tensor.name] += prod(tensor.shape) * UNQUANTIZED_BYTES
        largest = max(largest, *stored.values())
    return largest


def rank_bytes(
    model: Model, scheme: Scheme, split: Parallelism, rank: PipelineRank, runtime: Runtime = UNKNOWN_RUNTIME
) -> int:
    """Bytes that one GPU of that pipeline stage loads; vLLM prints it as 'Model loading took'."""
    return _rank_bytes(model, scheme, split, rank, scheme.held(runtime), not runtime.before(SPLIT_LIMIT_FROM))


def ranks_bytes(
    model: Model, scheme: Scheme, split: Parallelism, runtime: Runtime = UNKNOWN_RUNTIME
) -> tuple[int, ...]:
    """`rank_bytes` of each pipeline stage."""
    return tuple(rank_bytes(model, scheme, split, rank, runtime) for rank in pipeline_ranks(model, split.pipeline))


# By what differs from one GPU or version to another, not by these: most hold the same of a model.
@lru_cache(maxsize=2**16)
def _rank_bytes(
    model: Model, scheme: Scheme, split: Parallelism, rank: PipelineRank, parts: tuple[Part, ...], limited: bool
) -> int:
    """Replays the allocations of vLLM's model constructor, in its order."""
    staying = tuple(part for part in parts if not part.while_loading)

    def sizes(tensors: Sequence[Tensor], layer: int = 0, parts: Sequence[Part] = parts) -> tuple[int, ...]:
        return tuple(_allocations(model, scheme, parts, tensors, split.tensor, layer))

    gpu, layers = Allocator(SPLIT_LIMIT_BYTES if limited else inf), rank_layers(model, rank)
    for tensors, times in vision_tensors(model):
        gpu.repeat(sizes(tensors), times)
    if rank.first:
        gpu.repeat(sizes([embedding(model)]), 1)

    attention = len(sizes(attention_tensors(model), layers[0]))
    kinds = [_kind(model, scheme, layer) for layer in layers]
    of_kind = {kind: sizes(layer_tensors(model, layer), layer) for kind, layer in _examples(kinds, layers).items()}
    gpu.repeat(of_kind[kinds[0]][:attention], 1)
    _make_rope_cache(gpu, model, scheme.unquantized_bytes)
    gpu.repeat(of_kind[kinds[0]][attention:], 1)
    every = model.experts.every if model.experts else 1
    for run, same in groupby(kinds[at : at + every] for at in range(1, len(kinds), every)):
        gpu.repeat([size for kind in run for size in of_kind[kind]], len(list(same)))

    if rank.last:
        gpu.repeat(sizes([final_norm(model)]), 1)
        if not (model.tied_embeddings and rank.first):
            gpu.repeat(sizes([lm_head(model)]), 1)
    if staying == parts:
        return gpu.allocated_bytes
    for kind, layer in _examples(kinds, layers).items():
        kept = sizes(layer_tensors(model, layer), layer, staying)
        gpu.allocated_bytes -= kinds.count(kind) * (sum(map(rounded, of_kind[kind])) - sum(map(rounded, kept)))
    return gpu.allocated_bytes


def offloaded_bytes(
    model: Model, scheme: Scheme, split: Parallelism, rank: PipelineRank, most_bytes: int, runtime: Runtime
) -> int:
    """Bytes of layers that stay in the host's memory: tensor by tensor until so many are reached or passed.

    vLLM's `maybe_offload_to_cpu`: 12 GiB of 8B are 12.08, and 2.91 GiB printed are what is left (0.17.1).
    """
    offloaded, parts = 0, tuple(part for part in scheme.held(runtime) if not part.while_loading)
    for layer in rank_layers(model, rank):
        for size in _allocations(model, scheme, parts, layer_tensors(model, layer), split.tensor, layer):
            if offloaded >= most_bytes:
                return offloaded
            offloaded += size
    return offloaded


def rank_layers(model: Model, rank: PipelineRank) -> range:
    """Layers that the stage has. One in the middle, whose place is not known, gets as many with experts as can be."""
    if rank.first:
        return range(rank.layers)
    if rank.last:
        return range(model.layers - rank.layers, model.layers)
    start = model.experts.every - 1 if model.experts and model.experts.every > 1 else 1
    return range(start, start + rank.layers)


def _kind(model: Model, scheme: Scheme, layer: int) -> Hashable:
    """Layers of one kind have the same tensors."""
    return has_experts(model, layer), scheme.exceptions(layer=layer, layers=model.layers)


def _examples(kinds: Sequence[Hashable], layers: Sequence[int]) -> dict[Hashable, int]:
    """One layer of each kind."""
    return dict(zip(kinds, layers, strict=True))


def _allocations(
    model: Model, scheme: Scheme, parts: Sequence[Part], tensors: Sequence[Tensor], tensor_parallel: int, layer: int
) -> Iterator[int]:
    """The size of each tensor that vLLM makes, with projections fused as it fuses them."""
    for _, group in groupby(tensors, key=lambda tensor: tensor.fused_as or tensor.name):
        first, *others = group
        rows, *columns = shard(model, first, tensor_parallel)
        inputs = columns[0] if columns else 1
        outputs = [rows * first.copies, *(shard(model, other, tensor_parallel)[0] * other.copies for other in others)]
        if is_quantized(model, scheme, first, layer):
            for part in parts:
                if part.by_projection:
                    yield from (part.stored_bytes(features, inputs) for features in outputs)
                else:
                    projections = first.copies * len(outputs)
                    yield part.stored_bytes(sum(outputs), inputs, projections)
        else:
            yield sum(outputs) * inputs * scheme.unquantized_bytes


def shard(model: Model, tensor: Tensor, tensor_parallel: int) -> tuple[int, ...]:
    """The shape that one tensor-parallel rank holds."""
    rows, *columns = tensor.shape
    match tensor.split:
        case Split.WHOLE:
            return tensor.shape
        case Split.ROWS:
            return (rows // tensor_parallel, *columns)
        case Split.COLUMNS:
            return (rows, *(each // tensor_parallel for each in columns))
        case Split.KV_HEADS:
            return (kv_heads_per_rank(model, tensor_parallel) * model.head_dim, *columns)
        case Split.VOCABULARY:
            padded = ceil(rows / VOCABULARY_PADDING) * VOCABULARY_PADDING
            return (ceil(padded / tensor_parallel), *columns)


def rope_cache_bytes(model: Model, value_bytes: int = UNQUANTIZED_BYTES) -> int:
    """The rotary embedding's table of sines and cosines: one for all layers, whole on every GPU.

    Not in the checkpoint, but counted by vLLM: 14.9888 GiB printed for 8B is 14.9576 of parameters and this. It is
    as long as the model's longest context, whatever `--max-model-len` says: 2.5 GiB for the 10 million tokens of Scout.
    """
    return (model.rope_cache_tokens or model.max_context_tokens) * model.head_dim * value_bytes


def _make_rope_cache(gpu: Allocator, model: Model, value_bytes: int) -> None:
    """`RotaryEmbedding._compute_cos_sin_cache`, in fp32, with the first layer; what it frees, later layers use."""
    tokens = model.rope_cache_tokens or model.max_context_tokens
    half, whole = tokens * model.head_dim // 2 * FLOAT32_BYTES, tokens * model.head_dim * FLOAT32_BYTES
    positions = gpu.allocate(tokens * FLOAT32_BYTES)
    angles, cosines, sines = (gpu.allocate(half) for _ in range(3))
    table = gpu.allocate(whole)
    for block in (positions, angles, cosines, sines):
        gpu.free(block)
    if value_bytes != FLOAT32_BYTES:
        gpu.allocate(rope_cache_bytes(model, value_bytes))
        gpu.free(table)
