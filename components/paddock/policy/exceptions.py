"""Exceptions from a rule: one fault of one resource, a reason, and a day on which it ends."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from paddock.privacy.declaration import DAY, REASON, TEXT, lapse
from paddock.privacy.proof import PrivacyVerdict

EXCEPTION: Mapping[str, Any] = {"type": TEXT, "resource": TEXT, "about": REASON, "reason": REASON, "expires": DAY}
ITEM = {"type": "object", "additionalProperties": False, "required": [*EXCEPTION], "properties": EXCEPTION}
SCHEMA: Mapping[str, Any] = {"exceptions": {"type": "array", "items": ITEM}}
"""JSON schema of a rule's configuration; the engine refuses what does not match."""


def excused(config: Mapping[str, Any] | None, type_: str, resource: str, fault: str, today: date) -> str | None:
    """Fault as it is to be reported, None where an exception excuses it; the last day of one still counts.

    An exception names the type, the resource and words of the fault (`about`): what else is wrong with the resource,
    now or later, is not excused. The verdict before a fault is not words of it: all faults have it.
    """
    words = fault.removeprefix(next((each for each in PrivacyVerdict if fault.startswith(each)), ""))
    about = [
        _lapsed(each, today)
        for each in (config or {}).get("exceptions", ())
        if (each.get("type"), each.get("resource")) == (type_, resource) and str(each.get("about", "")) in words
    ]
    return f"{fault}; {about[0]}" if about and all(about) else None if about else fault


def _lapsed(exception: Mapping[str, Any], today: date) -> str:
    """Reason for which an exception does not count; empty where it does."""
    if not all(str(exception.get(key, "")).strip() for key in ("about", "reason")):
        return "its exception does not say about which fault or for which reason; write both, or remove it"
    return lapse("exception", exception.get("expires"), today, "; mend the fault and remove the exception")
