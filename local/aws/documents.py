"""IAM policy documents, in which one statement, action or service may stand for a list of one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


def statements(text: str) -> list[Any]:
    return many(json.loads(text).get("Statement"))


def many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def holds(conditions: Mapping[str, Mapping[str, Any]], request: Mapping[str, str]) -> bool:
    """True where a request with these condition keys meets every condition. An operator that is not known here meets
    none, as of an Allow nothing is to be taken for granted."""
    return all(
        operator in ("StringEquals", "StringLike", "ArnEquals", "ArnLike")
        and any(
            fnmatchcase(request.get(key, ""), value) if operator != "StringEquals" else request.get(key) == value
            for value in many(wanted)
        )
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )
