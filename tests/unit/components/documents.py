"""Every IAM policy document that the program registers, found by what it looks like and not by a list of places."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from paddock.privacy.predicates.documents import IDENTITY_DOCUMENTS
from tests.unit.components.recorder import Built

Document = dict[str, Any]


def policy_documents(built: Built) -> dict[tuple[str, str, str], Document]:
    """Documents by type, resource and path of the input that holds it."""
    return {
        (token, name, path): document
        for token, name, inputs in built.made
        for path, text in texts(inputs)
        if (document := as_document(text)) is not None
    }


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string at any depth, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from texts(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for i, each in enumerate(value):
            yield from texts(each, f"{path}[{i}]")


def as_document(text: str) -> Document | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "Statement" in value else None


def statements(document: Document) -> list[dict[str, Any]]:
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def listed(value: Any) -> list[str]:
    return [] if value is None else value if isinstance(value, list) else [value]


def is_identitys(token: str, path: str) -> bool:
    """True of a document that says what its holder may do; the others say who may do something to theirs."""
    return token in IDENTITY_DOCUMENTS and not path.startswith("assumeRolePolicy")
