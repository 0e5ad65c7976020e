"""Weights, exact to the tensor: against published parameter counts and against what real vLLM start-ups printed."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog import Model, Quantization, Runtime, all_models, model, scheme
from paddock.sizing.memory.parallelism import Parallelism, illegal, pipeline_ranks
from paddock.sizing.memory.parameters import layer_tensors, total_parameters, vision_parameters
from paddock.sizing.memory.weights import checkpoint_bytes, ranks_bytes, rope_cache_bytes
from paddock.units import MIB

GIB = 2**30
ROWS = Path(__file__).with_name("startup_rows.csv")
SPLITS = Runtime("0.20.0")
"""The newest vLLM that loads weights without a limit on the blocks that torch splits."""


def startups() -> list[dict[str, str]]:
    with ROWS.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@pytest.mark.parametrize("name", sorted(all_models()))
def test_the_shapes_add_up_to_the_published_count_of_parameters(name: str) -> None:
    found = model(name)
    assert total_parameters(found) == found.parameters


def printed(row: dict[str, str]) -> tuple[float, float]:
    """Weights of the row's first GPU by our count, and as vLLM printed them, in GiB."""
    capability = tuple(map(int, row["compute_capability"].split("."))) if row["compute_capability"] else None
    split = Parallelism(int(row["tensor_parallel"]), int(row["pipeline_parallel"]))
    runtime = Runtime(row["vllm_version"] or None, capability)  # type: ignore[arg-type]  # two numbers, as written above
    held = ranks_bytes(model(row["model"]), scheme(Quantization(row["quantization"])), split, runtime)[0]
    return held / GIB, float(row["weights_gib"])


@pytest.mark.parametrize("row", [row for row in startups() if row["stated"] == "yes"], ids=lambda row: row["row"])
def test_weights_are_what_vllm_printed_to_the_last_digit(row: dict[str, str]) -> None:
    ours, theirs = printed(row)
    digits = len(row["weights_gib"].split(".")[1])
    # Half a unit of the last digit that was printed, and 16 KiB for what else lives on the GPU by then.
    assert abs(ours - theirs) <= 0.5 * 10**-digits + 2**14 / GIB


@pytest.mark.parametrize("row", [row for row in startups() if row["stated"] == "no"], ids=lambda row: row["row"])
def test_weights_are_within_a_quarter_per_cent_where_the_log_does_not_say_all(row: dict[str, str]) -> None:
    # Row 73, the worst, also has LoRA and names neither version nor tensor parallelism.
    ours, theirs = printed(row)
    assert ours == pytest.approx(theirs, rel=0.0025)


@pytest.mark.parametrize(
    ("name", "quantization", "gib"),
    [
        # llama_models survey of 2026-11-24; 67.7 GiB is the size of the repository's files.
        ("llama-3.1-405b", Quantization.BF16, 755.96),
        ("llama-3.1-405b", Quantization.FP8, 381.9),
        ("llama-3.1-405b", Quantization.INT4, 200.71),
        ("llama-3.1-70b", Quantization.INT8, 67.7),
        ("llama-3.1-8b", Quantization.INT4, 5.31),
        ("llama-3.1-405b", Quantization.FP8_FBGEMM, 453.77),
        ("llama-3.1-405b", Quantization.AWQ, 202.16),
        ("llama-3.1-70b", Quantization.AWQ, 37.03),
        ("llama-3.1-8b", Quantization.FP8_RUNTIME, 14.96),
    ],
)
def test_checkpoints_weigh_what_their_repositories_do(name: str, quantization: Quantization, gib: float) -> None:
    assert checkpoint_bytes(model(name), scheme(quantization)) / GIB == pytest.approx(gib, rel=0.001)


def test_embeddings_and_lm_head_are_not_quantized() -> None:
    # The trap: 8B at 4 bits is 5.3 GiB, not the 3.7 that half a byte a parameter would make.
    naive = 8_030_261_248 / 2
    assert checkpoint_bytes(model("llama-3.1-8b"), scheme(Quantization.INT4)) > 1.4 * naive


def test_metas_own_fp8_leaves_attention_and_the_first_and_last_layer_at_16_bits() -> None:
    large, fbgemm = model("llama-3.1-405b"), scheme(Quantization.FP8_FBGEMM)
    quantized = 124 * 3 * large.hidden * large.intermediate
    scales = 124 * 4 * (2 * large.intermediate + large.hidden)
    bounds = 124 * 3 * 4
    assert checkpoint_bytes(large, fbgemm) == 2 * large.parameters - quantized + scales + bounds


