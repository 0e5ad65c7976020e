"""What no policy document of the program may say, whatever options are on. `tests/outside` asks parliament too."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.components.documents import Document, is_identitys, listed, policy_documents, statements
from tests.unit.components.variants import built_variants

KEPT: dict[tuple[str, str], str] = {}
"""(action, resource) of an Allow whose resource is everything, with the reason: AWS takes no other for it."""


def documents() -> Iterator[tuple[str, str, str, Document]]:
    for built in built_variants().values():
        for (token, name, path), document in policy_documents(built).items():
            yield token, name, path, document


def allowed() -> Iterator[tuple[str, dict[str, Any]]]:
    for token, name, path, document in documents():
        for statement in statements(document):
            if statement["Effect"] == "Allow":
                yield f"{token} {name} {path}", statement


def test_every_kind_of_document_that_there_is_was_found() -> None:
    """A type with a policy whose documents were not collected would pass everything below."""
    found = {(token, path) for token, _, path, _ in documents()}
    assert {
        ("aws:iam/role:Role", "assumeRolePolicy"),
        ("aws:iam/rolePolicy:RolePolicy", "policy"),
        ("aws:s3/bucketPolicy:BucketPolicy", "policy"),
    } <= found
    named = {
        (token, key)
        for built in built_variants().values()
        for token, _, inputs in built.made
        for key in inputs
        if key.lower().endswith("policy") and isinstance(inputs[key], str)
    }
    assert named <= found


def test_no_allow_has_a_wildcard_in_an_action() -> None:
    wild = [
        (where, action)
        for where, statement in allowed()
        for action in listed(statement.get("Action"))
        if set("*?") & set(action)
    ]
    assert wild == []
    assert [where for where, statement in allowed() if "NotAction" in statement] == []


def test_no_allow_is_for_everything_but_where_aws_takes_nothing_else() -> None:
    """In a resource's own policy `*` is that resource; in an identity's it is all that the account has."""
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


def test_no_allow_names_everyone_without_a_condition() -> None:
    open_to_all = [
        where
        for where, statement in allowed()
        if "NotPrincipal" in statement
        or ("*" in listed(_aws(statement.get("Principal"))) and not statement.get("Condition"))
    ]
    assert open_to_all == []


def _aws(principal: Any) -> Any:
    return principal.get("AWS") if isinstance(principal, dict) else principal


@pytest.mark.parametrize("where", ["Resource", "Principal", "Condition"])
def test_no_document_holds_an_iam_variable(where: str) -> None:
    """`${…}` is filled in by AWS with what the caller chose; none of ours means to."""
    assert [name for _, name, _, doc in documents() for each in statements(doc) if "${" in str(each.get(where))] == []
