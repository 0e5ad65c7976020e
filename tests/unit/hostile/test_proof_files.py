"""Hostile previews and exports: one message or a verdict, soon; never a traceback, whose status is 1, "not private"."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paddock.privacy.proof import PrivacyVerdict, ProofInputError, prove, read_inventory
from tests.unit.cli.conftest import paddock  # noqa: F401  the fixture
from tests.unit.cli.running import Paddock
from tests.unit.hostile.outcome import assert_clear
from tests.unit.privacy.proof.stacks import Stack, text_of

SHAPES: list[Any] = [None, 0, 1e400, "\ud800\x1b[2J", "10.0.0.1/8", [], [None], [[]], {}, {"a": {"b": [0]}}, [{"": []}]]
FILES = {
    "a preview without steps": '{"steps": 1}',
    "a step without a state": '{"steps": [{"op": "create"}]}',
    "a step whose state is text": '{"steps": [{"op": "update", "oldState": "x", "newState": "y"}]}',
    "inputs in a list": '{"deployment": {"resources": [{"urn": "u", "type": "t", "inputs": [1]}]}}',
    "secret inputs": json.dumps(
        {"deployment": {"resources": [{"urn": "u", "type": "t", "outputs": {"4dabf18193072939515e22adb298388d": "1"}}]}}
    ),
    "links in a list": '{"deployment": {"resources": [{"urn": "u", "type": "t", "propertyDependencies": [1]}]}}',
    "a number of 5,000 digits": '{"steps": [' + "9" * 5000 + "]}",
    "deep nesting": '{"steps": ' + "[" * 5000,
    "a step that is half a letter": '{"steps": ["\\udcff"]}',
}


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_not_pulumis_is_one_message_with_a_status_of_its_own(paddock: Paddock, file: str) -> None:  # noqa: F811  the fixture
    ran = paddock("prove", "-", stdin=FILES[file])
    assert (ran.status, ran.out) == (2, "")
    assert_clear(ran.err)


def put(stack: Stack, position: int, shape: Any) -> None:
    """Puts a shape in the place of one input of every resource, with nothing else in it known."""
    for each in stack.resources:
        for side in ("inputs", "outputs"):
            key = [*sorted(each.get("inputs", {})), "x"][position : position + 1]
            each[side] = each.get(side, {}) | dict.fromkeys(key, shape)


@pytest.mark.parametrize("position", range(14))
def test_values_of_any_shape_end_in_a_verdict(position: int) -> None:
    for shape in SHAPES:
        stack = Stack("doors")
        put(stack, position, shape)
        assert prove(read_inventory(json.dumps(stack.data))).verdict in PrivacyVerdict


@pytest.mark.parametrize("key", ["urn", "type", "id", "custom", "propertyDependencies", "provider", "inputs", "parent"])
def test_states_of_any_shape_end_in_a_verdict_or_one_message(key: str) -> None:
    for shape in SHAPES:
        stack = Stack()
        for each in stack.resources:
            each[key] = shape
        try:
            prove(read_inventory(json.dumps(stack.data)))
        except ProofInputError as refused:
            assert_clear(str(refused))


def test_names_of_a_file_are_no_commands_to_the_terminal(paddock: Paddock) -> None:  # noqa: F811  the fixture
    stack = Stack()
    kind = "kubernetes:core/v1:Pod"
    stack.add(kind, "[red]\x1b[2J", spec={"hostNetwork": True}, metadata={"namespace": "[bold]\x07"})
    ran = paddock("prove", "--stack-export", "-", stdin=json.dumps(stack.data))
    assert "[red]?[2J is on its node's network" in " ".join(ran.out.split())
    assert_clear(ran.out)


def test_a_fault_of_our_own_is_no_verdict(paddock: Paddock, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811  the fixture
    monkeypatch.setattr("paddock.privacy.proof.prove", lambda _: 1 // 0)
    ran = paddock("prove", "-", stdin=text_of("preview"))
    assert ran.status == 2
    assert "Error: this is a fault of paddock and no answer: ZeroDivisionError" in ran.err
