"""IAM policy documents that allow more than anyone read: wildcards in actions, resources and principals."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, findings_at, values_at

IDENTITY_DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "aws:iam/groupPolicy:GroupPolicy": "policy",
        "aws:iam/policy:Policy": "policy",
        "aws:iam/role:Role": "inlinePolicies[].policy",
        "aws:iam/rolePolicy:RolePolicy": "policy",
        "aws:iam/userPolicy:UserPolicy": "policy",
    }
)
"""Identity policies: what their holder may do."""

RESOURCE_DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
        "aws:iam/role:Role": "assumeRolePolicy",
        "aws:kms/key:Key": "policy",
        "aws:s3/bucketPolicy:BucketPolicy": "policy",
        "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    }
)
"""Resource policies: `*` as the resource means only this one, `*` as the principal means the world."""

ATTACHMENTS = frozenset(
    {
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    }
)
TOO_MUCH = ("/AdministratorAccess", "/PowerUserAccess", "/IAMFullAccess")

ONLY_ON_EVERYTHING = frozenset(
    {
        "ecr:GetAuthorizationToken",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
)
"""Actions for which AWS takes no resource but `*`: what they touch is the caller's own account. Source: Service
Authorization Reference, list_amazonelasticcontainerregistry and list_ssmmessages, read 2026-11-24."""

NOT_A_DOCUMENT = "not an IAM document in JSON, so nobody can say what it allows"


def iam_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Wildcards in what is allowed; what is denied may be as wide as it likes."""
    found: list[Finding] = []
    if resource_type in ATTACHMENTS:
        found += findings_at(inputs, "policyArn", _administrator)
    for documents, fault in ((IDENTITY_DOCUMENTS, _too_wide), (RESOURCE_DOCUMENTS, _for_the_world)):
        if resource_type in documents:
            for path, document in values_at(inputs, documents[resource_type]):
                found += _document_findings(path, document, fault)
    return found


def _administrator(arn: object) -> str | None:
    return f"{arn} allows nearly everything; attach what is needed" if str(arn).endswith(TOO_MUCH) else None


def statements(document: object) -> list[Mapping[str, object]] | None:
    """Statements of an IAM document, text or parsed; None for what is not one."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return None
    found = document.get("Statement") if isinstance(document, Mapping) else None
    several = found if isinstance(found, list) else [found]
    read = [each for each in several if isinstance(each, Mapping)]
    return read if len(read) == len(several) else None


def as_list(value: Any) -> list[Any]:
    """List of one value or several, as IAM allows both."""
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def texts(value: object) -> list[str]:
    return [str(each) for each in as_list(value)]


def aws_principals(statement: Mapping[str, object]) -> list[str]:
    """Accounts, roles and users of a statement's Principal; `*` for everyone."""
    principal = statement.get("Principal")
    return texts(principal.get("AWS") if isinstance(principal, Mapping) else principal)


def _document_findings(
    path: str, document: object, fault: Callable[[Mapping[str, object]], Iterator[str]]
) -> Iterator[Finding]:
    if document is UNKNOWN:
        yield Undecided(path)
        return
    read = statements(document)
    if read is None:
        yield Problem(path, NOT_A_DOCUMENT)
        return
    for i, statement in enumerate(read):
        if statement.get("Effect") != "Deny":
            yield from (Problem(f"{path}.Statement[{i}]", text) for text in fault(statement))


def _too_wide(statement: Mapping[str, object]) -> Iterator[str]:
    actions = texts(statement.get("Action"))
    for action in actions:
        if "*" in action or "?" in action:
            yield f"action {action} has a wildcard; name each action"
    if "NotAction" in statement or "NotResource" in statement:
        yield "NotAction and NotResource allow all that is not named; name what is allowed"
    if "*" in texts(statement.get("Resource")) and not ONLY_ON_EVERYTHING.issuperset(actions):
        yield "resource * is everything in the account; name the resources"


def _for_the_world(statement: Mapping[str, object]) -> Iterator[str]:
    if ("*" in aws_principals(statement) and not statement.get("Condition")) or "NotPrincipal" in statement:
        yield "principal * is everyone with an AWS account; name the principals"
