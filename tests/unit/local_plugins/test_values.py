"""What the engine sends and gets, against Pulumi's wire format. That the engine agrees is shown by tests/local."""

from __future__ import annotations

import pulumi
import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from local.plugins.resource_kubernetes.values import (
    UNKNOWN,
    Secret,
    UnsupportedValueError,
    conceal,
    from_wire,
    has_unknown,
    overlay,
    reveal,
    to_wire,
)

_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3) | inner.map(Secret),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), _PLAIN, max_size=4))
def test_every_value_comes_back_as_it_was_sent(values: dict[str, object]) -> None:
    assert from_wire(to_wire(values)) == values


def test_a_whole_number_is_an_integer_because_kubernetes_refuses_replicas_of_1_0() -> None:
    wire = Struct()
    wire.update({"replicas": 1.0, "ratio": 0.5})
    replicas, ratio = from_wire(wire)["replicas"], from_wire(wire)["ratio"]
    assert (replicas, type(replicas), ratio) == (1, int, 0.5)


def test_the_sdks_own_unknown_and_secret_are_recognised() -> None:
    wire = Struct()
    secret = {rpc._special_sig_key: rpc._special_secret_sig, "value": "hunter2"}
    wire.update({"later": rpc.UNKNOWN, "password": secret})
    assert from_wire(wire) == {"later": UNKNOWN, "password": Secret("hunter2")}


def test_an_asset_is_refused_rather_than_applied_as_a_map() -> None:
    wire = Struct()
    wire.update({"file": {rpc._special_sig_key: rpc._special_asset_sig, "path": "weights.bin"}})
    with pytest.raises(UnsupportedValueError, match="asset"):
        from_wire(wire)


def test_unknown_is_found_inside_a_secret_inside_a_list() -> None:
    assert has_unknown({"a": [1, Secret({"b": UNKNOWN})]})
    assert not has_unknown({"a": [1, Secret({"b": 2})]})


def test_revealing_then_concealing_gives_the_same_marks() -> None:
    inputs = {"spec": {"env": [{"name": "A", "value": Secret("s")}, {"name": "B", "value": "p"}]}}
    assert conceal(reveal(inputs), inputs) == inputs


def test_concealing_keeps_values_that_have_no_mark() -> None:
    assert conceal({"a": [1, 2, 3], "b": 4}, {"a": [Secret(0)]}) == {"a": [Secret(1), 2, 3], "b": 4}


def test_an_overlay_joins_maps_and_replaces_the_rest() -> None:
    assert overlay({"a": {"x": 1, "y": [1, 2]}, "b": 1}, {"a": {"y": [3]}}) == {"a": {"x": 1, "y": [3]}, "b": 1}


def test_this_pulumi_still_has_the_unknown_that_the_table_lists() -> None:
    assert pulumi.runtime.rpc.UNKNOWN == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
