"""Which ways of splitting a model over the GPUs of one node are legal, and who holds what."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Instance, Model, Scheme


@dataclass(frozen=True, slots=True, order=True)
class Parallelism:
    """Tensor parallelism within a layer, pipeline parallelism across layers."""

    tensor: int = 1
    pipeline: int = 1

    @property
    def gpus(self) -> int:
        return self.tensor * self.pipeline


@dataclass(frozen=True, slots=True)
class PipelineRank:
    """What one stage of the pipeline holds."""

    layers: int
    first: bool
    last: bool


def pipeline_ranks(model: Model, pipeline: int) -> tuple[PipelineRank, ...]:
    """The stages as vLLM's `get_pp_indices` cuts them: layers that are left over go to the stages before the last,
    because the last one also holds lm_head."""
    each, rest = divmod(model.layers, pipeline)
    layers = [each] * pipeline
    for extra in range(2, rest + 2):
        layers[-extra] += 1
    return tuple(
        PipelineRank(layers=count, first=rank == 0, last=rank == pipeline - 1) for rank, count in enumerate(layers)
    )


def kv_heads_per_rank(model: Model, tensor: int) -> int:
    """KV heads are divided, and repeated where there are more ranks than heads."""
    return max(1, model.kv_heads // tensor)


def illegal(model: Model, scheme: Scheme, split: Parallelism) -> str | None:
    """Why vLLM refuses this split of this model, or None."""
    tensor, pipeline = split.tensor, split.pipeline
    if model.attention_heads % tensor:
        return f"tensor parallelism {tensor} does not divide the {model.attention_heads} attention heads"
    if model.kv_heads % tensor and tensor % model.kv_heads:
        return f"tensor parallelism {tensor} neither divides nor is a multiple of the {model.kv_heads} KV heads"
    if model.intermediate % tensor:
        return f"tensor parallelism {tensor} does not divide the feed-forward width {model.intermediate}"
    if scheme.group_size and (model.intermediate // tensor) % scheme.group_size:
        return f"tensor parallelism {tensor} cuts through groups of {scheme.group_size} quantized weights"
    if pipeline > model.layers:
        return f"pipeline parallelism {pipeline} is more than the {model.layers} layers"
    return None


def splits(instance: Instance) -> tuple[Parallelism, ...]:
    """Every split that uses whole divisors of the instance's GPUs; both kinds stay within one instance."""
    divisors = [count for count in range(1, instance.gpus + 1) if instance.gpus % count == 0]
    return tuple(
        Parallelism(tensor, pipeline)
        for tensor in divisors
        for pipeline in divisors
        if instance.gpus % (tensor * pipeline) == 0
    )
