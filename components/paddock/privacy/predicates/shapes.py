"""Shapes of values that are known to be safe, and the matcher: a value that is in none is a finding, never silence.

`data/shapes.toml` has the shapes. The rules of the pack and the checks of the proof check by them: a rule reads one
resource alone, the proof hands in what else is seen of the stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from paddock.privacy.predicates.facts import data, names
from paddock.privacy.predicates.findings import Door, Finding, Problem, Result, Seen, Undecided
from paddock.privacy.predicates.value_checks import CHECKS, MADE_OF, OF_OTHER_TYPES
from paddock.privacy.predicates.values import UNKNOWN, Inputs, shown

ALWAYS_HARMLESS = frozenset({"arn", "id", "name", "namePrefix", "ownerId", "region", "tags", "tagsAll", "timeouts"})
"""Inputs and outputs of most types that carry nothing."""
LIKE, RULE, HARMLESS, WHOLE = "like", "rule", "harmless", "existence"
ROW = re.compile(r"(?:(?P<rule>[a-z-]+): )?(?P<accepted>[^;]+)(?:; (?P<why>.+))?")
ITEM, OTHER = "[]", "*"


@dataclass(frozen=True, slots=True)
class Row:
    """Values that are accepted at one path."""

    rule: str
    accepted: str
    why: str
    required: bool

    @property
    def kinds(self) -> set[str]:
        """Kinds of the stack's resources of which one is accepted."""
        return {each for each in self.accepted[1:].split() if each[0] != "%"} if self.accepted[0] == "@" else set()

    @property
    def check(self) -> str:
        return next((each for each in self.accepted.split() if each[0] == "%"), "")


@dataclass(slots=True)
class Shape:
    """Shape of a value: a row that checks it whole, or shapes of what is in it, by key.

    `[]` is each item of a list, `*` each key that is not named.
    """

    rule: str
    row: Row | None = None
    inner: dict[str, Shape] = field(default_factory=dict)
    _needed: list[str] | None = None

    def at(self, path: str) -> Shape:
        found = self
        for key in path.replace(ITEM, f".{ITEM}").split("."):
            found = found.inner.setdefault(key, Shape(self.rule))
        return found

    def rows(self) -> Iterator[Row]:
        if self.row:
            yield self.row
        for each in self.inner.values():
            yield from each.rows()

    @property
    def needed(self) -> list[str]:
        """Keys that must be there, or hold one that must, outside of a list."""
        if self._needed is None:
            self._needed = [key for key, each in self.inner.items() if key != ITEM and each.required]
        return self._needed

    @property
    def required(self) -> bool:
        return bool(self.row and self.row.required) or bool(self.needed)

    @property
    def harmless(self) -> bool:
        return self.row is not None and self.row.accepted == "*" and not self.row.required


@cache
def shapes() -> Mapping[str, Shape]:
    """Shape of each resource type."""
    return {kind: _shape(kind, data("shapes")) for kind in data("shapes")}


def _shape(kind: str, read: Mapping[str, Mapping[str, str]]) -> Shape:
    given = read[kind]
    shape = _shape(given[LIKE], read) if LIKE in given else Shape(given[RULE])
    for path in given.get(HARMLESS, "").split():
        shape.at(path).row = Row(shape.rule, "*", "", required=False)
    for path, text in given.items():
        if path not in (LIKE, RULE, HARMLESS) and (row := ROW.fullmatch(text)):
            required = path.endswith("!")
            found = Row(row["rule"] or shape.rule, row["accepted"], row["why"] or "", required)
            shape.at(path.removesuffix("!")).row = found
    return shape


def check(kind: str, values: Inputs, seen: Seen | None = None) -> Iterator[tuple[str, Result]]:
    """Results of a resource's values, each with the rule that it is under; with `seen`, what is not known too."""
    shape = shapes()[kind]
    if (whole := shape.inner.get(WHOLE)) and whole.row:
        yield whole.row.rule, Problem("", whole.row.why)
    else:
        harmless = ALWAYS_HARMLESS - set(shape.inner)
        kept = {key: values[key] for key in values if key not in harmless and not key.startswith("__")}
        yield from _check(shape, "", kept, values, seen)


