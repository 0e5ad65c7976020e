"""`paddock tunnel`: a tunnel for as long as it is wanted, or as long as a command takes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from paddock.catalog.lookup import RefusedError
from paddock.operations.tunnel.keeper import Looks, Say, kept_open
from paddock.operations.tunnel.kubeconfig_file import KubeconfigFile, entry_name
from paddock.operations.tunnel.session import require_free, require_programs
from paddock.operations.tunnel.target import Finder, Wanted

LOOK_SECONDS = 0.5
INTERRUPTED = 128
"""Added to a signal's number it is the exit status of what the signal ended, as shells have it."""


@dataclass
class Run:
    """A command that runs beside the tunnel, if there is one, and the signals for both."""

    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    stopped_by: int | None = None

    def start(self) -> None:
        try:
            self.process = subprocess.Popen(self.command, env=self.environment)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RefusedError(f"cannot run {self.command[0]}: {reason}") from None

    @property
    def status(self) -> int | None:
        """The exit status, once it is known."""
        if self.process is None:
            return None if self.stopped_by is None else INTERRUPTED + self.stopped_by
        status = self.process.poll()
        return None if status is None else _status(status)

    @contextmanager
    def signals(self) -> Generator[None, None, None]:
        """The command ends before the tunnel: it may need the tunnel to end well, as `pulumi` does."""

        def stop(number: int, _: FrameType | None) -> None:
            if self.process is None:
                self.stopped_by = number
            elif number != signal.SIGINT:  # Ctrl-C it has from the terminal already; a second one makes pulumi give up
                self.process.send_signal(number)

        before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def run(wanted: Wanted, port: int, *, wait: bool, kubeconfig: Path | None, command: Sequence[str], say: Say) -> int:
    """The exit status: the command's, or 0 when the tunnel is closed by Ctrl-C. Raises `RefusedError`."""
    require_programs()
    require_free(port)
    file = KubeconfigFile(kubeconfig) if kubeconfig else None
    finder = Finder.in_region(wanted.region)
    there = {"KUBECONFIG": str(kubeconfig.expanduser().resolve())} if kubeconfig else {}
    beside = Run(command, {**os.environ, **there})
    with beside.signals(), closing(kept_open(lambda: finder.find(wanted), port, say, wait=wait)) as looks:
        try:
            status = _kept(looks, beside, file, port, wait=wait, say=say)
        except RefusedError as refused:
            # It may be in the middle of making something: it is not ours to end.
            if beside.process is None:
                raise
            say(f"Error: {refused}; {command[0]} goes on without the tunnel")
            status = _status(beside.process.wait()) or 1
        finally:
            if file:
                file.undo()
    return 0 if status == INTERRUPTED + signal.SIGINT and not command else status


def _kept(looks: Looks, beside: Run, file: KubeconfigFile | None, port: int, *, wait: bool, say: Say) -> int:
    told = False
    for target in looks:
        if target is not None and not told:
            told = True
            if file:
                file.add(target, port)
                say(f"kubectl reaches it as the context {entry_name(target.cluster)} of {file}")
            if not beside.command:
                say("Pulumi reaches it while this runs; Ctrl-C closes it")
        if beside.command and beside.process is None and (wait or target is not None):
            beside.start()
        if (status := beside.status) is not None:
            return status
        time.sleep(LOOK_SECONDS)
    raise AssertionError("there is always another look")


def _status(status: int) -> int:
    return status if status >= 0 else INTERRUPTED - status
