"""Weights, exact to the tensor: against published parameter counts and against what real vLLM start-ups printed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog import Model, Quantization, all_models, model, scheme
from paddock.sizing import Parallelism, checkpoint_bytes, ranks_bytes, total_parameters
from paddock.sizing.parallelism import illegal, pipeline_ranks
from paddock.sizing.weights import rope_cache_bytes, stored_bytes

GIB = 2**30
ROWS = Path(__file__).with_name("startup_rows.csv")


def startups() -> list[dict[str, str]]:
    with ROWS.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@pytest.mark.parametrize("name", sorted(all_models()))
def test_the_shapes_add_up_to_the_published_count_of_parameters(name: str) -> None:
    found = model(name)
    assert total_parameters(found) == found.parameters


@pytest.mark.parametrize("row", startups(), ids=lambda row: "-".join(list(row.values())[:6]))
def test_weights_are_within_one_per_cent_of_what_vllm_printed(row: dict[str, str]) -> None:
    split = Parallelism(int(row["tensor_parallel"]), int(row["pipeline_parallel"]))
    first = ranks_bytes(model(row["model"]), scheme(Quantization(row["quantization"])), split)[0]
    assert first / GIB == pytest.approx(float(row["weights_gib"]), rel=0.01)


def test_unquantized_8b_is_right_to_the_last_printed_digit() -> None:
    (whole,) = ranks_bytes(model("llama-3.1-8b"), scheme(Quantization.BF16), Parallelism())
    assert round(whole / GIB, 4) == 14.9888


@pytest.mark.parametrize(
    ("name", "quantization", "gib"),
    [
        # llama_models survey of 2026-11-24; 67.7 GiB is the size of the repository's files.
        ("llama-3.1-405b", Quantization.BF16, 755.96),
        ("llama-3.1-405b", Quantization.FP8, 381.9),
        ("llama-3.1-405b", Quantization.INT4, 200.71),
        ("llama-3.1-70b", Quantization.INT8, 67.7),
        ("llama-3.1-8b", Quantization.INT4, 5.31),
    ],
)
def test_checkpoints_weigh_what_their_repositories_do(name: str, quantization: Quantization, gib: float) -> None:
    assert checkpoint_bytes(model(name), scheme(quantization)) / GIB == pytest.approx(gib, rel=0.001)


def test_embeddings_and_lm_head_are_not_quantized() -> None:
    # The trap: 8B at 4 bits is 5.3 GiB, not the 3.7 that half a byte a parameter would make.
    naive = 8_030_261_248 / 2
    assert checkpoint_bytes(model("llama-3.1-8b"), scheme(Quantization.INT4)) > 1.4 * naive


def test_scales_cost_four_bytes_a_channel_or_two_a_group() -> None:
    assert stored_bytes((10, 256), True, scheme(Quantization.FP8)) == 10 * 256 + 10 * 4
    assert stored_bytes((10, 256), True, scheme(Quantization.INT4)) == 10 * 128 + 10 * 2 * 2
    assert stored_bytes((10, 256), False, scheme(Quantization.INT4)) == 10 * 256 * 2


def test_tied_embeddings_are_stored_once_on_one_gpu_and_twice_across_a_pipeline() -> None:
    small = model("llama-3.2-1b")
    embedding = small.vocab * small.hidden * 2
    (alone,) = ranks_bytes(small, scheme(Quantization.BF16), Parallelism())
    first, last = ranks_bytes(small, scheme(Quantization.BF16), Parallelism(1, 2))
    assert first + last - rope_cache_bytes(small) == alone + embedding


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
    together = split.tensor * sum(ranks_bytes(found, scheme(quantization), split))
    assert together >= checkpoint_bytes(found, scheme(quantization))


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
