"""Processes that outlive the command that started them, and are still surely ours when another command stops them.

Each has a record (its pid and the time that it started, so that a pid used again by something else is never signalled),
a log file, a process group of its own, and a probe that says whether it works. Ports are on loopback only.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOPBACK = "127.0.0.1"
TAIL_LINES = 12
POLL_SECONDS = 0.05
PROBE_TIMEOUT_SECONDS = 2.0
STOP_SECONDS = 8.0
CLOCK_TOLERANCE_SECONDS = 2.0
"""Start times are told from the wall clock, which may have been set since."""

_started_here: list[subprocess.Popen[bytes]] = []
"""Keeps what this command started: Popen complains when it is dropped before its process ended, as ours always are."""


class ProcessError(Exception):
    """A process that did not come up, or did not stay up: its name, why, and the tail of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """Command to run, and the check that it works."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    works: Callable[[], bool]
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Record:
    """The one process that a name stands for."""

    pid: int
    started: float

    def running(self) -> psutil.Process | None:
        """The process, if it still is the recorded one."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < CLOCK_TOLERANCE_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class Processes:
    """The processes of one local cloud, known by name."""

    def __init__(self, records: Path, logs: Path):
        self._records = records
        self._logs = logs

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def record(self, name: str) -> Record | None:
        try:
            return Record(**json.loads(self._record_file(name).read_text()))
        except FileNotFoundError:
            return None

    def running(self, name: str) -> psutil.Process | None:
        record = self.record(name)
        return record.running() if record else None

    def known(self) -> list[str]:
        return sorted(file.stem for file in self._records.glob("*.json"))

    def spawn(self, process: Process) -> None:
        """Starts a process, unless it runs already."""
        if self.running(process.name):
            return
        for folder in (self._records, self._logs):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log(process.name).open("ab") as log:
            child = subprocess.Popen(
                list(process.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(process.environment),
                start_new_session=True,
            )
        _started_here.append(child)
        record = {"pid": child.pid, "started": psutil.Process(child.pid).create_time()}
        self._record_file(process.name).write_text(json.dumps(record))

    def wait(self, process: Process) -> None:
        """Returns once the process works; refuses one that ended or took too long."""
        deadline = time.monotonic() + process.timeout_seconds
        while not process.works():
            if not self.running(process.name):
                raise ProcessError(self._report(process.name, "stopped while starting"))
            if time.monotonic() > deadline:
                raise ProcessError(self._report(process.name, f"was not ready after {process.timeout_seconds:.0f} s"))
            time.sleep(POLL_SECONDS)

    def stop(self, names: Sequence[str], *, seconds: float = STOP_SECONDS) -> None:
        """Asks all of them to end, waits, and kills what is left."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for name in names:
                if process := self.running(name):
                    _signal_group(process, number)
            deadline = time.monotonic() + seconds
            # Not psutil.wait_procs: it takes a process for running until somebody has collected its exit status.
            while any(self.running(name) for name in names) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        for name in names:
            self._record_file(name).unlink(missing_ok=True)

    def crashed(self) -> list[str]:
        """A report for each process that should run and does not."""
        return [self._report(name, "has stopped") for name in self.known() if not self.running(name)]

    def tail(self, name: str, lines: int = TAIL_LINES) -> list[str]:
        try:
            return self.log(name).read_text(errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            return []

    def _report(self, name: str, what: str) -> str:
        tail = "\n".join(f"    {line}" for line in self.tail(name)) or "    (it said nothing)"
        return f"{name} {what}. The end of {self.log(name)}:\n{tail}"

    def _record_file(self, name: str) -> Path:
        return self._records / f"{name}.json"


def _signal_group(process: psutil.Process, number: signal.Signals) -> None:
    # Each process leads its own group (start_new_session), so what it started goes with it.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def reserve_ports(names: Sequence[str], wanted: Mapping[str, int]) -> dict[str, socket.socket]:
    """One free port a name, held by a bound socket until its owner listens; `wanted` ports are taken again.

    A socket that is bound and does not listen keeps every search for a free port away from its port, yet lets a server
    that sets SO_REUSEADDR (Go's and Python's do) bind and listen. So two clouds that start at once differ in all.
    """
    held: dict[str, socket.socket] = {}
    try:
        for name in names:
            held[name] = reservation = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reservation.bind((LOOPBACK, wanted.get(name, 0)))
    except OSError:
        release_ports(held.values())
        raise
    return held


def release_ports(reservations: Iterable[socket.socket]) -> None:
    for reservation in reservations:
        reservation.close()


def answers(url: str, *, tls: ssl.SSLContext | None = None) -> bool:
    """True if a GET of the address is answered with 200."""
    # Loopback is never behind a proxy, whatever the environment says.
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if tls:
        handlers.append(urllib.request.HTTPSHandler(context=tls))
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=PROBE_TIMEOUT_SECONDS) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def touched_within(path: Path, seconds: float) -> bool:
    """True if a file was written a short time ago: the health of a process that listens on nothing."""
    try:
        return time.time() - path.stat().st_mtime < seconds
    except FileNotFoundError:
        return False
