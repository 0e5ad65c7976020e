"""Requests of `plan` and of `size`: one constructor, one table of limits, the same advice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paddock.catalog import Quantization, all_models, engine, model, scheme
from paddock.catalog.lookup import RefusedError
from paddock.cli.parsing.size import Wishes, demand_of_options, flag_text
from paddock.plan.explanations import advice, changes_text
from paddock.plan.request import demand_of
from paddock.settings import SettingsError, parse_settings
from paddock.sizing import Demand, LoraSlots, Traffic, Workload, search
from paddock.sizing.limits import LIMITS, LONGEST_CONTEXT_TOKENS
from paddock.sizing.memory.parallelism import MOST_NODES_PER_REPLICA
from paddock.sizing.placement.alternatives import alternatives

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"
LENGTHS = {"input_tokens": 100, "output_tokens": 100}
BF16 = scheme(Quantization.BF16)
OPTIONS = {"concurrent_requests": "concurrency"}


def of_stack(**asked: object) -> Demand:
    settings = parse_settings({"model": "llama-3.1-8b", "vllm_image": IMAGE, **asked}, region="us-east-1")
    return demand_of(settings.model, settings.region)


def of_words(**asked: object) -> Demand:
    name = str(asked.pop("model", "llama-3.1-8b"))
    texts = {key: str(asked[key]) for key in ("max_model_len", "replicas") if key in asked}
    return demand_of_options(name, Wishes(**{OPTIONS.get(key, key): value for key, value in (asked | texts).items()}))  # type: ignore[arg-type]


def workload(**asked: object) -> Workload:
    given = {"max_model_len": 8192, "concurrent_requests": 4} | asked
    if "requests_per_second" in asked:
        given |= {"concurrent_requests": None}
    lengths = [given.pop(key) for key in LENGTHS if key in given]
    if lengths:
        given["traffic"] = Traffic(*lengths)  # type: ignore[arg-type]
    if "max_loras" in given:
        given["lora"] = LoraSlots(max_loras=given.pop("max_loras"), max_lora_rank=16)  # type: ignore[arg-type]
    return Workload(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("side", ["below", "above"])
def test_stack_command_line_and_workload_refuse_the_same_with_the_same_range(name: str, side: str) -> None:
    limit = LIMITS[name]
    value = limit.highest + 1 if side == "above" else (limit.lowest or 0) - 1
    asked: dict[str, object] = {name: value}
    if name in LENGTHS or name == "requests_per_second":
        asked = LENGTHS | asked
    allowed = limit.allowed
    if name == "max_loras":
        # In a stack file 0 stands for none.
        allowed, asked = allowed.replace("1", "0", 1), {name: value if side == "above" else value - 1}
    with pytest.raises(SettingsError, match=rf"paddock:{name} must be {allowed}, got "):
        of_stack(**asked)
    with pytest.raises(RefusedError, match=rf"--\S+ must be {limit.allowed}, (or 'any', )?got "):
        of_words(**asked)
    if name == "replicas":
        return
    with pytest.raises(RefusedError, match=rf"{name} must be {limit.allowed}, got "):
        workload(**asked)


@pytest.mark.parametrize("name", LIMITS)
def test_the_ends_of_a_range_are_taken(name: str) -> None:
    for value in (LIMITS[name].highest, LIMITS[name].lowest or 1e-9):
        LIMITS[name].check(name, value)


def test_the_longest_context_is_that_of_the_catalogs_models() -> None:
    assert max(each.max_context_tokens for each in all_models().values()) == LONGEST_CONTEXT_TOKENS
    longest = next(each for each in all_models().values() if each.max_context_tokens == LONGEST_CONTEXT_TOKENS)
    assert of_stack(model=longest.name, max_model_len=LONGEST_CONTEXT_TOKENS) == replace(
        of_words(model=longest.name, max_model_len=LONGEST_CONTEXT_TOKENS), nodes_per_replica=1
    )


ASKED: list[dict[str, object]] = [
    {},
    {"model": "llama-3.1-70b", "max_model_len": 32_768, "concurrent_requests": 64},
    {"model": "llama-3.1-70b", "quality_floor": "near-lossless", "replicas": 2, "max_model_len": 32_768},
    {"requests_per_second": 40.0, "input_tokens": 1000, "output_tokens": 300},
    {"max_itl_ms": 20.0},
    {"model": "llama-3.1-405b", "max_model_len": 131_072, "concurrent_requests": 64},
    {"rank_by": "latency"},
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_the_same_request_gets_the_same_advice_from_plan_and_size(asked: dict[str, object]) -> None:
    stack, words = of_stack(**asked), of_words(**asked)
    # A stack's replicas stay within a node: all else of the request is the same.
    assert replace(stack, nodes_per_replica=MOST_NODES_PER_REPLICA) == words
    words = replace(words, nodes_per_replica=1)
    best = next(iter(search(stack).candidates), None)
    found = alternatives(stack, best)
    assert found == alternatives(words, best)
    assert found
    for each in found:
        assert flag_text(each)
    for each in advice(stack, best):
        assert changes_text(stack, each, asked).startswith(("set paddock:", "remove paddock:"))


@pytest.mark.parametrize("name", LIMITS)
def test_a_number_of_another_kind_is_refused(name: str) -> None:
    limit = LIMITS[name]
    wrong: list[object] = ["8192", True, float("nan"), [1]]
    if limit.lowest is not None:
        wrong += [8192.5, float(limit.lowest)]
    for value in wrong:
        with pytest.raises(RefusedError, match=rf"{name} must be {limit.allowed}, got "):
            limit.check(name, value)


@pytest.mark.parametrize("name", LENGTHS)
def test_one_length_without_the_other_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match=r"input_tokens and output_tokens .* give both or neither"):
        Demand.of(model("llama-3.1-8b"), engine("0.33.0"), region="us-east-1", named=BF16, **{name: 100})  # type: ignore[arg-type]
