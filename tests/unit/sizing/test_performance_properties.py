"""What must hold of the performance model whatever is asked."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.catalog import Gpu, Model, Quantization, Scheme, all_gpus, all_models, scheme
from paddock.sizing.memory.parallelism import Parallelism
from paddock.sizing.memory.setup import Setup
from paddock.sizing.performance.latency import Performance, estimate, max_concurrency_within
from paddock.sizing.workload import Traffic
from tests.unit.sizing.setups import setup_of

MODELS = st.sampled_from([each for each in all_models().values() if each.parameters < 500e9])
GPUS = st.sampled_from(list(all_gpus().values()))
SCHEMES = st.sampled_from([scheme(Quantization(name)) for name in ("bf16", "fp8", "int8", "int4")])
SPLITS = st.builds(Parallelism, st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 4]))
TRAFFIC = st.builds(Traffic, st.integers(1, 131_072), st.integers(1, 16_384))
CONCURRENCY = st.integers(1, 4096)


def started(model_: Model, scheme_: Scheme, gpu_: Gpu, split: Parallelism) -> Setup:
    return setup_of(model_, scheme_, gpu_, split=split, max_num_batched_tokens=8192)


def ask(
    model_: Model, scheme_: Scheme, gpu_: Gpu, split: Parallelism, traffic: Traffic, concurrency: int, nvlink: bool
) -> Performance:
    return estimate(started(model_, scheme_, gpu_, split), traffic, concurrency, nvlink=nvlink)


@settings(max_examples=500)
@given(MODELS, SCHEMES, GPUS, SPLITS, TRAFFIC, CONCURRENCY, st.booleans())
def test_every_answer_is_a_positive_number(
    model_: Model, scheme_: Scheme, gpu_: Gpu, split: Parallelism, traffic: Traffic, concurrency: int, nvlink: bool
) -> None:
    found = ask(model_, scheme_, gpu_, split, traffic, concurrency, nvlink)
    for value in (
        found.ttft_ms,
        found.itl_ms,
        found.output_tokens_per_second,
        found.requests_per_second,
        found.low_share,
        found.high_share,
    ):
        assert math.isfinite(value)
        assert value > 0


@settings(max_examples=300)
@given(MODELS, SCHEMES, GPUS, SPLITS, TRAFFIC, CONCURRENCY, st.booleans(), st.integers(1, 2000))
def test_more_requests_in_flight_are_never_faster_for_one_of_them(
    model_: Model,
    scheme_: Scheme,
    gpu_: Gpu,
    split: Parallelism,
    traffic: Traffic,
    concurrency: int,
    nvlink: bool,
    more: int,
) -> None:
    few = ask(model_, scheme_, gpu_, split, traffic, concurrency, nvlink)
    many = ask(model_, scheme_, gpu_, split, traffic, concurrency + more, nvlink)
    assert many.itl_ms >= few.itl_ms * (1 - 1e-9)
    assert many.ttft_ms >= few.ttft_ms * (1 - 1e-9)


@settings(max_examples=300)
@given(MODELS, SCHEMES, GPUS, SPLITS, TRAFFIC, CONCURRENCY, st.booleans(), st.floats(1, 10), st.floats(1, 10))
def test_more_bandwidth_or_arithmetic_is_never_slower(
    model_: Model,
    scheme_: Scheme,
    gpu_: Gpu,
    split: Parallelism,
    traffic: Traffic,
    concurrency: int,
    nvlink: bool,
    bandwidth: float,
    arithmetic: float,
) -> None:
    better = replace(
        gpu_,
        memory_bandwidth_gb_per_second=math.ceil(gpu_.memory_bandwidth_gb_per_second * bandwidth),
        bf16_dense_tflops=gpu_.bf16_dense_tflops and gpu_.bf16_dense_tflops * arithmetic,
        fp8_dense_tflops=gpu_.fp8_dense_tflops and gpu_.fp8_dense_tflops * arithmetic,
    )
    old = ask(model_, scheme_, gpu_, split, traffic, concurrency, nvlink)
    new = ask(model_, scheme_, better, split, traffic, concurrency, nvlink)
    assert new.itl_ms <= old.itl_ms * (1 + 1e-9)
    assert new.ttft_ms <= old.ttft_ms * (1 + 1e-9)
    assert new.requests_per_second >= old.requests_per_second * (1 - 1e-9)


@settings(max_examples=200)
@given(MODELS, SCHEMES, GPUS, SPLITS, TRAFFIC, st.booleans(), st.floats(1, 10_000), st.floats(0.1, 1000))
def test_a_looser_target_never_allows_fewer_requests(
    model_: Model,
    scheme_: Scheme,
    gpu_: Gpu,
    split: Parallelism,
    traffic: Traffic,
    nvlink: bool,
    max_ttft_ms: float,
    max_itl_ms: float,
) -> None:
    def most(slack: float) -> int:
        return max_concurrency_within(
            started(model_, scheme_, gpu_, split),
            traffic,
            nvlink=nvlink,
            max_ttft_ms=max_ttft_ms * slack,
            max_itl_ms=max_itl_ms * slack,
        )

    assert most(2) >= most(1)


@settings(max_examples=200)
@given(MODELS, SCHEMES, GPUS, SPLITS, st.integers(1, 60_000), st.integers(2, 4000), st.integers(1, 4000))
def test_a_longer_prompt_never_has_its_first_token_sooner(
    model_: Model,
    scheme_: Scheme,
    gpu_: Gpu,
    split: Parallelism,
    inputs: int,
    outputs: int,
    more: int,
) -> None:
    short = ask(model_, scheme_, gpu_, split, Traffic(inputs, outputs), 1, nvlink=True)
    long = ask(model_, scheme_, gpu_, split, Traffic(inputs + more, outputs), 1, nvlink=True)
    assert long.ttft_ms >= short.ttft_ms
