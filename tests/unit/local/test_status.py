"""`make status`: what stands before what runs it. With a cloud: tests/local/test_make_up.py."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from rich.console import Console

from local.__main__ import status
from local.processes.cloud import ProcessStatus
from local.state import STATE_VARIABLE
from local.status import StackStatus, status_screen

OUTPUTS = {
    "model": "Llama 3.1 8B Instruct",
    "quantization": "bf16",
    "instance": "1 x g6.xlarge",
    "endpoint": "http://llama-vllm.llama.svc.cluster.local:8000/v1",
    "usd_per_hour": 1.249,
    "usd_per_month": 911.77,
    "prices_as_of": "2026-01-19",
}


def shown(*stacks: StackStatus) -> str:
    console = Console(width=120)
    processes = [ProcessStatus(name="etcd", pid=7, memory_mib=39.6)]
    with console.capture() as capture:
        console.print(status_screen(stacks, {"g6.xlarge": 1, "m7i.large": 2}, processes))
    return capture.get()


def test_the_stack_with_price_pods_and_endpoint_comes_first_and_the_processes_last() -> None:
    said = shown(StackStatus("paddock/local", OUTPUTS, 1, 1, ()))
    order = ["paddock/local", "g6.xlarge", "$1.25 an hour", "/v1 (nothing is served", "1 of 1", "2 x m7i.large", "etcd"]
    positions = [said.index(word) for word in order]
    assert positions == sorted(positions)


def test_why_pods_are_not_ready_stands_beside_their_number() -> None:
    said = shown(StackStatus("paddock/local", OUTPUTS, 0, 1, ["llama/a has no node: no GPU"]))
    assert "0 of 1 ready" in said
    assert "llama/a has no node: no GPU" in said


def test_a_cloud_without_a_stack_names_the_command_that_makes_one() -> None:
    assert "none; `make up` makes one" in shown()


def test_without_a_cloud_one_line_says_so_and_no_log_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    with pytest.raises(typer.Exit):
        status()
    said = " ".join(capsys.readouterr().out.split())
    assert f"no local cloud runs in {tmp_path}; `make up` starts one" in said
    assert "logs" not in said
