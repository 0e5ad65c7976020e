"""Tensor and pipeline parallelism: the legal splits of a model over GPUs, and the part that each rank holds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from paddock.catalog import Engine, Gpu, Instance, Model, Scheme

MOST_NODES_PER_REPLICA = 4
"""Each node more is one more whose loss stops the replica."""
MARLIN_PADS_FROM = (0, 24, 0)
"""Version of vLLM before which Marlin refuses shapes that its tiles do not divide: see
`verify_marlin_supports_shape`."""
MARLIN_TILE_INPUTS, MARLIN_TILE_OUTPUTS = 128, 64


class Parallelism(NamedTuple):
    """Tensor parallelism within a layer, pipeline parallelism across layers."""

    tensor: int = 1
    pipeline: int = 1

    @property
    def gpus(self) -> int:
        return self.tensor * self.pipeline


class PipelineRank(NamedTuple):
    """Part of a model that one stage of the pipeline holds."""

    layers: int
    first: bool
    last: bool


@cache
def stages(layers: int, pipeline: int) -> tuple[PipelineRank, ...]:
    each, rest = divmod(layers, pipeline)
    counts = [each] * pipeline
    for extra in range(2, rest + 2):
        counts[-extra] += 1
    return tuple(
        PipelineRank(layers=count, first=rank == 0, last=rank == pipeline - 1) for rank, count in enumerate(counts)
    )


def pipeline_ranks(model: Model, pipeline: int) -> tuple[PipelineRank, ...]:
    """The stages as vLLM's `get_pp_indices` cuts them: layers that are left over go to the stages before the last,
    because the last one also holds lm_head."""
    return stages(model.layers, pipeline)


def kv_heads_per_rank(model: Model, tensor: int) -> int:
    """KV heads are divided, and repeated where there are more ranks than heads."""
    return max(1, model.kv_heads // tensor)


def illegal(
    model: Model, scheme: Scheme, split: Parallelism, gpu: Gpu | None = None, engine: Engine | None = None
) -> str | None:
    """Reason why vLLM refuses this split of this model, or None; a GPU or a version limits it only where given."""
    tensor, pipeline = split.tensor, split.pipeline
    if model.attention_heads % tensor:
        return f"tensor parallelism {tensor} does not divide the {model.attention_heads} attention heads"
    if model.kv_heads % tensor and tensor % model.kv_heads:
        return f"tensor parallelism {tensor} neither divides nor is a multiple of the {model.kv_heads} KV heads"
    for width in widths(model):
        if width % tensor:
            return f"tensor parallelism {tensor} does not divide the feed-forward width {width}"
    inputs = [model.attention_heads * model.head_dim // tensor, *(width // tensor for width in widths(model))]
    if scheme.group_size and any(each % scheme.group_size for each in inputs):
        return f"tensor parallelism {tensor} cuts through groups of {scheme.group_size} quantized weights"
    if gpu is not None and engine is not None and engine.parsed < MARLIN_PADS_FROM and scheme.is_weight_only_on(gpu):
        outputs = (model.attention_heads // tensor + 2 * kv_heads_per_rank(model, tensor)) * model.head_dim
        if any(each % MARLIN_TILE_INPUTS for each in inputs) or outputs % MARLIN_TILE_OUTPUTS:
            return f"tensor parallelism {tensor} leaves shapes that Marlin of vLLM {engine.version} does not take"
    if pipeline > model.layers:
        return f"pipeline parallelism {pipeline} is more than the {model.layers} layers"
    return None


def over_slices(split: Parallelism, gpu: Gpu) -> str | None:
    """Reason why the split does not go over MIG slices, or None.

    A CUDA process enumerates one MIG device (NVIDIA MIG User Guide, CUDA device enumeration; vLLM issue 6551).
    """
    if split.gpus == 1 or not gpu.is_slice:
        return None
    return (
        "tensor and pipeline parallelism need several GPUs in one process, which sees one MIG slice; "
        "take whole GPUs, or --data-parallel-size"
    )


def widths(model: Model) -> set[int]:
    """Widths of all feed-forward networks: the dense ones, and those of experts."""
    found = {model.intermediate}
    if model.experts is not None:
        found |= {model.experts.intermediate, model.experts.shared_intermediate or model.experts.intermediate}
    return found


@cache
def splits_of(gpus: int) -> tuple[Parallelism, ...]:
    divisors = [count for count in range(1, gpus + 1) if gpus % count == 0]
    return tuple(
        Parallelism(tensor, pipeline) for tensor in divisors for pipeline in divisors if gpus % (tensor * pipeline) == 0
    )


def splits(instance: Instance) -> tuple[Parallelism, ...]:
    """Every split that uses whole divisors of the instance's GPUs; both kinds stay within one instance."""
    return splits_of(instance.gpus)


def splits_over_nodes(instance: Instance, most_nodes: int) -> tuple[Parallelism, ...]:
    """Splits that span whole nodes: tensor parallelism within each, a pipeline from one to the next."""
    return pipelines_of_nodes(instance.gpus, most_nodes) if instance.joins_others else ()


@cache
def pipelines_of_nodes(gpus: int, most_nodes: int) -> tuple[Parallelism, ...]:
    return tuple(Parallelism(gpus, nodes) for nodes in range(2, most_nodes + 1))
