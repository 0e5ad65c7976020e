"""Evaluation of IAM documents for one request: identity policies, a bucket's policy, an endpoint's policy.

As IAM has it for requests within an account: a Deny anywhere refuses; else an Allow of the identity or of the bucket
lets through, and an endpoint's policy must allow too. Source: IAM user guide, "Policy evaluation logic", read
2026-11-29. What this does not know is an error, so that no condition is passed over.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KNOWN = {"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"}


@dataclass(frozen=True)
class Request:
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    """Condition keys in lower case."""


def allowed(request: Request, identity: Sequence[str], bucket: str | None = None, endpoint: str | None = None) -> bool:
    """True for a request that these documents let through."""
    own = [*_about(request, identity), *_about(request, [bucket] if bucket else [])]
    on_the_way = list(_about(request, [endpoint] if endpoint else []))
    if "Deny" in own or "Deny" in on_the_way:
        return False
    return "Allow" in own and (endpoint is None or "Allow" in on_the_way)


def _about(request: Request, documents: Sequence[str]) -> Iterator[str]:
    """Effects of the statements that are about a request."""
    for text in documents:
        found = json.loads(text)["Statement"]
        for statement in found if isinstance(found, list) else [found]:
            assert not statement.keys() - KNOWN, statement
            assert statement.get("Principal", "*") == "*", statement
            if _matches(statement, request):
                yield statement["Effect"]


def _matches(statement: Mapping[str, Any], request: Request) -> bool:
    named = any(_like(each, request.resource) for each in _listed(statement.get("Resource")))
    if "NotResource" in statement:
        named = not any(_like(each, request.resource) for each in _listed(statement["NotResource"]))
    acts = any(_like(each.lower(), request.action.lower()) for each in _listed(statement["Action"]))
    return named and acts and _holds(statement.get("Condition", {}), request.context)


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    return all(
        _one_holds(operator, context.get(key.lower()), _listed(values))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _one_holds(operator: str, value: str | None, wanted: Sequence[str]) -> bool:
    if operator == "Null":
        return (value is None) is (wanted == ["true"])
    if operator == "StringNotEquals":
        # A key that is missing is not equal.
        return value not in wanted
    if operator in ("StringEquals", "Bool"):
        return value in wanted
    if operator == "StringLike":
        return value is not None and any(_like(each, value) for each in wanted)
    raise AssertionError(f"a condition of {operator}, which tests/unit/weights/iam.py does not know yet")


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None


def _listed(value: Any) -> list[str]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]
