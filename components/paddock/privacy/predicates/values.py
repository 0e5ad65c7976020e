"""Values of a resource's inputs: how a predicate reads and shows them."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

LONGEST_VALUE = 120
"""Characters of a value in a message."""


class Unknown(Enum):
    """Type of `UNKNOWN`; one value, so that `is UNKNOWN` narrows for the type checker."""

    VALUE = "unknown until the update"


UNKNOWN: Final = Unknown.VALUE
"""Value of an input that a preview cannot know, such as the id of a resource not created yet."""

Inputs = Mapping[str, object]
"""Inputs of a resource as plain data, under the engine's names (camelCase)."""


def shown(value: object) -> str:
    """Value in a message: on one line, and cut."""
    text = str(value)
    return text if len(text) < LONGEST_VALUE and text.isprintable() else ascii(text[:LONGEST_VALUE])[1:-1]


def values_at(inputs: object, path: str, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Values at `path`, each with its exact path: `a.b`, or `a[].b` for each item of a list.

    An absent or null value yields nothing; where an input before it is unknown, or no object, that path yields
    `UNKNOWN`.
    """
    if not path or inputs is UNKNOWN:
        yield prefix, inputs
        return
    head, _, rest = path.partition(".")
    key = head.removesuffix("[]")
    value = inputs.get(key) if isinstance(inputs, Mapping) else None if inputs is None else UNKNOWN
    if value is None:
        return
    here = f"{prefix}.{key}" if prefix else key
    if head.endswith("[]") and isinstance(value, list):
        for i, item in enumerate(value):
            yield from values_at(item, rest, f"{here}[{i}]")
    else:
        yield from values_at(value, rest, here)


def value_at(inputs: object, path: str, default: object = None) -> object:
    """First value at `path`; `default` where there is none."""
    return next((value for _, value in values_at(inputs, path)), default)


def annotation(inputs: object, name: str) -> object:
    """Annotation of a Kubernetes object; whatever is in place of annotations that are none."""
    annotations = value_at(inputs, "metadata.annotations", {})
    return annotations.get(name) if isinstance(annotations, Mapping) else annotations


def has_unknown(value: object) -> bool:
    """True where a value is unknown or holds one that is."""
    if isinstance(value, Mapping):
        return any(has_unknown(each) for each in value.values())
    return value is UNKNOWN or (isinstance(value, list) and any(has_unknown(each) for each in value))


def is_true(value: object) -> bool:
    """True, also where the provider spells a boolean as text (launch templates do)."""
    return value is True or (isinstance(value, str) and value.lower() == "true")
