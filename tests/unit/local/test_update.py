"""Progress of an engine's run: its events in, lines for a person out."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.progress import Steps
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


def engine(folder: Path, events: list[dict[str, Any]], *, exit_code: int = 0, prints: str = "") -> list[str]:
    """A program that behaves as pulumi does."""
    (folder / "events").write_text("".join(json.dumps(event) + "\n" for event in events))
    program = folder / "pulumi"
    program.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != --event-log ]; do shift; done\n'
        f'cat {folder / "events"} >> "$2"; echo "{prints}"; exit {exit_code}\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return [str(program), "up"]


def run(argv: list[str], folder: Path) -> str:
    said = io.StringIO()
    steps = Steps(Console(file=said, width=200))
    try:
        run_engine(argv, title="pulumi up", steps=steps, folder=folder, environment={"PATH": "/usr/bin:/bin"})
    except PulumiError as error:
        said.write(f"raised: {error}")
    return said.getvalue()


def test_a_run_tells_its_events_and_ends_with_the_summary(tmp_path: Path) -> None:
    said = run(engine(tmp_path, [step("resOutputsEvent", "create")]), tmp_path)
    assert "    made aws:ec2/vpc:Vpc llama-vpc\n" in said
    assert said.endswith("  1 made\n")


def test_an_engine_that_fails_before_its_first_event_shows_what_it_printed(tmp_path: Path) -> None:
    said = run(engine(tmp_path, [], exit_code=255, prints="error: no stack"), tmp_path)
    assert "    error: no stack\n" in said
    assert "✗ pulumi up" in said
    assert "raised: " in said


def test_an_engine_that_fails_later_shows_its_diagnostics_and_not_its_screen(tmp_path: Path) -> None:
    said = run(engine(tmp_path, [diagnostic("quota exceeded")], exit_code=1, prints="the whole tree"), tmp_path)
    assert "    error: quota exceeded\n" in said
    assert "the whole tree" not in said
