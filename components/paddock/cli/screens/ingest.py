"""Lines of a build that is followed: its phases, and its own log."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import typer

from paddock.catalog.lookup import RefusedError
from paddock.cli.console import harmless
from paddock.operations.ingest.builds import SUCCEEDED, Build, Phase


class Lines:
    """Tells a screen what it is told, which is stderr where no other is given."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self._tell = tell or partial(typer.echo, err=True)

    def started(self, build: Build, *, joined: bool) -> None:
        self._tell(f"{'joined' if joined else 'started'} build {build.id}")

    def phase(self, phase: Phase) -> None:
        if not phase.status:
            self._tell(f"-- {phase.name} …")
            return
        took = "" if phase.seconds is None else f", {phase.seconds} s"
        said = "" if phase.status == SUCCEEDED or not phase.messages else f": {'; '.join(phase.messages)}"
        self._tell(harmless(f"-- {phase.name} {phase.status.lower()}{took}{said}"))

    def line(self, text: str) -> None:
        # A program at work there that draws a bar returns to the line's beginning.
        self._tell(harmless(text.replace("\r", " ")))

    def lost(self, error: RefusedError) -> None:
        self._tell(f"-- {error}; asking again")
