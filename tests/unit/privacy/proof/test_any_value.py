"""Values that carry the verdict, each replaced by one that is not known to be safe: the proof never stays silent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from paddock.privacy.predicates.shapes import ITEM, Shape, shapes
from paddock.privacy.proof import PrivacyVerdict, Proof
from paddock.privacy.proof.shape_checks import NO_EXIT
from tests.unit.privacy.proof.stacks import Stack

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}
VALUES: dict[str, Any] = {
    "a secret": SECRET,
    "not known yet": "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "a number": 7,
    "an object": {"x": "y"},
    "a list": ["x"],
    "of another account": "arn:aws:iam::999999999999:role/x",
}
ONLY_NAMES = {("PodIdentityAssociation", "serviceAccount")}
"""Values of which any text is the name of something in the cluster."""

Path = tuple[str | int, ...]


def checked(shape: Shape, value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of the values that a shape checks, and that are an exit of the VPC if they are not as they should be."""
    if shape.row is not None:
        if shape.row.accepted != "*" and shape.row.rule not in NO_EXIT:
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in shape.inner:
                yield from checked(shape.inner[key], inner, (*path, key))
    elif isinstance(value, list) and ITEM in shape.inner and value:
        yield from checked(shape.inner[ITEM], value[0], (*path, 0))


@cache
def targets() -> tuple[tuple[str, Path], ...]:
    """URN and path of each value of the captured program with every door, one of each type and path."""
    found: dict[tuple[str, Path], tuple[str, Path]] = {}
    for each in Stack("doors").resources:
        if each["type"] in shapes():
            values = {**each.get("inputs", {}), **each.get("outputs", {})}
            for path in checked(shapes()[each["type"]], values):
                found.setdefault((each["type"], path), (each["urn"], path))
    return tuple(found.values())


def changed(urn: str, path: Path, value: Any) -> Proof:
    stack = Stack("doors")
    resource = next(each for each in stack.resources if each["urn"] == urn)
    for side in ("inputs", "outputs"):
        inner: Any = resource.get(side) or {}
        for key in path[:-1]:
            inner = inner.get(key, {}) if isinstance(inner, dict) else inner[key]
        if inner:
            inner[path[-1]] = value
    return stack.proof()


def told(proof: Proof) -> set[tuple[str, str]]:
    return {(edge.rule, edge.text) for edge in proof.doors}


def test_enough_values_are_tried() -> None:
    assert len(targets()) > 50


@pytest.mark.parametrize("says", VALUES)
def test_a_value_that_is_not_known_to_be_safe_is_no_silence(says: str) -> None:
    before = told(Stack("doors").proof())
    silent = []
    for urn, path in targets():
        proof = changed(urn, path, VALUES[says])
        kind = urn.rpartition("::")[0].rpartition(":")[2]
        named = (kind, path[0]) in ONLY_NAMES and says == "of another account"
        if proof.verdict is PrivacyVerdict.PRIVATE and told(proof) == before and not named:
            silent.append((urn.rpartition("::")[2], path))
    assert silent == []
