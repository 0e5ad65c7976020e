"""Makes a stack usable again after its engine was killed in the middle of an update."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

CREATING = "creating"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that an engine holds, or held, on a stack of the file backend."""

    file: Path
    pid: int
    hostname: str

    @property
    def stale(self) -> bool:
        """True if the engine that took it has ended. Nothing is known of another machine's engine."""
        if self.hostname != socket.gethostname():
            return False
        try:
            return "pulumi" not in psutil.Process(self.pid).name()
        except psutil.NoSuchProcess:
            return True


def locks(backend: Path, project: str, stack: str) -> list[Lock]:
    folder = backend / ".pulumi" / "locks" / "organization" / project / stack
    found = []
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text())
        found.append(Lock(file, content["pid"], content["hostname"]))
    return found


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
        json.loads(file.read_text())
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Repair:
    """A stack's state without interrupted operations, and what became of each."""

    deployment: dict[str, Any]
    taken_over: tuple[str, ...]
    """Objects that had been made, and are in the state now."""
    dropped: tuple[str, ...]
    """Creations that had not happened yet, or of which nothing is known; they happen again."""
    unfinished: tuple[str, ...]
    """Updates and deletions cut short, and objects never read back; a refresh finds out how they are."""

    @property
    def needed(self) -> bool:
        return bool(self.taken_over or self.dropped or self.unfinished)


def repair(exported: Mapping[str, Any], created: Mapping[str, str]) -> Repair:
    """Settle pending operations of an exported stack. A refresh must follow: it reads what was taken over."""
    deployment = json.loads(json.dumps(exported))
    body = deployment["deployment"]
    resources: list[dict[str, Any]] = body.setdefault("resources", [])
    taken_over, dropped, unfinished = [], [], []
    for operation in body.get("pending_operations") or ():
        resource = operation["resource"]
        urn = resource["urn"]
        if operation["type"] != CREATING:
            unfinished.append(urn)
        elif urn in created and not any(known.get("id") == created[urn] for known in resources):
            for replaced in resources:
                if replaced["urn"] == urn:
                    replaced["delete"] = True
            resources.append({**resource, "id": created[urn]})
            taken_over.append(urn)
        else:
            dropped.append(urn)
    # Taken over by an earlier repair that was itself killed before its refresh.
    unread = (known["urn"] for known in resources if _is_unread(known) and known["urn"] not in taken_over)
    unfinished.extend(urn for urn in unread if urn not in unfinished)
    body.pop("pending_operations", None)
    return Repair(deployment, tuple(taken_over), tuple(dropped), tuple(unfinished))


def _is_unread(resource: Mapping[str, Any]) -> bool:
    return bool(resource.get("custom")) and not resource["type"].startswith("pulumi:") and not resource.get("outputs")


def name_of(urn: str) -> str:
    """`urn:pulumi:local::paddock::a:b:C$aws:ec2/vpc:Vpc::llama-vpc` is `aws:ec2/vpc:Vpc llama-vpc`."""
    *_, types, name = urn.split("::")
    return f"{types.rpartition('$')[2]} {name}"
