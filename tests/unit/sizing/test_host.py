"""The machine around the GPUs: what a replica needs of it, and whether its share is enough."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.catalog import Quantization, all_instances, instance, model, scheme
from paddock.catalog.nodes import allocatable_ephemeral_mib
from paddock.sizing import LoraSlots, pod_shape
from paddock.sizing.placement.pod_shape import (
    IMAGE_GIB,
    SCRATCH_GIB,
    adapters_mib,
    disk_gib,
    largest_tensor_mib,
    loading_mib,
    needed_memory_mib,
    needs,
    pull_seconds,
    stream_buffer_mib,
    too_small,
)
from paddock.units import MIB


@given(st.integers(1, 8))
def test_the_disk_holds_the_image_and_every_replicas_scratch(replicas: int) -> None:
    assert allocatable_ephemeral_mib(disk_gib(replicas)) >= (IMAGE_GIB + SCRATCH_GIB * replicas) * 1024
    assert disk_gib(1) == 60


def test_a_pull_waits_for_the_disk_at_gp3s_default_and_not_at_the_throughput_that_the_plan_asks_for() -> None:
    # 10 GB compressed at 60 MB/s are 167 s, twice that; 35 GB written at 125 MiB/s are 267 s.
    assert pull_seconds() == pull_seconds(1000) == 334
    assert pull_seconds(125) == 535


def test_the_read_buffer_fits_the_pod() -> None:
    small, large = pod_shape(instance("g6.xlarge"), 1), pod_shape(instance("p5.48xlarge"), 8)
    assert 1024 <= stream_buffer_mib(small, 100) < small.memory_mib
    assert stream_buffer_mib(large, 100) == 8192


def test_guard_crash_the_read_buffer_holds_the_largest_tensor_and_the_host_has_room_for_it_twice() -> None:
    maverick, stored = model("llama-4-maverick"), scheme(Quantization.BF16)
    # Fused gate and up of all experts: 128 x 5120 x 16,384 x 2 bytes.
    assert largest_tensor_mib(maverick, stored) == 20_480
    large = pod_shape(instance("p5en.48xlarge"), 8)
    assert stream_buffer_mib(large, 20_480) == 20_480
    assert needed_memory_mib(8, loading_mib(maverick, stored)) - needed_memory_mib(8) == 8 * 2 * (20_480 - 1024)
    assert largest_tensor_mib(maverick, scheme(Quantization.INT4)) < 2048
    embedding_70b = 128_256 * 8192 * 2 / MIB
    assert largest_tensor_mib(model("llama-3.1-70b"), stored) == pytest.approx(embedding_70b, abs=1)
    assert loading_mib(model("llama-3.1-8b"), stored) == 0


def test_a_host_without_room_for_the_largest_tensor_is_refused() -> None:
    held = loading_mib(model("llama-4-maverick"), scheme(Quantization.BF16))
    assert too_small(replace(instance("p5en.48xlarge"), memory_mib=300_000), 8) is None
    assert "MiB a replica" in (too_small(replace(instance("p5en.48xlarge"), memory_mib=300_000), 8, held) or "")


def test_a_host_with_too_little_memory_or_too_few_cpus_is_refused_with_the_number() -> None:
    small = instance("g6.xlarge")
    assert too_small(small, 1) is None
    assert "MiB a replica" in (too_small(replace(small, memory_mib=8192), 1) or "")
    assert "2 are needed" in (too_small(replace(small, vcpus=2), 1) or "")


@pytest.mark.parametrize("gpus", [1, 2, 4, 8])
def test_what_is_needed_grows_with_the_gpus_and_holds_its_shared_memory(gpus: int) -> None:
    needed = needs(gpus)
    assert needed.memory_mib == needed_memory_mib(gpus) > needed.shm_mib
    assert needed.cpu_millicores == (gpus + 1) * 1000


def test_every_instance_type_carries_one_replica_on_all_its_gpus() -> None:
    assert [each.instance_type for each in all_instances().values() if too_small(each, each.gpus)] == []


def test_each_worker_keeps_a_whole_copy_of_the_adapters_in_host_memory() -> None:
    llama, stored = model("llama-3.1-8b"), scheme(Quantization.BF16)
    assert adapters_mib(llama, stored, None) == 0
    one = adapters_mib(llama, stored, LoraSlots(max_loras=1, max_lora_rank=16))
    four = adapters_mib(llama, stored, LoraSlots(max_loras=4, max_lora_rank=16))
    # Rank 16 over all seven projections of 32 layers at 16 bits is 80 MiB; the embeddings have slots too.
    assert 80 <= one < 120
    assert four == pytest.approx(4 * one, abs=4)
    assert adapters_mib(llama, stored, LoraSlots(max_loras=1, max_lora_rank=16, max_cpu_loras=4)) == four
    assert needed_memory_mib(2, four) == needed_memory_mib(2) + 2 * four
