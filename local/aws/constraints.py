"""AWS's own limits on values, from the service models that botocore ships: enums, patterns, lengths and ranges.

botocore checks only types and presence before it sends a request; AWS checks the rest, and moto little of it.
`enforce` hooks the missing checks into every outgoing call. `early_failures` applies the same limits to Pulumi
arguments, which bear the members' names but for case, so that a preview already refuses what an update would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

import boto3
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from local.aws.schema import Failure
from local.aws.values import UNKNOWN, Secret, Value


class ConstraintError(Exception):
    """A request holds a value that AWS would refuse."""


def enforce(session: boto3.Session) -> None:
    """Every client made from this session refuses calls that AWS's service model does not allow."""
    session.events.register("before-parameter-build", _refuse)


def _refuse(params: Mapping[str, Any], model: OperationModel, **_: object) -> None:
    if model.input_shape is None:
        return
    found = [f"{failure.path} {failure.reason}" for failure in failures(model.input_shape, params)]
    if found:
        raise ConstraintError(f"{model.service_model.service_name}:{model.name}: {'; '.join(found)}")


def failures(shape: Shape, value: Value, path: str = "") -> Iterator[Failure]:
    """Failures of a value that is laid out as the shape is."""
    if isinstance(shape, StructureShape):
        if isinstance(value, Mapping):
            for name, item in value.items():
                if name in shape.members:
                    yield from failures(shape.members[name], item, _join(path, name))
    elif isinstance(shape, ListShape):
        if isinstance(value, list | tuple):
            yield from _length_failures(shape, len(value), "items", path)
            for index, item in enumerate(value):
                yield from failures(shape.member, item, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        if isinstance(value, Mapping):
            yield from _length_failures(shape, len(value), "entries", path)
            for key, item in value.items():
                yield from failures(shape.key, key, f"{path}.{key}")
                yield from failures(shape.value, item, f"{path}.{key}")
    else:
        yield from _scalar_failures(shape, value, path)


def early_failures(
    shape: StructureShape, values: Mapping[str, Value], renames: Mapping[str, str], path: str = ""
) -> Iterator[Failure]:
    """Failures of Pulumi arguments: each is held against the member of its name, or of its new name.

    An argument that no member answers to is left to the call itself.
    """
    members = {name.lower(): member for name, member in shape.members.items()}
    for name, value in values.items():
        member = members.get(renames.get(name, name).lower())
        if member is not None:
            yield from _early(member, value, renames, _join(path, name))


def _early(shape: Shape, value: Value, renames: Mapping[str, str], path: str) -> Iterator[Failure]:
    if isinstance(value, Secret):
        value = value.value
    if value is UNKNOWN or value is None:
        return
    if isinstance(shape, StructureShape):
        if isinstance(value, dict):
            yield from early_failures(shape, value, renames, path)
    elif isinstance(shape, ListShape):
        if isinstance(value, list):
            yield from _length_failures(shape, len(value), "items", path)
            for index, item in enumerate(value):
                yield from _early(shape.member, item, renames, f"{path}[{index}]")
        elif isinstance(value, dict):  # where AWS takes a list of at most one, Pulumi takes the one
            yield from _early(shape.member, value, renames, path)
    elif isinstance(shape, MapShape):
        if isinstance(value, dict):
            yield from _length_failures(shape, len(value), "entries", path)
            for key, item in value.items():
                yield from failures(shape.key, key, f"{path}.{key}")
                yield from _early(shape.value, item, renames, f"{path}.{key}")
    else:
        yield from _scalar_failures(shape, value, path)


def _scalar_failures(shape: Shape, value: Value, path: str) -> Iterator[Failure]:
    if isinstance(value, str) and shape.type_name == "string":
        allowed = list(shape.enum)
        if allowed and value not in allowed:
            close = get_close_matches(value, allowed, n=1, cutoff=0.4)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            yield Failure(path, f"is {_shown(value, shape)}; allowed: {_listed(allowed)}{hint}")
        yield from _length_failures(shape, len(value), "characters", path)
        pattern = shape.metadata.get("pattern")
        if pattern and not _compiled(pattern).fullmatch(value):
            yield Failure(path, f"is {_shown(value, shape)}, which does not match {pattern}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            yield Failure(path, f"is {value}; allowed: {_range(low, high)}")


def _length_failures(shape: Shape, length: int, unit: str, path: str) -> Iterator[Failure]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and length < low) or (high is not None and length > high):
        yield Failure(path, f"has {length} {unit}; allowed: {_range(low, high)}")


def _range(low: object, high: object) -> str:
    if high is None:
        return f"at least {low}"
    return f"at most {high}" if low is None else f"{low} to {high}"


def _listed(allowed: list[str], limit: int = 20) -> str:
    more = len(allowed) - limit
    return ", ".join(allowed[:limit]) + (f" and {more} more" if more > 0 else "")


def _shown(value: str, shape: Shape) -> str:
    return "a sensitive value" if shape.metadata.get("sensitive") else repr(value)


# The models are written for Java's regular expressions; Python cannot read these, and a bare "-" after \w.
# \w is \p{L} with digits and the underscore, which every model that uses \p{L} allows beside it. Characters beyond
# \uFFFF are two in Java.
_JAVA_CLASSES = {
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010ffff",
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{P}": "!-/:-@\\[-`{-~",
    r"\p{M}": "",
}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern.replace(r"\w-", r"\w\-"))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
