"""Repair of a stack's state after its engine was killed: nothing is lost, nothing is made twice."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from local.pulumi.journal import created, remember_created
from local.pulumi.recovery import Lock, locks, mend_attributes, name_of, repair
from local.state import STATE_VARIABLE

VPC = "urn:pulumi:local::paddock::paddock:index:LlamaPlatform$aws:ec2/vpc:Vpc::llama-vpc"


def exported(*pending: dict[str, Any], resources: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": resources or [], "pending_operations": list(pending)}}


def creating(urn: str = VPC) -> dict[str, Any]:
    return {
        "type": "creating",
        "resource": {"urn": urn, "type": "aws:ec2/vpc:Vpc", "inputs": {"cidrBlock": "10.0.0.0/16"}},
    }


def test_a_whole_state_needs_no_repair() -> None:
    assert not repair({"version": 3, "deployment": {"resources": [{"urn": VPC, "id": "vpc-1"}]}}, {}).needed


def test_an_object_that_was_made_is_taken_over_with_its_id() -> None:
    fixed = repair(exported(creating()), {VPC: "vpc-1"})
    assert fixed.taken_over == (VPC,)
    assert fixed.deployment["deployment"] == {"resources": [{**creating()["resource"], "id": "vpc-1"}]}


def test_a_creation_of_which_nothing_is_known_happens_again() -> None:
    fixed = repair(exported(creating()), {})
    assert (fixed.dropped, fixed.deployment["deployment"]) == ((VPC,), {"resources": []})


def test_an_update_cut_short_is_left_to_the_refresh() -> None:
    known = {"urn": VPC, "id": "vpc-1"}
    fixed = repair(exported({"type": "updating", "resource": known}, resources=[known]), {VPC: "vpc-1"})
    assert fixed.unfinished == (VPC,)
    assert fixed.deployment["deployment"] == {"resources": [known]}


def test_a_replacement_that_was_made_condemns_what_it_replaces() -> None:
    old = {"urn": VPC, "id": "vpc-1"}
    resources = repair(exported(creating(), resources=[old]), {VPC: "vpc-2"}).deployment["deployment"]["resources"]
    assert [(each["id"], each.get("delete", False)) for each in resources] == [("vpc-1", True), ("vpc-2", False)]


def test_a_replacement_not_made_yet_is_not_confused_with_what_it_replaces() -> None:
    old = {"urn": VPC, "id": "vpc-1"}
    fixed = repair(exported(creating(), resources=[old]), {VPC: "vpc-1"})
    assert fixed.dropped == (VPC,)
    assert fixed.deployment["deployment"]["resources"] == [old]


def test_what_an_earlier_repair_took_over_and_did_not_read_is_read_now() -> None:
    read = {"urn": VPC, "id": "vpc-1", "type": "aws:ec2/vpc:Vpc", "custom": True, "outputs": {"arn": "arn"}}
    unread = {key: value for key, value in read.items() if key != "outputs"}
    assert not repair(exported(resources=[read]), {}).needed
    assert repair(exported(resources=[unread]), {}).unfinished == (VPC,)


def test_what_was_exported_is_not_changed() -> None:
    before = exported(creating())
    text = json.dumps(before)
    repair(before, {VPC: "vpc-1"})
    assert json.dumps(before) == text


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


def test_a_urn_is_told_by_type_and_name() -> None:
    assert name_of(VPC) == "aws:ec2/vpc:Vpc llama-vpc"


def test_an_attribute_file_that_a_kill_cut_short_is_removed_and_no_other(tmp_path: Path) -> None:
    """Seen: the engine died in the middle of writing it, and every command then failed with "EOF"."""
    folder = tmp_path / ".pulumi" / "stacks" / "paddock"
    folder.mkdir(parents=True)
    for name, text in {
        "a.json": "{}",
        "a.json.attrs": "",
        "b.json.attrs": '{"user.content',
        "c.json.attrs": "{}",
    }.items():
        (folder / name).write_text(text)
    assert mend_attributes(tmp_path) == [folder / "a.json.attrs", folder / "b.json.attrs"]
    assert sorted(file.name for file in folder.iterdir()) == ["a.json", "c.json.attrs"]
