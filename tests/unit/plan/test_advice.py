"""Advice where there is no plan: each way out that a refusal names comes true when the stack file is edited so."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from paddock.catalog import Quality, all_models
from paddock.plan.plan import Plan, PlanError, make_plan
from paddock.settings import SettingsError, parse_settings
from paddock.sizing import RankBy

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"
MONTHLY = re.compile(r"(?:or )?((?:remove|set) .+): (\d+) x (\S+) cost ([\d,]+)")
HOURLY = re.compile(r"  ((?:Remove|Set) .+): (?:(\d+) x )?(\S+) at \$(\S+)/h holds? it\.")

UNDER_A_PIN: dict[str, object] = {
    "model": "llama-3.3-70b",
    "quality_floor": "two-bit",
    "instance_type": "p5.48xlarge",
    "monthly_budget_usd": 3000,
}
FASTEST: dict[str, object] = {
    "model": "llama-3.3-70b",
    "quality_floor": "two-bit",
    "rank_by": "latency",
    "monthly_budget_usd": 3000,
}
CHEAPEST_A_TOKEN: dict[str, object] = {
    "model": "llama-3.1-405b",
    "quantization": "int4",
    "quality_floor": "two-bit",
    "max_model_len": 8192,
    "input_tokens": 4000,
    "output_tokens": 100,
    "rank_by": "cost-per-token",
    "monthly_budget_usd": 14_000,
}
SHARED_LOAD: dict[str, object] = {"model": "llama-3.1-70b", "max_model_len": 131_072, "concurrent_requests": 600}
TOO_MANY_REPLICAS: dict[str, object] = {
    "model": "llama-3.1-405b",
    "max_model_len": 131_072,
    "concurrent_requests": 3000,
}


def planned(asked: dict[str, object]) -> Plan:
    return make_plan(parse_settings({"model": "llama-3.1-8b", "vllm_image": IMAGE, **asked}, region="us-east-1"))


def refusal(**asked: object) -> str:
    with pytest.raises(PlanError) as refused:
        planned(asked)
    return str(refused.value)


def edited(asked: dict[str, object], edits: str) -> dict[str, object]:
    """The settings after an advice is followed to the letter; it removes only what is there."""
    result, verb = dict(asked), ""
    for edit in edits.split(" and "):
        *verbs, rest = edit.rsplit("paddock:", 1)
        verb = verbs[0].strip().lower() or verb
        if verb == "remove":
            del result[rest]
        else:
            key, value = rest.split(" to ")
            result[key] = int(value) if value.isdigit() else value
    return result


def advised_changes(text: str) -> Iterator[tuple[str, int, str, str, bool]]:
    """Edits, nodes, instance type and price of each advice, and True for a price a month."""
    for part in text.partition("; ")[2].split("; "):
        if found := MONTHLY.fullmatch(part):
            yield found[1], int(found[2]), found[3], found[4], True
    for line in text.splitlines():
        if found := HOURLY.fullmatch(line):
            yield found[1], int(found[2] or 1), found[3], found[4], False


requests = st.fixed_dictionaries(
    {
        "model": st.sampled_from([each.name for each in all_models().values() if "bf16" in each.checkpoints]),
        "monthly_budget_usd": st.sampled_from([1500, 3000, 8000, 14_000, 40_000]),
    },
    optional={
        "quality_floor": st.sampled_from(Quality),
        "rank_by": st.sampled_from(RankBy),
        "max_model_len": st.sampled_from([2048, 8192, 32_768, 131_072]),
        "concurrent_requests": st.integers(1, 600),
        "instance_type": st.sampled_from(["p5.48xlarge", "g6e.12xlarge", "g7e.48xlarge"]),
        "max_itl_ms": st.sampled_from([5, 20, 100]),
        "replicas": st.integers(2, 3),
    },
)


@hypothesis_settings(deadline=None, max_examples=15)
@given(requests)
@example(UNDER_A_PIN)
@example(FASTEST)
@example(CHEAPEST_A_TOKEN)
@example(SHARED_LOAD)
@example(TOO_MANY_REPLICAS)
def test_a_stack_edited_as_advised_has_the_placement_and_price_that_were_promised(asked: dict[str, object]) -> None:
    try:
        planned(asked)
    except SettingsError:
        return
    except PlanError as refused:
        text = str(refused)
    else:
        return
    for edits, nodes, kind, price, monthly in advised_changes(text):
        followed = edited(asked, edits)
        followed.pop("monthly_budget_usd", None)
        plan = planned(followed)
        got = f"{plan.price.usd_per_month:,.0f}" if monthly else f"{plan.price.gpu_usd_per_hour:.4g}"
        assert (plan.model.placement.nodes, plan.model.placement.instance_type, got) == (nodes, kind, price), edits


def test_the_advised_changes_are_read() -> None:
    assert len(list(advised_changes(refusal(**FASTEST)))) == 2
    assert len(list(advised_changes(refusal(**SHARED_LOAD)))) >= 1


def test_without_its_pin_a_request_has_every_quantization_that_it_accepts() -> None:
    assert "; remove paddock:instance_type: 1 x g7e.2xlarge cost 2,820; " in refusal(**UNDER_A_PIN)
    assert ": 1 x g7e.2xlarge cost 2,820; " in refusal(**FASTEST)
    assert ": 1 x g7e.24xlarge cost 12,468; " in refusal(**CHEAPEST_A_TOKEN)


def test_the_best_ranked_within_the_budget_is_offered_as_a_pin() -> None:
    text = refusal(rank_by="latency", monthly_budget_usd=3000)
    assert "3,000; set paddock:instance_type to g7e.2xlarge: 1 x g7e.2xlarge cost 2,819; or set " in text


def test_replicas_beyond_what_a_stack_file_takes_are_no_way_out() -> None:
    assert "paddock:replicas" not in refusal(**TOO_MANY_REPLICAS)
    assert "Set paddock:replicas to " in refusal(**SHARED_LOAD)


@pytest.mark.parametrize("target", ["max_ttft_ms", "max_itl_ms"])
def test_a_target_is_removed_alone_where_it_stands_alone(target: str) -> None:
    text = refusal(**{target: 0.001}, max_model_len=1024)
    assert f"  Remove paddock:{target}: " in text


def test_the_last_resort_names_the_load_that_the_request_has() -> None:
    asked: dict[str, object] = {"model": "llama-3.1-405b", "quantization": "fp8", "max_model_len": 131_072}
    rate = {"requests_per_second": 5, "input_tokens": 100, "output_tokens": 100}
    for load, key in (({}, "concurrent_requests"), (rate, "requests_per_second")):
        settings = parse_settings(
            {"vllm_image": IMAGE.replace("us-east-1", "af-south-1"), **asked, **load}, region="af-south-1"
        )
        with pytest.raises(PlanError) as refused:
            make_plan(settings)
        assert str(refused.value).endswith(f"\n  Lower paddock:max_model_len or paddock:{key}.")
