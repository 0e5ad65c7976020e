"""Rows of a preflight: what was found, what is needed, and what mends it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

NAMED_UNSEEN = 3
"""Rows that could not be seen, at most, for the last line to name them."""


class State(StrEnum):
    PASS = "pass"  # noqa: S105  a word, and no password
    FAIL = "fail"
    UNSEEN = "could not see"
    """AWS did not say: no right to ask, no answer, or one that cannot be read. No failure, but counted."""
    NOT_ASKED = "not asked"
    """The stack has nothing of the kind."""
    LATER = "next step"
    """Missing, and a step of the same command makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    name: str
    state: State
    found: str
    needed: str = ""
    mend: str = ""
    """A command, a line of the stack file or a link; empty where nothing is to be mended."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A fact that could not be read, with the reason in place of it."""

    why: str


def unseen(name: str, fact: Unseen, needed: str = "", mend: str = "") -> Row:
    return Row(name=name, state=State.UNSEEN, found=fact.why, needed=needed, mend=mend)


@dataclass(frozen=True, slots=True)
class Report:
    rows: tuple[Row, ...]

    @property
    def failed(self) -> tuple[Row, ...]:
        return self._in(State.FAIL)

    @property
    def not_seen(self) -> tuple[Row, ...]:
        return self._in(State.UNSEEN)

    def _in(self, state: State) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state is state)

    @property
    def summary(self) -> str:
        """The last line: what fails, and how much could not be seen."""
        failed, dark = len(self.failed), [row.name for row in self.not_seen]
        passed = len(self._in(State.PASS))
        later = len(self._in(State.LATER))
        parts = [f"{failed} of {len(self.rows)} would fail" if failed else f"nothing would fail: {passed} pass"]
        parts += [f"{later} made by the next steps"] if later else []
        # By name where they are few: a deployment's own line stands without the table.
        named = f": {', '.join(dark)}" if len(dark) <= NAMED_UNSEEN else ""
        parts += [f"{len(dark)} could not be seen{named}"] if dark else []
        return ", ".join(parts)


def report(rows: Sequence[Row], later: Collection[str] = ()) -> Report:
    """Report of the rows; those named in `later` that fail are of a step that is still to come."""
    return Report(
        tuple(replace(row, state=State.LATER) if row.name in later and row.state is State.FAIL else row for row in rows)
    )
