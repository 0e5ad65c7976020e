"""IAM documents that allow more than anyone read: wildcards in actions, resources and principals."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, values_at

IDENTITY_DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "aws:iam/groupPolicy:GroupPolicy": "policy",
        "aws:iam/policy:Policy": "policy",
        "aws:iam/role:Role": "inlinePolicies[].policy",
        "aws:iam/rolePolicy:RolePolicy": "policy",
        "aws:iam/userPolicy:UserPolicy": "policy",
    }
)
"""What someone may do."""

RESOURCE_DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
        "aws:iam/role:Role": "assumeRolePolicy",
        "aws:kms/key:Key": "policy",
        "aws:s3/bucketPolicy:BucketPolicy": "policy",
        "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    }
)
"""Who may do something to this: `*` as the resource means only this one, `*` as the principal means the world."""

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


def iam_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Wildcards in what is allowed; what is denied may be as wide as it likes."""
    found: list[Finding] = []
    if resource_type in ATTACHMENTS:
        for path, arn in values_at(inputs, "policyArn"):
            if arn is UNKNOWN:
                found.append(Undecided(path))
            elif str(arn).endswith(TOO_MUCH):
                found.append(Problem(path, f"{arn} allows nearly everything; attach what is needed"))
    for path, text in (
        values_at(inputs, IDENTITY_DOCUMENTS[resource_type]) if resource_type in IDENTITY_DOCUMENTS else ()
    ):
        found += _judged(path, text, _too_wide)
    for path, text in (
        values_at(inputs, RESOURCE_DOCUMENTS[resource_type]) if resource_type in RESOURCE_DOCUMENTS else ()
    ):
        found += _judged(path, text, _for_the_world)
    return found


def statements(document: object) -> list[Mapping[str, object]] | None:
    """The statements of an IAM document, text or parsed; None for what is not one."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return None
    found = document.get("Statement") if isinstance(document, Mapping) else None
    several = found if isinstance(found, list) else [found]
    read = [each for each in several if isinstance(each, Mapping)]
    return read if len(read) == len(several) else None


def listed(value: object) -> list[str]:
    """One text or several, as IAM allows both."""
    return [str(each) for each in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _judged(path: str, document: object, fault: Callable[[Mapping[str, object]], Iterator[str]]) -> Iterator[Finding]:
    if document is UNKNOWN:
        yield Undecided(path)
        return
    read = statements(document)
    if read is None:
        yield Problem(path, "not an IAM document in JSON, so nobody can say what it allows")
        return
    for i, statement in enumerate(read):
        if statement.get("Effect") != "Deny":
            yield from (Problem(f"{path}.Statement[{i}]", text) for text in fault(statement))


def _too_wide(statement: Mapping[str, object]) -> Iterator[str]:
    actions = listed(statement.get("Action"))
    for action in actions:
        if "*" in action or "?" in action:
            yield f"action {action} has a wildcard; name each action"
    if "NotAction" in statement or "NotResource" in statement:
        yield "NotAction and NotResource allow all that is not named; name what is allowed"
    if "*" in listed(statement.get("Resource")) and not ONLY_ON_EVERYTHING.issuperset(actions):
        yield "resource * is everything in the account; name the resources"


def _for_the_world(statement: Mapping[str, object]) -> Iterator[str]:
    principal = statement.get("Principal")
    aws = principal.get("AWS") if isinstance(principal, Mapping) else principal
    if ("*" in listed(aws) and not statement.get("Condition")) or "NotPrincipal" in statement:
        yield "principal * is everyone with an AWS account; name the principals"
