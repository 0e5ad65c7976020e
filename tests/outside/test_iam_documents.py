"""Parliament on every IAM document of the program, with community auditors, at any severity.

Proved: actions, resources, conditions and their types exist and go together, as far as parliament's data (1.6.4) knows
AWS. Not proved: that AWS itself accepts a document.
"""

from typing import Any

import pytest

from tests.outside.checkers import Finding, parliament
from tests.outside.kept import held
from tests.unit.components.documents import Document, is_identitys, policy_documents, statements
from tests.unit.components.recorder import arn
from tests.unit.components.variants import built_variants


def documents_by_name() -> dict[str, Document]:
    """IAM documents by type, resource and input; the same document of several variants once."""
    found: dict[str, Document] = {}
    for variant, built in built_variants().items():
        for (token, name, path), document in policy_documents(built).items():
            ready = document if is_identitys(token, path) else with_resource(document, arn(token, name))
            label = f"{token} {name} {path}"
            if found.setdefault(label, ready) != ready:
                found[f"{label} ({variant})"] = ready
    return found


def test_the_rights_of_the_build_that_copies_are_checked_too() -> None:
    wanted = {f"aws:iam/rolePolicy:RolePolicy llama-ingest-{each} policy" for each in ("store", "key", "build")}
    assert wanted <= set(documents_by_name())


def with_resource(document: Document, of: str) -> Document:
    """A resource's own policy with that resource named where the document leaves it out or says `*`, as AWS reads it.

    Parliament knows policies of identities only, which must name one.
    """
    filled = [
        {**each, "Resource": of if each.get("Resource", "*") == "*" else each["Resource"]}
        for each in statements(document)
        if "NotResource" not in each
    ]
    return {**document, "Statement": filled + [each for each in statements(document) if "NotResource" in each]}


def test_parliament_finds_nothing_but_what_is_kept_and_nothing_is_kept_in_vain() -> None:
    left, unused = held("parliament", parliament(documents_by_name()))
    assert left == []
    assert unused == []


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "an action that does not exist": ({"Action": ["s3:ReadObject"]}, "UNKNOWN_ACTION"),
    "a resource of another kind": ({"Resource": ["arn:aws:s3:::bucket"]}, "RESOURCE_MISMATCH"),
    "a condition that the action does not know": (
        {"Condition": {"StringEquals": {"s3:prefix": ["a"]}}},
        "UNKNOWN_CONDITION_FOR_ACTION",
    ),
    "a condition of another type": (
        {"Condition": {"Bool": {"aws:SourceVpce": ["vpce-1"]}}},
        "MISMATCHED_TYPE_OPERATION_TO_NULL",
    ),
    "everything": ({"Resource": ["*"]}, "RESOURCE_STAR"),
    "no resource at all": ({"Resource": None}, "MALFORMED"),
}
SOUND = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/models/*"]}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_in_a_sound_document_is_found(fault: str) -> None:
    change, rule = FAULTS[fault]
    statement = {key: value for key, value in {**SOUND, **change}.items() if value is not None}
    documents = {
        "sound": {"Version": "2012-10-17", "Statement": [SOUND]},
        "faulty": {"Version": "2012-10-17", "Statement": [statement]},
    }
    assert {(each.where, each.rule) for each in parliament(documents)} == {("faulty", rule)}


def test_a_community_auditor_is_asked_too() -> None:
    statement = {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]}
    found = parliament({"token": {"Version": "2012-10-17", "Statement": [statement]}})
    assert found == {Finding("CREDENTIALS_EXPOSURE", "token", "ecr:getauthorizationtoken")}
