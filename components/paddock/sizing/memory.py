"""The budget of one GPU: does the model start on it, and how much KV cache is left."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Batch, Engine, Gpu, Model, Scheme
from paddock.sizing import kv_cache
from paddock.sizing.engine import overhead
from paddock.sizing.kv_cache import KvCache
from paddock.sizing.parallelism import Parallelism, PipelineRank, pipeline_ranks
from paddock.sizing.weights import rank_bytes
from paddock.units import MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is asked of one replica."""

    context_tokens: int
    concurrent_requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBudget:
    """The GPU of the tightest rank, in MiB. The terms and the KV cache add up to `budget_mib`."""

    usable_mib: int
    utilization: float
    budget_mib: int
    """The share of usable memory that vLLM may take."""
    weights_mib: int
    activation_mib: int
    cuda_graphs_mib: int
    non_torch_mib: int
    kv_cache_mib: int
    """What the terms above leave; negative where they alone are too much."""
    kv_required_mib: int
    band_mib: int
    """The engine's terms are modelled and may be this much more or less."""

    @property
    def headroom_mib(self) -> int:
        """KV cache beyond what is required, even when the engine takes the whole band more."""
        return self.kv_cache_mib - self.band_mib - self.kv_required_mib


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One model on one kind of GPU, split one way."""

    memory: MemoryBudget
    kv_cache: KvCache
    batch: Batch

    @property
    def fits(self) -> bool:
        return self.memory.headroom_mib >= 0

    @property
    def shortfall_mib(self) -> int:
        """How much memory each GPU lacks; 0 where it fits."""
        return max(0, -self.memory.headroom_mib)


def batch_for(engine: Engine, gpu: Gpu, workload: Workload) -> Batch:
    """vLLM's own choice for the GPU, with room for as many requests as are asked for."""
    usual = engine.batch(gpu)
    return Batch(
        max_num_seqs=max(usual.max_num_seqs, workload.concurrent_requests),
        max_num_batched_tokens=max(usual.max_num_batched_tokens, workload.concurrent_requests),
    )


def fit(model: Model, scheme: Scheme, gpu: Gpu, engine: Engine, split: Parallelism, workload: Workload) -> Fit:
    """The tightest rank's budget and the cache of the replica; every rank must hold its share of each token."""
    batch = batch_for(engine, gpu, workload)
    required = kv_cache.required_tokens(workload.context_tokens, workload.concurrent_requests)
    budgets = [
        (budget(model, scheme, gpu, engine, split, rank, batch, required), rank)
        for rank in set(pipeline_ranks(model, split.pipeline))
    ]
    capacity = min(
        kv_cache.whole_blocks(each.kv_cache_mib * MIB / kv_cache.rank_bytes_per_token(model, split.tensor, rank))
        for each, rank in budgets
    )
    return Fit(
        memory=min((each for each, _ in budgets), key=lambda each: (each.headroom_mib, -each.weights_mib)),
        kv_cache=KvCache(
            bytes_per_token=kv_cache.bytes_per_token(model),
            capacity_tokens=capacity,
            required_tokens=required,
            max_concurrency=round(capacity / workload.context_tokens, 2),
        ),
        batch=batch,
    )


def budget(
    model: Model,
    scheme: Scheme,
    gpu: Gpu,
    engine: Engine,
    split: Parallelism,
    rank: PipelineRank,
    batch: Batch,
    required_tokens: int,
) -> MemoryBudget:
    """One GPU of one pipeline stage."""
    weights_mib = up(rank_bytes(model, scheme, split, rank) / MIB)
    engine_terms = overhead(model, engine, batch, split, rank)
    activation, non_torch = up(engine_terms.activation_mib), up(engine_terms.non_torch_mib)
    graphs = up(engine_terms.cuda_graphs_mib)
    whole = int(gpu.usable_mib * engine.gpu_memory_utilization)
    if not engine.cuda_graphs_in_budget:
        # Graphs come on top of the budget, in what utilization leaves free; where that is too little, budget pays.
        graphs = max(0, graphs - (gpu.usable_mib - whole))
    return MemoryBudget(
        usable_mib=gpu.usable_mib,
        utilization=engine.gpu_memory_utilization,
        budget_mib=whole,
        weights_mib=weights_mib,
        activation_mib=activation,
        cuda_graphs_mib=graphs,
        non_torch_mib=non_torch,
        kv_cache_mib=whole - weights_mib - activation - graphs - non_torch,
        kv_required_mib=up(required_tokens * kv_cache.rank_bytes_per_token(model, split.tensor, rank) / MIB),
        band_mib=up(engine_terms.band_mib),
    )


def up(mib: float) -> int:
    """Whole MiB, never less than needed."""
    return -int(-mib // 1)
