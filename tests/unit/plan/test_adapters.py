"""LoRA adapters of a plan: their memory on the GPU and in the host, their disk, and what the pod has for it."""

from dataclasses import replace
from typing import Any

import pytest

from paddock.plan.adapters import LEAST_SCRATCH_MIB
from paddock.plan.plan import Plan, PlanError, make_plan
from paddock.settings import parse_settings
from paddock.sizing.placement.pod_shape import SCRATCH_GIB
from tests.unit.components.variants import BASE


def plan(**more: Any) -> Plan:
    return make_plan(parse_settings({**BASE, **more}, region="us-east-1"))


TWO = {"sql": "lora-1", "tone": "support-tone/lora-2"}


def flag(made: Plan, name: str) -> str:
    return made.model.engine.args[made.model.engine.args.index(name) + 1]


def test_each_adapter_has_a_slot_and_a_place_in_host_memory() -> None:
    made = plan(adapters=TWO)
    assert "--enable-lora" in made.model.engine.args
    assert [flag(made, name) for name in ("--max-loras", "--max-lora-rank", "--max-cpu-loras")] == ["2", "16", "2"]
    assert made.model.adapters.revisions == {"sql": "llama-3.1-8b/lora-1", "tone": "support-tone/lora-2"}


def test_fewer_slots_take_less_of_the_gpu_and_all_adapters_stay_in_host_memory() -> None:
    one, two = plan(adapters=TWO, max_loras=1, max_lora_rank=64), plan(adapters=TWO, max_lora_rank=64)
    assert [flag(one, name) for name in ("--max-loras", "--max-lora-rank", "--max-cpu-loras")] == ["1", "64", "2"]
    assert 0 < one.model.memory.lora_mib < two.model.memory.lora_mib


def test_without_adapters_nothing_changes() -> None:
    made = plan()
    assert made.model.adapters.disk_mib == 0
    assert made.model.memory.lora_mib == 0
    assert not any("lora" in each for each in made.model.engine.args)
    assert made.model.pod.ephemeral_mib == SCRATCH_GIB * 1024


def test_adapters_take_their_disk_from_the_pods_own_so_that_no_node_is_replaced() -> None:
    before, after = plan(), plan(adapters=TWO)
    assert after.model.disk_gib == before.model.disk_gib
    # Rank 16 of 8B is 42 million values in the layers, in 32 bits; both embeddings and 64 MiB of papers on top.
    assert 2 * (160 + 64) < after.model.adapters.disk_mib < 2 * (200 + 64)
    assert after.model.pod.ephemeral_mib + after.model.adapters.disk_mib == SCRATCH_GIB * 1024
    assert replace(before.price, lines=()) == replace(after.price, lines=())


def test_more_than_the_pods_disk_holds_is_refused_with_the_way_out() -> None:
    room = SCRATCH_GIB * 1024 - LEAST_SCRATCH_MIB
    with pytest.raises(PlanError, match=f"paddock:adapters has 3, .* but a pod has {room:,} MiB for them; lower"):
        plan(adapters=TWO | {"third": "lora-3"}, max_lora_rank=512, max_loras=1, instance_type="g6e.xlarge")
