"""A fit at both ends of its band, and what would change the answer."""

from __future__ import annotations

import pytest

from paddock import catalog
from paddock.catalog import Purchase, Quality, Quantization
from paddock.sizing import Demand, Workload, acceptable_schemes, search
from paddock.sizing.memory.changes import changes_to_start
from paddock.sizing.memory.parallelism import Parallelism
from paddock.sizing.memory.verdict import FitRange, StartVerdict, fit_range
from paddock.sizing.placement.alternatives import alternatives
from tests.unit.sizing.setups import setup_of

BF16 = catalog.scheme(Quantization.BF16)
ENGINE = catalog.engine("0.33.0")


def seen(context: int) -> FitRange:
    return fit_range(setup_of("llama-3.1-8b", max_model_len=context))


def test_the_ends_differ_by_the_band() -> None:
    found = seen(8192)
    expected = found.expected.memory
    for end, band_mib in ((found.low, -expected.band_mib), (found.high, expected.band_mib + expected.warm_mib)):
        assert end.memory.kv_cache_mib - expected.kv_cache_mib == pytest.approx(band_mib, abs=2)


def test_a_warm_compile_cache_leaves_more_and_eager_has_none() -> None:
    assert seen(8192).expected.memory.warm_mib > 0
    assert fit_range(setup_of("llama-3.1-8b", max_model_len=8192, enforce_eager=True)).expected.memory.warm_mib == 0


def test_the_verdict_is_as_sure_as_the_band_is_narrow() -> None:
    found = seen(8192)
    low, expected, high = (each.kv_cache.max_context_tokens for each in (found.low, found.expected, found.high))
    assert seen(low).verdict is StartVerdict.STARTS
    assert seen(expected).verdict is StartVerdict.PROBABLY_STARTS
    assert seen(high).verdict is StartVerdict.PROBABLY_FAILS
    assert seen(2 * high).verdict is StartVerdict.FAILS


def test_what_does_not_fit_beside_the_share_fails_however_much_cache_there_is() -> None:
    found = fit_range(setup_of("llama-3.1-8b", max_model_len=2048, gpu_memory_utilization=1.0))
    assert found.expected.kv_cache.max_concurrency > 1
    assert found.verdict is StartVerdict.FAILS


@pytest.mark.parametrize(
    ("version", "utilization", "verdict"),
    [
        # Refused for what one RTX 3090 had beyond what is explained; people run 70B in AWQ on four cards of 24 GB.
        ("0.14.0", 0.9, StartVerdict.PROBABLY_FAILS),
        ("0.14.0", 0.97, StartVerdict.FAILS),
        ("0.14.0", 0.85, StartVerdict.STARTS),
        ("0.33.0", 0.9, StartVerdict.STARTS),
    ],
)
def test_a_slack_that_was_measured_once_refuses_nothing_for_sure(
    version: str, utilization: float, verdict: StartVerdict
) -> None:
    setup = setup_of("llama-3.1-70b", "awq", "A10G", version, Parallelism(4), gpu_memory_utilization=utilization)
    assert fit_range(setup).verdict is verdict


def test_each_way_to_start_does_start_and_names_one_flag() -> None:
    changes = changes_to_start(setup_of("llama-3.1-8b", max_model_len=131_072))
    assert {each.flag.split()[0] for each in changes} >= {"--max-model-len", "--tensor-parallel-size"}
    assert all(each.fits.low.starts for each in changes)


def test_nothing_is_enough_for_405b_on_one_l4() -> None:
    changes = changes_to_start(setup_of("llama-3.1-405b"))
    assert all("tensor" in each.flag for each in changes)


def demand(**changes: object) -> Demand:
    given: dict[str, object] = {
        "model": catalog.model("llama-3.1-70b"),
        "schemes": (BF16,),
        "engine": ENGINE,
        "workload": Workload(max_model_len=32_768, concurrent_requests=16),
        "region": "us-east-1",
    }
    return Demand(**{**given, **changes})  # type: ignore[arg-type]  # what each test changes has the field's type


def test_changes_are_cheaper_than_the_best_and_cheapest_first() -> None:
    asked = demand()
    best = search(asked).candidates[0]
    changes = alternatives(asked, best)
    prices = [each.best.usd_per_hour for each in changes]
    assert prices
    assert prices == sorted(prices)
    assert max(prices) < best.usd_per_hour


def test_no_worse_quality_is_offered_to_whom_accepts_it_already() -> None:
    asked = demand(schemes=acceptable_schemes(catalog.model("llama-3.1-70b"), ENGINE, Quality.FOUR_BIT))
    best = search(asked).candidates[0]
    assert not any("quantization" in each.changes for each in alternatives(asked, best))


def test_spot_is_no_change_for_whom_has_it() -> None:
    asked = demand(purchase=Purchase.SPOT)
    best = search(asked).candidates[0]
    assert not any("purchase" in each.changes for each in alternatives(asked, best))


def test_the_impossible_is_told_what_would_make_it_possible() -> None:
    asked = demand(workload=Workload(max_model_len=131_072, concurrent_requests=3000))
    assert not search(asked).candidates
    assert any(each.changes == {"replicas": None} for each in alternatives(asked, None))
