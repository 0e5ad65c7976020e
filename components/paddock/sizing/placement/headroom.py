"""Headroom of a setup: the memory that it has for KV cache, whatever is asked of it.

`fit` answers one question with every term; a search asks thousands, of which most differ only in the requests. The
part that does not depend on those is kept here from one search to the next; answers never are.
"""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Model
from paddock.sizing.memory import kv_cache
from paddock.sizing.memory.fit import MemoryBudget, budget
from paddock.sizing.memory.kv_cache import BLOCK_TOKENS
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank, illegal, pipeline_ranks
from paddock.sizing.memory.setup import Setup
from paddock.units import MIB

MOST_KEPT = 4096
"""Combinations of model, scheme, GPU, engine and flags; beyond it all are forgotten."""
ENDLESS = 1 << 40
"""More requests than anything holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the pipeline before any request."""

    rank: PipelineRank
    memory: MemoryBudget
    free_mib: int
    """For the KV cache, at the high end of the band; negative where weights and engine alone are too much."""
    outside_lacking_mib: int
    """Lacking beyond vLLM's share, whatever is asked; 0 where nothing is."""
    token_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """Memory of a replica for its KV cache, by pipeline stage."""

    model: Model
    stages: tuple[Stage, ...]
    chunk_slack_tokens: int | None

    def lacking_mib(self, requests: int, tokens: int) -> int:
        """Memory that each GPU lacks for that many requests of that length; memory to spare comes out negative."""
        worst = -ENDLESS
        for stage in self.stages:
            required_mib = -(-int(requests * self._held(stage, tokens) * stage.token_bytes) // MIB)
            worst = max(worst, required_mib - stage.free_mib)
            if stage.outside_lacking_mib:
                worst = max(worst, stage.outside_lacking_mib)
        return worst

    def most_requests(self, tokens: int) -> int:
        """Requests of that length that it holds."""
        if any(stage.outside_lacking_mib for stage in self.stages):
            return 0
        held = (stage.free_mib * MIB // (self._held(stage, tokens) * stage.token_bytes) for stage in self.stages)
        return max(0, int(min(held)))

    def spare_tokens(self, requests: int, tokens: int) -> int:
        """Tokens that still fit on every stage beside these requests."""
        return min(
            (stage.free_mib * MIB - int(requests * self._held(stage, tokens) * stage.token_bytes)) // stage.token_bytes
            for stage in self.stages
        )

    def tightest(self, requests: int, tokens: int) -> Stage:
        """The stage that lacks most."""
        return max(
            self.stages,
            key=lambda stage: requests * self._held(stage, tokens) * stage.token_bytes / MIB - stage.free_mib,
        )

    def _held(self, stage: Stage, tokens: int) -> float:
        if self.chunk_slack_tokens is None:
            return -(-tokens // BLOCK_TOKENS) * BLOCK_TOKENS
        return kv_cache.request_tokens(self.model, stage.rank, tokens, self.chunk_slack_tokens)


BySplit = dict[Parallelism, "Headroom | str"]
_kept: dict[tuple[object, ...], tuple[tuple[object, ...], BySplit]] = {}


def headrooms(setup: Setup) -> BySplit:
    """Headroom that was found before with these arguments, by split, to be filled by `headroom`.

    `setup.split` plays no part, nor does its length.

    By identity, as hashing a whole catalog entry takes longer than the sum; the objects are held, so that no other
    takes their place.
    """
    held = (setup.model, setup.scheme, setup.gpu, setup.engine)
    key = (
        *map(id, held),
        setup.max_num_seqs,
        setup.max_num_batched_tokens,
        setup.kv_cache_dtype,
        setup.lora,
    )
    kept = _kept.get(key)
    if kept is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        kept = _kept[key] = (held, {})
    return kept[1]


def headroom(setup: Setup) -> Headroom | str:
    """The headroom with `setup.split`, or why vLLM refuses that split."""
    model, split = setup.model, setup.split
    reason = illegal(model, setup.scheme, split, setup.gpu, setup.engine)
    if reason:
        return reason
    stages = []
    for rank in dict.fromkeys(pipeline_ranks(model, split.pipeline)):
        memory = budget(setup, rank)
        stages.append(
            Stage(
                rank=rank,
                memory=memory,
                free_mib=memory.kv_cache_mib - memory.band_mib,
                outside_lacking_mib=memory.outside_shortfall_mib,
                token_bytes=kv_cache.rank_bytes_per_token(model, split.tensor, rank, setup.kv_value_bytes),
            )
        )
    chunked = model.attention_chunk_tokens is not None
    return Headroom(model=model, stages=tuple(stages), chunk_slack_tokens=setup.chunk_slack_tokens if chunked else None)
