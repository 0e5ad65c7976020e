"""Pulumi's engine as a process that outlives its starter unharmed, for Pulumi's Automation API.

The Automation API reads the engine's output from pipes: a `paddock` that is killed would take the engine down at its
next line, in the middle of making something. Here it writes to files, so it goes on to its end, and the next `paddock
deploy` waits for it. It is in a group of its own: Ctrl-C reaches it once, from here, and it stops when what it is at
is done.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import IO

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

READ_EVERY_SECONDS = 0.1

Tell = Callable[[str], None]


class StoppedError(Exception):
    """The user stopped it; what was begun is finished and recorded."""


class Engine(PulumiCommand):
    """The `pulumi` on PATH."""

    stopped = False
    """True once the user asked to stop."""

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Tell | None = None,
        on_error: Tell | None = None,
    ) -> CommandResult:
        """Run one command of pulumi; raises `CommandError` where it fails, `StoppedError` where the user stopped it."""
        command = [self.command, "--non-interactive", *(each for each in args if each != "--non-interactive")]
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        with tempfile.TemporaryDirectory(prefix="paddock-") as folder:
            said, failed = Path(folder) / "stdout", Path(folder) / "stderr"
            with said.open("w") as out, failed.open("w") as err:
                process = subprocess.Popen(
                    command,
                    cwd=cwd,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            with said.open(errors="replace") as out, failed.open(errors="replace") as err:
                self._followed(process, ((out, on_output), (err, on_error)))
            result = CommandResult(
                stdout=said.read_text(errors="replace").rstrip(),
                stderr=failed.read_text(errors="replace").rstrip(),
                code=process.returncode,
            )
        if self.stopped:
            raise StoppedError
        if result.code != 0:
            raise create_command_error(result)
        return result

    def _followed(self, process: subprocess.Popen[bytes], streams: tuple[tuple[IO[str], Tell | None], ...]) -> None:
        def stop(_: int, __: FrameType | None) -> None:
            # The first lets it finish what it is at, a second makes it give up: the user's choice, passed on.
            self.stopped = True
            if process.poll() is None:
                process.send_signal(signal.SIGINT)

        before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            parts = ["" for _ in streams]
            while True:
                over = process.poll() is not None
                for i, (stream, tell) in enumerate(streams):
                    *lines, parts[i] = (parts[i] + stream.read()).split("\n")
                    for line in lines:
                        if tell is not None and line.strip():
                            tell(line.rstrip())
                if over:
                    return
                time.sleep(READ_EVERY_SECONDS)
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
