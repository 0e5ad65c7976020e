"""Lines of a build that is followed, on stderr: its phases, and its own log."""

from __future__ import annotations

import typer

from paddock.catalog.lookup import RefusedError
from paddock.operations.ingest.builds import SUCCEEDED, Build, Phase


class Lines:
    """Prints what it is told."""

    def started(self, build: Build, *, joined: bool) -> None:
        self._print(f"{'joined' if joined else 'started'} build {build.id}")

    def phase(self, phase: Phase) -> None:
        if not phase.status:
            self._print(f"-- {phase.name} …")
            return
        took = "" if phase.seconds is None else f", {phase.seconds} s"
        said = "" if phase.status == SUCCEEDED or not phase.messages else f": {'; '.join(phase.messages)}"
        self._print(f"-- {phase.name} {phase.status.lower()}{took}{said}")

    def line(self, text: str) -> None:
        # Of another machine: no character that a terminal would obey.
        self._print("".join(each if each.isprintable() or each == "\t" else " " for each in text))

    def lost(self, error: RefusedError) -> None:
        self._print(f"-- {error}; asking again")

    def _print(self, text: str) -> None:
        typer.echo(text, err=True)
