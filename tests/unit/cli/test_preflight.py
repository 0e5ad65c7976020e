"""`paddock preflight` and `paddock doctor`, run as a user runs them against an emulated account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from paddock.operations.tunnel.session import PROGRAMS
from tests.emulated import account
from tests.unit.cli.own import SOURCE, own_stack
from tests.unit.cli.running import Paddock

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "docs" / "preflight-schema"
WIDTH = 80
SYNC = "paddock images sync --create-repositories --stack-file stacks/Pulumi.dev.yaml"
LICENSE = "https://github.com/meta-llama/llama-models/blob/main/models/llama3_2/LICENSE"
MENDS = {
    f"✗ images: {SYNC}, and set the key that it prints",
    "✗ weights: paddock deploy dev",
    f'✗ license: read {LICENSE}, then set paddock:license: {{license: llama3.2, by: <name>, "on": "<day>"}}',
    f"✗ session-manager-plugin: {PROGRAMS['session-manager-plugin']}",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with account() as url:
        yield url


@pytest.fixture(autouse=True)
def _there(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The account, and of programs nothing but what the test itself puts there."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.chdir(ROOT)
    for name in ("pulumi", "aws"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {name}/2.31.4\n")
        program.chmod(0o755)


def _valid(text: str, schema: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(text)
    jsonschema.validate(found, json.loads((SCHEMAS / schema).read_text(encoding="utf-8")))
    return found


def test_the_dev_stack_names_each_thing_that_is_missing_with_its_mend(paddock: Paddock) -> None:
    ran = paddock("preflight", "dev")
    assert ran.status == 1
    table, _, mends = ran.out.partition("what mends it")
    assert [line for line in table.splitlines() if len(line.rstrip()) > WIDTH] == []
    assert set(mends.splitlines()) >= MENDS
    assert ran.out.rstrip().splitlines()[-1] == "5 of 21 would fail"


def test_as_json_it_is_what_the_schema_says(paddock: Paddock) -> None:
    ran = paddock("preflight", "--stack-file", "stacks/Pulumi.dev.yaml", "--json")
    found = _valid(ran.out, "preflight.v1.json")
    assert (ran.status, found["stack"], found["failed"], found["not_seen"]) == (1, "dev", 5, 0)


@pytest.mark.parametrize("command", ["preflight", "doctor"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no stack is named"),
        (("nowhere",), "cannot read stacks/Pulumi.nowhere.yaml"),
        (("../dev",), "is no stack's name"),
        (("--stack-file", "README.md"), "is not called Pulumi.<stack>.yaml"),
    ],
)
def test_a_stack_that_is_none_is_refused(paddock: Paddock, command: str, words: tuple[str, ...], said: str) -> None:
    ran = paddock(command, *words)
    assert ran.status == 2
    assert said in ran.err


def test_doctor_says_first_that_there_is_no_cluster(paddock: Paddock) -> None:
    ran = paddock("doctor", "dev")
    assert ran.status == 1
    assert ran.out.splitlines()[0] == "There is no cluster llama-dev in us-east-1: `paddock deploy dev` makes it."
    as_json = paddock("doctor", "dev", "--json")
    assert _valid(as_json.out, "doctor.v1.json")["wrong"] is True


def test_a_checkpoint_of_ones_own_is_looked_for_by_its_own_address_and_license(
    paddock: Paddock, tmp_path: Path
) -> None:
    ran = paddock("preflight", "--stack-file", str(own_stack(tmp_path)))
    assert ran.status == 1
    assert "✗ weights: paddock deploy own" in ran.out
    assert f"✗ license: read {SOURCE}, then set paddock:license: {{license: ours-1.0, " in ran.out
