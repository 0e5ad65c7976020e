"""SimulatePrincipalPolicy, which moto 5.2.5 lacks: policies of a user or role against actions on resources.

The identity of the local cloud, which is no user of moto's, may do everything. No boundary and no group is known; an
Allow with a condition is left open, as AWS does for keys that are not given.
"""

from __future__ import annotations

from collections.abc import Iterator
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
        results = [
            _decision(documents, action, resource)
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


def _decision(documents: list[str], action: str, resource: str) -> dict[str, Any]:
    decision, missing = "implicitDeny", []
    for statement in (each for document in documents for each in statements(document)):
        if not _matches(statement, "Action", action.lower()) or not _matches(statement, "Resource", resource):
            continue
        if statement.get("Effect") == "Deny" and not statement.get("Condition"):
            decision = "explicitDeny"
            break
        if statement.get("Effect") == "Allow":
            keys = [key for keys in statement.get("Condition", {}).values() for key in keys]
            missing += keys
            decision = "allowed" if not keys else decision
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": missing if decision == "implicitDeny" else [],
    }


def _matches(statement: dict[str, Any], member: str, value: str) -> bool:
    if f"Not{member}" in statement:
        return not any(_like(value, each, member) for each in many(statement[f"Not{member}"]))
    return any(_like(value, each, member) for each in many(statement.get(member)))


def _like(value: str, pattern: str, member: str) -> bool:
    return fnmatchcase(value, pattern.lower() if member == "Action" else pattern)