def shape_findings(*rules: str) -> Callable[[str, Inputs], list[Finding]]:
    """Predicate of one resource: what its shape refuses under these rules, and what is not known yet."""

    def findings(resource_type: str, inputs: Inputs) -> list[Finding]:
        if resource_type not in shapes():
            return []
        found = [each for under, each in check(resource_type, inputs) if under in rules and not isinstance(each, Door)]
        # What one resource does not show is for the proof, which sees the others.
        return [each for each in found if isinstance(each, Problem) or not each.text]

    return findings


def _check(shape: Shape, path: str, value: Any, inside: Inputs, seen: Seen | None) -> Iterator[tuple[str, Result]]:
    if shape.row is not None:
        yield from ((shape.row.rule, each) for each in _accepted(shape.row, path, value, inside, seen))
    elif isinstance(value, Mapping) and shape.inner:
        for key in dict.fromkeys([*value, *shape.needed]):
            deeper = shape.inner.get(key) or shape.inner.get(OTHER) or Shape(shape.rule)
            if deeper.harmless:
                continue
            # A mapping that is not there lacks what must be in it.
            inner = {} if value.get(key) is None and deeper.required and not deeper.row else value.get(key)
            yield from _check(deeper, f"{path}.{key}" if path else str(key), inner, value, seen)
    elif isinstance(value, list) and ITEM in shape.inner:
        for i, item in enumerate(value):
            yield from _check(shape.inner[ITEM], f"{path}[{i}]", item, inside, seen)
    elif value in (None, "", False, 0) or value == [] or value == {}:
        # In place of an object it lacks what must be in one.
        yield from _check(shape, path, {}, inside, seen) if shape.needed else ()
    elif shape.inner and (value is UNKNOWN or seen is None):
        rows = [row for row in shape.rows() if row.accepted != "*" or row.required]
        if rows and not (seen and all(_made_of(row, path, value, seen) for row in rows)):
            yield from ((rule, Undecided(path)) for rule in sorted({row.rule for row in rows}))
    elif seen:
        yield shape.rule, Undecided(path, f"got {shown(value)}, which is not among what is known to stay inside")


def _made_of(row: Row, path: str, value: object, seen: Seen) -> bool:
    """True for a value that leads to a resource of the kinds that are accepted, known yet or not."""
    kinds = row.kinds or (names("owned_kinds").keys() if row.accepted in MADE_OF else set())
    return bool(kinds & set(seen.kinds(path, value)))


def _accepted(row: Row, path: str, value: Any, inside: Inputs, seen: Seen | None) -> Iterator[Result]:
    accepted, why = row.accepted.removeprefix("?"), row.why
    fault = Undecided if row.accepted[0] == "?" else Problem
    missing = value is None or value == ""
    if missing and (not row.required or accepted == "*"):
        yield from [Problem(path, f"not set; {why}")] if row.required else ()
    elif accepted == "*" and not row.required:
        return
    elif value is UNKNOWN:
        # What a value leads to, one resource does not show.
        about_others = row.kinds or accepted in MADE_OF
        yield from [Undecided(path)] if not (_made_of(row, path, value, seen) if seen else about_others) else ()
    elif accepted == "*" or (row.kinds and (seen is None or _made_of(row, path, value, seen))):
        return
    elif (row.check or accepted == "door") and not (missing or isinstance(value, str) or accepted in OF_OTHER_TYPES):
        yield Undecided(path, f"got {shown(value)}, which is no text")
    elif row.check:
        yield from CHECKS[row.check](path, value, inside, seen or Seen())
    elif row.kinds:
        kind = accepted[1:].partition(" ")[0]
        yield Undecided(path, f"{'not set' if missing else f'got {shown(value)}'}, no {kind} that is seen here")
    elif accepted == "door":
        yield Undecided(path, "not set") if missing else Door(value, why.replace("{}", value))
    elif accepted == "never":
        yield from [fault(path, why.replace("{}", shown(value)))] if value else []
    elif missing:
        yield fault(path, f"not set; {why}; set it to {accepted}")
    elif str(value).lower() not in accepted.lower().split("|"):
        yield fault(path, f"got {value}; {why}; set it to {accepted.replace('|', ' or ')}")
