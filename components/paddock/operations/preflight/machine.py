"""Facts of this machine: which programs are on it, and its addresses. It sends nothing."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress

from paddock.operations.preflight.facts import Machine

VERSION_OF = {
    "pulumi": ["pulumi", "version"],
    "aws": ["aws", "--version"],
    "session-manager-plugin": ["session-manager-plugin", "--version"],
}
VERSION = re.compile(r"\d+(?:\.\d+){1,3}[\w.+-]*")
VERSION_SECONDS = 20
ELSEWHERE = ("192.0.2.1", 9)
"""Address of documentation, to which no packet goes: a datagram's socket only chooses the way. Source: RFC 5737."""


def this_machine(
    which: Callable[[str], str | None] = shutil.which, run: Callable[[Sequence[str]], str] | None = None
) -> Machine:
    ask = run or _output
    versions = {name: _version(ask(command)) if which(name) else None for name, command in VERSION_OF.items()}
    return Machine(versions=versions, addresses=_addresses())


def _version(text: str) -> str:
    found = VERSION.search(text)
    return found[0] if found else ""


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout or done.stderr


def _addresses() -> tuple[str, ...]:
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(ELSEWHERE)
        return (str(probe.getsockname()[0]),)
    return ()
