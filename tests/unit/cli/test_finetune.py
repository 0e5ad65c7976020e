"""`paddock finetune`: what training takes of each GPU, where it fits, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddock.catalog import Purchase, model
from paddock.sizing.training.memory import Method
from paddock.sizing.training.search import Training, training_instances
from tests.unit.cli.running import Paddock


def answer(paddock: Paddock, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(paddock("finetune", *words, "--json").out)
    return found


def test_qlora_of_8b_fits_a_card_that_full_fine_tuning_does_not(paddock: Paddock) -> None:
    small = paddock("finetune", "llama-3.1-8b", "--method", "qlora", "--gpu", "L4")
    assert small.status == 0
    assert "fits the 22.0 GiB of the NVIDIA L4" in small.out
    full = paddock("finetune", "llama-3.1-8b", "--method", "full", "--gpu", "L4")
    assert full.status == 1
    assert "does not fit" in full.out


def test_the_terms_on_the_screen_add_up(paddock: Paddock) -> None:
    memory = answer(paddock, "llama-3.1-8b", "--method", "full")["memory_mib"]
    assert sum(memory["terms"].values()) == pytest.approx(memory["expected"], abs=0.01)
    assert memory["low"] <= memory["expected"] <= memory["high"]


def test_places_are_those_that_hold_it_the_sure_and_cheap_first() -> None:
    training = Training(model=model("llama-3.1-70b"), method=Method.QLORA, sequence_tokens=4096, batch=1)
    places = training_instances(training, "us-east-1", Purchase.ON_DEMAND)
    assert places
    assert all(each.memory.expected_mib <= each.instance.gpu.usable_mib for each in places)
    keys = [(not each.surely, each.usd_per_hour) for each in places]
    assert keys == sorted(keys)
    kinds = [(each.instance.gpu.name, each.instance.gpus) for each in places]
    assert len(kinds) == len(set(kinds))
    # A T4 has the memory for a part of it, but no bf16.
    assert all(each.instance.gpu.compute_capability >= (8, 0) for each in places)


def test_sharding_is_what_lets_full_fine_tuning_of_70b_fit_at_all(paddock: Paddock) -> None:
    assert answer(paddock, "llama-3.1-70b", "--method", "full")["places"]
    assert not answer(paddock, "llama-3.1-70b", "--method", "full", "--no-sharded")["places"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("llama-4-scout",), "mixture of experts"),
        (("llama-3.1-8b", "--method", "dora"), "unknown method 'dora'"),
        (("llama-3.1-8b", "--optimizer", "lion"), "unknown optimizer 'lion'"),
        (("llama-3.1-8b", "--gpus", "0"), "--gpus must be 1 to"),
        (("llama-3.1-8b", "--batch", "0"), "--batch must be 1 to"),
        (("llama-3.1-8b", "--lora-rank", "0"), "--lora-rank must be 1 to"),
        (("llama-3-8b", "--sequence", "16k"), "reads at most 8192"),
        (("llama-3.1-8b", "--region", "moon-1"), "unknown region"),
    ],
)
def test_what_makes_no_sense_is_one_message(paddock: Paddock, words: tuple[str, ...], message: str) -> None:
    ran = paddock("finetune", *words)
    assert ran.status == 2
    assert message in ran.err
    assert "Traceback" not in ran.err
