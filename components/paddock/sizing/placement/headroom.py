"""One way of starting a model on one kind of GPU, whatever is asked of it: the part of a `fit` that searches share.

`fit` answers one question with every term; a search asks thousands, of which most differ only in the requests. What
does not depend on those is kept here from one search to the next; answers never are.
"""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Engine, Gpu, Model, Scheme
from paddock.sizing.memory import kv_cache
from paddock.sizing.memory.engine_args import Launch
from paddock.sizing.memory.fit import MemoryBudget, budget
from paddock.sizing.memory.kv_cache import BLOCK_TOKENS
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank, illegal, pipeline_ranks
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
class Room:
    """What the replica has for its KV cache."""

    model: Model
    stages: tuple[Stage, ...]
    chunk_slack_tokens: int | None

    def lacking_mib(self, requests: int, tokens: int) -> int:
        """How much memory each GPU lacks for that many requests of that length; what is over comes out negative."""
        worst = -ENDLESS
        for stage in self.stages:
            required_mib = -(-int(requests * self._held(stage, tokens) * stage.token_bytes) // MIB)
            worst = max(worst, required_mib - stage.free_mib)
            if stage.outside_lacking_mib:
                worst = max(worst, stage.outside_lacking_mib)
        return worst

    def most_requests(self, tokens: int) -> int:
        """How many of that length it holds."""
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


Found = dict[Parallelism, "Room | str"]
_kept: dict[tuple[object, ...], tuple[tuple[object, ...], Found]] = {}


def rooms_of(model: Model, scheme: Scheme, gpu: Gpu, engine: Engine, launch: Launch) -> Found:
    """What was found before for these flags, by split, to be filled by `room`; `launch.split` plays no part.

    By identity, as hashing a whole catalog entry takes longer than the sum; the objects are held, so that no other
    takes their place.
    """
    key = (
        id(model),
        id(scheme),
        id(gpu),
        id(engine),
        launch.max_num_seqs,
        launch.max_num_batched_tokens,
        launch.kv_cache_dtype,
        launch.lora,
    )
    kept = _kept.get(key)
    if kept is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        kept = _kept[key] = ((model, scheme, gpu, engine), {})
    return kept[1]


def room(model: Model, scheme: Scheme, gpu: Gpu, engine: Engine, launch: Launch) -> Room | str:
    """The room of `launch.split`, or why vLLM refuses that split."""
    split = launch.split
    reason = illegal(model, scheme, split, gpu, engine)
    if reason:
        return reason
    element_bytes = launch.kv_cache_dtype.element_bytes(scheme.unquantized_bytes)
    slack = engine.chunked_attention_batches * launch.max_num_batched_tokens or None
    stages = []
    for rank in dict.fromkeys(pipeline_ranks(model, split.pipeline)):
        memory = budget(model, scheme, gpu, engine, launch, rank, required_bytes=0)
        stages.append(
            Stage(
                rank=rank,
                memory=memory,
                free_mib=memory.kv_cache_mib - memory.band_mib,
                outside_lacking_mib=memory.outside_shortfall_mib,
                token_bytes=kv_cache.rank_bytes_per_token(model, split.tensor, rank, element_bytes),
            )
        )
    chunked = model.attention_chunk_tokens is not None
    return Room(model=model, stages=tuple(stages), chunk_slack_tokens=slack if chunked else None)
