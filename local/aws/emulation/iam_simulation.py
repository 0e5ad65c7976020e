"""SimulatePrincipalPolicy, which moto 5.2.5 lacks: policies of a user or role against actions on resources.

The identity of the local cloud, which is no user of moto's, may do everything. No boundary and no group is known.
Conditions are held against the keys that the caller gives; keys that it does not give are named in the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend, Role, User
from moto.iam.responses import IamResponse

from local.aws.documents import many, statements
from local.aws.emulation import CALLER, Refused, teach


def install() -> None:
    """Teach every IAM backend of this process."""

    def simulate_principal_policy(self: IamResponse) -> ActionResult:
        arn = str(self._get_param("PolicySourceArn"))
        documents = list(_documents(self.backend, arn))
        keys = {
            str(each["ContextKeyName"]).lower(): [str(value) for value in each["ContextKeyValues"]]
            for each in self._get_param("ContextEntries", [])
        }
        results = [
            decision(documents, action, resource, keys)
            for action in self._get_param("ActionNames", [])
            for resource in self._get_param("ResourceArns", ["*"])
        ]
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})

    teach(IamResponse, simulate_principal_policy)


def _documents(backend: IAMBackend, arn: str) -> Iterator[str]:
    if arn.endswith(f":{CALLER}"):
        yield '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
        return
    known: list[Role | User] = [*backend.roles.values(), *backend.users.values()]
    found = [each for each in known if each.arn == arn]
    if not found:
        raise Refused("NoSuchEntity", f"The principal {arn} does not exist.")
    yield from found[0].policies.values()
    for policy in found[0].managed_policies.values():
        yield next(each.document for each in policy.versions if each.version_id == policy.default_version_id)


def decision(documents: list[str], action: str, resource: str, keys: Mapping[str, list[str]]) -> dict[str, Any]:
    """One EvaluationResult. `keys` holds the values of condition keys, whose names are in lower case."""
    decided, missing = "implicitDeny", list[str]()
    for statement in (each for document in documents for each in statements(document)):
        if not _matches(statement, "Action", action.lower()) or not _matches(statement, "Resource", resource):
            continue
        conditions = [
            (operator, key, [str(value) for value in many(values)])
            for operator, wanted in statement.get("Condition", {}).items()
            for key, values in wanted.items()
        ]
        absent = [key for _, key, _ in conditions if key.lower() not in keys]
        missing += [key for key in absent if key not in missing]
        if not all(_meets(operator, keys.get(key.lower()), wanted) for operator, key, wanted in conditions):
            continue
        if statement.get("Effect") == "Deny":
            decided, missing = "explicitDeny", absent
            break
        decided = "allowed"
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decided,
        "MatchedStatements": [],
        "MissingContextValues": missing,
    }


def _meets(operator: str, given: list[str] | None, wanted: list[str]) -> bool:
    """True where a key meets a condition. One that is not given meets `…IfExists` and the operators that say not."""
    plain = operator.removesuffix("IfExists")
    negative = "Not" in plain
    if given is None:
        return negative or plain != operator
    if plain == "Bool":
        return any(one.lower() == other.lower() for one in given for other in wanted)
    exact = plain in ("StringEquals", "StringNotEquals")
    if not exact and plain not in ("StringLike", "StringNotLike"):
        return False
    return negative != any(one == other if exact else fnmatchcase(one, other) for one in given for other in wanted)


def _matches(statement: dict[str, Any], member: str, value: str) -> bool:
    if f"Not{member}" in statement:
        return not any(_like(value, each, member) for each in many(statement[f"Not{member}"]))
    return any(_like(value, each, member) for each in many(statement.get(member)))


def _like(value: str, pattern: str, member: str) -> bool:
    return fnmatchcase(value, pattern.lower() if member == "Action" else pattern)
