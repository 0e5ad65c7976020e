"""IAM policy documents, in which one statement, action or service may stand for a list of one."""

from __future__ import annotations

import json
from typing import Any


def statements(text: str) -> list[Any]:
    return many(json.loads(text).get("Statement"))


def many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
