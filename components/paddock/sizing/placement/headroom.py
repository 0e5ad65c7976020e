"""Headroom of a setup: the memory that it has for KV cache, whatever is asked of it.

`fit` answers one question with every term; a search asks thousands, of which most differ only in the requests. The
part that does not depend on those is kept here from one search to the next; answers never are.
"""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Gpu, Model
from paddock.sizing.memory import kv_cache
from paddock.sizing.memory.fit import MemoryBudget, budget
from paddock.sizing.memory.kv_cache import BLOCK_TOKENS
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank, illegal, pipeline_ranks
from paddock.sizing.memory.setup import Setup
from paddock.units import MIB

MOST_KEPT = 4096
"""Combinations of model, scheme, GPU, engine and flags; beyond it all are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the pipeline before any request."""

    rank: PipelineRank
    memory: MemoryBudget
    free_mib: int
    """MiB for the KV cache, at the high end of the band; negative where weights and engine alone are too much."""
    outside_lacking_mib: int
    """Lacking beyond vLLM's share, whatever is asked; 0 where nothing is."""
    token_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """Memory of a replica for its KV cache, by pipeline stage."""

    model: Model
    stages: tuple[Stage, ...]
    """The tightest of those with so many layers, which hold the same KV cache."""
    outside_lacking_mib: int
    """Lacking beyond vLLM's share on the stage that lacks most, whatever is asked; 0 where none does."""
    chunk_slack_tokens: int | None

    def lacking_mib(self, requests: int, tokens: int) -> int:
        """Memory that each GPU lacks for that many requests of that length; memory to spare comes out negative."""
        lacking = [
            -(-int(requests * held * stage.token_bytes) // MIB) - stage.free_mib for stage, held in self._held(tokens)
        ]
        return max(*lacking, self.outside_lacking_mib) if self.outside_lacking_mib else max(lacking)

    def most_requests(self, tokens: int) -> int:
        """Requests of that length that it holds."""
        if self.outside_lacking_mib:
            return 0
        most = (stage.free_mib * MIB // (held * stage.token_bytes) for stage, held in self._held(tokens))
        return max(0, int(min(most)))

    def spare_tokens(self, requests: int, tokens: int) -> int:
        """Tokens that still fit on every stage beside these requests."""
        return min(
            (stage.free_mib * MIB - int(requests * held * stage.token_bytes)) // stage.token_bytes
            for stage, held in self._held(tokens)
        )

    def tightest(self, requests: int, tokens: int) -> Stage:
        """The stage that lacks most."""
        found, _ = max(
            self._held(tokens), key=lambda each: requests * each[1] * each[0].token_bytes / MIB - each[0].free_mib
        )
        return found

    def _held(self, tokens: int) -> list[tuple[Stage, float]]:
        """Each stage with the tokens that one request of that length takes of it."""
        if self.chunk_slack_tokens is None:
            whole = -(-tokens // BLOCK_TOKENS) * BLOCK_TOKENS
            return [(stage, whole) for stage in self.stages]
        slack = self.chunk_slack_tokens
        return [(stage, kv_cache.request_tokens(self.model, stage.rank, tokens, slack)) for stage in self.stages]


BySplit = dict[Parallelism, "Headroom | str"]
_kept: dict[tuple[object, ...], tuple[tuple[object, ...], BySplit]] = {}


def headrooms(setup: Setup, gpu: Gpu) -> BySplit:
    """Headroom that was found before with these arguments on that GPU, by split, to be filled by `headroom`.

    `setup.split` plays no part, nor do its length and its own GPU.

    By identity, as hashing a whole catalog entry takes longer than the sum; the objects are held, so that no other
    takes their place.
    """
    held = (setup.model, setup.scheme, gpu, setup.engine)
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
    stages: dict[int, Stage] = {}
    outside = []
    for rank in dict.fromkeys(pipeline_ranks(model, split.pipeline)):
        memory = budget(setup, rank)
        stage = Stage(
            rank=rank,
            memory=memory,
            free_mib=memory.kv_cache_mib - memory.band_mib,
            outside_lacking_mib=memory.outside_shortfall_mib,
            token_bytes=kv_cache.rank_bytes_per_token(model, split.tensor, rank, setup.kv_value_bytes),
        )
        outside.append(stage.outside_lacking_mib)
        if rank.layers not in stages or stage.free_mib < stages[rank.layers].free_mib:
            stages[rank.layers] = stage
    return Headroom(
        model=model,
        stages=tuple(stages.values()),
        outside_lacking_mib=max(outside),
        chunk_slack_tokens=None if model.attention_chunk_tokens is None else setup.chunk_slack_tokens,
    )
