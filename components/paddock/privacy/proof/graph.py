"""Graph of everything that can carry bytes, and the edges on the paths between two of its nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

OUTSIDE = "outside"
PODS = "pods"


class State(StrEnum):
    """State of an edge: where its bytes end up."""

    INSIDE = "inside"
    """Stays inside."""
    DECLARED = "door"
    """Leads out, to somebody who is named: refused until it is declared."""
    UNCLEAR = "unclear"
    """State of an edge that is not known to stay inside."""
    OPEN = "open"
    """Leads out."""


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Edge:
    """Edge along which bytes can move from `source` to `target`; and back, if `both`."""

    source: str
    target: str
    state: State
    rule: str
    resource: str
    """URN of the resource that makes the edge; empty where a missing resource makes it."""
    text: str
    both: bool = True

    @property
    def resource_name(self) -> str:
        return self.resource.rpartition("::")[2]

    @property
    def who(self) -> str:
        """Owner of the place that a door leads to."""
        return self.target.removeprefix("who ")

    @property
    def arcs(self) -> tuple[tuple[str, str], ...]:
        one = (self.source, self.target)
        return (one, one[::-1]) if self.both else (one,)


@dataclass
class Graph:
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    """Edges in the order in which they were found, each once."""

    def add(self, edge: Edge) -> None:
        self.edges[edge] = None

    def connected(self, starts: Collection[str], end: str, *states: State) -> bool:
        return end in _reached(starts, self._arcs(states))

    def between(self, starts: Collection[str], end: str) -> list[Edge]:
        """Open and unclear edges on any path from one of `starts` to `end` that takes no declared exit."""
        arcs = self._arcs((State.INSIDE, State.UNCLEAR, State.OPEN))
        ahead, behind = _reached(starts, arcs), _reached([end], [arc[::-1] for arc in arcs])
        return [
            edge
            for edge in self.edges
            if edge.state in (State.UNCLEAR, State.OPEN)
            # A path that left and came back proves nothing: it must reach the end only at its end.
            and any(a in ahead and b in behind and a != end and b not in starts for a, b in edge.arcs)
        ]

    def _arcs(self, states: Iterable[State]) -> list[tuple[str, str]]:
        kept = set(states)
        return [arc for edge in self.edges if edge.state in kept for arc in edge.arcs]


def _reached(starts: Collection[str], arcs: Iterable[tuple[str, str]]) -> set[str]:
    follow: dict[str, list[str]] = {}
    for source, target in arcs:
        follow.setdefault(source, []).append(target)
    seen, waiting = set(starts), list(starts)
    while waiting:
        here = waiting.pop()
        # What lies behind the outside is the outside: nothing is reached through it.
        if here == OUTSIDE and OUTSIDE not in starts:
            continue
        for target in follow.get(here, ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen
