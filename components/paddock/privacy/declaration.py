"""Declaration of a door that a team accepts: its kind and resource, whom it leads to, why, and if wanted until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from paddock.catalog.lookup import RefusedError, shown, suggestion
from paddock.privacy.predicates.facts import names

NAMED_BY = ("kind", "resource", "who")
KEYS = (*NAMED_BY, "reason")
EXPIRES = "expires"
LATER = f"close the door and remove it, or set a later {EXPIRES}"
FORM = f"a door has {', '.join(KEYS)} and, if wanted, {EXPIRES}"
SHORTEST_REASON = 10
"""Characters."""
RULE = "paddock-stack-require-declared-doors"
"""Rule of the policy pack whose configuration lists doors."""

KINDS = tuple(names("doors"))
"""Rules of the proof that find doors; docs/proof.md has an example of each."""

TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
REASON: Mapping[str, Any] = {"type": "string", "minLength": SHORTEST_REASON}
DAY: Mapping[str, Any] = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
"""JSON schemas of what a team writes of a door, or of an exception of a rule."""

SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": [*KEYS],
        "properties": {**dict.fromkeys(KEYS, TEXT), "kind": {"enum": [*KINDS]}, "reason": REASON, EXPIRES: DAY},
    },
}
"""JSON schema of a list of declarations, in a stack file and in a pack's configuration."""


class DeclarationError(RefusedError, ValueError):
    """Declaration that is not one; the message says what it has or lacks."""


def declaration(given: object) -> dict[str, str]:
    """Declaration as it was given, checked; raises `DeclarationError`."""
    if not isinstance(given, Mapping):
        raise DeclarationError(f"must be a map, got {shown(given)}; {FORM}")
    if unknown := sorted({str(key) for key in given} - {*KEYS, EXPIRES}):
        raise DeclarationError(f"has {', '.join(map(shown, unknown))}, which is not known; {FORM}")
    if missing := [key for key in KEYS if not isinstance(given.get(key), str) or not given[key].strip()]:
        raise DeclarationError(f"has no {', '.join(missing)}; {FORM}")
    if broken := [key for key in KEYS if not given[key].isprintable()]:
        raise DeclarationError(f"has a line break or control character in {', '.join(broken)}; write one line")
    if given["kind"] not in KINDS:
        raise DeclarationError(
            f"has the kind {shown(given['kind'])}, which no door has; {suggestion(given['kind'], KINDS)}"
        )
    if len(given["reason"].strip()) < SHORTEST_REASON:
        short = f"has the reason {shown(given['reason'])}, which is too short"
        raise DeclarationError(f"{short}; say in at least {SHORTEST_REASON} characters why the door is there")
    if EXPIRES in given and (problem := lapse("door", given[EXPIRES], date.min)):
        raise DeclarationError(problem.replace("its door", "is a door that"))
    return {str(key): str(value) for key, value in given.items()}


def declarations(given: object, where: str) -> list[dict[str, str]]:
    """Declarations of a list; raises `DeclarationError`, which says `where`."""
    if not isinstance(given, list | tuple):
        raise DeclarationError(f"{where} must be a list of doors, got {shown(given)}; {FORM}")
    found = []
    for i, each in enumerate(given):
        try:
            found.append(declaration(each))
        except DeclarationError as error:
            raise DeclarationError(f"{where}[{i}] {error}") from None
    return found


def lapse(kind: str, expires: object, today: date, advice: str = "") -> str:
    """Reason for which what a team accepted no longer counts: its last day is over, or none. Empty where it counts."""
    try:
        ends = date.fromisoformat(str(expires))
    except ValueError:
        ends = None
    if str(ends) != str(expires):  # Python reads 20270331 and 2027-W10-1 too
        return f"its {kind} expires on no day ({expires}); write YYYY-MM-DD"
    return f"its {kind} expired on {ends}{advice}" if ends and today > ends else ""
