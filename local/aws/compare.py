"""Equality of values to AWS, and a value that AWS gives back in the words of the one given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.aws.schema import Fields, Kind, ListOf, MapOf
from local.aws.values import UNKNOWN, Value


def same(given: Value, actual: Value, *, document: bool = False, unordered: bool = False) -> bool:
    """Equality; of JSON documents by what they say, of sets whatever their order."""
    if given is UNKNOWN or actual is UNKNOWN:
        return given is actual
    if document and isinstance(given, str) and isinstance(actual, str):
        return bool(_document(given) == _document(actual))
    if unordered and isinstance(given, list) and isinstance(actual, list):
        return sorted(map(_canonical, given)) == sorted(map(_canonical, actual))
    return bool(given == actual)


def _canonical(value: Value) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _document(text: str) -> Any:
    """A policy document by its meaning: one item is a list of one, and lists have no order."""
    try:
        return _meaning(json.loads(text))
    except ValueError:
        return text


def _meaning(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _meaning(item) for key, item in value.items()}
    if isinstance(value, list):
        items = sorted((_meaning(item) for item in value), key=_canonical)
        return items[0] if len(items) == 1 else items
    return value


def project(kind: Kind, given: Value, actual: Value, *, document: bool = False, unordered: bool = False) -> Value:
    """The given value as if read from AWS: in the same words where they still hold, in AWS's where they do not.

    Of an object only the members given are looked at; AWS adds others. Of a map (tags, labels) everything counts.
    """
    if same(given, actual, document=document, unordered=unordered or isinstance(given, list)):
        return given
    if isinstance(kind, Fields) and isinstance(given, dict) and isinstance(actual, dict):
        members = kind.by_name
        return {
            name: project(members[name].kind, item, actual.get(name), unordered=unordered)
            for name, item in given.items()
            if name in members and (actual.get(name) is not None or _empty(item))
        }
    if isinstance(kind, ListOf) and isinstance(given, list) and isinstance(actual, list) and len(given) == len(actual):
        return [project(kind.item, *pair, unordered=unordered) for pair in zip(given, actual, strict=True)]
    if isinstance(kind, MapOf) and isinstance(actual, Mapping):
        return dict(actual)
    return given if actual is None and _empty(given) else actual


def _empty(value: Value) -> bool:
    return value in ("", [], {}, False)


def overlay(actual: Value, projected: Value) -> Value:
    """`projected` with the members that only AWS's answer has."""
    if isinstance(actual, dict) and isinstance(projected, dict):
        return {
            **actual,
            **{key: overlay(actual.get(key), item) for key, item in projected.items()},
        }
    if isinstance(actual, list) and isinstance(projected, list) and len(actual) == len(projected):
        return [overlay(*pair) for pair in zip(actual, projected, strict=True)]
    return projected


def differences(old: Value, new: Value, path: str, sets: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The paths at which two values differ, each with "add", "delete" or "update". `sets` are paths without indices."""
    if same(old, new, unordered=re.sub(r"\[\d+\]", "[]", path) in sets):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if key not in old:
                yield f"{path}.{key}", "add"
            elif key not in new:
                yield f"{path}.{key}", "delete"
            else:
                yield from differences(old[key], new[key], f"{path}.{key}", sets)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, f"{path}[{index}]", sets)
    else:
        yield path, "update"
