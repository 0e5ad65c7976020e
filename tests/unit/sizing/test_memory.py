"""The budget of one GPU: the terms add up, more work needs more, and what other tools get wrong comes out right.

Figures against real start-ups are in `tests/accuracy`; the terms of the engine in `test_engine.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog import Quantization, all_gpus, all_models, engine, model, scheme
from paddock.sizing import Fit, KvCacheDtype, LoraSlots, Parallelism, fit
from paddock.sizing.memory.kv_cache import bytes_per_token, rank_bytes_per_token, request_tokens
from paddock.sizing.memory.parallelism import PipelineRank, illegal, pipeline_ranks
from tests.unit.sizing.setups import setup_of

NEWEST = engine("0.33.0")


def fitted(
    name: str,
    quantization: str,
    card: str,
    split: Parallelism,
    context: int = 8192,
    requests: int = 4,
    version: str = "0.33.0",
    **flags: Any,
) -> Fit:
    setup = setup_of(name, quantization, card, version, split, max_model_len=context, **flags)
    return fit(setup, concurrent_requests=requests)


@pytest.mark.parametrize(
    ("name", "kv_bytes"),
    [
        ("llama-3.2-1b", 32_768),
        ("llama-3.2-3b", 114_688),
        ("llama-3.1-8b", 131_072),
        ("llama-3.1-70b", 327_680),
        ("llama-3.1-405b", 516_096),
        ("llama-4-scout", 196_608),
    ],
)
def test_a_tokens_keys_and_values_count_kv_heads_and_not_attention_heads(name: str, kv_bytes: int) -> None:
    # Counting attention heads makes 70B's cache eight times too large.
    assert bytes_per_token(model(name), 2) == kv_bytes
    assert bytes_per_token(model(name), 1) == kv_bytes // 2


def test_kv_heads_are_repeated_where_there_are_more_ranks_than_heads() -> None:
    big = model("llama-3.1-405b")
    (rank,) = pipeline_ranks(big, 1)
    assert rank_bytes_per_token(big, 16, rank, 2) == rank_bytes_per_token(big, 8, rank, 2)


def test_scouts_whole_context_takes_what_vllm_said_it_would_on_eight_gpus() -> None:
    # vllm-project/vllm issue 19407: 240.00 GiB for 10,485,760 tokens at TP 8, when chunked layers still held all of it.
    scout = model("llama-4-scout")
    (rank,) = pipeline_ranks(scout, 1)
    tokens = request_tokens(scout, rank, 10_485_760, None)
    assert tokens * rank_bytes_per_token(scout, 8, rank, 2) / 2**30 == 240.0


def test_layers_with_chunked_attention_hold_no_more_than_their_chunk_and_the_steps_in_flight() -> None:
    scout = model("llama-4-scout")
    (rank,) = pipeline_ranks(scout, 1)
    # One layer in four attends to everything.
    assert request_tokens(scout, rank, 1_048_576, 8192) == (1_048_576 + 3 * 16_384) / 4
    assert request_tokens(scout, rank, 4096, 8192) == 4096


def test_the_terms_add_up_to_the_share_that_vllm_may_take() -> None:
    memory = fitted(
        "llama-3.1-8b", "bf16", "L40S", Parallelism(2), lora=LoraSlots(max_loras=4, max_lora_rank=32)
    ).memory
    terms = memory.weights_mib + memory.lora_mib + memory.activation_mib + memory.cuda_graphs_mib + memory.non_torch_mib
    assert terms + memory.kv_cache_mib == memory.budget_mib
    assert memory.lora_mib > 0


def test_an_fp8_cache_holds_twice_the_tokens() -> None:
    plain = fitted("llama-3.1-8b", "bf16", "L4", Parallelism(1))
    halved = fitted("llama-3.1-8b", "bf16", "L4", Parallelism(1), kv_cache_dtype=KvCacheDtype.FP8)
    assert halved.kv_cache.capacity_tokens == pytest.approx(2 * plain.kv_cache.capacity_tokens, abs=16)


def test_a_seventy_billion_at_fp8_does_not_start_on_one_80_gb_gpu_by_default() -> None:
    found = fitted("llama-3.1-70b", "fp8", "H100", Parallelism(1), 16_384, 1, "0.19.0", gpu_memory_utilization=0.9)
    assert not found.starts


def test_it_starts_at_95_percent_with_an_fp8_cache_and_16k() -> None:
    found = fitted(
        "llama-3.1-70b",
        "fp8",
        "H100",
        Parallelism(1),
        16_384,
        1,
        "0.19.0",
        gpu_memory_utilization=0.95,
        kv_cache_dtype=KvCacheDtype.FP8,
    )
    assert found.starts


def test_four_hundred_and_five_billion_at_bf16_do_not_start_on_eight_h100() -> None:
    assert not fitted("llama-3.1-405b", "bf16", "H100", Parallelism(8), 2048, 1).starts
    assert fitted("llama-3.1-405b", "bf16", "H200", Parallelism(8), 2048, 1).starts
    assert fitted("llama-3.1-405b", "bf16", "H100", Parallelism(8, 2), 2048, 1).starts


def test_scout_at_bf16_does_not_start_on_eight_l4() -> None:
    assert not fitted("llama-4-scout", "bf16", "L4", Parallelism(8), 2048, 1).starts


def test_a_gpu_is_as_large_as_torch_says_and_not_as_its_box_says() -> None:
    for card in all_gpus().values():
        assert card.usable_mib < card.nominal_gb * 1024


def test_a_pipeline_is_as_roomy_as_its_tightest_stage() -> None:
    found = model("llama-3.1-8b")
    whole = fit(setup_of(found, split=Parallelism(1, 3)))
    ranks = pipeline_ranks(found, 3)
    assert [rank.layers for rank in ranks] == [10, 11, 11] or sum(rank.layers for rank in ranks) == found.layers
    heaviest = max(rank.layers for rank in ranks)
    assert whole.memory.kv_cache_mib * 2**20 // (heaviest * 4096) >= whole.kv_cache.capacity_tokens


def test_what_lies_outside_the_share_can_keep_vllm_from_starting() -> None:
    roomy = fitted("llama-3.2-1b", "bf16", "L4", Parallelism(1), version="0.17.1")
    tight = fitted("llama-3.2-1b", "bf16", "L4", Parallelism(1), version="0.17.1", gpu_memory_utilization=0.99)
    assert roomy.starts
    assert tight.memory.kv_cache_mib > roomy.memory.kv_cache_mib
    assert tight.memory.outside_shortfall_mib > 0
    assert not tight.starts


def test_other_processes_take_from_what_lies_outside() -> None:
    alone = fit(setup_of("llama-3.1-8b", max_model_len=4096))
    shared = fit(setup_of("llama-3.1-8b", max_model_len=4096, others_mib=4096))
    assert alone.starts
    assert not shared.starts


MODELS = st.sampled_from(sorted(all_models()))
SCHEMES = st.sampled_from(sorted(Quantization))
CARDS = st.sampled_from(sorted(all_gpus()))
VERSIONS = st.sampled_from(
    ["0.5.4", "0.7.3", "0.8.5", "0.10.2", "0.11.0", "0.17.1", "0.19.0", "0.21.0", "0.23.0", "0.33.0"]
)
SPLITS = st.builds(Parallelism, st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 3, 4]))


def legal(name: str, quantization: str, split: Parallelism) -> bool:
    return illegal(model(name), scheme(Quantization(quantization)), split) is None


@given(MODELS, SCHEMES, CARDS, VERSIONS, SPLITS, st.integers(1, 131_072), st.integers(1, 512))
def test_any_question_has_a_whole_answer(
    name: str, quantization: str, card: str, version: str, split: Parallelism, context: int, requests: int
) -> None:
    if not legal(name, quantization, split):
        return
    found = fitted(name, quantization, card, split, context, requests, version)
    memory, cache = found.memory, found.kv_cache
    assert min(memory.weights_mib, memory.activation_mib, memory.non_torch_mib, memory.band_mib) > 0
    assert min(memory.cuda_graphs_mib, memory.outside_mib, memory.kv_required_mib) >= 0
    assert 0 <= cache.capacity_low_tokens <= cache.capacity_tokens <= cache.capacity_high_tokens
    assert cache.max_concurrency >= 0
    assert not (found.fits and requests and not found.starts)


@given(MODELS, SCHEMES, CARDS, SPLITS, st.integers(1, 65_536), st.integers(1, 256), st.integers(1, 4))
def test_more_context_or_more_requests_never_needs_less_memory(
    name: str, quantization: str, card: str, split: Parallelism, context: int, requests: int, times: int
) -> None:
    if not legal(name, quantization, split):
        return
    few = fitted(name, quantization, card, split, context, requests)
    longer = fitted(name, quantization, card, split, context * times, requests)
    more = fitted(name, quantization, card, split, context, requests * times)
    assert few.memory.headroom_mib >= max(longer.memory.headroom_mib, more.memory.headroom_mib)


@given(MODELS, CARDS, SPLITS)
def test_more_bits_never_need_less_memory(name: str, card: str, split: Parallelism) -> None:
    if not legal(name, "int4", split):
        return
    weights = [fitted(name, each, card, split).memory.weights_mib for each in ("int4", "fp8", "bf16", "fp32")]
    assert weights == sorted(weights)


@given(MODELS, SCHEMES, CARDS)
def test_more_gpus_never_hold_less(name: str, quantization: str, card: str) -> None:
    tokens = [
        fitted(name, quantization, card, Parallelism(tensor)).kv_cache.capacity_tokens
        for tensor in (1, 2, 4, 8)
        if legal(name, quantization, Parallelism(tensor))
    ]
    assert tokens == sorted(tokens)


def test_a_rank_is_told_by_what_it_holds() -> None:
    assert PipelineRank(layers=16, first=True, last=False) == pipeline_ranks(model("llama-3.1-8b"), 2)[0]


def test_a_stage_whose_layers_all_attend_in_chunks_holds_any_context_that_the_model_reads() -> None:
    # Sixteen stages of Scout have three layers each, and some of them none that attends to everything.
    found = fitted("llama-4-scout", "bf16", "H200", Parallelism(8, 16), 1_048_576, 1)
    assert 0 < found.kv_cache.max_context_tokens <= model("llama-4-scout").max_context_tokens


def test_a_cache_that_lacks_one_block_of_the_context_does_not_start() -> None:
    cache = fitted("llama-3.1-8b", "bf16", "L4", Parallelism(1), 8192, 1).kv_cache
    assert fitted("llama-3.1-8b", "bf16", "L4", Parallelism(1), cache.capacity_tokens, 1).starts
    assert not fitted("llama-3.1-8b", "bf16", "L4", Parallelism(1), cache.capacity_tokens + 16, 1).starts
