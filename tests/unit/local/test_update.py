"""Progress of an engine's run: its events in, lines for a person out."""

from __future__ import annotations

import io
import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.progress import Steps
from local.pulumi import update
from local.pulumi.update import Account, PulumiError, run_engine

VPC = "urn:pulumi:local::paddock::paddock:index:PrivateNetwork$aws:ec2/vpc:Vpc::llama-vpc"
NETWORK = "urn:pulumi:local::paddock::paddock:index:PrivateNetwork::llama"


def step(kind: str, op: str, urn: str = VPC, *, custom: bool = True, timestamp: int = 100) -> dict[str, Any]:
    metadata = {"op": op, "urn": urn, "type": urn.split("::")[2].split("$")[-1], "new": {"custom": custom}}
    return {"timestamp": timestamp, kind: {"metadata": metadata}}


def diagnostic(message: str, severity: str = "error", **more: Any) -> dict[str, Any]:
    return {"diagnosticEvent": {"message": message, "severity": severity, **more}}


def told(*events: dict[str, Any]) -> tuple[list[str], Account]:
    account = Account()
    return [line for event in events for line in account.lines(event)], account


def test_a_made_resource_is_told_once_with_the_time_it_took() -> None:
    lines, _ = told(step("resourcePreEvent", "create"), step("resOutputsEvent", "create", timestamp=104))
    assert lines == ["made aws:ec2/vpc:Vpc llama-vpc (4.0 s)"]


def test_what_stays_the_same_is_only_counted() -> None:
    lines, account = told(step("resourcePreEvent", "same"), step("resOutputsEvent", "same"))
    assert lines == []
    assert account.summary() == "1 as they were"


def test_groups_are_neither_told_nor_counted() -> None:
    lines, account = told(step("resOutputsEvent", "create", NETWORK, custom=False))
    assert (lines, account.summary()) == ([], "nothing was there")


def test_the_summary_counts_what_was_done() -> None:
    events = [step("resOutputsEvent", op) for op in ("create", "create", "update", "same", "same", "same")]
    assert told(*events)[1].summary() == "2 made, 1 changed, 3 as they were"


def test_what_is_under_way_is_shown_until_it_is_done() -> None:
    _, account = told(step("resourcePreEvent", "create"))
    assert account.detail == "0 resources · llama-vpc"
    list(account.lines(step("resOutputsEvent", "create")))
    assert account.detail == "1 resources"


def test_a_failed_operation_is_named() -> None:
    lines, _ = told(step("resourcePreEvent", "create"), step("resOpFailedEvent", "create"))
    assert lines == ["failed: create of aws:ec2/vpc:Vpc llama-vpc"]


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (
            diagnostic("<{%fg 1%}>no such zone<{%reset%}>\n", urn=VPC),
            ["error: aws:ec2/vpc:Vpc llama-vpc: no such zone"],
        ),
        (diagnostic("hello", "info#err"), ["hello"]),
        (diagnostic("waiting for a node", "info", ephemeral=True), []),
        (diagnostic("rpc prepared", "debug"), []),
        (diagnostic("deprecated", "warning"), ["warning: deprecated"]),
    ],
)
def test_words_of_program_and_provider_come_through_and_noise_does_not(event: dict[str, Any], lines: list[str]) -> None:
    assert told(event)[0] == lines


def engine(folder: Path, events: list[dict[str, Any]], *, ends: str = "exit 0", prints: str = "") -> list[str]:
    """A program that behaves as pulumi does."""
    (folder / "events").write_text("".join(json.dumps(event) + "\n" for event in events))
    program = folder / "pulumi"
    program.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != --event-log ]; do shift; done\n'
        f'cat {folder / "events"} >> "$2"; {prints or ":"}; {ends}\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return [str(program), "up"]


def run(argv: list[str], folder: Path, **options: Any) -> str:
    said = io.StringIO()
    steps = Steps(Console(file=said, width=200))
    environment = {"PATH": "/usr/bin:/bin"}
    try:
        run_engine(argv, title="pulumi up", steps=steps, folder=folder, environment=environment, **options)
    except PulumiError as error:
        said.write(f"raised: {error}")
    return said.getvalue()


def test_a_run_tells_its_events_and_ends_with_the_summary(tmp_path: Path) -> None:
    said = run(engine(tmp_path, [step("resOutputsEvent", "create")]), tmp_path)
    assert "    made aws:ec2/vpc:Vpc llama-vpc\n" in said
    assert said.endswith("  1 made\n")


def test_an_engine_that_fails_without_a_word_of_error_shows_its_screen(tmp_path: Path) -> None:
    said = run(engine(tmp_path, [], ends="exit 255", prints="echo no stack"), tmp_path)
    assert "    no stack\n" in said
    assert "✗ pulumi up" in said
    assert "failed with status 255; what it said is above" in said


def test_an_engine_that_fails_later_shows_its_diagnostics_and_not_its_screen(tmp_path: Path) -> None:
    events = [diagnostic("quota exceeded")]
    said = run(engine(tmp_path, events, ends="exit 1", prints="echo the whole tree"), tmp_path)
    assert "    error: quota exceeded\n" in said
    assert "the whole tree" not in said


def test_what_the_engine_says_beside_its_events_reaches_the_screen(tmp_path: Path) -> None:
    """Pulumi's own language host ends so with a .venv without pip, after a first event."""
    lost = "error: failed to discover package requirements: calling pip"
    prints = f'echo "{lost}" >&2; echo "error: quota exceeded" >&2'
    events = [step("resOutputsEvent", "same"), diagnostic("quota exceeded")]
    said = run(engine(tmp_path, events, ends="exit 1", prints=prints), tmp_path)
    assert f"    {lost}\n" in said
    assert said.count("quota exceeded") == 1


def test_a_killed_engine_is_called_so_and_nothing_is_said_to_be_above(tmp_path: Path) -> None:
    said = run(engine(tmp_path, [], ends="kill -9 $$"), tmp_path)
    assert "was ended by SIGKILL before it was done" in said
    assert "above" not in said


def test_a_long_wait_is_explained_once_for_each_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "EXPLAIN_EVERY_SECONDS", 0)
    asked: list[int] = []

    def explain() -> list[str]:
        asked.append(1)
        return ["llama/a has no node: no GPU"]

    long_ago = step("resourcePreEvent", "create", timestamp=100)
    said = run(engine(tmp_path, [long_ago], ends="sleep 0.8"), tmp_path, explain=explain)
    assert len(asked) > 1
    assert said.count("waiting: llama/a has no node: no GPU") == 1
    asked.clear()
    just_now = step("resourcePreEvent", "create", timestamp=int(time.time()))
    run(engine(tmp_path, [just_now], ends="sleep 0.3"), tmp_path, explain=explain)
    assert asked == []
