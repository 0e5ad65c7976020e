"""Findings of a predicate, and what it is shown of the stack beside a resource."""

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Fault of an input: its path, and in one sentence what it is, why it matters and what to change."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


@dataclass(frozen=True, slots=True)
class Undecided:
    """Input that decides the matter and is not known to be safe; without a text it is not known yet."""

    path: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.text else f"{self.path} is not known yet"


@dataclass(frozen=True, slots=True)
class Door:
    """Input that lets somebody outside in, or data out to somebody, who is named."""

    who: str
    text: str


Finding = Problem | Undecided
Result = Problem | Undecided | Door


def _nothing(_path: str, _value: object) -> Collection[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Seen:
    """View of the stack beside the resource that is checked."""

    kinds: Callable[[str, object], Collection[str]] = _nothing
    """Kinds of the resources that the value of an input leads to, by path and value."""
    own: Callable[[str], bool] = lambda _: True
    """True for a value that names the stack's own account or a resource of it."""
    in_vpc: Callable[[object], bool] = lambda _: False
    """True for a range of addresses within a VPC's."""
    stack: bool = False
    """True where the whole stack is seen, not one resource alone."""
