"""What a predicate answers with, and how it reads a resource's inputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Unknown(Enum):
    """The type of `UNKNOWN`; one value, so that `is UNKNOWN` narrows for the type checker."""

    VALUE = "unknown until the update"


UNKNOWN: Final = Unknown.VALUE
"""Stands for an input that a preview cannot know, such as the id of something not created yet."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault: where it is, and in one sentence what it is, why it matters and what to change."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


@dataclass(frozen=True, slots=True)
class Undecided:
    """An input that decides the matter but is not known yet; the update will judge it."""

    path: str


Finding = Problem | Undecided

Inputs = Mapping[str, object]
"""A resource's inputs as plain data, under the engine's names (camelCase)."""


def values_at(inputs: object, path: str, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value at `path` with its exact place: `a.b`, or `a[].b` for each item of a list.

    An absent or null value yields nothing; where the way to it is unknown, that place yields `UNKNOWN`.
    """
    if not path or inputs is UNKNOWN:
        yield prefix, inputs
        return
    head, _, rest = path.partition(".")
    key = head.removesuffix("[]")
    value = inputs.get(key) if isinstance(inputs, Mapping) else None
    if value is None:
        return
    here = f"{prefix}.{key}" if prefix else key
    if head.endswith("[]") and isinstance(value, list):
        for i, item in enumerate(value):
            yield from values_at(item, rest, f"{here}[{i}]")
    else:
        yield from values_at(value, rest, here)


def is_true(value: object) -> bool:
    """True, also where the provider spells a boolean as text (launch templates do)."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def is_false(value: object) -> bool:
    """False, also where the provider spells a boolean as text."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def required(inputs: Inputs, path: str, *, wanted: bool, why: str) -> list[Finding]:
    """A flag that must be set and must be `wanted`: the default is the other one."""
    places = list(values_at(inputs, path))
    if not places:
        return [Problem(path, f"not set; {why}; set it to {str(wanted).lower()}")]
    return [finding for place, value in places for finding in judged(place, value, wanted=wanted, why=why)]


def judged(path: str, value: object, *, wanted: bool, why: str) -> list[Finding]:
    if value is UNKNOWN:
        return [Undecided(path)]
    if is_true(value) if wanted else is_false(value):
        return []
    return [Problem(path, f"got {value}; {why}; set it to {str(wanted).lower()}")]
