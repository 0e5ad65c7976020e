"""Memory budget of one GPU: the terms of vLLM, and the KV cache that they leave."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from paddock.record import Record
from paddock.sizing.memory import draft_memory, kv_cache, lora
from paddock.sizing.memory.kv_cache import BLOCK_TOKENS, KvCache
from paddock.sizing.memory.overhead import overhead
from paddock.sizing.memory.parallelism import PipelineRank, pipeline_ranks
from paddock.sizing.memory.terms import up
from paddock.sizing.memory.weights import offloaded_bytes, rank_bytes
from paddock.units import MIB

if TYPE_CHECKING:
    from paddock.catalog import Model
    from paddock.sizing.memory.setup import Setup


class MemoryBudget(Record):
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
    """The rest after the terms above; negative where they alone are too much."""
    kv_required_mib: int
    band_mib: int
    """The engine's terms are modelled and may be this much more or less."""
    warm_mib: int
    """KV cache beyond the band where torch.compile finds its work in a cache: `EngineOverhead.warm_mib`."""
    outside_mib: int
    """GPU memory outside `--gpu-memory-utilization`: the CUDA context and allocations that this vLLM version does not
    account for, and other processes."""

    @property
    def outside_shortfall_mib(self) -> int:
        """The part of `outside_mib` that the GPU does not have; 0 where it has all."""
        return max(0, self.outside_mib - (self.usable_mib - self.budget_mib))

    @property
    def headroom_mib(self) -> int:
        """KV cache beyond what is required even when the engine takes the whole band more; what is lacking is negative.

        Lacking memory outside of the share is not made good by KV cache to spare: vLLM takes all of its share.
        """
        spare = self.kv_cache_mib - self.band_mib - self.kv_required_mib
        return min(spare, -self.outside_shortfall_mib) if self.outside_shortfall_mib else spare


class Fit(Record):
    """One model on one kind of GPU, started one way."""

    memory: MemoryBudget
    kv_cache: KvCache
    setup: Setup

    @property
    def starts(self) -> bool:
        """True where vLLM is expected to come up: one full context fits, and so does what vLLM does not count."""
        return self.kv_cache.max_concurrency >= 1 and self.memory.outside_shortfall_mib == 0

    @property
    def fits(self) -> bool:
        """True where all that is asked for fits, even at the high end of the band."""
        return self.memory.headroom_mib >= 0

    @property
    def shortfall_mib(self) -> int:
        """Memory that each GPU lacks; 0 where it fits."""
        return max(0, -self.memory.headroom_mib)


def fit(setup: Setup, *, concurrent_requests: int = 1, max_model_len: int | None = None) -> Fit:
    """The tightest rank's budget and the cache of the replica; every rank must hold its share of each token.

    `concurrent_requests` of `max_model_len` (None: the full `max_model_len` of the setup) are asked for.
    """
    model, tensor = setup.model, setup.split.tensor
    length = setup.max_model_len if max_model_len is None else max_model_len
    drafted = draft_memory.token_bytes(setup) * tensor
    budgets: list[MemoryBudget] = []
    capacity = low = high = concurrency = longest = float("inf")
    for rank in set(pipeline_ranks(model, setup.split.pipeline)):
        token_bytes = rank_token_bytes(setup, rank)
        slack = setup.chunk_slack_tokens
        request = kv_cache.request_tokens(model, rank, length, slack)
        found = budget(setup, rank, required_bytes=int(concurrent_requests * request * token_bytes))
        tokens = kv_cache.whole_blocks(found.kv_cache_mib * MIB / token_bytes)
        full_request = kv_cache.request_tokens(model, rank, setup.max_model_len, slack)
        # Where some layers hold less than the context, a token of it takes less than one of each layer.
        share = kv_cache.blocks(setup.max_model_len) * BLOCK_TOKENS / full_request
        capacity = min(capacity, tokens * share)
        low = min(low, (found.kv_cache_mib - found.band_mib) * MIB / token_bytes * share)
        high = min(high, (found.kv_cache_mib + found.band_mib + found.warm_mib) * MIB / token_bytes * share)
        concurrency = min(concurrency, tokens / full_request)
        longest = min(longest, longest_context(model, rank, tokens, slack))
        budgets.append(found)
    return Fit(
        memory=min(budgets, key=tightness),
        kv_cache=KvCache(
            bytes_per_token=kv_cache.bytes_per_token(model, setup.kv_value_bytes) + drafted,
            capacity_tokens=kv_cache.whole_blocks(capacity),
            capacity_low_tokens=kv_cache.whole_blocks(low),
            capacity_high_tokens=kv_cache.whole_blocks(high),
            required_tokens=kv_cache.required_tokens(length, concurrent_requests),
            max_concurrency=floor(concurrency * 100) / 100,
            max_context_tokens=int(min(longest, model.max_context_tokens)),
        ),
        setup=setup,
    )


def rank_token_bytes(setup: Setup, rank: PipelineRank) -> int:
    """Keys and values of one token on a GPU of that stage, with those of a model that drafts."""
    own = kv_cache.rank_bytes_per_token(setup.model, setup.split.tensor, rank, setup.kv_value_bytes)
    return own + draft_memory.token_bytes(setup) if rank.last else own


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


def budget(setup: Setup, rank: PipelineRank, *, required_bytes: int = 0) -> MemoryBudget:
    """One GPU of one pipeline stage."""
    terms = overhead(setup, rank)
    weights_mib, lora_mib = weights_and_lora_mib(setup, rank)
    activation, graphs, non_torch = (each.whole_mib for each in (terms.activation, terms.cuda_graphs, terms.non_torch))
    whole = int(setup.gpu.usable_mib * setup.gpu_memory_utilization)
    stated, taken = setup.kv_cache_memory_bytes, weights_mib + lora_mib + activation + graphs + non_torch
    if stated is not None:
        # The cache is as large as it is said to be, and vLLM's share what comes of that.
        whole = taken + stated // MIB
    return MemoryBudget(
        usable_mib=setup.gpu.usable_mib,
        utilization=setup.gpu_memory_utilization,
        budget_mib=whole,
        weights_mib=weights_mib,
        lora_mib=lora_mib,
        activation_mib=activation,
        cuda_graphs_mib=graphs,
        non_torch_mib=non_torch,
        kv_cache_mib=whole - taken,
        kv_required_mib=up(required_bytes / MIB),
        band_mib=up(terms.band_mib) if stated is None else 0,
        warm_mib=up(terms.warm_mib) if stated is None else 0,
        outside_mib=terms.outside.whole_mib,
    )


def weights_and_lora_mib(setup: Setup, rank: PipelineRank) -> tuple[int, int]:
    """The weights, and the slots for adapters beside them."""
    model, scheme, split, slots, runtime = setup.model, setup.scheme, setup.split, setup.lora, setup.runtime
    weights = rank_bytes(model, scheme, split, rank, runtime)
    if setup.cpu_offload_bytes:
        weights -= offloaded_bytes(model, scheme, split, rank, setup.cpu_offload_bytes, runtime)
    weights_mib = up((weights + (draft_memory.weights_bytes(setup) if rank.last else 0)) / MIB)
    if slots is None:
        return weights_mib, 0
    held = lora.rank_bytes(model, scheme, split, rank, slots.max_loras, slots.max_lora_rank, runtime)
    return weights_mib, up(held / MIB)
