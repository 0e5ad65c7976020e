"""The budget of one GPU: does the model start on it, and how much KV cache is left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import floor

from paddock.catalog import Engine, Gpu, Model, Scheme
from paddock.catalog.gpus import ComputeCapability
from paddock.catalog.quantizations import Quantization, Runtime
from paddock.sizing.memory import kv_cache, lora
from paddock.sizing.memory.engine_args import Launch
from paddock.sizing.memory.kv_cache import BLOCK_TOKENS, KvCache
from paddock.sizing.memory.overhead import overhead
from paddock.sizing.memory.parallelism import PipelineRank, pipeline_ranks
from paddock.sizing.memory.weights import rank_bytes
from paddock.units import MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBudget:
    """The GPU of the tightest rank, in MiB. The terms and the KV cache add up to `budget_mib`."""

    usable_mib: int
    utilization: float
    budget_mib: int
    """The share of usable memory that vLLM may take."""
    weights_mib: int
    lora_mib: int
    activation_mib: int
    cuda_graphs_mib: int
    """0 where this version of vLLM leaves graphs outside of its share."""
    non_torch_mib: int
    kv_cache_mib: int
    """What the terms above leave; negative where they alone are too much."""
    kv_required_mib: int
    band_mib: int
    """The engine's terms are modelled and may be this much more or less."""
    outside_mib: int
    """What has to be free beyond `budget_mib`: the CUDA context, and what this version does not count."""

    @property
    def outside_shortfall_mib(self) -> int:
        """How much of `outside_mib` the GPU does not have; 0 where it has."""
        return max(0, self.outside_mib - (self.usable_mib - self.budget_mib))

    @property
    def headroom_mib(self) -> int:
        """KV cache beyond what is required even when the engine takes the whole band more; what is lacking is negative.

        Lacking memory outside of the share is not made good by KV cache to spare: vLLM takes all of its share.
        """
        spare = self.kv_cache_mib - self.band_mib - self.kv_required_mib
        return min(spare, -self.outside_shortfall_mib) if self.outside_shortfall_mib else spare


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One model on one kind of GPU, started one way."""

    memory: MemoryBudget
    kv_cache: KvCache
    launch: Launch

    @property
    def starts(self) -> bool:
        """Whether vLLM is expected to come up: one full context fits, and so does what vLLM does not count."""
        return self.kv_cache.max_concurrency >= 1 and self.memory.outside_shortfall_mib == 0

    @property
    def fits(self) -> bool:
        """Whether all that is asked for fits, even at the high end of the band."""
        return self.memory.headroom_mib >= 0

    @property
    def shortfall_mib(self) -> int:
        """How much memory each GPU lacks; 0 where it fits."""
        return max(0, -self.memory.headroom_mib)


def fit(
    model: Model,
    scheme: Scheme,
    gpu: Gpu,
    engine: Engine,
    launch: Launch,
    *,
    concurrent_requests: int = 1,
    max_model_len: int | None = None,
    others_mib: int = 0,
) -> Fit:
    """The tightest rank's budget and the cache of the replica; every rank must hold its share of each token.

    `concurrent_requests` of `max_model_len` (None: the full `max_model_len`) are asked for. `others_mib` of each GPU
    belong to other processes.
    """
    element_bytes = launch.kv_cache_dtype.element_bytes(scheme.unquantized_bytes)
    length = launch.max_model_len if max_model_len is None else max_model_len
    budgets: list[MemoryBudget] = []
    capacity = low = high = concurrency = longest = float("inf")
    for rank in set(pipeline_ranks(model, launch.split.pipeline)):
        token_bytes = kv_cache.rank_bytes_per_token(model, launch.split.tensor, rank, element_bytes)
        slack = engine.chunked_attention_batches * launch.max_num_batched_tokens or None
        request = kv_cache.request_tokens(model, rank, length, slack)
        found = budget(
            model,
            scheme,
            gpu,
            engine,
            launch,
            rank,
            required_bytes=int(concurrent_requests * request * token_bytes),
            others_mib=others_mib,
        )
        tokens = kv_cache.whole_blocks(found.kv_cache_mib * MIB / token_bytes)
        full_request = kv_cache.request_tokens(model, rank, launch.max_model_len, slack)
        # Where some layers hold less than the context, a token of it takes less than one of each layer.
        share = kv_cache.blocks(launch.max_model_len) * BLOCK_TOKENS / full_request
        capacity = min(capacity, tokens * share)
        low = min(low, (found.kv_cache_mib - found.band_mib) * MIB / token_bytes * share)
        high = min(high, (found.kv_cache_mib + found.band_mib) * MIB / token_bytes * share)
        concurrency = min(concurrency, tokens / full_request)
        longest = min(longest, longest_context(model, rank, tokens, slack))
        budgets.append(found)
    return Fit(
        memory=min(budgets, key=tightness),
        kv_cache=KvCache(
            bytes_per_token=kv_cache.bytes_per_token(model, element_bytes),
            capacity_tokens=kv_cache.whole_blocks(capacity),
            capacity_low_tokens=kv_cache.whole_blocks(low),
            capacity_high_tokens=kv_cache.whole_blocks(high),
            required_tokens=kv_cache.required_tokens(length, concurrent_requests),
            max_concurrency=floor(concurrency * 100) / 100,
            max_context_tokens=int(min(longest, model.max_context_tokens)),
        ),
        launch=launch,
    )


def tightness(memory: MemoryBudget) -> tuple[int, int]:
    return (memory.headroom_mib, -memory.weights_mib)


def longest_context(model: Model, rank: PipelineRank, tokens: int, chunk_slack_tokens: int | None) -> float:
    """The longest request that takes no more than `tokens` on each layer on average."""
    chunk, every = model.attention_chunk_tokens, model.full_attention_every
    if chunk is None or every is None or chunk_slack_tokens is None:
        return tokens
    held, full = kv_cache.blocks(chunk + chunk_slack_tokens) * BLOCK_TOKENS, rank.layers // every
    if tokens <= held or not full:
        return tokens if tokens <= held else float("inf")
    return kv_cache.whole_blocks((tokens * rank.layers - (rank.layers - full) * held) / full)


def budget(
    model: Model,
    scheme: Scheme,
    gpu: Gpu,
    engine: Engine,
    launch: Launch,
    rank: PipelineRank,
    *,
    required_bytes: int,
    others_mib: int = 0,
) -> MemoryBudget:
    """One GPU of one pipeline stage."""
    split, slots = launch.split, launch.lora
    runtime = runtime_of(engine, gpu.compute_capability)
    weights_mib = up(rank_bytes(model, scheme, split, rank, runtime) / MIB)
    lora_mib = 0
    if slots is not None:
        lora_mib = up(lora.rank_bytes(model, scheme, split, rank, slots.max_loras, slots.max_lora_rank, runtime) / MIB)
    terms = overhead(
        model,
        engine,
        gpu,
        launch,
        rank,
        element_bytes=scheme.unquantized_bytes,
        quantized=scheme.name not in UNQUANTIZED,
    )
    activation, non_torch = up(terms.activation_mib), up(terms.non_torch_mib)
    graphs = up(terms.cuda_graphs_mib)
    whole = int(gpu.usable_mib * launch.gpu_memory_utilization)
    return MemoryBudget(
        usable_mib=gpu.usable_mib,
        utilization=launch.gpu_memory_utilization,
        budget_mib=whole,
        weights_mib=weights_mib,
        lora_mib=lora_mib,
        activation_mib=activation,
        cuda_graphs_mib=graphs,
        non_torch_mib=non_torch,
        kv_cache_mib=whole - weights_mib - lora_mib - activation - graphs - non_torch,
        kv_required_mib=up(required_bytes / MIB),
        band_mib=up(terms.band_mib),
        outside_mib=up(terms.outside_mib) + others_mib,
    )


@cache
def runtime_of(engine: Engine, capability: ComputeCapability) -> Runtime:
    """Who holds the weights: some schemes keep other tensors on other versions and GPUs."""
    return Runtime(engine.release, capability)


UNQUANTIZED = frozenset({Quantization.BF16, Quantization.FP32})


def up(mib: float) -> int:
    """Whole MiB, never less than needed."""
    return -int(-mib // 1)
