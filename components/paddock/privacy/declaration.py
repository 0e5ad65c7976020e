"""Declaration of a door that a team accepts: its kind and resource, whom it leads to, why, and if wanted until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from paddock.catalog.lookup import RefusedError, shown

KEYS = ("kind", "resource", "who", "reason")
EXPIRES = "expires"
FORM = f"a door has {', '.join(KEYS)} and, if wanted, {EXPIRES}"
SHORTEST_REASON = 10

SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": [*KEYS],
        "properties": {
            **{key: {"type": "string", "minLength": 1} for key in KEYS},
            "reason": {"type": "string", "minLength": SHORTEST_REASON},
            EXPIRES: {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        },
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
    if len(given["reason"].strip()) < SHORTEST_REASON:
        raise DeclarationError(f"has the reason {shown(given['reason'])}; say in words why the door is there")
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
