"""Legal splits, and the layers of each pipeline stage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog import Quantization, all_gpus, all_instances, all_models, engine, gpu, instance, model, scheme
from paddock.cli.parsing.fit import fixed_placement
from paddock.sizing import Parallelism
from paddock.sizing.memory.changes import changes_to_start
from paddock.sizing.memory.parallelism import illegal, kv_heads_per_rank, pipeline_ranks, splits, splits_over_nodes
from paddock.sizing.placement.headroom import Headroom, headroom
from tests.unit.sizing.setups import setup_of


@pytest.mark.parametrize(
    ("name", "quantization", "tensor", "says"),
    [
        ("llama-3.2-3b", Quantization.BF16, 16, "does not divide the 24 attention heads"),
        ("llama-4-scout", Quantization.BF16, 16, "does not divide the 40 attention heads"),
        ("llama-3.2-3b", Quantization.BF16, 6, "neither divides nor is a multiple of the 8 KV heads"),
        ("llama-2-7b", Quantization.INT4, 4, "cuts through groups of 128 quantized weights"),
        ("llama-2-7b", Quantization.AWQ, 8, "cuts through groups of 128 quantized weights"),
    ],
)
def test_a_tensor_parallelism_that_divides_nothing_is_refused(
    name: str, quantization: Quantization, tensor: int, says: str
) -> None:
    assert says in (illegal(model(name), scheme(quantization), Parallelism(tensor)) or "")


def test_a_width_that_is_not_divided_is_refused() -> None:
    odd = replace(model("llama-3.1-8b"), intermediate=14_337)
    assert illegal(odd, scheme(Quantization.BF16), Parallelism(2)) == (
        "tensor parallelism 2 does not divide the feed-forward width 14337"
    )


def test_experts_are_divided_by_their_own_width() -> None:
    scout = model("llama-4-scout")
    assert scout.experts is not None
    odd = replace(scout, experts=replace(scout.experts, intermediate=8190))
    assert "feed-forward width 8190" in (illegal(odd, scheme(Quantization.BF16), Parallelism(4)) or "")


def test_marlin_refused_shapes_between_its_tiles_until_vllm_padded_them() -> None:
    old, a100 = model("llama-2-7b"), gpu("A100-80GB")
    asked = (old, scheme(Quantization.FP8), Parallelism(8), a100)
    assert "shapes that Marlin of vLLM 0.19.1 does not take" in (illegal(*asked, engine("0.19.1")) or "")
    assert illegal(*asked, engine("0.24.0")) is None
    # The H100 computes fp8 itself and needs no Marlin.
    assert illegal(old, scheme(Quantization.FP8), Parallelism(8), gpu("H100"), engine("0.19.1")) is None


def test_a_pipeline_longer_than_the_model_is_refused() -> None:
    assert "more than the 16 layers" in (
        illegal(model("llama-3.2-1b"), scheme(Quantization.BF16), Parallelism(1, 17)) or ""
    )


def test_layers_left_over_go_to_the_stages_before_the_last() -> None:
    # vLLM's get_pp_indices for 126 layers over 4 stages.
    assert [rank.layers for rank in pipeline_ranks(model("llama-3.1-405b"), 4)] == [31, 32, 32, 31]


@given(st.sampled_from(sorted(all_models())), st.integers(1, 16))
def test_the_stages_hold_every_layer_once(name: str, pipeline: int) -> None:
    ranks = pipeline_ranks(model(name), pipeline)
    assert sum(rank.layers for rank in ranks) == model(name).layers
    assert [rank.first for rank in ranks] == [True] + [False] * (pipeline - 1)
    assert [rank.last for rank in ranks] == [False] * (pipeline - 1) + [True]


def test_kv_heads_are_repeated_where_there_are_more_ranks_than_heads() -> None:
    assert kv_heads_per_rank(model("llama-3.1-70b"), 16) == 1


def test_splits_use_whole_divisors_and_stay_on_one_instance() -> None:
    found = splits(instance("g6.12xlarge"))
    assert Parallelism(2, 2) in found
    assert all(each.gpus <= 4 and 4 % each.gpus == 0 for each in found)
    assert splits(instance("g6.xlarge")) == (Parallelism(1, 1),)


def test_across_nodes_tensor_parallelism_fills_a_node_and_the_pipeline_counts_them() -> None:
    assert splits_over_nodes(instance("p5.48xlarge"), 3) == (Parallelism(8, 2), Parallelism(8, 3))


def test_only_whole_machines_with_a_fabric_adapter_join_others() -> None:
    joining = {each.instance_type for each in all_instances().values() if splits_over_nodes(each, 4)}
    assert {"p4d.24xlarge", "p5.48xlarge", "g6e.48xlarge"} <= joining
    assert splits_over_nodes(replace(instance("p5.48xlarge"), efa_interfaces=0), 4) == ()
    # One GPU with EFA, and four: parts of a machine.
    assert not {"p5.4xlarge", "g6e.8xlarge", "g6e.24xlarge"} & joining


legal_splits = st.sampled_from([Parallelism(t, p) for t in (1, 2, 4, 8) for p in (1, 2, 4, 8)])


@given(
    st.sampled_from(sorted(all_models())),
    st.sampled_from(list(Quantization)),
    st.sampled_from(sorted(all_gpus())),
    legal_splits,
    legal_splits,
    st.integers(1, 64),
    st.integers(256, 65_536),
)
def test_more_gpus_never_fit_less(
    name: str, quantization: Quantization, card: str, one: Parallelism, two: Parallelism, requests: int, tokens: int
) -> None:
    fewer = Parallelism(min(one.tensor, two.tensor), min(one.pipeline, two.pipeline))
    more = Parallelism(max(one.tensor, two.tensor), max(one.pipeline, two.pipeline))
    few, many = (
        headroom(setup_of(name, quantization, card, split=split, max_model_len=tokens)) for split in (fewer, more)
    )
    if isinstance(few, Headroom) and isinstance(many, Headroom) and few.lacking_mib(requests, tokens) <= 0:
        assert many.lacking_mib(requests, tokens) <= 0


@pytest.mark.parametrize("split", ["tensor_parallel_size", "pipeline_parallel_size"])
def test_no_split_goes_over_mig_slices(split: str) -> None:
    asked = fixed_placement("llama-3.2-1b", gpu="H100 3g.40gb", **{split: 2})  # type: ignore[arg-type]
    assert "sees one MIG slice" in (asked.refusal or "")
    assert fixed_placement("llama-3.2-1b", gpu="H100", **{split: 2}).refusal is None  # type: ignore[arg-type]
    assert fixed_placement("llama-3.2-1b", gpu="H100 3g.40gb", data_parallel_size=2).refusal is None


def test_several_slices_are_no_way_to_start() -> None:
    def changes(**card: object) -> str:
        setup = fixed_placement("llama-2-13b", max_model_len="4k", **card).setup  # type: ignore[arg-type]
        return " ".join(each.flag for each in changes_to_start(setup))

    assert "--tensor-parallel-size" in changes(gpu_memory_gib=19.6)
    assert "parallel" not in changes(gpu="H100 1g.20gb")
