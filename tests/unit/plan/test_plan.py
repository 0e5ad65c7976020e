"""The plan: one decided object, the same for the same settings, whose parts agree with each other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from paddock.catalog import Quantization, all_instances, all_models, instance, model, scheme
from paddock.catalog.nodes import allocatable, left_by_daemons
from paddock.plan.parts import ModelPlan
from paddock.plan.plan import Plan, PlanError, make_plan
from paddock.settings import SettingsError, parse_settings
from paddock.sizing.memory.weights import largest_tensor_bytes
from paddock.sizing.placement.shutdown import PRE_STOP_SECONDS, SPOT_NOTICE_SECONDS, TEARDOWN_SECONDS
from paddock.units import MIB

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"


def planned(region: str = "us-east-1", **more: object) -> Plan:
    return make_plan(
        parse_settings(
            {"model": "llama-3.1-8b", "vllm_image": IMAGE.replace("us-east-1", region), **more}, region=region
        )
    )


def argument(plan: Plan, flag: str) -> str:
    return plan.model.engine.args[plan.model.engine.args.index(flag) + 1]


def test_the_plan_of_the_readme() -> None:
    plan = planned(concurrent_requests=2)
    assert (plan.model.placement.instance_type, plan.model.placement.nodes) == ("g6.xlarge", 1)
    assert plan.model.checkpoint == "meta-llama/Llama-3.1-8B-Instruct"
    assert plan.model.pod.gpus == 1
    assert plan.price.gpu_usd_per_hour == pytest.approx(0.8048)


def test_the_same_settings_give_the_same_digest_and_others_another() -> None:
    assert planned().digest == planned().digest
    assert planned().digest != planned(concurrent_requests=5).digest
    assert len(planned().digest) == 64


@pytest.mark.parametrize("accepted", [{}, {"license": {"license": "llama3.1", "by": "a.person", "on": "2026-11-24"}}])
def test_a_plans_license_cannot_be_changed_under_its_digest(accepted: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        planned(**accepted).model.license["by"] = "another"  # type: ignore[index]


def test_the_digest_does_not_depend_on_the_process() -> None:
    program = (
        "from paddock.settings import parse_settings; from paddock.plan.plan import make_plan;"
        f"asked = {{'model': 'llama-3.1-8b', 'vllm_image': '{IMAGE}'}};"
        "print(make_plan(parse_settings(asked, region='us-east-1')).digest)"
    )
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
            timeout=60,
        )
        assert done.stdout.strip() == planned().digest


def test_the_plan_is_plain_json_with_every_part_in_it() -> None:
    data = json.loads(planned().to_json())
    assert set(data) == {
        "region",
        "network",
        "cluster",
        "load_balancer",
        "model",
        "ingest",
        "price",
        "quotas",
        "doors",
        "monthly_budget_usd",
        "tags",
    }
    assert set(data["model"]) == {field.name for field in fields(ModelPlan)}
    assert data["network"]["vpc_cidr"] == "10.0.0.0/16"
    assert data["price"]["as_of"] == "2026-01-19"


def test_a_plan_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        planned().model.disk_gib = 1  # type: ignore[misc]  # the point of the test


def test_vllm_is_told_every_number_that_sizing_counted_on() -> None:
    plan = planned("eu-west-2", model="llama-3.1-70b", max_model_len=16_384, quantization="int8")
    assert argument(plan, "--served-model-name") == "llama-3.1-70b"
    assert argument(plan, "--max-model-len") == "16384"
    assert argument(plan, "--tensor-parallel-size") == str(plan.model.placement.tensor_parallel)
    assert argument(plan, "--pipeline-parallel-size") == str(plan.model.placement.pipeline_parallel)
    assert argument(plan, "--gpu-memory-utilization") == str(plan.model.memory.utilization)
    assert argument(plan, "--max-num-seqs") == "256"
    assert argument(plan, "--max-num-batched-tokens") == "2048"
    assert argument(plan, "--dtype") == "bfloat16"
    assert argument(plan, "--load-format") == "runai_streamer"
    assert "--quantization" not in plan.model.engine.args
    assert not {"--host", "--port", "--model"} & set(plan.model.engine.args)


def test_more_requests_than_vllm_takes_by_itself_are_asked_for() -> None:
    plan = planned(model="llama-3.2-1b", concurrent_requests=300, max_model_len=1024)
    assert argument(plan, "--max-num-seqs") == "300"


def test_a_gpu_without_bfloat16_is_told_float16() -> None:
    plan = planned(model="llama-3.2-1b")
    assert plan.model.placement.gpu.name == "T4"
    assert argument(plan, "--dtype") == "float16"


def test_tool_calls_are_read_by_the_models_parser_or_the_plan_says_that_there_is_none() -> None:
    plan = planned()
    assert "--enable-auto-tool-choice" in plan.model.engine.args
    assert argument(plan, "--tool-call-parser") == "llama3_json"
    assert "--chat-template" not in plan.model.engine.args
    pythonic = planned(model="llama-4-scout")
    assert argument(pythonic, "--tool-call-parser") == "llama4_pythonic"
    assert argument(pythonic, "--chat-template") == model("llama-4-scout").chat_template
    without = planned(model="llama-3-8b", max_model_len=4096)
    assert "--tool-call-parser" not in without.model.engine.args
    assert any(line.startswith("vLLM refuses requests with tools: Llama 3 was") for line in without.model.why)


def test_guard_cut_off_every_version_that_is_deployed_finishes_its_requests() -> None:
    assert "--shutdown-timeout" in planned().model.engine.args
    assert "--shutdown-timeout" in planned(vllm_version="0.27.0").model.engine.args


@pytest.mark.parametrize("capacity_type", ["on_demand", "spot"])
def test_running_requests_are_drained_before_the_pod_is_killed(capacity_type: str) -> None:
    plan = planned(capacity_type=capacity_type)
    drain = int(argument(plan, "--shutdown-timeout"))
    assert plan.model.probes.termination_grace_seconds == PRE_STOP_SECONDS + drain + TEARDOWN_SECONDS


def test_guard_never_ready_the_longest_prompt_is_no_silence_of_the_engine() -> None:
    """A step by the roofline of 8,192 tokens of 405B takes 15 seconds on 8 GPUs without NVLink."""
    short = planned(model="llama-3.2-1b", max_model_len=4096)
    long = planned(model="llama-3.1-405b", quantization="fp8", max_model_len=131_072)
    assert short.model.probes.engine_silent_seconds == 20
    assert 45 <= long.model.probes.engine_silent_seconds <= 60


def test_where_nobody_states_the_gpus_speed_a_silence_is_as_long_as_vllm_itself_waits() -> None:
    assert planned(model="llama-3.1-8b", quantization="fp32").model.probes.engine_silent_seconds == 300


def test_guard_cut_off_a_pod_on_spot_is_gone_before_aws_takes_its_node() -> None:
    assert planned(capacity_type="spot").model.probes.termination_grace_seconds <= SPOT_NOTICE_SECONDS - 15


def test_guard_crash_the_streamers_limit_holds_the_largest_tensor_of_every_model() -> None:
    for each in all_models().values():
        for quantization in each.checkpoints:
            try:
                plan = planned(model=each.name, quantization=quantization, max_model_len=4096)
            except (SettingsError, PlanError):
                continue
            limit = int(plan.model.engine.env["RUNAI_STREAMER_MEMORY_LIMIT"])
            assert limit >= largest_tensor_bytes(each, scheme(quantization)), (each.name, quantization)
            pod = plan.model.pod
            assert limit * pod.gpus < pod.memory_mib * MIB


def test_what_reads_from_s3_and_keeps_connections_is_told_so() -> None:
    env = planned().model.engine.env
    assert env["RUNAI_STREAMER_CONCURRENCY"] == env["RUNAI_STREAMER_OBJ_CONCURRENCY"]
    assert env["AWS_S3_US_EAST_1_REGIONAL_ENDPOINT"] == "regional"
    assert int(env["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"]) > 350
    assert env["FLASHINFER_NO_DOWNLOAD"] == "1"


def test_guard_crash_a_model_in_fp32_with_an_fp8_cache_is_never_put_on_ampere() -> None:
    with pytest.raises(PlanError, match="no fp8 KV cache of a model in fp32 on the NVIDIA A100"):
        planned(quantization="fp32", kv_cache_dtype="fp8", instance_type="p4d.24xlarge")
    assert planned(quantization="fp32", instance_type="p4d.24xlarge").model.placement.gpu.compute_capability < (8, 9)
    newer = planned(quantization="fp32", kv_cache_dtype="fp8").model.placement.gpu
    assert newer.compute_capability >= (8, 9)


def test_the_disk_is_as_fast_as_the_images_pull_and_its_throughput_is_on_the_bill() -> None:
    plan = planned(replicas=2, instance_type="g6e.xlarge")
    assert (plan.model.disk_throughput_mib_s, plan.model.pull_seconds) == (250, 334)
    (line,) = [each for each in plan.price.lines if "throughput" in each.name]
    assert (line.quantity, line.usd_per_month) == (2 * 125, 10.0)


def test_nothing_phones_home_and_nothing_waits_for_the_internet() -> None:
    env = planned("eu-west-2").model.engine.env
    assert (env["VLLM_NO_USAGE_STATS"], env["DO_NOT_TRACK"], env["HF_HUB_OFFLINE"]) == ("1", "1", "1")
    assert env["AWS_REGION"] == "eu-west-2"


def test_the_engine_may_take_as_long_as_the_startup_probe_allows() -> None:
    big = planned(model="llama-3.1-405b")
    assert int(big.model.engine.env["VLLM_ENGINE_READY_TIMEOUT_S"]) == big.model.probes.startup_seconds > 600
    assert planned().model.engine.env["VLLM_ENGINE_READY_TIMEOUT_S"] == "600"


def test_bigger_weights_get_more_time_and_a_faster_network_less() -> None:
    small, large = planned(model="llama-3.2-1b"), planned(model="llama-3.1-8b", instance_type="g6e.xlarge")
    fast = planned(model="llama-3.1-8b", instance_type="g6e.4xlarge")
    assert small.model.probes.startup_seconds < large.model.probes.startup_seconds
    assert fast.model.probes.startup_seconds < large.model.probes.startup_seconds


def test_the_read_buffer_is_a_part_of_the_pods_memory() -> None:
    plan = planned(concurrent_requests=2)
    assert (
        int(plan.model.engine.env["RUNAI_STREAMER_MEMORY_LIMIT"])
        < (plan.model.pod.memory_mib - plan.model.pod.shm_mib) * 2**20
    )


def test_a_quantization_names_its_own_checkpoint() -> None:
    assert planned(quantization="fp8").model.checkpoint == "RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic"


def test_why_says_the_choice_and_why_the_next_cheaper_is_not_it() -> None:
    why = planned().model.why
    assert why[0].startswith("g6e.xlarge is the cheapest of 45 GPU instance types in us-east-1 that holds Llama 3.1 8B")
    assert re.fullmatch(
        r"Next cheaper is g5\.4xlarge at \$1\.624/h: lacks \S+ [GM]iB a GPU for the KV cache of 32,768 tokens\.", why[1]
    )


@pytest.mark.parametrize(
    ("more", "region", "says"),
    [
        ({"instance_type": "g6e.2xlarge"}, "us-east-1", "g6e.2xlarge is pinned"),
        ({"quantization": "fp8", "instance_type": "g5.xlarge"}, "us-east-1", "NVIDIA A10G has no fp8 arithmetic"),
        ({"vllm_version": "0.40.0"}, "us-east-1", "vLLM 0.40.0 is newer than the catalog"),
        ({}, "eu-west-2", "Prices are those of us-east-1; eu-west-2 may differ"),
    ],
)
def test_why_says_what_is_unusual(more: dict[str, object], region: str, says: str) -> None:
    assert any(line.startswith(says) for line in planned(region, **more).model.why)


def test_rejected_are_cheaper_and_the_dearest_comes_first() -> None:
    plan = planned(model="llama-3.1-70b")
    prices = [each.usd_per_hour for each in plan.model.rejected if each.usd_per_hour is not None]
    assert prices == sorted(prices, reverse=True)
    assert all(price < plan.price.gpu_usd_per_hour for price in prices)


def test_a_type_without_a_price_is_named_where_it_is_offered() -> None:
    assert any(each.instance_type == "p5e.48xlarge" for each in planned("us-west-2").model.rejected) is (
        "us-west-2" in instance("p5e.48xlarge").regions
    )


def test_a_plan_never_spans_nodes_even_where_that_is_cheaper() -> None:
    plan = planned(model="llama-3.1-405b")
    assert (
        plan.model.placement.tensor_parallel * plan.model.placement.pipeline_parallel
        <= plan.model.placement.gpus_per_instance
    )
    for each in plan.model.fallbacks:
        assert each.placement.tensor_parallel * each.placement.pipeline_parallel <= each.placement.gpus_per_instance


def test_the_fallbacks_are_other_types_each_with_its_own_arguments() -> None:
    plan = planned(model="llama-3.1-70b")
    kinds = [each.placement.instance_type for each in plan.model.fallbacks]
    assert plan.model.placement.instance_type not in kinds
    assert len(set(kinds)) == len(kinds) > 2
    for each in plan.model.fallbacks:
        args = each.engine_args
        assert args[args.index("--tensor-parallel-size") + 1] == str(each.placement.tensor_parallel)
        assert each.usd_per_hour >= plan.price.gpu_usd_per_hour


def test_a_floor_lets_a_smaller_quantization_in_and_the_plan_names_its_checkpoint() -> None:
    plan = planned(quality_floor="near-lossless")
    assert plan.model.quantization in {"fp8", "fp8-static", "int8"}
    assert (
        plan.model.checkpoint
        == model(plan.model.name).repository(plan.model.quantization)
        != planned().model.checkpoint
    )
    assert plan.price.gpu_usd_per_hour < planned().price.gpu_usd_per_hour
    assert any(line.startswith(f"{plan.model.quantization} is the best of the") for line in plan.model.why)


def test_a_rate_is_planned_with_as_many_replicas_as_it_takes() -> None:
    load: dict[str, Any] = {"input_tokens": 1000, "output_tokens": 250, "instance_type": "g6e.xlarge"}
    little = planned(requests_per_second=0.5, **load)
    much = planned(requests_per_second=50, **load)
    assert little.model.placement.replicas == 1 < much.model.placement.replicas
    assert any("holds Llama 3.1 8B Instruct at bf16 with 50 requests a second" in line for line in much.model.why)


def test_a_latency_target_is_planned_for() -> None:
    plan = planned(max_itl_ms=12, input_tokens=1000, output_tokens=200)
    assert plan.model.performance is not None
    assert plan.model.performance.itl_ms <= 12
    assert plan.price.gpu_usd_per_hour > planned().price.gpu_usd_per_hour


def test_the_cache_reaches_vllm() -> None:
    plan = planned(kv_cache_dtype="fp8")
    assert argument(plan, "--kv-cache-dtype") == "fp8"
    assert plan.model.kv_cache.bytes_per_token == planned().model.kv_cache.bytes_per_token // 2


def test_a_plan_from_another_region_prices_the_same_but_says_so() -> None:
    here, there = planned(), planned("eu-west-2", instance_type="g6.xlarge", concurrent_requests=2)
    assert there.price.region == here.price.region == "us-east-1"


requests = st.fixed_dictionaries(
    {
        "model": st.sampled_from(sorted(all_models())),
        "quantization": st.sampled_from([each.value for each in Quantization]),
        "max_model_len": st.integers(256, 131_072),
        "concurrent_requests": st.integers(1, 64),
        "replicas": st.integers(1, 20),
        "number_of_availability_zones": st.integers(2, 4),
    },
    optional={
        "instance_type": st.sampled_from(sorted(all_instances())),
        "capacity_type": st.sampled_from(["on_demand", "spot"]),
        "quality_floor": st.sampled_from([None, "four-bit", "near-lossless"]),
        "rank_by": st.sampled_from(["cost", "cost-per-token", "latency"]),
        "kv_cache_dtype": st.sampled_from(["auto", "fp8"]),
        "max_itl_ms": st.sampled_from([None, 20, 200]),
        "vllm_version": st.sampled_from(["0.27.0", "0.33.0", "0.50.1"]),
    },
)


@hypothesis_settings(deadline=None)
@given(requests, st.sampled_from(["us-east-1", "us-west-2", "eu-central-1"]))
def test_every_plan_fits_what_it_says(asked: dict[str, object], region: str) -> None:
    try:
        plan = planned(region, **asked)
    except (SettingsError, PlanError):
        return
    placement, kind = plan.model.placement, instance(plan.model.placement.instance_type)
    assert placement.tensor_parallel * placement.pipeline_parallel * placement.replicas_per_node <= kind.gpus
    assert placement.nodes * (kind.gpus // plan.model.pod.gpus) >= placement.replicas
    assert plan.model.kv_cache.capacity_tokens >= plan.model.kv_cache.required_tokens
    assert plan.model.memory.kv_cache_mib - plan.model.memory.band_mib >= plan.model.memory.kv_required_mib
    left = left_by_daemons(allocatable(kind.vcpus, kind.memory_mib, plan.model.disk_gib, kind.gpus))
    count = placement.replicas_per_node
    assert plan.model.pod.cpu_millicores * count <= left.cpu_millicores
    assert plan.model.pod.memory_mib * count <= left.memory_mib
    assert plan.model.pod.ephemeral_mib * count <= left.ephemeral_mib
    assert plan.price.usd_per_hour > plan.price.gpu_usd_per_hour > 0
    assert len(plan.network.subnets.node_cidrs) == asked["number_of_availability_zones"]
    assert plan.model.probes.startup_failure_threshold > 0
    assert replace(plan).digest == plan.digest
