"""Repair of a stack's state after its engine was killed: nothing is lost, nothing is made twice."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from local.pulumi.journal import created, remember_created
from local.pulumi.recovery import Lock, locks, repair
from local.state import STATE_VARIABLE

VPC = "urn:pulumi:local::paddock::paddock:index:LlamaPlatform$aws:ec2/vpc:Vpc::llama-vpc"


def test_an_object_that_the_journal_knows_is_taken_over_by_its_urn_and_no_other() -> None:
    """The rest of a killed engine's state: tests/unit/operations/deploy/test_pending.py."""
    first, second = ({"urn": urn, "type": "aws:ec2/vpc:Vpc"} for urn in (VPC, f"{VPC}-2"))
    pending = [{"type": "creating", "resource": each} for each in (first, second)]
    fixed = repair({"resources": [], "pending_operations": pending}, {VPC: "vpc-1"})
    assert (fixed.taken_over, fixed.dropped) == ((VPC,), (f"{VPC}-2",))
    assert fixed.deployment == {"resources": [{**first, "id": "vpc-1"}]}


def test_the_journal_remembers_the_last_id_of_each_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path))
    for resource_id in ("vpc-1", "vpc-2"):
        remember_created(VPC, resource_id)
    assert created(tmp_path / "created.jsonl") == {VPC: "vpc-2"}


def test_a_missing_journal_knows_nothing(tmp_path: Path) -> None:
    assert created(tmp_path / "created.jsonl") == {}


def test_outside_a_local_cloud_nothing_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STATE_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    remember_created(VPC, "vpc-1")
    assert list(tmp_path.iterdir()) == []


def lock(pid: int, hostname: str = "") -> Lock:
    return Lock(Path("lock.json"), pid, hostname or socket.gethostname())


def test_a_lock_is_stale_when_its_process_is_gone_or_is_no_pulumi() -> None:
    assert lock(2**22 + 1).stale
    assert lock(os.getpid()).stale


def test_a_lock_of_another_machine_is_never_called_stale() -> None:
    assert not lock(2**22 + 1, "elsewhere").stale


def test_locks_are_found_where_the_file_backend_keeps_them(tmp_path: Path) -> None:
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "paddock" / "local"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(json.dumps({"pid": 7, "hostname": "here", "username": "me", "timestamp": ""}))
    assert [(found.pid, found.hostname) for found in locks(tmp_path, "paddock", "local")] == [(7, "here")]
    assert locks(tmp_path, "paddock", "other") == []
