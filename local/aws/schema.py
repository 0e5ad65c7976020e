"""Schema of a pulumi_aws class, read from the class itself, and failures of given values.

The classes are generated from the schema of Pulumi's official provider, so an argument that is refused here would be
refused there. A class is imported only when a program uses it, and once in a cache's life: `pulumi_aws` is 250
packages, and the classes of one stack took two of a provider's three seconds of CPU (2026-11-28).
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import re
import sys
import tempfile
import types
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import cache, wraps
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from pulumi import Output, _types

from local.aws.values import UNKNOWN, Secret, Value
from local.state import cache_folder

_SCALARS: Mapping[str, type] = {"bool": bool, "int": int, "float": float, "str": str}
Kind: TypeAlias = "Scalar | ListOf | MapOf | Fields"
Schema = TypeVar("Schema")


@dataclass(frozen=True)
class Scalar:
    type: type


@dataclass(frozen=True)
class ListOf:
    item: Kind


@dataclass(frozen=True)
class MapOf:
    item: Kind


@dataclass(frozen=True)
class Field:
    python_name: str
    required: bool
    kind: Kind


@dataclass(frozen=True)
class Fields:
    """The members of an object, by the name that they have on the wire (camelCase)."""

    by_name: Mapping[str, Field]


@dataclass(frozen=True)
class ClassSchema:
    token: str
    arguments: Fields
    outputs: frozenset[str]
    """Every property of a made resource, arguments included."""


@dataclass(frozen=True)
class Failure:
    path: str
    reason: str


def _kept(read: Callable[[str], Schema]) -> Callable[[str], Schema]:
    """Cache, in this process and on disk, of what is read of a class. A file that cannot be read is made again."""

    @cache
    @wraps(read)
    def kept(qualified_name: str) -> Schema:
        file = _cache() / f"{qualified_name}.json"
        try:
            found: Schema = _of_json(json.loads(file.read_bytes()))
        except (OSError, ValueError):  # not there, or cut off
            found = read(qualified_name)
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as written:
                json.dump(found, written, default=_to_json)
            Path(written.name).rename(file)
        return found

    return kept


def _to_json(value: Any) -> Any:
    if isinstance(value, type):
        return value.__name__
    if is_dataclass(value):
        return [type(value).__name__, *(getattr(value, each.name) for each in fields(value))]
    return sorted(value)  # a set


def _of_json(value: Any) -> Any:
    match value:
        case ["Scalar", name]:
            return Scalar(_SCALARS[name])
        case ["ListOf", item]:
            return ListOf(_of_json(item))
        case ["MapOf", item]:
            return MapOf(_of_json(item))
        case ["Field", name, required, kind]:
            return Field(name, required, _of_json(kind))
        case ["Fields", by_name]:
            return Fields({name: _of_json(field) for name, field in by_name.items()})
        case ["ClassSchema", token, arguments, outputs]:
            return ClassSchema(token, _of_json(arguments), frozenset(outputs))
    raise ValueError(f"not a schema: {value!r}")


@cache
def _cache() -> Path:
    """Folder of schemas that this file reads from these versions."""
    decides = [Path(__file__).read_text(), *map(version, ("pulumi", "pulumi_aws"))]
    return cache_folder() / f"aws-schemas-{hashlib.sha256(repr(decides).encode()).hexdigest()[:12]}"


_importing = Lock()


def _imported(qualified_name: str) -> Any:
    """A member of pulumi_aws. Its lazily loaded packages look half empty to a second thread that asks meanwhile."""
    module_name, name = qualified_name.rsplit(".", 1)
    with _importing:
        return getattr(importlib.import_module(module_name), name)


@_kept
def class_schema(qualified_name: str) -> ClassSchema:
    """The schema of, say, `pulumi_aws.ec2.Vpc`."""
    resource = _imported(qualified_name)
    home = sys.modules[resource.__module__]
    # The generated modules export the args class first; its name is not always <class>Args (BucketVersioningInitArgs).
    args = getattr(home, home.__all__[0])
    token = resource.pulumi_type if hasattr(resource, "pulumi_type") else _token(resource)
    return ClassSchema(token=token, arguments=_fields(args), outputs=frozenset(_types.resource_types(resource)))


def _token(resource: type) -> str:
    source = inspect.getsource(resource._internal_init)  # type: ignore[attr-defined]  # generated, not in the stubs
    return next(part for part in source.split("'") if part.startswith("aws:"))


@_kept
def args_schema(qualified_name: str) -> Fields:
    """The arguments of an input type that stands alone, say `pulumi_aws.provider.ProviderArgs`."""
    return _fields(_imported(qualified_name))


@_kept
def function_schema(qualified_name: str) -> Fields:
    """The arguments of an invoke, say `pulumi_aws.get_region`, by the names that it puts on the wire."""
    function = _imported(qualified_name)
    parameters = inspect.signature(function).parameters
    hints = get_type_hints(function)  # annotations name the input types as text
    wire_names = re.findall(r"__args__\['(\w+)'\] = (\w+)", inspect.getsource(function))
    return Fields(
        {
            wire: Field(python, parameters[python].default is inspect.Parameter.empty, _kind(hints[python]))
            for wire, python in wire_names
        }
    )


@cache
def _fields(args: type) -> Fields:
    parameters = inspect.signature(args).parameters
    wire_types = _types.input_type_types(args)
    return Fields(
        {
            wire: Field(python, parameters[python].default is inspect.Parameter.empty, _kind(wire_types[wire]))
            for python, wire in _types.input_type_py_to_pulumi_names(args).items()
        }
    )


def _kind(annotation: Any) -> Kind:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        concrete = [
            arm for arm in get_args(annotation) if get_origin(arm) not in (Awaitable, Output) and arm is not type(None)
        ]
        return _kind(concrete[0])
    if origin is Sequence:
        return ListOf(_kind(get_args(annotation)[0]))
    if origin is Mapping:
        return MapOf(_kind(get_args(annotation)[1]))
    if _types.is_input_type(annotation):
        return _fields(annotation)
    return Scalar(_SCALARS.get(getattr(annotation, "__name__", ""), str))


def failures(fields: Fields, values: Mapping[str, Value], path: str = "") -> Iterator[Failure]:
    """Everything in `values` that the schema does not allow: unknown and missing names, wrong types, at any depth."""
    for name, value in values.items():
        field = fields.by_name.get(name)
        if field is None:
            yield Failure(f"{path}{name}", f"unknown argument{_nearest(name, fields)}")
        elif value is not None:
            yield from _kind_failures(field.kind, value, f"{path}{name}")
    for name, field in fields.by_name.items():
        if field.required and values.get(name) is None:
            yield Failure(f"{path}{name}", "required, but not given")


def _kind_failures(kind: Kind, value: Value, path: str) -> Iterator[Failure]:
    if isinstance(value, Secret):
        value = value.value
    if value is UNKNOWN or value is None:
        return
    if isinstance(kind, Scalar):
        if not _fits(kind.type, value):
            yield Failure(path, f"must be of type {kind.type.__name__}, got {type(value).__name__}")
    elif isinstance(kind, ListOf):
        if not isinstance(value, list):
            yield Failure(path, f"must be a list, got {type(value).__name__}")
            return
        for index, item in enumerate(value):
            yield from _kind_failures(kind.item, item, f"{path}[{index}]")
    elif not isinstance(value, dict):
        yield Failure(path, f"must be a mapping, got {type(value).__name__}")
    elif isinstance(kind, MapOf):
        for key, item in value.items():
            yield from _kind_failures(kind.item, item, f"{path}.{key}")
    else:
        yield from failures(kind, value, f"{path}.")


def _fits(wanted: type, value: Value) -> bool:
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, wanted)


def _nearest(name: str, fields: Fields) -> str:
    known = list(fields.by_name)
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(known))}"
