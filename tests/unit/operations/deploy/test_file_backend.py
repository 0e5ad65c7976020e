"""Backend in files after a kill: what is removed, and what an engine that lives keeps."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from paddock.operations.deploy import locks
from paddock.operations.deploy.file_backend import folder_of, living_lock, mend_attributes


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


def test_a_lock_is_living_while_its_engine_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "paddock" / "dev"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(json.dumps({"pid": os.getpid(), "hostname": socket.gethostname()}))
    assert living_lock(tmp_path) is None, "that process is no pulumi"
    monkeypatch.setattr(locks, "_is_pulumi", lambda _: True)
    assert living_lock(tmp_path) is not None


def test_only_files_of_this_machine_are_mended() -> None:
    assert folder_of("file:///state") == Path("/state")
    assert folder_of("file://~") == Path.home()
    assert folder_of("s3://state") is None
    assert folder_of("https://api.pulumi.com") is None
