"""Exceptions from a rule: one resource by name, a reason, and a day on which it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

SCHEMA: Mapping[str, Any] = {
    "exceptions": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["resource", "reason", "expires"],
            "properties": {
                "resource": {"type": "string", "minLength": 1},
                "reason": {"type": "string", "minLength": 10},
                "expires": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
            },
        },
    }
}
"""JSON schema of a rule's configuration; the engine refuses what does not match."""


@dataclass(frozen=True, slots=True)
class Excused:
    """Outcome for one resource; `problem` says why an exception that names it does not count."""

    excused: bool
    problem: str = ""


def excuse(config: Mapping[str, Any] | None, resource: str, today: date) -> Excused:
    """Exception of one resource in the configuration. The last day of an exception still counts."""
    for each in (config or {}).get("exceptions", ()):
        if each.get("resource") != resource:
            continue
        if not str(each.get("reason", "")).strip():
            return Excused(False, "its exception has no reason; write why, or remove the exception")
        try:
            ends = date.fromisoformat(str(each.get("expires", "")))
        except ValueError:
            return Excused(False, f"its exception expires on no day ({each.get('expires')}); write YYYY-MM-DD")
        if today > ends:
            return Excused(False, f"its exception expired on {ends}; mend the fault and remove the exception")
        return Excused(True)
    return Excused(False)
