"""Case: what is wrong or harmless on AWS, the change that makes it so, and the right answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.privacy_cases.program import Change, Program, each_of


class Right(StrEnum):
    """Answer that AWS's behavior asks for."""

    REFUSE = "refuse"
    DOOR = "door"
    """Exit to somebody named: refused until the team declares it."""
    PASS = "pass"


@dataclass(frozen=True)
class Case:
    says: str
    right: Right
    change: Change
    base: str = "stack"
    """Recording that it is done to: `stack`, `doors`, `preview`, or `empty` for a program of its own."""
    asks_proof: bool = True
    """False for what breaks a rule of the pack and opens no exit: the proof may say private."""

    def program(self) -> Program:
        program = Program(self.base)
        self.change(program)
        return program


def fault(says: str, *changes: Change, base: str = "stack", asks_proof: bool = True) -> Case:
    return Case(says, Right.REFUSE, each_of(changes), base, asks_proof)


def rule_only(says: str, *changes: Change, base: str = "stack") -> Case:
    """Fault that no exit shows: a rule of the pack refuses it."""
    return fault(says, *changes, base=base, asks_proof=False)


def door(says: str, *changes: Change, base: str = "stack") -> Case:
    return Case(says, Right.DOOR, each_of(changes), base)


def harmless(says: str, *changes: Change, base: str = "stack") -> Case:
    return Case(says, Right.PASS, each_of(changes), base)