def test_fp32_doubles_everything_even_the_rotary_cache() -> None:
    small = model("llama-3.1-8b")
    half, whole = (
        ranks_bytes(small, scheme(each), Parallelism(), SPLITS)[0] for each in (Quantization.BF16, Quantization.FP32)
    )
    assert whole == 2 * half


def test_biases_are_counted_and_divided_as_their_layer_is() -> None:
    plain = model("llama-3.1-8b")
    biased = replace(plain, attention_bias=True, mlp_bias=True)
    outputs = 4096 + 2 * 1024 + 4096 + 2 * 14_336 + 4096
    assert total_parameters(biased) - total_parameters(plain) == 32 * outputs
    # o_proj and down_proj sum over the ranks, so both of their biases are whole on each.
    on_one_of_two = 32 * 2 * ((4096 + 2 * 1024 + 2 * 14_336) // 2 + 2 * 4096)
    split = Parallelism(2)
    bf16 = scheme(Quantization.BF16)
    assert ranks_bytes(biased, bf16, split, SPLITS)[0] - ranks_bytes(plain, bf16, split, SPLITS)[0] == on_one_of_two


def test_an_odd_vocabulary_is_padded_to_64_before_it_is_divided() -> None:
    bf16, plain = scheme(Quantization.BF16), model("llama-3.1-8b")
    more, most = replace(plain, vocab=128_257), replace(plain, vocab=128_320)
    assert ranks_bytes(more, bf16, Parallelism(2)) == ranks_bytes(most, bf16, Parallelism(2))
    assert checkpoint_bytes(more, bf16) < checkpoint_bytes(most, bf16)


def test_kv_heads_are_repeated_when_there_are_more_ranks_than_heads() -> None:
    large, bf16 = model("llama-3.1-405b"), scheme(Quantization.BF16)
    eight, sixteen = (ranks_bytes(large, bf16, Parallelism(tensor))[0] for tensor in (8, 16))
    one_head = 2 * large.head_dim * large.hidden * 2
    shared = rope_cache_bytes(large) + 2 * (2 * large.layers + 1) * large.hidden
    assert 2 * (sixteen - shared) - (eight - shared) == pytest.approx(large.layers * one_head, rel=0.02)


@pytest.mark.parametrize(
    ("name", "billions"), [("llama-4-scout", 108.641_793_536), ("llama-4-maverick", 401.583_781_376)]
)
def test_llama_4_has_the_parameters_of_its_card_with_the_vision_tower(name: str, billions: float) -> None:
    assert total_parameters(model(name)) + vision_parameters(model(name)) == round(billions * 10**9)


def test_every_gpu_of_scout_holds_a_rotary_cache_of_two_and_a_half_gib() -> None:
    scout = model("llama-4-scout")
    assert rope_cache_bytes(scout) == 2.5 * GIB
    shards = ranks_bytes(scout, scheme(Quantization.BF16), Parallelism(8))[0] - rope_cache_bytes(scout)
    assert shards * 8 / GIB == pytest.approx((total_parameters(scout) + vision_parameters(scout)) * 2 / GIB, rel=0.005)


def test_experts_are_divided_and_only_every_second_layer_of_maverick_has_them() -> None:
    maverick = model("llama-4-maverick")
    with_experts = [sum(tensor.parameters for tensor in layer_tensors(maverick, layer)) for layer in (0, 1, 2, 3)]
    assert with_experts[0] == with_experts[2] < with_experts[1] == with_experts[3]
    first, second = ranks_bytes(maverick, scheme(Quantization.BF16), Parallelism(8, 2))
    assert first == pytest.approx(second, rel=0.01)


def test_attention_router_and_vision_of_a_quantized_llama_4_stay_at_16_bits() -> None:
    scout, int4 = model("llama-4-scout"), scheme(Quantization.INT4)
    everything = (total_parameters(scout) + vision_parameters(scout)) * (4 + 16 / 128) / 8
    assert checkpoint_bytes(scout, int4) > 1.1 * everything


def test_vllm_itself_quantizes_attention_too() -> None:
    scout = model("llama-4-scout")
    published, own = (
        ranks_bytes(scout, scheme(each), Parallelism(4), SPLITS)[0]
        for each in (Quantization.FP8, Quantization.FP8_RUNTIME)
    )
    attention = 48 * (2 * 5120 * 5120 + 2 * 1024 * 5120)
    channel_scales = 48 * 17 * (2 * 8192 // 4 + 5120) * 4
    assert published - own == pytest.approx(attention / 4 + channel_scales, rel=0.03)


def test_hopper_keeps_the_zero_points_of_gptq_that_marlin_lets_go_of() -> None:
    found, gptq = model("llama-3.1-8b"), scheme(Quantization.GPTQ)
    marlin, machete = (
        ranks_bytes(found, gptq, Parallelism(), Runtime("0.19.0", capability))[0] for capability in ((8, 0), (9, 0))
    )
    zero_points = 32 * 4 // 8 * (6144 * 32 + 4096 * 32 + 28_672 * 32 + 4096 * 112)
    assert machete - marlin == pytest.approx(zero_points, rel=0.2)


def test_bitsandbytes_scales_take_four_times_as_much_since_vllm_undoes_their_second_quantization() -> None:
    found, nf4 = model("llama-3.1-8b"), scheme(Quantization.NF4)
    old, new = (ranks_bytes(found, nf4, Parallelism(), Runtime(version))[0] for version in ("0.6.3", "0.19.0"))
    linear = 32 * (6144 * 4096 + 4096 * 4096 + 3 * 14_336 * 4096)
    assert new - old == pytest.approx(linear // 64 * 3, rel=0.03)


def test_tied_embeddings_are_stored_once_on_one_gpu_and_twice_across_a_pipeline() -> None:
    small = model("llama-3.2-1b")
    embedding = small.vocab * small.hidden * 2
    (alone,) = ranks_bytes(small, scheme(Quantization.BF16), Parallelism())
    first, last = ranks_bytes(small, scheme(Quantization.BF16), Parallelism(1, 2))
    # The allocator's block of the embedding is 1 MiB larger than the embedding.
    assert first + last - rope_cache_bytes(small) == alone + embedding + MIB


def test_layers_that_do_not_divide_go_before_the_last_stage() -> None:
    # vLLM's get_pp_indices: 126 layers over 8 stages.
    assert [rank.layers for rank in pipeline_ranks(model("llama-3.1-405b"), 8)] == [15, 16, 16, 16, 16, 16, 16, 15]


legal_splits = [
    (each, quantization, Parallelism(tensor, pipeline))
    for each in all_models().values()
    for quantization in Quantization
    for tensor in (1, 2, 4, 8, 16)
    for pipeline in (1, 2, 4, 8)
    if illegal(each, scheme(quantization), Parallelism(tensor, pipeline)) is None
]


@given(st.sampled_from(legal_splits))
def test_all_gpus_together_hold_at_least_the_whole_checkpoint(case: tuple[Model, Quantization, Parallelism]) -> None:
    found, quantization, split = case
    if scheme(quantization).files_of is not None:
        return  # What vLLM makes of a checkpoint while loading it may be smaller than the checkpoint.
    together = split.tensor * sum(ranks_bytes(found, scheme(quantization), split))
    # Marlin lets go of the zero points and the index in the files of GPTQ: 0.9 %.
    assert together >= 0.99 * checkpoint_bytes(found, scheme(quantization))


@given(st.sampled_from(legal_splits))
def test_more_gpus_never_hold_more_each(case: tuple[Model, Quantization, Parallelism]) -> None:
    found, quantization, split = case
    alone = max(ranks_bytes(found, scheme(quantization), Parallelism()))
    assert max(ranks_bytes(found, scheme(quantization), split)) <= alone


@given(st.sampled_from(sorted(all_models())))
def test_fewer_bits_never_weigh_more(name: str) -> None:
    sizes = [
        checkpoint_bytes(model(name), scheme(each)) for each in (Quantization.BF16, Quantization.FP8, Quantization.INT4)
    ]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("name", "quantization", "split", "why"),
    [
        ("llama-3.2-3b", Quantization.BF16, Parallelism(16), "does not divide the 24 attention heads"),
        ("llama-3.1-8b", Quantization.BF16, Parallelism(3), "does not divide the 32 attention heads"),
        ("llama-3.2-3b", Quantization.BF16, Parallelism(6), "neither divides nor is a multiple of the 8 KV heads"),
        ("llama-3.2-3b", Quantization.BF16, Parallelism(24), "does not divide the feed-forward width 8192"),
        ("llama-3.1-8b", Quantization.INT4, Parallelism(32), "cuts through groups of 128"),
        ("llama-3.2-1b", Quantization.BF16, Parallelism(1, 17), "more than the 16 layers"),
    ],
)
def test_a_split_that_vllm_refuses_is_refused_with_the_reason(
    name: str, quantization: Quantization, split: Parallelism, why: str
) -> None:
    assert why in (illegal(model(name), scheme(quantization), split) or "")
