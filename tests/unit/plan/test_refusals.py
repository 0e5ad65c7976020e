"""Refusals of the plan: what fits nowhere or costs too much is one message with what to change."""

from __future__ import annotations

import re

import pytest

from paddock.plan.plan import Plan, PlanError, make_plan
from paddock.settings import parse_settings

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"


def planned(region: str = "us-east-1", **more: object) -> Plan:
    image = IMAGE.replace("us-east-1", region)
    return make_plan(parse_settings({"model": "llama-3.1-8b", "vllm_image": image, **more}, region=region))


def test_nothing_that_fits_is_one_message_with_the_nearest_and_by_how_much() -> None:
    with pytest.raises(PlanError) as refused:
        planned(model="llama-3.1-405b", max_model_len=131_072, concurrent_requests=64)
    lines = str(refused.value).splitlines()
    assert lines[0] == "nothing in us-east-1 holds Llama 3.1 405B Instruct at bf16 with 64 x 131,072 tokens, on-demand:"
    assert lines[1].startswith("  - p6-b300.48xlarge, tensor parallel ")
    assert "GiB a GPU for the KV cache of 8,388,608 tokens" in lines[1]
    assert lines[-1] == (
        "  Set paddock:replicas to 4 and paddock:concurrent_requests to 16: 4 x p6-b300.48xlarge at $569.7/h hold it."
    )
    assert re.fullmatch(
        r"  - \d x p6-b300\.48xlarge hold it, \d nodes a replica, at \$\S+/h; replicas that span nodes can be sized, "
        r"but not deployed yet",
        lines[-2],
    )


def test_what_only_several_nodes_hold_is_refused_with_what_one_node_holds() -> None:
    with pytest.raises(PlanError, match=r"2 x p5\.48xlarge hold it, 2 nodes a replica") as refused:
        planned(model="llama-3.1-405b", instance_type="p5.48xlarge", concurrent_requests=1)
    assert "Remove paddock:instance_type: p5en.48xlarge at $63.3/h holds it." in str(refused.value)


def test_a_pin_that_does_not_fit_is_answered_with_the_change_that_would() -> None:
    with pytest.raises(PlanError, match=r"Remove paddock:instance_type: g7e\.12xlarge at \$8\.286/h holds it"):
        planned(model="llama-3.1-70b", instance_type="g6.xlarge")


def test_a_region_without_large_gpus_is_answered_with_a_smaller_quantization() -> None:
    with pytest.raises(PlanError, match=r"Set paddock:quantization to (fp8|int8|int4): "):
        planned("af-south-1", model="llama-3.1-70b", max_model_len=8192, concurrent_requests=1)


def test_a_plan_over_the_budget_names_price_budget_and_what_is_cheaper() -> None:
    assert planned(monthly_budget_usd=5000).price.usd_per_month < 5000
    with pytest.raises(
        PlanError, match=r"cost [\d,]+ USD a month, over paddock:monthly_budget_usd 3,000; set .* fp8: "
    ):
        planned(model="llama-3.1-70b", monthly_budget_usd=3000)
    with pytest.raises(PlanError, match=r"remove paddock:instance_type"):
        planned(instance_type="p5.48xlarge", monthly_budget_usd=3000)
    with pytest.raises(PlanError, match=r"nothing that holds it is cheaper"):
        planned(
            quantization="int4",
            capacity_type="spot",
            kv_cache_dtype="fp8",
            max_model_len=1024,
            concurrent_requests=1,
            monthly_budget_usd=100,
        )


def test_what_no_single_change_makes_possible_is_told_what_to_lower() -> None:
    with pytest.raises(PlanError) as refused:
        planned("af-south-1", model="llama-3.1-405b", quantization="fp8", max_model_len=131_072)
    assert str(refused.value).endswith("\n  Lower paddock:max_model_len or paddock:concurrent_requests.")


def test_a_pin_is_given_up_together_with_another_change_where_neither_is_enough() -> None:
    with pytest.raises(
        PlanError, match=r"3,000; remove paddock:instance_type and set paddock:quantization to fp8: 1 x g7e"
    ):
        planned(model="llama-3.1-70b", instance_type="p5.48xlarge", monthly_budget_usd=3000)
