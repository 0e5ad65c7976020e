"""Evaluation of IAM documents, as AWS's page on policy evaluation has it: a Deny wins, else an Allow, else nothing.

Knows the operators that paddock's documents use; another one is an error, so that no condition is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any


def allows(documents: Iterable[str], action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
    """True where the documents together let an identity do that. `context` has the request's condition keys."""
    effects = [
        statement["Effect"]
        for document in documents
        for statement in _listed(json.loads(document)["Statement"])
        if _applies(statement, action, resource, context or {})
    ]
    return "Deny" not in effects and "Allow" in effects


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    unknown = statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}
    assert not unknown, f"not known here: {unknown}"
    return (
        any(fnmatchcase(action.lower(), each.lower()) for each in _listed(statement["Action"]))
        and any(_matches(resource, each) for each in _listed(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), _listed(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _holds(operator: str, given: str | None, values: list[str]) -> bool:
    match operator:
        case "StringEquals":
            return given in values
        case "StringNotEquals":
            # A key that is missing is unequal.
            return given not in values
        case "StringLike" | "ArnLike" | "ArnEquals":
            return given is not None and any(_matches(given, each) for each in values)
        case "Bool":
            return given is not None and given.lower() in {each.lower() for each in values}
        case "Null":
            return (given is None) == (values == ["true"])
    raise AssertionError(f"operator {operator} is not known here")


def _matches(text: str, pattern: str) -> bool:
    # A bracket is no pattern in IAM.
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
