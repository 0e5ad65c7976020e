"""Speed of one replica, and the replicas that a workload takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from paddock.sizing.memory.setup import Setup
from paddock.sizing.performance.latency import (
    Performance,
    concurrency_for_rate,
    estimate,
    max_concurrency_within,
)
from paddock.sizing.workload import Traffic, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """One replica under a kind of traffic, by the roofline where nothing else is said.

    Its answers raise `RefusedError` for GPUs whose arithmetic nobody states.
    """

    setup: Setup
    nvlink: bool
    traffic: Traffic

    def at(self, concurrency: int) -> Performance:
        return estimate(self.setup, self.traffic, concurrency, nvlink=self.nvlink)

    def by_tables(self, concurrency: int) -> Performance:
        """The same by measured tables, where they are installed and cover it; `Performance.method` says which.

        Takes up to a second the first time.
        """
        # Loads the tables, which a search never does.
        from paddock.sizing.performance.operator_tables import best_estimate

        return best_estimate(self.setup, self.traffic, concurrency, nvlink=self.nvlink)

    def most_within(self, max_ttft_ms: float | None, max_itl_ms: float | None, most: int) -> int:
        """The most requests in flight, up to `most`, that meet the targets; 0 where one alone misses them."""
        return max_concurrency_within(
            self.setup,
            self.traffic,
            nvlink=self.nvlink,
            max_ttft_ms=max_ttft_ms,
            max_itl_ms=max_itl_ms,
            most=most,
        )

    def for_rate(self, requests_per_second: float, most: int) -> int:
        """The fewest requests in flight that serve the rate; `most` where no fewer do."""
        found = concurrency_for_rate(self.setup, self.traffic, requests_per_second, nvlink=self.nvlink, most=most)
        return most if found is None else found


def load(work: Workload, speed: Speed, requests: int, most: int, least_replicas: int) -> tuple[int, int] | str:
    """Replicas and the requests in flight in each, so that all targets are met; or why one request alone misses them.

    `requests` are those in flight together, where that is what is asked for; `most` is what one replica holds.
    """
    if work.has_targets:
        most = speed.most_within(work.max_ttft_ms, work.max_itl_ms, most)
        if most == 0:
            return too_slow(work, speed.at(1))
    rate = work.requests_per_second
    if rate is None:
        replicas = max(least_replicas, ceil(requests / most))
        return replicas, ceil(requests / replicas)
    replicas = max(least_replicas, ceil(rate / speed.at(most).requests_per_second))
    return replicas, speed.for_rate(rate / replicas, most)


def too_slow(work: Workload, alone: Performance) -> str:
    if work.max_ttft_ms is not None and alone.ttft_ms > work.max_ttft_ms:
        return f"one request alone waits {alone.ttft_ms:,.0f} ms for its first token, {work.max_ttft_ms:g} are allowed"
    return f"one request alone takes {alone.itl_ms:.3g} ms a token, {work.max_itl_ms:g} are allowed"
