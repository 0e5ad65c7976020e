"""Statements that no policy document of the program may have, whatever is set. `tests/outside` asks parliament too."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.components.documents import Document, is_identitys, listed, policy_documents, statements
from tests.unit.components.variants import built_variants

CHANNEL = "AWS has no resource for it. Service Authorization Reference, list_amazonmessagegatewayservice, 2026-11-24."
KEPT: dict[tuple[str, str], str] = {
    ("ecr:GetAuthorizationToken", "*"): "AWS has no resource for it. list_amazonelasticcontainerregistry, 2026-11-24.",
    ("ssmmessages:CreateControlChannel", "*"): CHANNEL,
    ("ssmmessages:CreateDataChannel", "*"): CHANNEL,
    ("ssmmessages:OpenControlChannel", "*"): CHANNEL,
    ("ssmmessages:OpenDataChannel", "*"): CHANNEL,
}
"""(action, resource) of an Allow whose resource is everything, with the reason: AWS takes no other for it."""

FOR_EVERYONE = {
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "LayersOfImages"): "links that ECR signed come from no identity of the account",
}
"""(type, Sid) of an Allow for everyone without a condition, with the reason."""

NO_DOCUMENTS = {("aws:lb/listener:Listener", "sslPolicy")}
"""Inputs called a policy that hold the name of one of AWS's own."""


def documents() -> Iterator[tuple[str, str, str, Document]]:
    for built in built_variants().values():
        for (token, name, path), document in policy_documents(built).items():
            yield token, name, path, document


def allowed() -> Iterator[tuple[str, dict[str, Any]]]:
    """Type and statement."""
    for token, _, _, document in documents():
        for statement in statements(document):
            if statement["Effect"] == "Allow":
                yield token, statement


def test_every_kind_of_document_that_there_is_was_found() -> None:
    """A type with a policy whose documents were not collected would pass everything below."""
    found = {(token, path) for token, _, path, _ in documents()}
    assert {
        ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy"),
        ("aws:iam/role:Role", "assumeRolePolicy"),
        ("aws:iam/rolePolicy:RolePolicy", "policy"),
        ("aws:kms/key:Key", "policy"),
        ("aws:s3/bucketPolicy:BucketPolicy", "policy"),
    } <= found
    named = {
        (token, key)
        for built in built_variants().values()
        for token, _, inputs in built.made
        for key in inputs
        if key.lower().endswith("policy") and isinstance(inputs[key], str)
    }
    assert named - found == NO_DOCUMENTS


def test_no_allow_has_a_wildcard_in_an_action() -> None:
    wild = [
        (token, action)
        for token, statement in allowed()
        for action in listed(statement.get("Action"))
        if set("*?") & set(action)
    ]
    assert wild == []
    assert [token for token, statement in allowed() if "NotAction" in statement] == []


def test_no_allow_is_for_everything_but_where_aws_takes_nothing_else() -> None:
    """`*` is the resource in its own policy; in an identity's it is all that the account has."""
    wild = {
        (action, resource)
        for token, _, path, document in documents()
        if is_identitys(token, path)
        for statement in statements(document)
        if statement["Effect"] == "Allow"
        for action in listed(statement.get("Action"))
        for resource in [*listed(statement.get("Resource")), *(["*"] if "NotResource" in statement else [])]
        if not resource.split(":", 5)[-1].strip("*?")
    }
    assert wild == set(KEPT)


def test_no_allow_names_everyone_without_a_condition_but_where_no_identity_asks() -> None:
    open_to_all = {
        (token, statement.get("Sid"))
        for token, statement in allowed()
        if "NotPrincipal" in statement
        or ("*" in listed(_aws(statement.get("Principal"))) and not statement.get("Condition"))
    }
    assert open_to_all == set(FOR_EVERYONE)


def _aws(principal: Any) -> Any:
    return principal.get("AWS") if isinstance(principal, dict) else principal


@pytest.mark.parametrize("where", ["Resource", "Principal", "Condition"])
def test_no_document_holds_an_iam_variable(where: str) -> None:
    """`${…}` is filled in by AWS with what the caller chose; none of ours means to."""
    assert [name for _, name, _, doc in documents() for each in statements(doc) if "${" in str(each.get(where))] == []
