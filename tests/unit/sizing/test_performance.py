"""The roofline and what requests see of it, on numbers that can be checked by hand. How near it comes to published
figures is proved in tests/accuracy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from paddock.catalog import Gpu, Model, Quantization, Scheme, gpu, model, scheme
from paddock.catalog.lookup import RefusedError
from paddock.catalog.performance import efficiency, pcie_link
from paddock.sizing.memory.parallelism import Parallelism
from paddock.sizing.memory.setup import Setup
from paddock.sizing.performance.latency import (
    Performance,
    concurrency_for_rate,
    estimate,
    max_concurrency_within,
)
from paddock.sizing.performance.roofline import arithmetic, matrix_work, roofline
from paddock.sizing.workload import Traffic
from tests.unit.sizing.setups import setup_of

SMALL, LARGE = model("llama-3.1-8b"), model("llama-3.1-70b")
BF16, FP8, INT8, INT4 = (scheme(Quantization(name)) for name in ("bf16", "fp8", "int8", "int4"))
ONE, CHAT, H100 = Parallelism(), Traffic(input_tokens=1000, output_tokens=300), gpu("H100")
USUAL = {"traffic": CHAT, "concurrency": 1, "nvlink": True}


def ask(**changes: Any) -> Performance:
    traffic, concurrency, nvlink = (changes.pop(name, usual) for name, usual in USUAL.items())
    return estimate(started(**changes), traffic, concurrency, nvlink=nvlink)


def started(
    model: Model = SMALL, scheme: Scheme = BF16, gpu: Gpu = H100, split: Parallelism = ONE, **more: Any
) -> Setup:
    return setup_of(model, scheme, gpu, split=split, max_num_batched_tokens=8192, **more)


LAYER = 4096 * (4096 + 1024 + 1024 + 4096 + 3 * 14_336)
"""Weights in the seven matrices of a layer of 8B."""


def test_a_token_passes_the_seven_matrices_of_every_layer_of_8b() -> None:
    work = matrix_work(SMALL, BF16)
    assert work.scheme_weights == 32 * LAYER
    assert work.scheme_bytes == 2 * 32 * LAYER
    assert (work.half_weights, work.half_bytes, work.expert_bytes) == (0, 0, 0)


def test_fp8_reads_half_and_its_scales() -> None:
    work = matrix_work(SMALL, FP8)
    assert work.scheme_weights == 32 * LAYER
    assert 32 * LAYER < work.scheme_bytes < 1.001 * 32 * LAYER


def test_metas_fp8_leaves_attention_and_the_outer_layers_at_16_bits() -> None:
    huge = model("llama-3.1-405b")
    work = matrix_work(huge, scheme(Quantization("fp8-fbgemm")))
    assert work.scheme_weights == 124 * 3 * huge.hidden * huge.intermediate
    assert work.half_weights == matrix_work(huge, BF16).scheme_weights - work.scheme_weights


def test_a_token_passes_the_shared_and_one_of_scouts_16_experts_and_all_are_there_to_be_read() -> None:
    scout = model("llama-4-scout")
    work = matrix_work(scout, BF16)
    expert = 3 * 5120 * 8192
    assert work.expert_bytes == 48 * 16 * expert * 2
    attention_and_router = 5120 * (5120 + 1024 + 1024 + 5120) + 16 * 5120
    assert work.scheme_weights + work.half_weights == 48 * (2 * expert + attention_and_router)
    assert work.unchosen_share == pytest.approx(15 / 16)


def test_one_token_reads_one_of_16_experts_a_second_most_likely_another_and_a_hundred_all() -> None:
    scout = roofline(started(model("llama-4-scout"), BF16, gpu("H200"), Parallelism(8)), nvlink=True)
    moving_ms, all_experts_ms = 1000 * scout.moving_seconds, 1000 * scout.experts_seconds
    one, two, many = (scout.step_ms(tokens, 0, 0, 0) - tokens * moving_ms for tokens in (1, 2, 100))
    assert two - one == pytest.approx(all_experts_ms * (1 / 16) * (15 / 16))
    assert many - one == pytest.approx(all_experts_ms * 15 / 16, rel=0.01)


def test_chunked_attention_reads_the_whole_context_in_one_layer_of_four() -> None:
    scout = roofline(started(model("llama-4-scout"), BF16, gpu("H200"), Parallelism(8)), nvlink=True)
    at = [scout.step_ms(8, context, 0, 0) for context in (4096, 8192, 12_288, 16_384)]
    assert at[1] - at[0] == pytest.approx(4 * (at[2] - at[1]))
    assert at[3] - at[2] == pytest.approx(at[2] - at[1])


def test_arithmetic_in_32_bits_is_refused() -> None:
    with pytest.raises(RefusedError, match="fp32"):
        ask(scheme=scheme(Quantization("fp32")))


def test_one_request_decodes_no_faster_than_the_weights_can_be_read() -> None:
    weights_bytes = 2 * (32 * LAYER + 128_256 * 4096)
    least_ms = 1000 * weights_bytes / 3350e9
    assert least_ms < ask().itl_ms < 1.6 * least_ms


def test_a_long_prompt_is_prefilled_no_faster_than_it_can_be_computed() -> None:
    tokens = 8000
    least_ms = 1000 * 2 * tokens * 32 * LAYER / 989e12
    assert least_ms < ask(traffic=Traffic(tokens, 100)).ttft_ms < 2 * least_ms


@pytest.mark.parametrize(
    ("name", "on", "kind"),
    [
        ("bf16", "H100", "16bit"),
        ("fp8", "H100", "fp8"),
        ("fp8", "L4", "fp8"),
        ("fp8", "A100-80GB", "16bit"),
        ("int8", "A100-80GB", "int8"),
        ("int4", "H100", "16bit"),
    ],
)
def test_a_scheme_computes_in_8_bits_only_where_the_gpu_does(name: str, on: str, kind: str) -> None:
    assert arithmetic(scheme(Quantization(name)), gpu(on), efficiency(on)) == kind


def test_fp8_on_ampere_saves_reading_but_no_arithmetic() -> None:
    ampere = {"gpu": gpu("A100-80GB"), "traffic": Traffic(8000, 100)}
    assert ask(scheme=FP8, **ampere).itl_ms < ask(scheme=BF16, **ampere).itl_ms
    assert ask(scheme=FP8, **ampere).ttft_ms >= ask(scheme=BF16, **ampere).ttft_ms


def test_weights_of_4_bits_are_read_faster_than_of_8_and_those_than_of_16() -> None:
    times = [ask(scheme=each).itl_ms for each in (INT4, FP8, BF16)]
    assert times == sorted(times)


def test_tensor_parallelism_without_nvlink_pays_for_it() -> None:
    split = Parallelism(tensor=4)
    assert ask(split=split, nvlink=False, concurrency=64).itl_ms > ask(split=split, concurrency=64).itl_ms


def test_a_pipeline_does_not_make_one_request_faster_but_serves_more_of_them() -> None:
    split = Parallelism(pipeline=4)
    assert ask(model=LARGE, split=split).itl_ms >= ask(model=LARGE, split=ONE).itl_ms
    many = {"model": LARGE, "concurrency": 256}
    assert ask(split=split, **many).requests_per_second > 2 * ask(split=ONE, **many).requests_per_second


def test_a_pipeline_prefills_the_chunks_of_a_long_prompt_at_the_same_time() -> None:
    long = {"model": LARGE, "traffic": Traffic(64_000, 100)}
    alone, staged = ask(split=ONE, **long), ask(split=Parallelism(pipeline=4), **long)
    chunks = 64_000 / 8192
    assert staged.ttft_ms / alone.ttft_ms == pytest.approx((chunks + 3) / 4 / chunks, rel=0.05)


def test_an_8_bit_kv_cache_helps_where_contexts_are_long_and_many() -> None:
    long = {"traffic": Traffic(16_000, 1000), "concurrency": 64}
    assert ask(kv_cache_dtype="fp8", **long).itl_ms < 0.8 * ask(**long).itl_ms


def test_requests_in_flight_are_requests_a_second_times_seconds_each() -> None:
    found = ask(concurrency=32)
    seconds = (found.ttft_ms + (CHAT.output_tokens - 1) * found.itl_ms) / 1000
    assert found.requests_per_second * seconds == pytest.approx(32)
    assert found.output_tokens_per_second == pytest.approx(300 * found.requests_per_second)


def test_beyond_saturation_more_requests_wait_and_no_more_are_served() -> None:
    flood = {"traffic": Traffic(4000, 20)}
    full, twice = ask(concurrency=2000, **flood), ask(concurrency=4000, **flood)
    assert twice.requests_per_second == pytest.approx(full.requests_per_second, rel=0.01)
    assert twice.ttft_ms > 1.9 * full.ttft_ms


def test_the_concurrency_for_a_rate_is_the_least_that_reaches_it() -> None:
    needed = concurrency_for_rate(started(), CHAT, 5.0, nvlink=True)
    assert needed is not None
    assert ask(concurrency=needed).requests_per_second >= 5
    assert ask(concurrency=needed - 1).requests_per_second < 5


def test_a_rate_that_no_concurrency_reaches_has_none() -> None:
    assert concurrency_for_rate(started(LARGE, FP8, gpu("L40S"), Parallelism(2)), CHAT, 100.0, nvlink=False) is None


def test_the_most_within_targets_meets_them_and_one_more_does_not() -> None:
    most = max_concurrency_within(started(), CHAT, nvlink=True, max_itl_ms=20)
    assert ask(concurrency=most).itl_ms <= 20 < ask(concurrency=most + 1).itl_ms
    most = max_concurrency_within(started(gpu=gpu("L4")), CHAT, nvlink=False, max_ttft_ms=500)
    assert ask(concurrency=most, gpu=gpu("L4")).ttft_ms <= 500 < ask(concurrency=most + 1, gpu=gpu("L4")).ttft_ms


def test_targets_that_one_request_alone_misses_allow_none() -> None:
    assert (
        max_concurrency_within(started(LARGE, FP8, gpu("L40S"), Parallelism(4)), CHAT, nvlink=False, max_itl_ms=5) == 0
    )


def test_no_targets_allow_as_many_as_are_asked_about() -> None:
    assert max_concurrency_within(started(), CHAT, nvlink=True, most=100) == 100


def test_a_gpu_with_the_shares_of_another_has_a_wider_band() -> None:
    assert ask(gpu=gpu("A10G")).high_share > ask().high_share
    assert "A100-80GB" in ask(gpu=gpu("A10G")).source


def test_a_gpu_of_the_users_own_has_the_shares_of_the_slowest_and_a_wider_band() -> None:
    own = ask(gpu=replace(gpu("L40S"), name="a card"))
    assert own.itl_ms == ask(gpu=gpu("L40S")).itl_ms
    assert own.high_share > ask(gpu=gpu("L40S")).high_share


def test_an_all_reduce_among_more_gpus_over_pcie_is_slower() -> None:
    assert pcie_link("L40S", 2).bus_gb_per_second > pcie_link("L40S", 3).bus_gb_per_second
    assert pcie_link("L40S", 3) == pcie_link("L40S", 4)
    assert pcie_link("L40S", 16) == pcie_link("L40S", 8)


def test_a_gpu_without_stated_arithmetic_is_refused_by_name() -> None:
    silent = replace(gpu("A10G"), name="a card", display_name="Some Card", bf16_dense_tflops=None)
    with pytest.raises(RefusedError, match="Some Card"):
        roofline(started(gpu=silent), nvlink=False)


@pytest.mark.parametrize("concurrency", [0, -3])
def test_no_requests_in_flight_are_refused(concurrency: int) -> None:
    with pytest.raises(RefusedError, match="at least 1"):
        ask(concurrency=concurrency)


@pytest.mark.parametrize("lengths", [(0, 10), (10, 0), (-1, 5)])
def test_requests_of_no_tokens_are_refused(lengths: tuple[int, int]) -> None:
    with pytest.raises(RefusedError, match="must be a whole number from 1 to"):
        Traffic(*lengths)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_of_nothing_is_refused(rate: float) -> None:
    with pytest.raises(RefusedError, match="more than 0"):
        concurrency_for_rate(started(), CHAT, rate, nvlink=True)
