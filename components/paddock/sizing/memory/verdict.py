"""Forecast of a start-up: a fit at both ends of its band, where the engine takes less or more than modelled."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from paddock.record import Record
from paddock.sizing.memory.fit import Fit, fit
from paddock.sizing.memory.terms import Estimate

if TYPE_CHECKING:
    from paddock.sizing.memory.setup import Setup

OUTSIDE_BAND_SHARE = 0.15
"""Band of the memory outside `--gpu-memory-utilization`: that of all that torch does not own (`vllm.toml`)."""


class StartVerdict(StrEnum):
    """Forecast of a start-up of vLLM."""

    STARTS = "starts"
    PROBABLY_STARTS = "probably starts"
    """Expected to, but not if it takes as much more as it may."""
    PROBABLY_FAILS = "probably fails"
    """Starts only if it takes as much less as it may."""
    FAILS = "fails"

    @property
    def starts(self) -> bool:
        return self in {StartVerdict.STARTS, StartVerdict.PROBABLY_STARTS}


class FitRange(Record):
    """`low` has the least KV cache, `high` the most."""

    low: Fit
    expected: Fit
    high: Fit

    @property
    def verdict(self) -> StartVerdict:
        memory = self.expected.memory
        spare = memory.usable_mib - memory.budget_mib - memory.outside_mib
        narrow = abs(spare) <= OUTSIDE_BAND_SHARE * memory.outside_mib
        if spare < 0:
            unsure = narrow or -spare <= slack_mib(self.expected.setup)
            may = unsure and self.high.kv_cache.max_concurrency >= 1
            return StartVerdict.PROBABLY_FAILS if may else StartVerdict.FAILS
        if self.low.kv_cache.max_concurrency >= 1:
            return StartVerdict.PROBABLY_STARTS if narrow and memory.outside_mib else StartVerdict.STARTS
        if self.expected.kv_cache.max_concurrency >= 1:
            return StartVerdict.PROBABLY_STARTS
        return StartVerdict.PROBABLY_FAILS if self.high.kv_cache.max_concurrency >= 1 else StartVerdict.FAILS

    def estimate(self, figure: Callable[[Fit], float]) -> Estimate:
        """One figure of the fit over the band."""
        return Estimate(figure(self.low), figure(self.expected), figure(self.high))


def slack_mib(setup: Setup) -> float:
    """Memory outside the share that one start of one card had beyond what is explained, so that others may lack it."""
    counts = setup.engine.outside_slack and not setup.enforce_eager
    return setup.engine.memory.outside_slack_mib if counts else 0.0


def fit_range(setup: Setup, *, concurrent_requests: int = 1) -> FitRange:
    """`fit` three times: less engine memory is the same as a GPU with as much more for the KV cache."""

    def at(usable_mib: int) -> Fit:
        gpu = setup.gpu.with_usable(usable_mib, setup.gpu.usable_source)
        return fit(setup._replace(gpu=gpu), concurrent_requests=concurrent_requests)

    usable_mib = setup.gpu.usable_mib
    expected = at(usable_mib)
    spread, warm = (
        round(mib / setup.gpu_memory_utilization) for mib in (expected.memory.band_mib, expected.memory.warm_mib)
    )
    return FitRange(low=at(max(0, usable_mib - spread)), expected=expected, high=at(usable_mib + spread + warm))
