"""Logic under the figures of `make bench`. Not proved: the figures."""

from __future__ import annotations

from itertools import islice

from benchmarks.figures import Figure, p90
from benchmarks.sizing import CONCURRENCIES, CONTEXTS, KINDS, workloads


def test_no_round_asks_what_a_round_before_it_asked() -> None:
    asked = [(each.max_model_len, each.concurrent_requests) for each in islice(workloads(), 3 * KINDS)]
    assert len({context for context, _ in asked}) == len(asked)


def test_every_kind_of_context_meets_every_concurrency() -> None:
    asked = [
        (max(kind for kind in CONTEXTS if kind <= each.max_model_len), each.concurrent_requests)
        for each in islice(workloads(), KINDS)
    ]
    assert set(asked) == {(context, requests) for context in CONTEXTS for requests in CONCURRENCIES}


def test_the_90th_percentile_is_a_value_that_was_measured() -> None:
    assert p90([*range(1, 11)]) == 9
    assert p90([5.0]) == 5.0


def test_a_figure_beyond_its_bound_does_not_hold_and_one_without_always_does() -> None:
    assert not Figure("search", 101, 100, "ms").holds
    assert Figure("search", 100, 100, "ms").holds
    assert Figure("search", 101, None, "ms").holds
    assert "**no**" in Figure("search", 101, 100, "ms").row()
