"""IAM policy documents: what an Allow leaves open, and what a Deny closes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from paddock.privacy.predicates.findings import UNKNOWN
from paddock.privacy.predicates.iam_documents import ONLY_ON_EVERYTHING, as_list, texts

NETWORK_KEYS = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount"})
"""Condition keys by which a policy names a network: a VPC, an endpoint, or the account whose endpoint it must be."""
READS_OBJECTS = ("s3:getobject", "s3:getobjectversion")
"""Actions that read an object; an old version of it is read by an action of its own."""
RESOURCE_KEYS = frozenset({"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "s3:resourceaccount"})
PRINCIPAL_KEYS = frozenset({"aws:principalaccount", "aws:principalorgid", "aws:principalarn", "aws:principalorgpaths"})
EQUALS = frozenset({"stringequals", "stringlike", "arnequals", "arnlike", "stringequalsignorecase"})
"""Operators that fail where the key is missing. `…IfExists` passes then, so it holds nothing in an Allow."""
NOT_EQUALS = frozenset(
    {"stringnotequals", "stringnotlike", "stringnotequalsifexists", "stringnotlikeifexists"}
    | {"stringnotequalsignorecase"}
)
"""Operators of a Deny. Both forms hold: a negated operator is true where the key is missing."""
HARMLESS_BESIDE = frozenset({"aws:principalisawsservice", "aws:viaawsservice"})
"""Keys that a Deny may spare beside its network: AWS's own services acting for the account, such as log delivery."""
READS = re.compile(r"^[a-z0-9-]+:(get|list|describe|batchget|head|pull|decrypt|lookup|view)[a-z0-9*]*$", re.I)
ACCOUNT = re.compile(r"^[0-9]{12}$")


class DocumentError(Exception):
    """Text that is no policy document; the message says why."""


def statements(document: object) -> list[Mapping[str, Any]]:
    """Statements of a policy document; raises `DocumentError`, also for a document that is not known yet."""
    if document is UNKNOWN:
        raise DocumentError("its policy is not known before the update")
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            raise DocumentError("its policy is not JSON") from None
    if not isinstance(document, Mapping) or "Statement" not in document:
        raise DocumentError("its policy has no Statement")
    found = as_list(document["Statement"])
    if not all(isinstance(each, Mapping) and each.get("Effect") in ("Allow", "Deny") for each in found):
        raise DocumentError("a statement of its policy has no Effect")
    return found


def conditions(statement: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Conditions as (operator, key, values), the first two in lower case."""
    found = []
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items() if isinstance(keys, Mapping) else ():
            found.append((str(operator).lower(), str(key).lower(), texts(values)))
    return found


def equal_to(statement: Mapping[str, Any], keys: frozenset[str]) -> list[str]:
    """Values that a positive condition pins one of `keys` to; none where a wildcard would let anything by."""
    for operator, key, values in conditions(statement):
        if operator in EQUALS and key in keys and values and all(map(_pinned, values)):
            return values
    return []


def _pinned(value: str) -> bool:
    """True for a value without a wildcard, or with one below an account or an organization that is named."""
    return not set("*?$") & set(value) or value.startswith("o-") or _names_an_owner(value)


def principals(statement: Mapping[str, Any]) -> list[str]:
    """Principals that the statement names; `*` for everyone, and for everyone but some."""
    if "NotPrincipal" in statement:
        return ["*"]
    named = statement.get("Principal")
    if isinstance(named, Mapping):
        return [each if kind != "Service" else f"service {each}" for kind in named for each in texts(named[kind])]
    return texts(named)


def named_resources(statement: Mapping[str, Any]) -> list[str]:
    """ARNs of a statement if every one names its account or its bucket, else nothing."""
    arns = texts(statement.get("Resource"))
    return arns if "NotResource" not in statement and arns and all(map(_names_an_owner, arns)) else []


def _names_an_owner(arn: str) -> bool:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return False
    if parts[2] == "s3":
        return bool(parts[5]) and not set("*?$") & set(parts[5].partition("/")[0])
    return bool(ACCOUNT.fullmatch(parts[4]))


def writes(statement: Mapping[str, Any]) -> bool:
    """True for an Allow with an action that is not plainly one of reading, nor on the caller's own account alone."""
    actions = texts(statement.get("Action"))
    harmless = all(READS.match(each) or each in ONLY_ON_EVERYTHING for each in actions)
    return "NotAction" in statement or not actions or not harmless


def denies_all_but(statement: Mapping[str, Any], keys: frozenset[str]) -> list[str] | None:
    """Values of a Deny of everyone whose one condition is that a key of `keys` is not among them.

    Conditions of one statement must all be true for it to deny, so any further one is a gap: None.
    """
    if statement.get("Effect") != "Deny" or principals(statement) != ["*"] or "NotPrincipal" in statement:
        return None
    found: list[str] = []
    for operator, key, values in conditions(statement):
        if key in keys and operator in NOT_EQUALS and values and not any(set("*?") & set(each) for each in values):
            found += values
        elif not (key in HARMLESS_BESIDE and operator in ("bool", "boolifexists") and values == ["false"]):
            return None
    return found or None


def limited(statement: Mapping[str, Any]) -> bool:
    """True for an Allow whose resources, or whose callers, are named: by ARN, or by a condition that must hold."""
    if equal_to(statement, RESOURCE_KEYS) or named_resources(statement) or equal_to(statement, PRINCIPAL_KEYS):
        return True
    who = principals(statement)
    return bool(who) and "*" not in who


def covers(statement: Mapping[str, Any], action: str, resource: str | None = None) -> bool:
    """True for a statement about `action` (lower case), and about `resource` where one is given."""
    if "NotAction" in statement or "NotResource" in statement:
        return False
    actions = [each.lower() for each in texts(statement.get("Action"))]
    about = resource is None or any(_like(each, resource) for each in texts(statement.get("Resource")))
    return about and any(_like(each, action) for each in actions)


def _like(pattern: str, text: str) -> bool:
    """True for a match; of whatever partition (aws, aws-us-gov, aws-cn), as a stack is in one."""
    pattern, text = in_any_partition(pattern), in_any_partition(text)
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None


def in_any_partition(arn: str) -> str:
    """ARN as of the partition `aws`."""
    return re.sub(r"^arn:aws(-[a-z]+)*:", "arn:aws:", arn)
