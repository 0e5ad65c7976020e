"""The search over placements: the cheapest that works is first, and the others say why they are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.catalog import Purchase, Quality, Quantization, all_instances, engine, instance, model, scheme
from paddock.sizing import (
    Candidate,
    Demand,
    Parallelism,
    Rejection,
    Workload,
    acceptable_schemes,
    fit,
    pod_shape,
    search,
)
from paddock.sizing.memory.engine_args import KvCacheDtype, LoraSlots
from paddock.sizing.placement.pod_shape import needed_memory_mib, node
from paddock.sizing.placement.search import best_on
from tests.unit.sizing.demands import demand, demands, reason_for
from tests.unit.sizing.setups import setup_of


@pytest.mark.parametrize(
    ("name", "quantization", "best", "tensor"),
    [
        ("llama-3.2-1b", Quantization.BF16, "g4dn.xlarge", 1),
        ("llama-3.2-3b", Quantization.BF16, "g4dn.xlarge", 1),
        ("llama-3.1-8b", Quantization.AWQ, "g4dn.xlarge", 1),
        ("llama-3.2-1b", Quantization.INT8, "g4dn.xlarge", 1),
        ("llama-3.1-8b", Quantization.BF16, "g6e.xlarge", 1),
        ("llama-3.1-8b", Quantization.FP8, "g6.xlarge", 1),
        ("llama-3.1-70b", Quantization.BF16, "g7e.12xlarge", 2),
        ("llama-3.1-405b", Quantization.BF16, "p5en.48xlarge", 8),
    ],
)
def test_the_cheapest_placement_of_each_model_on_one_node(
    name: str, quantization: Quantization, best: str, tensor: int
) -> None:
    found = search(demand(name, quantization, most_nodes=1)).candidates[0]
    assert (found.instance.instance_type, found.split.tensor) == (best, tensor)


def test_every_instance_type_is_either_offered_or_rejected_with_a_reason() -> None:
    placements = search(demand("llama-3.1-70b"))
    kinds = [each.instance.instance_type for each in placements.candidates]
    kinds += [each.instance_type for each in placements.rejected]
    assert sorted(kinds) == sorted(all_instances())
    assert all(each.reason for each in placements.rejected)


def test_candidates_are_sorted_by_price_and_rejections_too() -> None:
    placements = search(demand())
    prices = [each.usd_per_hour for each in placements.candidates]
    assert prices == sorted(prices)
    known = [each.usd_per_hour for each in placements.rejected if each.usd_per_hour is not None]
    assert known == sorted(known)


def test_a_near_miss_says_by_how_much_memory() -> None:
    asked = demand(pinned="g6.xlarge", requests=16)
    (missed,) = search(asked).rejected
    setup = setup_of(asked.model, asked.scheme, instance("g6.xlarge").gpu, asked.engine)
    lacking = fit(setup, concurrent_requests=16).shortfall_mib
    assert missed.shortfall_mib == lacking > 1024
    assert missed.reason == f"lacks {lacking / 1024:.1f} GiB a GPU for the KV cache of 131,072 tokens"


def test_the_nearest_misses_come_first() -> None:
    lacking = [each.shortfall_mib for each in search(demand("llama-3.1-405b", most_nodes=1)).nearest]
    assert lacking == sorted(lacking)  # type: ignore[type-var]  # nearest has no None among them


def test_a_gpu_without_that_arithmetic_is_rejected_by_name() -> None:
    found = search(demand("llama-3.1-8b", Quantization.NVFP4))
    assert reason_for(found, "g4dn.xlarge") == "NVIDIA T4 cannot run nvfp4 (compute capability 7.5)"


def test_a_gpu_that_keeps_no_fp8_cache_is_rejected_by_name() -> None:
    found = search(demand("llama-3.2-1b", Quantization.INT8, kv_cache_dtype=KvCacheDtype.FP8))
    assert reason_for(found, "g4dn.xlarge") == "vLLM keeps no fp8 KV cache on the NVIDIA T4"


def test_a_region_without_the_instance_is_the_reason() -> None:
    assert reason_for(search(demand(region="eu-west-3")), "p6-b300.48xlarge") == "not offered in eu-west-3"


def test_a_quantization_that_vllm_dropped_is_the_reason() -> None:
    found = search(demand("llama-3.1-8b", Quantization.GPTQ_ASYM))
    assert found.candidates == ()
    assert reason_for(found, "g6e.xlarge") == "vLLM 0.33.0 no longer has gptq-asym"


def test_spot_considers_only_types_whose_spot_price_is_known() -> None:
    placements = search(demand(purchase=Purchase.SPOT))
    assert all(each.instance.spot_usd_per_hour is not None for each in placements.candidates)
    assert reason_for(placements, "g6e.xlarge") == "no spot price is known"


def test_a_savings_plan_costs_at_most_what_on_demand_does_and_says_how_little_it_may_be() -> None:
    plan, on_demand = search(demand(purchase=Purchase.SAVINGS_PLAN)), search(demand())
    first, same = plan.candidates[0], on_demand.candidates[0]
    assert (first.instance, first.usd_per_hour) == (same.instance, same.usd_per_hour)
    assert first.usd_per_hour_low == pytest.approx(0.34 * first.usd_per_hour)
    assert same.usd_per_hour_low == same.usd_per_hour


def test_a_reservation_costs_what_on_demand_does() -> None:
    reserved, on_demand = search(demand(purchase=Purchase.RESERVED)), search(demand())
    assert [each.usd_per_hour for each in reserved.candidates] == [each.usd_per_hour for each in on_demand.candidates]


def test_a_pinned_type_is_the_only_one_tried() -> None:
    placements = search(demand(pinned="p5.48xlarge"))
    assert [each.instance.instance_type for each in placements.candidates] == ["p5.48xlarge"]
    assert placements.rejected == ()


def test_replicas_are_packed_and_never_more_than_a_node_holds() -> None:
    found = search(demand(pinned="p5.48xlarge", replicas=9)).candidates[0]
    assert (found.nodes, found.replicas_per_node, found.replicas_a_node_holds) == (2, 8, 8)
    single = search(demand(pinned="g6e.xlarge", replicas=9)).candidates[0]
    assert (single.nodes, single.replicas_per_node) == (9, 1)


def test_replicas_that_need_four_gpus_share_nodes_and_do_not_take_all_of_each() -> None:
    found = search(demand(pinned="g6.48xlarge", requests=40, replicas=4)).candidates[0]
    assert (found.split.gpus, found.nodes, found.replicas_per_node) == (4, 2, 2)


def test_the_headroom_is_that_of_all_replicas() -> None:
    one, two = (search(demand(pinned="g6e.xlarge", replicas=count)).candidates[0] for count in (1, 2))
    assert two.headroom_tokens == 2 * one.headroom_tokens > 0


def test_gpus_that_are_paid_for_anyway_are_put_to_work() -> None:
    assert search(demand(pinned="p5.48xlarge")).candidates[0].split == Parallelism(8, 1)


def test_for_the_same_money_the_better_quantization_is_taken() -> None:
    both = search(demand("llama-3.2-1b", Quantization.INT4, Quantization.BF16))
    assert both.candidates[0].scheme.name == Quantization.BF16


def test_each_acceptable_quantization_of_a_type_is_a_candidate_of_its_own() -> None:
    both = search(demand("llama-3.1-8b", Quantization.BF16, Quantization.FP8, pinned="g6e.xlarge"))
    assert {each.scheme.name for each in both.candidates} == {Quantization.BF16, Quantization.FP8}
    assert both.rejected == ()


def test_a_floor_takes_what_has_a_checkpoint_and_is_so_good() -> None:
    big = model("llama-3.1-405b")
    good = [each.name for each in acceptable_schemes(big, engine("0.33.0"), Quality.NEAR_LOSSLESS)]
    assert good[0] == Quantization.BF16
    assert Quantization.FP8 in good
    assert not {Quantization.INT4, Quantization.AWQ, Quantization.FP32} & set(good)
    assert Quantization.INT4 in {each.name for each in acceptable_schemes(big, engine("0.33.0"), Quality.FOUR_BIT)}


# The traps that other calculators fall into.


def test_405b_at_bf16_does_not_fit_eight_h100() -> None:
    missed = reason_for(search(demand("llama-3.1-405b", requests=1, most_nodes=1)), "p5.48xlarge")
    assert "weights alone take 9" in missed


def test_405b_at_bf16_spans_two_p5_and_needs_one_p5en() -> None:
    found = {each.instance.instance_type: each for each in search(demand("llama-3.1-405b")).candidates}
    assert found["p5.48xlarge"].split == Parallelism(8, 2)
    assert (found["p5.48xlarge"].nodes, found["p5.48xlarge"].nodes_per_replica) == (2, 2)
    assert (found["p5en.48xlarge"].nodes, found["p5en.48xlarge"].split) == (1, Parallelism(8, 1))


def test_scout_at_bf16_does_not_fit_eight_l4() -> None:
    found = search(demand("llama-4-scout", requests=1, most_nodes=1))
    assert reason_for(found, "g6.48xlarge").startswith("lacks ")


def test_nothing_spans_nodes_without_a_fabric_adapter() -> None:
    for each in search(demand("llama-3.1-405b", requests=1)).candidates:
        assert each.nodes_per_replica == 1 or (each.instance.efa_interfaces and each.instance.gpus == 8)
    assert "weights alone" in reason_for(search(demand("llama-3.1-70b", pinned="g6.12xlarge")), "g6.12xlarge")


def test_the_letter_of_a_family_decides_nothing() -> None:
    kinds = [each.instance.instance_type for each in search(demand("llama-3.1-70b")).candidates]
    assert kinds[0].startswith("g")
    assert any(kind.startswith("p") for kind in kinds)


def test_lora_slots_and_an_fp8_cache_move_the_placement_as_they_move_memory() -> None:
    def headroom(**work: Any) -> int:
        return search(demand(pinned="g6e.xlarge", **work)).candidates[0].headroom_tokens

    assert headroom(kv_cache_dtype=KvCacheDtype.FP8) > 2 * headroom()
    assert headroom(lora=LoraSlots(max_loras=8, max_lora_rank=64)) < headroom()


def test_the_host_memory_of_adapters_is_counted() -> None:
    slots = LoraSlots(max_loras=32, max_lora_rank=128)
    rejected = reason_for(search(demand("llama-3.2-1b", pinned="g6.xlarge", lora=slots)), "g6.xlarge")
    assert rejected.startswith("its host memory leaves")


def test_an_instance_whose_host_is_too_small_is_rejected_for_it_and_not_for_its_gpu() -> None:
    rejected = best_on(demand("llama-3.2-1b"), replace(instance("g6.xlarge"), memory_mib=8192))
    assert isinstance(rejected, Rejection)
    assert rejected.reason.startswith("its host memory leaves")
    assert rejected.shortfall_mib is None


@given(demands)
def test_whatever_is_asked_every_candidate_fits_its_gpus_its_host_and_its_replicas(asked: Demand) -> None:
    for each in search(asked).candidates:
        assert each.fit.fits
        assert each.fit.starts
        assert each.nodes_per_replica <= asked.nodes_per_replica
        if each.nodes_per_replica == 1:
            assert each.nodes * each.replicas_a_node_holds >= asked.replicas  # type: ignore[operator]  # never None here
            assert (each.nodes - 1) * each.replicas_a_node_holds < asked.replicas  # type: ignore[operator]
        gpus = min(each.split.gpus, each.instance.gpus)
        pod, left = pod_shape(each.instance, gpus), node(each.instance)
        assert pod.cpu_millicores * each.replicas_per_node <= left.cpu_millicores
        assert pod.memory_mib * each.replicas_per_node <= left.memory_mib
        assert pod.gpus * each.replicas_per_node <= each.instance.gpus
        assert pod.ephemeral_mib * each.replicas_per_node <= left.ephemeral_mib
        assert pod.memory_mib >= needed_memory_mib(pod.gpus)
        assert pod.shm_mib < pod.memory_mib


@given(demands)
def test_what_is_said_to_lack_memory_lacks_just_that_by_fit(asked: Demand) -> None:
    for each in search(asked).rejected:
        if each.shortfall_mib is None:
            continue
        gpu = instance(each.instance_type).gpu
        max_num_seqs = max(asked.workload.concurrent_requests or 0, asked.engine.batch(gpu, 1).max_num_seqs)
        setup = setup_of(
            asked.model,
            asked.scheme,
            gpu,
            asked.engine,
            Parallelism(each.tensor_parallel, each.pipeline_parallel),
            max_model_len=asked.workload.max_model_len,
            max_num_seqs=max_num_seqs,
        )
        requests = asked.workload.concurrent_requests or 1
        found = fit(setup, concurrent_requests=requests)
        assert not found.fits
        assert found.shortfall_mib == each.shortfall_mib


def cheapest(asked: Demand) -> float:
    found = search(asked).candidates
    return found[0].usd_per_hour if found else float("inf")


@settings(max_examples=60)
@given(demands, st.integers(0, 65_536), st.integers(0, 64), st.integers(0, 3))
def test_asking_for_more_never_gets_cheaper(asked: Demand, tokens: int, requests: int, replicas: int) -> None:
    work = asked.workload
    more = Workload(
        max_model_len=work.max_model_len + tokens,
        concurrent_requests=(work.concurrent_requests or 0) + requests,
    )
    assert cheapest(asked) <= cheapest(replace(asked, workload=more, replicas=(asked.replicas or 0) + replicas))


@settings(max_examples=60)
@given(demands)
def test_more_bits_never_get_cheaper(asked: Demand) -> None:
    # These three run on the same GPUs, from Turing on; groups of int4 do not take every tensor parallelism.
    small, middle, large = (
        cheapest(replace(asked, schemes=(scheme(each),)))
        for each in (Quantization.INT4, Quantization.FP8, Quantization.BF16)
    )
    assert middle <= large
    if asked.model.intermediate % (8 * 128) == 0:
        assert small <= middle


@settings(max_examples=60)
@given(demands, st.sampled_from(list(Quantization)))
def test_the_first_is_dominated_by_no_other(asked: Demand, another: Quantization) -> None:
    found = search(replace(asked, schemes=(*asked.schemes, scheme(another)))).candidates

    def merits(each: Candidate) -> tuple[float, ...]:
        quality = list(Quality).index(each.scheme.quality)
        return (-each.usd_per_hour, quality, -each.split.pipeline, each.headroom_tokens)

    for other in found[1:]:
        better = [theirs > ours for ours, theirs in zip(merits(found[0]), merits(other), strict=True)]
        no_worse = [theirs >= ours for ours, theirs in zip(merits(found[0]), merits(other), strict=True)]
        assert not (all(no_worse) and any(better))
