"""Backend of Pulumi in files of this machine (`pulumi login file://…`), after a kill."""

from __future__ import annotations

import json
from pathlib import Path

from paddock.operations.deploy.locks import Lock

SCHEME = "file://"
CUT_SHORT = "failed to load checkpoint: EOF"
"""Pulumi's words for a checkpoint whose `.attrs` was cut short. Seen with 3.259, 2026-11-29."""


def folder_of(url: str) -> Path | None:
    """Folder of the backend at that URL; None where it is in no files of this machine."""
    return Path(url.removeprefix(SCHEME)).expanduser() if url.startswith(SCHEME) else None


def living_lock(backend: Path) -> Lock | None:
    """Lock of an engine that may be at work on a stack there."""
    for file in sorted((backend / ".pulumi" / "locks").rglob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        if (lock := Lock(content["hostname"], content["pid"])).lives():
            return lock
    return None


def mend_attributes(backend: Path) -> list[Path]:
    """Remove the attribute files that a kill cut short, and say which.

    The file backend replaces a checkpoint in one step, but writes the `.attrs` beside it in place. Cut short, that
    makes the whole checkpoint fail to load ("EOF"); absent, it is not missed. Only for when no engine is at work.
    """
    broken = [file for file in sorted(backend.rglob("*.attrs")) if not _is_json(file)]
    for file in broken:
        file.unlink()
    return broken


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True
