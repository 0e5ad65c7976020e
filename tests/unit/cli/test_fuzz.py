"""Fuzzing of `fit` and `size`: an answer or one clear message, no traceback, no NaN, no minus.

The options go the way of the command but for its parsing. With the logs, checkpoints and formulas that other tests make
up, there are 10,000 examples.
"""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.catalog import Quantization
from paddock.catalog.gpus import all_gpus
from paddock.catalog.lookup import RefusedError
from paddock.catalog.models import all_models
from paddock.cli.json_output import explain_data, fit_data, size_data
from paddock.cli.parsing.fit import fixed_placement
from paddock.cli.parsing.size import Wishes, demand_of_options
from paddock.sizing import search
from paddock.sizing.memory.changes import changes_to_start
from paddock.sizing.memory.explain import explain
from paddock.sizing.memory.verdict import fit_range

VERSIONS = (
    "0.4.1",
    "0.5.4",
    "0.6.3.post1",
    "0.7.3",
    "0.8.5",
    "0.9.2",
    "0.11.0",
    "0.19.0",
    "0.23.0",
    "0.27.1",
    "0.33.0",
    "1.2.3",
)


def maybe(*values: Any) -> st.SearchStrategy[Any]:
    """One draw, as examples are made faster than that alone."""
    return st.sampled_from((None, *values))


def one_of(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


WHOLE = st.integers(-(2**70), 2**70)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
TEXT = st.text(max_size=8)
QUANTIZATIONS = tuple(each.value for each in Quantization)
TOKENS = ("1", "512", "2k", "8k", "16384", "32K", "128k")
KV_DTYPES = one_of("auto", "fp8", "fp8_e5m2")
DTYPES = one_of(*["auto"] * 9, "half", "bfloat16", "float32")
RANKS = (1, 8, 16, 64, 512)
ODD = {int: WHOLE, float: NUMBERS, str: TEXT}


def mostly(usual: dict[str, st.SearchStrategy[Any]], kinds: dict[str, type]) -> st.SearchStrategy[dict[str, Any]]:
    """Options that make sense by themselves; in every third example one of them is anything at all."""
    name = st.sampled_from(sorted(kinds))
    odd = name.flatmap(lambda name: ODD[kinds[name]].map(lambda value: {name: value}))
    changes: st.SearchStrategy[dict[str, Any]] = st.one_of(st.just({}), st.just({}), odd)
    return st.tuples(st.fixed_dictionaries(usual), changes).map(lambda pair: {**pair[0], **pair[1]})


FLAGS = mostly(
    {
        "gpu": one_of(*all_gpus()),
        "gpu_memory_gib": maybe(7.92, 23.5, 79.19, 139.7),
        "quantization": maybe(*QUANTIZATIONS),
        "tensor_parallel_size": st.sampled_from((1, 1, 2, 4, 8)),
        "pipeline_parallel_size": st.sampled_from((1, 1, 2, 3)),
        "max_model_len": maybe(*TOKENS),
        "gpu_memory_utilization": maybe(0.05, 0.5, 0.9, 0.95, 1.0),
        "dtype": DTYPES,
        "kv_cache_dtype": KV_DTYPES,
        "max_num_batched_tokens": maybe(256, 2048, 8192, 32_768),
        "max_num_seqs": maybe(1, 64, 256, 2048),
        "enforce_eager": st.booleans(),
        "max_loras": maybe(1, 4, 16),
        "max_lora_rank": maybe(*RANKS),
        "vllm_version": maybe(*VERSIONS),
        "concurrency": st.integers(1, 64),
    },
    {
        "gpu": str, "gpu_memory_gib": float, "quantization": str, "dtype": str, "tensor_parallel_size": int,
        "pipeline_parallel_size": int, "max_model_len": str, "gpu_memory_utilization": float, "kv_cache_dtype": str,
        "max_num_batched_tokens": int, "max_num_seqs": int, "max_loras": int, "max_lora_rank": int, "vllm_version": str,
        "concurrency": int,
    },
)  # fmt: skip
WISHES = mostly(
    {
        "quantization": maybe(*QUANTIZATIONS),
        "max_model_len": one_of(*TOKENS),
        "concurrency": maybe(1, 16, 256),
        "max_ttft_ms": maybe(10.0, 2000.0),
        "max_itl_ms": maybe(5.0, 50.0),
        "max_loras": maybe(1, 4, 16),
        "max_lora_rank": maybe(*RANKS),
        "dtype": DTYPES,
        "kv_cache_dtype": KV_DTYPES,
        "rank_by": one_of("cost", "cost-per-token", "latency"),
        "purchase": one_of("on-demand", "spot", "savings_plan", "reserved"),
        "replicas": one_of("1", "2", "any", "9"),
        "region": one_of("us-east-1", "us-west-2", "eu-west-3"),
        "vllm_version": maybe(*VERSIONS),
    },
    {
        "quantization": str, "quality_floor": str, "max_model_len": str, "concurrency": int,
        "requests_per_second": float, "input_tokens": int, "output_tokens": int, "max_ttft_ms": float,
        "max_itl_ms": float, "max_loras": int, "max_lora_rank": int, "kv_cache_dtype": str, "rank_by": str,
        "purchase": str, "replicas": str, "region": str, "vllm_version": str,
    },
)  # fmt: skip
RATES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {
            "requests_per_second": st.floats(0.01, 100),
            "input_tokens": st.integers(1, 4000),
            "output_tokens": st.integers(1, 1000),
            "concurrency": st.none(),
        }
    ),
    st.fixed_dictionaries(
        {"quality_floor": one_of("full", "near-lossless", "four-bit", "fp8"), "quantization": st.none()}
    ),
)
KNOWN = one_of(*all_models())
MODELS = st.one_of(*[KNOWN] * 9, st.text(alphabet="abl-.0123 _/", max_size=12))


