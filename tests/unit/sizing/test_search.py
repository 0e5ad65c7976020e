"""The search over placements: the cheapest that works is first, and the others say why they are not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddock.catalog import CapacityType, Quantization, all_instances, all_models, engine, instance, model, scheme
from paddock.catalog.nodes import allocatable_ephemeral_mib
from paddock.sizing import Demand, Parallelism, Placements, Rejection, Workload, pod_shape, search
from paddock.sizing.host import IMAGE_GIB, SCRATCH_GIB, disk_gib, needed_memory_mib, node, stream_buffer_mib, too_small
from paddock.sizing.parallelism import splits
from paddock.sizing.search import place


def demand(
    name: str = "llama-3.1-8b",
    quantization: Quantization = Quantization.BF16,
    *,
    context: int = 8192,
    requests: int = 4,
    replicas: int = 1,
    region: str = "us-east-1",
    capacity_type: CapacityType = CapacityType.ON_DEMAND,
    pinned: str | None = None,
) -> Demand:
    return Demand(
        model=model(name),
        scheme=scheme(quantization),
        engine=engine("0.33.0"),
        workload=Workload(context_tokens=context, concurrent_requests=requests),
        replicas=replicas,
        region=region,
        capacity_type=capacity_type,
        instance_type=pinned,
    )


def reason_for(placements: Placements, name: str) -> str:
    return next(each.reason for each in placements.rejected if each.instance_type == name)


@pytest.mark.parametrize(
    ("name", "quantization", "best", "tensor"),
    [
        ("llama-3.2-1b", Quantization.BF16, "g6.xlarge", 1),
        ("llama-3.2-1b", Quantization.INT8, "g4dn.xlarge", 1),
        ("llama-3.1-8b", Quantization.BF16, "g6e.xlarge", 1),
        ("llama-3.1-8b", Quantization.FP8, "g6.xlarge", 1),
        ("llama-3.1-70b", Quantization.BF16, "g7e.12xlarge", 2),
        ("llama-3.1-405b", Quantization.BF16, "p5en.48xlarge", 8),
    ],
)
def test_the_cheapest_placement_of_each_model(name: str, quantization: Quantization, best: str, tensor: int) -> None:
    found = search(demand(name, quantization)).candidates[0]
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
    placements = search(demand())
    assert "lacks 0.7 GiB a GPU for the KV cache of 32,768 tokens" in reason_for(placements, "g6.xlarge")
    assert placements.nearest[0].shortfall_mib == min(
        each.shortfall_mib for each in placements.rejected if each.shortfall_mib is not None
    )


def test_a_gpu_without_bfloat16_is_rejected_by_name() -> None:
    assert reason_for(search(demand()), "g4dn.xlarge") == "NVIDIA T4 cannot run bf16 (compute capability 7.5)"


def test_a_region_without_the_instance_is_the_reason() -> None:
    assert reason_for(search(demand(region="eu-west-3")), "p6-b300.48xlarge") == "not offered in eu-west-3"


def test_spot_considers_only_types_whose_spot_price_is_known() -> None:
    placements = search(demand(capacity_type=CapacityType.SPOT))
    assert all(each.instance.spot_usd_per_hour is not None for each in placements.candidates)
    assert reason_for(placements, "g6e.xlarge") == "no spot price is known"


def test_a_pinned_type_is_the_only_one_tried() -> None:
    placements = search(demand(pinned="p5.48xlarge"))
    assert [each.instance.instance_type for each in placements.candidates] == ["p5.48xlarge"]
    assert placements.rejected == ()


def test_replicas_are_packed_and_never_more_than_a_node_holds() -> None:
    found = search(demand(pinned="p5.48xlarge", replicas=9)).candidates[0]
    assert (found.nodes, found.replicas_per_node, found.replicas_a_node_holds) == (2, 8, 8)
    single = search(demand(pinned="g6e.xlarge", replicas=9)).candidates[0]
    assert (single.nodes, single.replicas_per_node) == (9, 1)


def test_gpus_that_are_paid_for_anyway_are_put_to_work() -> None:
    assert search(demand(pinned="p5.48xlarge")).candidates[0].split == Parallelism(8, 1)


def test_splits_use_whole_divisors_and_stay_on_one_instance() -> None:
    found = splits(instance("g6.12xlarge"))
    assert Parallelism(2, 2) in found
    assert all(each.gpus <= 4 and 4 % each.gpus == 0 for each in found)
    assert splits(instance("g6.xlarge")) == (Parallelism(1, 1),)


demands = st.builds(
    demand,
    st.sampled_from(sorted(all_models())),
    st.sampled_from(list(Quantization)),
    context=st.integers(256, 131_072),
    requests=st.integers(1, 128),
    replicas=st.integers(1, 20),
    region=st.sampled_from(["us-east-1", "eu-central-1", "sa-east-1"]),
    capacity_type=st.sampled_from(list(CapacityType)),
)


@given(demands)
def test_whatever_is_asked_every_candidate_fits_its_gpus_its_host_and_its_replicas(asked: Demand) -> None:
    for each in search(asked).candidates:
        assert each.fit.fits
        assert each.nodes * each.replicas_a_node_holds >= asked.replicas
        assert (each.nodes - 1) * each.replicas_a_node_holds < asked.replicas
        pod = pod_shape(each.instance, each.split.gpus)
        left = node(each.instance, each.replicas_a_node_holds)
        assert pod.cpu_millicores * each.replicas_per_node <= left.cpu_millicores
        assert pod.memory_mib * each.replicas_per_node <= left.memory_mib
        assert pod.gpus * each.replicas_per_node <= each.instance.gpus
        assert pod.ephemeral_mib * each.replicas_per_node <= left.ephemeral_mib
        assert pod.memory_mib >= needed_memory_mib(pod.gpus)
        assert pod.shm_mib < pod.memory_mib


@settings(max_examples=40)
@given(demands, st.integers(0, 65_536), st.integers(0, 64))
def test_asking_for_more_never_gets_cheaper(asked: Demand, tokens: int, requests: int) -> None:
    def cheapest(context: int, concurrent: int) -> float:
        more = Workload(context_tokens=context, concurrent_requests=concurrent)
        found = search(
            Demand(
                model=asked.model,
                scheme=asked.scheme,
                engine=asked.engine,
                workload=more,
                replicas=asked.replicas,
                region=asked.region,
                capacity_type=asked.capacity_type,
            )
        ).candidates
        return found[0].usd_per_hour if found else float("inf")

    context, concurrent = asked.workload.context_tokens, asked.workload.concurrent_requests
    assert cheapest(context, concurrent) <= cheapest(context + tokens, concurrent + requests)


@given(st.integers(1, 8))
def test_the_disk_holds_the_image_and_every_replicas_scratch(replicas: int) -> None:
    assert allocatable_ephemeral_mib(disk_gib(replicas)) >= (IMAGE_GIB + SCRATCH_GIB * replicas) * 1024
    assert disk_gib(1) == 60


def test_the_read_buffer_fits_the_pod() -> None:
    small, large = pod_shape(instance("g6.xlarge"), 1), pod_shape(instance("p5.48xlarge"), 8)
    assert 1024 <= stream_buffer_mib(small) < small.memory_mib
    assert stream_buffer_mib(large) == 8192


def test_a_host_with_too_little_memory_or_too_few_cpus_is_refused_with_the_number() -> None:
    small = instance("g6.xlarge")
    assert too_small(small, 1) is None
    assert "MiB a replica" in (too_small(replace(small, memory_mib=8192), 1) or "")
    assert "2 are needed" in (too_small(replace(small, vcpus=2), 1) or "")


def test_an_instance_whose_host_is_too_small_is_rejected_for_it_and_not_for_its_gpu() -> None:
    rejected = place(demand("llama-3.2-1b"), replace(instance("g6.xlarge"), memory_mib=8192))
    assert isinstance(rejected, Rejection)
    assert rejected.reason.startswith("its host memory leaves")
    assert rejected.shortfall_mib is None
