"""Makes a stack usable again after its engine was killed in the middle of an update."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from paddock.operations.deploy.pending import Settled, settled


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


def repair(deployment: Mapping[str, Any], made: Mapping[str, str]) -> Settled:
    """Settle an exported deployment's pending operations by the ids of the journal: it knows what tags do not tell."""
    return settled(deployment, lambda resource: made.get(resource["urn"]))