def sane(data: Any, name: str = "") -> None:
    """No number that is none, and no memory below nothing but what is left or lacking."""
    if isinstance(data, dict):
        for key, value in data.items():
            sane(value, name if key in {"low", "expected", "high"} else key)
    elif isinstance(data, list):
        for each in data:
            sane(each, name)
    elif isinstance(data, float | int) and not isinstance(data, bool):
        assert math.isfinite(data), name
        assert data >= 0 or name in {"kv_cache", "headroom_mib", "KV cache", "result"}, (name, data)


def refused(error: RefusedError) -> None:
    text = str(error)
    assert text
    assert "Traceback" not in text


@settings(max_examples=9000, deadline=None)
@given(MODELS, FLAGS)
def test_fit_answers_or_says_why_not(model: str, flags: dict[str, Any]) -> None:
    try:
        asked = fixed_placement(model, **flags)
        if asked.refusal is not None:
            sane(fit_data(asked, None, ()))
            return
        found = fit_range(asked.setup, concurrent_requests=asked.concurrent_requests)
        data = fit_data(asked, found, ())
    except RefusedError as error:
        refused(error)
        return
    sane(data)
    json.dumps(data, allow_nan=False)
    assert (data["reason"] is None) == data["starts"]
    for figure in ("tokens", "max_concurrency", "max_context_tokens"):
        estimate = data["kv_cache"][figure]
        assert estimate["low"] <= estimate["expected"] <= estimate["high"]


@settings(max_examples=800, deadline=None)
@given(KNOWN, FLAGS)
def test_explain_and_the_changes_follow_from_any_fit(model: str, flags: dict[str, Any]) -> None:
    try:
        asked = fixed_placement(model, **flags)
    except RefusedError:
        return
    if asked.refusal is not None:
        return
    told = explain_data(asked, explain(asked.setup, concurrent_requests=asked.concurrent_requests))
    json.dumps(told, allow_nan=False)
    found = fit_range(asked.setup)
    if not found.verdict.starts:
        assert all(each.fits.verdict.starts for each in changes_to_start(asked.setup))


@settings(max_examples=300, deadline=None)
@given(MODELS, WISHES, RATES)
def test_size_answers_or_says_why_not(model: str, wishes: dict[str, Any], rates: dict[str, Any]) -> None:
    try:
        demand = demand_of_options(model, Wishes(**{**wishes, **rates}))
        found = search(demand)
        data = size_data(demand, found.candidates[:3], found.rejected, ())
    except RefusedError as error:
        refused(error)
        return
    sane(data)
    json.dumps(data, allow_nan=False)
    assert data["placements"] or data["rejected"]
    assert all(each["headroom_mib"] >= 0 for each in data["placements"])
