"""A fit at both ends of its band: what it is if the engine takes less, as expected, or more memory than modelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from paddock.catalog import Engine, Gpu, Model, Scheme
from paddock.sizing.memory.engine_args import Launch
from paddock.sizing.memory.fit import Fit, fit

OUTSIDE_BAND_SHARE = 0.15
"""What is needed beside vLLM's share is as uncertain as all that torch does not own (`vllm.toml`)."""


class Verdict(StrEnum):
    """Whether vLLM comes up."""

    STARTS = "starts"
    PROBABLY_STARTS = "probably starts"
    """As expected, but not if it takes as much more as it may."""
    PROBABLY_FAILS = "probably fails"
    """Only if it takes as much less as it may."""
    FAILS = "fails"

    @property
    def starts(self) -> bool:
        return self in {Verdict.STARTS, Verdict.PROBABLY_STARTS}


@dataclass(frozen=True, slots=True)
class Estimate:
    """The true figure lies between `low` and `high` in nine of ten cases."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """`low` has the least KV cache, `high` the most."""

    low: Fit
    expected: Fit
    high: Fit

    @property
    def verdict(self) -> Verdict:
        memory = self.expected.memory
        spare = memory.usable_mib - memory.budget_mib - memory.outside_mib
        narrow = abs(spare) <= OUTSIDE_BAND_SHARE * memory.outside_mib
        if spare < 0:
            return Verdict.PROBABLY_FAILS if narrow else Verdict.FAILS
        if self.low.kv_cache.max_concurrency >= 1:
            return Verdict.PROBABLY_STARTS if narrow and memory.outside_mib else Verdict.STARTS
        if self.expected.kv_cache.max_concurrency >= 1:
            return Verdict.PROBABLY_STARTS
        return Verdict.PROBABLY_FAILS if self.high.kv_cache.max_concurrency >= 1 else Verdict.FAILS

    def estimate(self, figure: Callable[[Fit], float]) -> Estimate:
        """One figure of the fit over the band."""
        return Estimate(figure(self.low), figure(self.expected), figure(self.high))


def outlook(
    model: Model,
    scheme: Scheme,
    gpu: Gpu,
    engine: Engine,
    launch: Launch,
    *,
    concurrent_requests: int = 1,
    max_model_len: int | None = None,
    others_mib: int = 0,
) -> Outlook:
    """`memory.fit` three times: less engine memory is the same as a GPU with as much more for the KV cache."""

    def at(usable_mib: int) -> Fit:
        return fit(
            model,
            scheme,
            gpu.with_usable(usable_mib, gpu.usable_source),
            engine,
            launch,
            concurrent_requests=concurrent_requests,
            max_model_len=max_model_len,
            others_mib=others_mib,
        )

    expected = at(gpu.usable_mib)
    spread = round(expected.memory.band_mib / launch.gpu_memory_utilization)
    return Outlook(low=at(max(0, gpu.usable_mib - spread)), expected=expected, high=at(gpu.usable_mib + spread))
