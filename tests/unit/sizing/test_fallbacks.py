"""Fallbacks are other machines in the order of preference, each started in its own way."""

from __future__ import annotations

import pytest

from paddock.catalog import Quantization
from paddock.sizing import Candidate, KvCacheDtype, LoraSlots, Placements, fallbacks, search
from paddock.sizing.placement.vllm_args import engine_arguments
from tests.unit.sizing.demands import demand


def value(candidate: Candidate, flag: str) -> str:
    args = engine_arguments(candidate, "llama")
    return args[args.index(flag) + 1]


def found_on(kind: str, placements: Placements) -> Candidate:
    return next(each for each in placements.candidates if each.instance.instance_type == kind)


def test_no_fallback_is_of_the_chosen_type_and_no_two_are_of_one_family() -> None:
    placements = search(demand("llama-3.1-70b"))
    found = fallbacks(placements)
    assert len(found) == 5
    assert placements.candidates[0].instance.instance_type not in {each.instance.instance_type for each in found}
    families = [each.instance.family for each in found]
    assert len(set(families)) == len(families)


def test_they_keep_the_order_of_the_ranking() -> None:
    prices = [each.usd_per_hour for each in fallbacks(search(demand()))]
    assert prices == sorted(prices)


def test_where_nothing_fits_there_is_no_fallback() -> None:
    assert fallbacks(Placements(candidates=(), rejected=())) == ()


def test_each_fallback_has_arguments_of_its_own() -> None:
    splits = {
        (value(each, "--tensor-parallel-size"), value(each, "--max-num-batched-tokens"))
        for each in fallbacks(search(demand("llama-3.1-70b", most_nodes=1)))
    }
    assert len(splits) > 1


def test_a_replica_across_nodes_is_told_how_many_there_are() -> None:
    wide = found_on("p5.48xlarge", search(demand("llama-3.1-405b")))
    assert (value(wide, "--nnodes"), value(wide, "--pipeline-parallel-size")) == ("2", "2")
    assert "--nnodes" not in engine_arguments(found_on("p5en.48xlarge", search(demand("llama-3.1-405b"))), "llama")


def test_before_nnodes_ray_spans_the_nodes() -> None:
    wide = found_on("p5.48xlarge", search(demand("llama-3.1-405b", version="0.10.2")))
    assert value(wide, "--distributed-executor-backend") == "ray"
    assert "--nnodes" not in engine_arguments(wide, "llama")


def test_what_is_usual_is_not_said_and_what_is_not_is() -> None:
    plain = search(demand(pinned="g6e.xlarge")).candidates[0]
    assert not {"--kv-cache-dtype", "--quantization", "--enable-lora"} & set(engine_arguments(plain, "llama"))
    special = search(
        demand(
            "llama-3.1-8b",
            Quantization.FP8_RUNTIME,
            pinned="g6e.xlarge",
            kv_cache_dtype=KvCacheDtype.FP8,
            lora=LoraSlots(max_loras=3, max_lora_rank=32),
        )
    ).candidates[0]
    assert value(special, "--kv-cache-dtype") == "fp8"
    assert value(special, "--quantization") == "fp8_per_tensor"
    assert (value(special, "--max-loras"), value(special, "--max-lora-rank")) == ("3", "32")
    assert "--enable-lora" in engine_arguments(special, "llama")


@pytest.mark.parametrize("requests", [4, 300])
def test_the_arguments_are_those_that_the_memory_was_summed_for(requests: int) -> None:
    found = search(demand("llama-3.2-1b", context=1024, requests=requests, pinned="g6.xlarge")).candidates[0]
    assert value(found, "--max-num-seqs") == str(found.fit.setup.max_num_seqs) == str(max(256, requests))
    assert value(found, "--gpu-memory-utilization") == str(found.fit.memory.utilization)
    assert value(found, "--max-model-len") == "1024"
