"""Lock of a stack that another engine holds, or held: read from what pulumi says, whatever the backend."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

LOCKED = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
"""A line for each lock of a backend in files or a bucket (pkg/backend/diy/lock.go of pulumi 3.259)."""
BUSY = re.compile(r"currently locked|Another update is currently in progress", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lock:
    """One engine at work on the stack, or that was."""

    host: str
    pid: int

    @property
    def here(self) -> bool:
        return self.host == socket.gethostname()

    def lives(self) -> bool:
        """True unless it is sure that it has ended: nothing is known of another machine's."""
        return not self.here or _is_pulumi(self.pid)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def is_busy(said: str) -> bool:
    """True where pulumi refuses since somebody else is at work on the stack."""
    return BUSY.search(said) is not None


def locks_in(said: str) -> list[Lock]:
    """Locks that pulumi's refusal names; Pulumi Cloud names none."""
    return [Lock(each["host"], int(each["pid"])) for each in LOCKED.finditer(said)]


def _is_pulumi(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        # A number that another program has since is no engine.
        return "pulumi" in Path(f"/proc/{pid}/comm").read_text() and _state(pid) != "Z"
    except OSError:
        return True


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
