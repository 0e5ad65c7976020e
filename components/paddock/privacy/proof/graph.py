"""The graph of everything that can carry bytes, and which ways lie between two of its nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

OUTSIDE = "outside"
PODS = "pods"


class State(StrEnum):
    """What is known of a way."""

    INSIDE = "inside"
    """Stays inside."""
    DOOR = "door"
    """Leads out, to somebody who is named; allowed, and listed."""
    UNCLEAR = "unclear"
    """Whether it leads out is not known."""
    OPEN = "open"
    """Leads out."""


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Way:
    """Bytes can move from `source` to `target`; and back, if `both`."""

    source: str
    target: str
    state: State
    rule: str
    resource: str
    """The URN that makes the way; empty where what is missing makes it."""
    text: str
    both: bool = True

    @property
    def arcs(self) -> tuple[tuple[str, str], ...]:
        one = (self.source, self.target)
        return (one, one[::-1]) if self.both else (one,)


@dataclass
class Graph:
    nodes: dict[str, Node] = field(default_factory=dict)
    ways: list[Way] = field(default_factory=list)

    def add(self, way: Way) -> None:
        if way not in self.ways:
            self.ways.append(way)

    def connected(self, start: str, end: str, *states: State) -> bool:
        return end in self._reached(start, self._arcs(states), lambda arc: arc)

    def between(self, start: str, end: str) -> list[Way]:
        """Every way, doors apart, that lies on some walk from `start` to `end` and does not merely stay inside."""
        arcs = self._arcs((State.INSIDE, State.UNCLEAR, State.OPEN))
        ahead = self._reached(start, arcs, lambda arc: arc)
        behind = self._reached(end, arcs, lambda arc: arc[::-1])
        return [
            way
            for way in self.ways
            if way.state in (State.UNCLEAR, State.OPEN)
            # A walk that left and came back proves nothing: it must reach the end only at its end.
            and any(a in ahead and b in behind and a != end and b != start for a, b in way.arcs)
        ]

    def _arcs(self, states: Iterable[State]) -> list[tuple[str, str]]:
        kept = set(states)
        return [arc for way in self.ways if way.state in kept for arc in way.arcs]

    @staticmethod
    def _reached(
        start: str, arcs: list[tuple[str, str]], turned: Callable[[tuple[str, str]], tuple[str, str]]
    ) -> set[str]:
        follow: dict[str, list[str]] = {}
        for arc in arcs:
            source, target = turned(arc)
            follow.setdefault(source, []).append(target)
        seen, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            # What lies behind the outside is the outside: nothing is reached through it.
            if here == OUTSIDE and start != OUTSIDE:
                continue
            for target in follow.get(here, ()):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return seen
