"""Steps of a deployment: each says what it will do and cost, is skipped when done, and can be begun again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from paddock.catalog.lookup import RefusedError

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Findings of a step before it begins."""

    done: bool
    text: str
    """Text: what is there already, or what it will do."""
    cost: str = "costs nothing"


class Step(Protocol):
    """One step of a deployment."""

    name: str
    own_command: str
    """The command that does this step alone."""

    def look(self) -> Look:
        """Look for what is there; changes nothing."""
        ...

    def do(self, tell: Tell) -> str:
        """Do it, telling of progress; the text says what came of it."""
        ...


class Screen(Protocol):
    """Screen that a deployment tells what it does."""

    def begins(self, number: int, of: int, step: Step, look: Look) -> None: ...

    def skips(self, number: int, of: int, step: Step, look: Look) -> None: ...

    def tells(self, text: str) -> None: ...

    def ends(self, step: Step, text: str, seconds: float) -> None: ...


BILLS = "store"
"""The first step that makes something on the bill: nothing before it is asked about."""


def run(
    steps: Sequence[Step], screen: Screen, *, agreed: Callable[[], bool], clock: Callable[[], float]
) -> Iterator[Step]:
    """Do what is not done, in order, and yield each step once it is; raises `RefusedError`.

    `agreed` is asked once, before the first step from `BILLS` on that has something to do.
    """
    asked, billing = False, False
    for number, step in enumerate(steps, start=1):
        billing = billing or step.name == BILLS
        look = step.look()
        if look.done:
            screen.skips(number, len(steps), step, look)
            yield step
            continue
        if billing and not asked:
            asked = True
            if not agreed():
                raise RefusedError("nothing was begun that bills; run it again when you want it, --yes does not ask")
        screen.begins(number, len(steps), step, look)
        began = clock()
        text = step.do(screen.tells)
        screen.ends(step, text, clock() - began)
        yield step
