"""Allowed outcomes of a hostile value: one clear message with nothing registered, or plain data and nothing else."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pulumi

from paddock.catalog.lookup import RefusedError
from tests.unit.components.documents import as_document, policy_documents
from tests.unit.components.recorder import Built, build

NO_ANSWERS: Mapping[str, Any] = MappingProxyType({})
MARKER = "benign"
"""A harmless value of the same place: what is registered with it says where the value goes."""
LONGEST_LINE = 1200
"""Parts of a message: the names that there are, and a piece of what was given."""


def outcome(
    make: Callable[[str, pulumi.ResourceOptions], Any], value: str, answers: Mapping[str, Any] = NO_ANSWERS
) -> Built | RefusedError:
    """`make` builds a component with the value; any other exception is a traceback, and comes out here as one."""
    try:
        return build(lambda opts: make(value, opts), answers=answers)
    except RefusedError as refused:
        return refused


def check(
    make: Callable[[str, pulumi.ResourceOptions], Any],
    value: str,
    baseline: Built | RefusedError,
    answers: Mapping[str, Any] = NO_ANSWERS,
) -> None:
    found = outcome(make, value, answers)
    if isinstance(found, RefusedError):
        assert_clear(str(found))
    else:
        assert isinstance(baseline, Built), f"{value!r} is taken and {MARKER!r} is not"
        assert_plain(found, baseline, value)


def assert_clear(message: str) -> None:
    assert message.strip()
    assert "Traceback" not in message
    for line in message.split("\n"):
        assert line.isprintable(), line
        assert len(line) <= LONGEST_LINE


def assert_plain(found: Built, baseline: Built, value: str) -> None:
    """Asserts what the harmless value registers too, with the value in its place and IAM told nothing."""
    expected = {seen(key, value): seen(inputs, value) for key, inputs in by_name(baseline).items()}
    got = by_name(found)
    different = [(key, got.get(key), expected.get(key)) for key in got | expected if got.get(key) != expected.get(key)]
    assert different == [], different[0]
    if set("*?$") & set(value):
        assert MARKER not in json.dumps(list(policy_documents(baseline).values())), f"{value!r} means more than itself"


def by_name(built: Built) -> dict[str, Any]:
    """Registrations overlap, so their order says nothing."""
    return {f"{token} {name}": seen(inputs, MARKER) for token, name, inputs in built.made}


def seen(value: Any, instead: str = MARKER) -> Any:
    """The value as its readers parse it, a policy document as one, with the marker replaced."""
    if isinstance(value, str):
        # The annotation of declared doors is a list of objects.
        document = json.loads(value) if value.startswith('[{"kind": ') else as_document(value)
        return seen(document, instead) if document is not None else value.replace(MARKER, instead)
    if isinstance(value, dict):
        return {seen(key, instead): seen(each, instead) for key, each in value.items()}
    if isinstance(value, list | tuple):
        found = [seen(each, instead) for each in value]
        # Environment variables are listed by name, so another name is another place.
        return sorted(found, key=repr) if all(isinstance(each, dict) for each in found) else found
    return value
