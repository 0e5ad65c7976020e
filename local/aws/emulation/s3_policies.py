"""Bucket policies with conditions: moto 5.2.5 takes a statement whose condition does not hold for a refusal.

Knows the conditions that the store's policy has. All requests here come from outside of any VPC, so nothing reads the
contents of a store; loopback without TLS stands for TLS, which the local cloud does not speak.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from flask import has_request_context, request
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.aws.documents import many, statements
from local.aws.emulation import teach

READS = {"s3:HeadObject": "s3:GetObject", "s3:PostObject": "s3:PutObject"}
"""Actions of moto's by the right that S3 asks for."""


CREATES = "s3:ObjectCreationOperation"


def install() -> None:
    """Teach every bucket of this process."""

    def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        return permission(self.policy.decode(), READS.get(action, action), resource, _keys())

    teach(FakeBucket, get_permission)


def permission(policy: str, action: str, resource: str, keys: Mapping[str, str]) -> PermissionResult:
    """Verdict of a policy on a request with these condition keys, made by the account's own user."""
    effects = {
        each["Effect"]
        for each in statements(policy)
        if _concerns(each, "Action", action.lower())
        and _concerns(each, "Resource", resource)
        and meets(each.get("Condition") or {}, keys)
    }
    if "Deny" in effects:
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED if "Allow" in effects else PermissionResult.NEUTRAL


def _concerns(statement: Mapping[str, Any], element: str, value: str) -> bool:
    """True where the statement's Action or Resource has the value, or its NotAction or NotResource has it not."""
    negated = f"Not{element}" in statement
    patterns = [str(each) for each in many(statement.get(f"Not{element}" if negated else element))]
    if element == "Action":
        patterns = [each.lower() for each in patterns]
    return any(fnmatchcase(value, each) for each in patterns) is not negated


def meets(conditions: Mapping[str, Mapping[str, Any]], keys: Mapping[str, str]) -> bool:
    """True where every condition holds; one with an operator that is not known here counts as one that does."""
    found = {key.lower(): value for key, value in keys.items()}
    return all(
        _holds(operator, found.get(key.lower()), [str(each) for each in many(wanted)])
        for operator, wants in conditions.items()
        for key, wanted in wants.items()
    )


def _holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return (value is None) is (wanted[0].lower() == "true")
    if operator in ("StringNotEquals", "StringNotLike"):
        return value is None or not any(fnmatchcase(value, each) for each in wanted)
    if operator in ("StringEquals", "StringLike", "Bool"):
        return value is not None and any(fnmatchcase(value.lower(), each.lower()) for each in wanted)
    return True


def _keys() -> dict[str, str]:
    fixed = {"aws:SecureTransport": "true"}
    if not has_request_context():
        return fixed
    given = {f"s3:{name}": value for name, value in request.headers.items()}
    # A part and the beginning of an upload make no object; its completion does. Source: S3 user guide,
    # conditional-writes-enforce, read 2026-11-29.
    makes = not {"partNumber", "uploads"} & set(request.args)
    return {**given, **fixed, CREATES: "true" if makes else "false"}
