"""Strings at any depth of plain data: where they are, and the same data with one of them replaced."""

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[Any, ...]
KEY = "key"
"""The last step of a path that means a map's key and not its value."""


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every string, and every key of a map below the first level, whose keys are arguments."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if path:
                yield (*path, key, KEY)
            yield from leaves(each, (*path, key))
    elif isinstance(value, list | tuple):
        for i, each in enumerate(value):
            yield from leaves(each, (*path, i))


def replaced(value: Any, path: Path, new: str) -> Any:
    if not path:
        return new
    step, *rest = path
    if isinstance(value, Mapping):
        if rest == [KEY]:
            return {new if key == step else key: each for key, each in value.items()}
        return {key: replaced(each, tuple(rest), new) if key == step else each for key, each in value.items()}
    return [replaced(each, tuple(rest), new) if i == step else each for i, each in enumerate(value)]
