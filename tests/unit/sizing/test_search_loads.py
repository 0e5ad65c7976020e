"""Rates, latency targets and free replica counts: as many replicas as it takes, each within memory and targets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.catalog import Quantization
from paddock.catalog.lookup import RefusedError
from paddock.sizing import Candidate, RankBy, Traffic, Workload, search
from paddock.sizing.memory.engine_args import LoraSlots
from paddock.sizing.performance.latency import estimate
from tests.unit.sizing.demands import demand, reason_for

CHAT = Traffic(1000, 250)


def served(candidate: Candidate) -> float:
    """Requests a second of all replicas at their concurrency."""
    traffic, nvlink = candidate.workload.typical_traffic, candidate.instance.nvlink
    found = estimate(candidate.setup, traffic, candidate.concurrency, nvlink=nvlink)
    return candidate.replicas * found.requests_per_second


@settings(max_examples=30)
@given(
    st.sampled_from(["llama-3.2-1b", "llama-3.1-8b", "llama-3.1-70b"]),
    st.floats(0.01, 300),
    st.sampled_from([Traffic(100, 100), CHAT, Traffic(4000, 50)]),
)
def test_a_rate_is_served_by_every_candidate_within_its_memory(name: str, rate: float, traffic: Traffic) -> None:
    asked = demand(name, requests=None, requests_per_second=rate, traffic=traffic)
    for each in search(asked).candidates:
        assert served(each) >= rate * (1 - 1e-9)
        assert each.fit.fits
        assert each.fit.starts
        assert each.concurrency <= each.setup.max_num_seqs


def test_more_requests_a_second_take_more_replicas_and_never_less_money() -> None:
    rates = [0.1, 1, 10, 100, 1000]
    firsts = [
        search(demand(requests=None, requests_per_second=rate, traffic=CHAT, pinned="g6e.xlarge")).candidates[0]
        for rate in rates
    ]
    costs = [each.usd_per_hour for each in firsts]
    assert costs == sorted(costs)
    assert firsts[0].replicas == 1 < firsts[-1].replicas


def test_a_latency_target_that_one_request_alone_misses_is_the_reason() -> None:
    found = search(demand("llama-3.1-8b", pinned="g6e.xlarge", max_itl_ms=2))
    assert found.candidates == ()
    assert reason_for(found, "g6e.xlarge").startswith("one request alone takes ")
    assert reason_for(found, "g6e.xlarge").endswith(" ms a token, 2 are allowed")


def test_targets_are_met_by_every_candidate() -> None:
    asked = demand(requests=64, context=2048, traffic=CHAT, max_ttft_ms=400, max_itl_ms=30)
    found = search(asked).candidates
    assert found
    for each in found:
        assert each.performance is not None
        assert each.performance.ttft_ms <= 400
        assert each.performance.itl_ms <= 30


def test_a_target_that_a_full_replica_misses_is_met_by_more_of_them() -> None:
    free = search(demand(requests=64, context=2048, traffic=CHAT, pinned="g6e.xlarge")).candidates[0]
    assert free.performance is not None
    tight = free.performance.itl_ms * 0.8
    kept = search(demand(requests=64, context=2048, traffic=CHAT, pinned="g6e.xlarge", max_itl_ms=tight)).candidates[0]
    assert kept.replicas > free.replicas == 1
    assert kept.replicas * kept.concurrency >= 64
    assert kept.usd_per_hour > free.usd_per_hour


def test_a_free_number_of_replicas_shares_the_requests_among_small_machines() -> None:
    together = search(demand(requests=64, replicas=None)).candidates
    alone = search(demand(requests=64)).candidates
    assert together[0].usd_per_hour <= alone[0].usd_per_hour
    for each in together:
        assert each.replicas * each.concurrency >= 64
        assert each.fit.fits
    assert any(each.replicas > 1 for each in together)


def test_free_replicas_fill_the_nodes_that_are_paid_for() -> None:
    asked = demand("llama-3.2-1b", requests=64, replicas=None, pinned="g6.48xlarge", rank_by=RankBy.COST_PER_TOKEN)
    found = search(asked).candidates[0]
    assert (found.nodes, found.replicas) == (1, found.replicas_a_node_holds)
    assert found.replicas > 1
    assert found.concurrency * found.replicas == 64


def test_a_gpu_whose_speed_nobody_states_meets_no_target_and_says_so() -> None:
    found = search(demand("llama-3.2-1b", Quantization.FP32, pinned="g5.xlarge", max_itl_ms=500))
    assert "is not known" in reason_for(found, "g5.xlarge")
    (free,) = search(demand("llama-3.2-1b", Quantization.FP32, pinned="g5.xlarge")).candidates
    assert (free.performance, free.usd_per_million_output_tokens, free.request_ms) == (None, None, None)


@pytest.mark.parametrize("by", list(RankBy))
def test_the_order_is_by_what_was_asked_for(by: RankBy) -> None:
    found = search(demand(requests=16, context=4096, rank_by=by)).candidates
    figures: dict[RankBy, list[float | None]] = {
        RankBy.COST: [each.usd_per_hour for each in found],
        RankBy.COST_PER_TOKEN: [each.usd_per_million_output_tokens for each in found],
        RankBy.LATENCY: [each.request_ms for each in found],
    }
    known = [each for each in figures[by] if each is not None]
    assert known == sorted(known)
    assert len(known) == len(found)
    assert len(set(known)) > 3


def test_each_order_has_a_first_of_its_own() -> None:
    firsts = {
        by: search(demand("llama-3.1-8b", Quantization.FP8, requests=32, rank_by=by)).candidates[0] for by in RankBy
    }
    cheap, fast = firsts[RankBy.COST], firsts[RankBy.LATENCY]
    assert cheap.usd_per_hour < fast.usd_per_hour
    assert (cheap.request_ms or 0) > (fast.request_ms or 0)
    by_token = firsts[RankBy.COST_PER_TOKEN].usd_per_million_output_tokens
    assert by_token is not None
    assert by_token <= min(cheap.usd_per_million_output_tokens or 0, fast.usd_per_million_output_tokens or 0)


def test_dollars_a_million_tokens_are_dollars_an_hour_over_tokens_an_hour() -> None:
    found = search(demand(requests=None, requests_per_second=2, traffic=CHAT)).candidates[0]
    assert found.usd_per_million_output_tokens == pytest.approx(found.usd_per_hour / (2 * 250 * 3600) * 1e6)


def test_an_unstated_request_fills_the_context() -> None:
    assert Workload(max_model_len=8192, concurrent_requests=1).typical_traffic == Traffic(6144, 2048)
    assert Workload(max_model_len=8192, concurrent_requests=1, traffic=CHAT).typical_traffic == CHAT


@pytest.mark.parametrize(
    ("work", "says"),
    [
        ({}, "state one of them"),
        ({"concurrent_requests": 1, "requests_per_second": 1.0, "traffic": CHAT}, "state one of them"),
        ({"requests_per_second": 1.0}, "state input and output tokens"),
        ({"concurrent_requests": 0}, "concurrent_requests must be a whole number from 1 to 4,096, got 0"),
        (
            {"requests_per_second": float("nan"), "traffic": CHAT},
            "requests_per_second must be a number above 0, .* got nan",
        ),
        (
            {"concurrent_requests": 1, "max_ttft_ms": -5.0},
            "max_ttft_ms must be a number above 0, up to 3,600,000, got -5.0",
        ),
        ({"concurrent_requests": 1, "traffic": Traffic(1000, 100)}, "longer than the context of 1,024"),
        ({"concurrent_requests": 1, "lora": LoraSlots(max_loras=1, max_lora_rank=12)}, "got 1 of rank 12"),
    ],
)
def test_a_workload_that_means_nothing_is_refused_with_the_way_out(work: dict[str, object], says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        Workload(max_model_len=1024, **work)  # type: ignore[arg-type]  # the point of the test


def test_every_way_to_pay_and_to_rank_gives_the_same_answer_twice() -> None:
    asked = demand(requests=None, requests_per_second=3, traffic=CHAT, max_ttft_ms=900)
    once, again = search(asked), search(replace(asked))
    assert [each.instance for each in once.candidates] == [each.instance for each in again.candidates]
    assert once.rejected == again.rejected
