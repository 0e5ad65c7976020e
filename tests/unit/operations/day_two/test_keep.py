"""Advice of `paddock plan --against` on changes that nobody asked for: it names a setting, and followed, it works."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from paddock.operations.day_two import keep
from paddock.operations.day_two.changes import RULES, Change, compare
from paddock.operations.day_two.facts import Facts, facts_that_stand
from paddock.operations.day_two.state import read_state
from paddock.settings.fields import KEYS
from tests.unit.operations.day_two.stands import export, transition

LEFT_OPEN = "the stack file leaves it open; "

UNASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "capacity type": ("paddock:capacity_type", {"capacity_type": "spot"}),
    "quantization": ("paddock:quantization", {"quantization": "fp8", "instance_type": "g6.xlarge"}),
    "peered networks": ("paddock:peer_cidrs", {"peer_cidrs": ["10.9.0.0/16", "10.8.0.0/16"]}),
    "public access": (
        "paddock:endpoint_public_access_cidrs",
        {"endpoint_public_access_cidrs": ["8.8.8.0/24"], "bastion": True},
    ),
    "endpoints in one zone": ("paddock:endpoint_zones", {"endpoint_zones": "one"}),
    "tunnel port": ("paddock:tunnel_port", {"tunnel_port": 9443}),
    "deletion protection": ("paddock:deletion_protection", {"deletion_protection": True}),
    "tags": ("paddock:tags", {"tags": {"team": "a", "cost": "b"}}),
    "way of loading": ("GPU nodes' disks", {"weights_loading": "nvme"}),
    "context": ("arguments of vLLM", {"max_model_len": 4096}),
    "KV cache": ("arguments of vLLM", {"kv_cache_dtype": "fp8"}),
}
"""Settings that a stack file no longer names: the line of the change, and what stands."""


def change_of(found: Any, key: str) -> Change:
    (change,) = [each for each in found.changes if each.key == key]
    assert isinstance(change, Change)
    return change


@pytest.mark.parametrize("name", UNASKED)
def test_the_advice_put_into_the_stack_file_takes_the_change_away(name: str) -> None:
    line, stands = UNASKED[name]
    change = change_of(transition(stands, {}), line)
    assert change.keep.startswith(LEFT_OPEN)
    advised = dict(re.findall(r"set paddock:(\w+) to (.+?)(?= and set | to keep it$)", change.keep))
    assert advised
    followed = {key: yaml.safe_load(text) for key, text in advised.items()}
    assert line not in {each.key for each in transition(stands, followed).changes}


@pytest.mark.parametrize("name", UNASKED)
def test_a_change_that_the_stack_file_asks_for_has_no_advice(name: str) -> None:
    line, after = UNASKED[name]
    assert change_of(transition({}, after), line).keep == ""


def test_a_pool_that_stands_is_kept_by_itself_and_moves_where_the_stack_file_names_another_type() -> None:
    found = transition({"instance_type": "g6.2xlarge"}, {})
    assert found.changes == ()
    assert change_of(transition({}, {"instance_type": "g6.2xlarge"}), "paddock:instance_type").keep == ""


def test_a_port_that_goes_with_the_bastion_is_advised_on_by_the_bastions_own_line() -> None:
    found = transition({}, {"peer_cidrs": ["10.9.0.0/16"]})
    assert "set paddock:bastion to true" in change_of(found, "paddock:bastion").keep
    assert change_of(found, "paddock:tunnel_port").keep == ""


def test_endpoints_that_follow_the_zones_are_kept_by_the_zones() -> None:
    found = _changed(endpoint_zones=3, number_of_availability_zones=3)
    assert "set paddock:number_of_availability_zones to 3" in change_of(found, "paddock:endpoint_zones").keep


def test_replicas_that_nobody_removed_are_kept_by_their_number() -> None:
    assert change_of(_changed(replicas=3, nodes=3), "paddock:replicas").keep.endswith(
        "set paddock:replicas to 3 to keep it"
    )


def test_a_key_is_kept_as_a_secret_and_never_shown() -> None:
    found = transition({"api_key": "sk-" + 20 * "a"}, {})
    assert "pulumi config set --secret paddock:api_key" in change_of(found, "paddock:api_key").keep


def test_arguments_of_another_vllm_are_kept_by_its_version_where_nothing_else_explains_them() -> None:
    unasked = _changed(engine_args={"--max-num-seqs": "999"})
    assert "set paddock:vllm_version to the version of the image" in change_of(unasked, "arguments of vLLM").keep
    explained = _changed(engine_args={"--max-num-seqs": "999"}, instance_type="g6.2xlarge")
    assert change_of(explained, "arguments of vLLM").keep == ""
    pinned = _changed(engine_args={"--max-num-seqs": "999"}, given=("vllm_version",))
    assert change_of(pinned, "arguments of vLLM").keep == ""


def test_add_ons_are_the_catalogs_and_no_setting_is_made_up_for_them() -> None:
    assert "no setting names it" in change_of(_changed(addons={"vpc-cni": "v1.0.0"}), "add-ons").keep


def test_every_fact_named_here_is_one_and_every_setting_too() -> None:
    facts = Facts.__dataclass_fields__.keys()
    assert keep.SETTINGS <= KEYS
    assert facts >= keep.SETTINGS
    assert {*keep.BY_FLAG.values()} <= KEYS
    assert facts >= {*keep.DECIDES_FLAGS}
    assert keep.SETTINGS - {"replicas"} <= RULES.keys()


def _changed(given: tuple[str, ...] = (), **before: Any) -> Any:
    """The comparison of a stack with these facts with the same stack as it stands."""
    standing = facts_that_stand(read_state(export()))
    if "engine_args" in before:
        before["engine_args"] = {**standing.engine_args, **before["engine_args"]}
    return compare(replace(standing, **before), standing, given)
