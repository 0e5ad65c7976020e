"""Hostile files and words given to the commands: one message, no traceback, nothing that a terminal would obey."""

import json
from pathlib import Path

import pytest
import yaml

from tests.unit.cli.conftest import paddock  # noqa: F401  the fixture
from tests.unit.cli.running import Paddock, Ran
from tests.unit.components.variants import IMAGE
from tests.unit.hostile.outcome import assert_clear
from tests.unit.hostile.values import HOSTILE

LAUGHS = "\n".join(
    ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
)
FILES = {
    "a Python object": "config: !!python/object/apply:os.system [id]",
    "a Python object as a value": "config:\n  paddock:model: !!python/object/apply:os.system [id]",
    "a billion laughs": f"{LAUGHS}\nconfig:\n  paddock:tags: *a9\n  paddock:model: *a9",
    "a list that holds itself": "config:\n  paddock:tags: &a [*a]",
    "deep nesting": "config: " + "[" * 5000,
    "deep nesting in JSON": "config:\n  paddock:tags: '" + "[" * 5000 + "'",
    "two documents": "config: {}\n---\nconfig: {}",
    "a date that is none": "config:\n  paddock:license: {license: a, by: b, on: 2026-99-99}",
    "no text": "\x00\x01",
    "a template": "config:\n  paddock:model: '{{ 7*7 }}'",
}


def assert_refused(ran: Ran) -> None:
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(("Error: ", "Usage: "))
    assert_clear(ran.err)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", [["plan"], ["images", "list"]], ids=" ".join)
def test_a_hostile_stack_file_is_one_message(paddock: Paddock, tmp_path: Path, command: list[str], name: str) -> None:  # noqa: F811
    file = tmp_path / "stack.yaml"
    file.write_text(FILES[name])
    assert_refused(paddock(*command, "--stack-file", str(file)))


@pytest.mark.parametrize("value", [each for each in HOSTILE.values() if "\ud83d" not in each])
def test_a_hostile_model_in_a_stack_file_or_on_the_command_line_is_one_message(
    paddock: Paddock,  # noqa: F811
    tmp_path: Path,
    value: str,
) -> None:
    file = tmp_path / "stack.yaml"
    config = {"aws:region": "us-east-1", "paddock:model": value, "paddock:vllm_image": IMAGE}
    file.write_text(yaml.safe_dump({"config": config}))
    assert_refused(paddock("plan", "--stack-file", str(file)))
    if "\0" not in value and not value.startswith(("/", "..", "-")):
        assert_refused(paddock("size", f"{value}", "--max-model-len", "8k"))


@pytest.mark.parametrize("value", [each for each in HOSTILE.values() if "\ud83d" not in each])
def test_a_hostile_resource_is_text_in_the_proof(paddock: Paddock, value: str) -> None:  # noqa: F811
    state = {"urn": f"urn:pulumi:a::b::aws:x/y:Z::{value}", "type": f"aws:x/y:{value}", "inputs": {value: value}}
    steps = {"steps": [{"op": "create", "newState": state}]}
    ran = paddock("prove", "-", stdin=json.dumps(steps))
    assert ran.status == 3
    assert "Traceback" not in ran.out + ran.err
    assert not set("\x1b\x07\r\u202e\u200b") & set(ran.out + ran.err)
