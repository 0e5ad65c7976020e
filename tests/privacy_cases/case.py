"""Case: what is wrong or harmless on AWS, the change that makes it so, and the right answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.privacy_cases.program import Change, Program, each_of


class Right(StrEnum):
    """Answer that AWS's behavior asks for."""

    REFUSE = "refuse"
    DOOR = "door"
    """Exit to somebody named: refused, and let pass once the team declares it."""
    PASS = "pass"


BOTH = frozenset({"pack", "proof"})


@dataclass(frozen=True)
class Case:
    says: str
    right: Right
    change: Change
    base: str = "stack"
    """Recording that it is done to: `stack`, `doors`, `preview`, or `empty` for a program of its own."""
    asks: frozenset[str] = BOTH
    """Checks that must be right: the pack's alone where no exit opens, the proof's alone for what only a file says."""

    def program(self) -> Program:
        program = Program(self.base)
        self.change(program)
        return program


def fault(says: str, *changes: Change, base: str = "stack") -> Case:
    return Case(says, Right.REFUSE, each_of(changes), base)


def rule_only(says: str, *changes: Change, base: str = "stack") -> Case:
    """Fault that no exit shows: a rule of the pack refuses it."""
    return Case(says, Right.REFUSE, each_of(changes), base, frozenset({"pack"}))


def file_only(says: str, *changes: Change, base: str = "stack") -> Case:
    """Fault that a file says and the engine shows no pack."""
    return Case(says, Right.REFUSE, each_of(changes), base, frozenset({"proof"}))


def door(says: str, *changes: Change, base: str = "stack") -> Case:
    return Case(says, Right.DOOR, each_of(changes), base)


def harmless(says: str, *changes: Change, base: str = "stack") -> Case:
    return Case(says, Right.PASS, each_of(changes), base)
