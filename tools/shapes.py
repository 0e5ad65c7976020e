"""JSON Schemas of what commands print of plans and of the catalog, from the fields that they print."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date
from enum import Enum
from ipaddress import IPv4Network
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from paddock.catalog import Instance, Model
from paddock.cli.json_output import CATALOG_SCHEMA_VERSION, PLAN_SCHEMA_VERSION
from paddock.plan.plan import Plan
from paddock.record import field_names

SIMPLE = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    date: "string",
    IPv4Network: "string",
    NoneType: "null",
}


def plan_schema() -> str:
    made = _of(Plan)
    made["properties"] = {"schema_version": {"const": PLAN_SCHEMA_VERSION}, **made["properties"]}
    return _document("paddock plan --json", made)


def models_schema() -> str:
    return _catalog("models", Model, also="sized_only")


def instances_schema() -> str:
    return _catalog("instances", Instance)


def _catalog(name: str, kind: type, also: str = "") -> str:
    version = {"const": CATALOG_SCHEMA_VERSION}
    lists = {each: {"type": "array", "items": _of(kind)} for each in (name, also) if each}
    properties = {"schema_version": version, **lists}
    return _document(f"paddock {name} --json", _object(properties))


def _document(title: str, made: dict[str, Any]) -> str:
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": title}
    return json.dumps(head | made, indent=2) + "\n"


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": sorted(properties), "properties": properties}


def _of(kind: Any) -> dict[str, Any]:
    arguments = get_args(kind)
    if kind in SIMPLE:
        return {"type": SIMPLE[kind]}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [each.value for each in kind]}
    if names := field_names(kind):
        hints = get_type_hints(kind, localns=_names())
        return _object({name: _of(hints[name]) for name in names})
    origin = get_origin(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(arguments[1])}
    if isinstance(origin, type) and issubclass(origin, tuple | list | frozenset):
        items = [each for each in arguments if each is not Ellipsis]
        return {"type": "array", "items": _of(items[0])}
    if arguments and origin is not None and not isinstance(arguments[0], str):
        return {"anyOf": [_of(each) for each in arguments]}
    return {}  # a Literal, or anything


def _names() -> dict[str, Any]:
    """Names that modules import for their annotations alone."""
    loaded = [module for name, module in list(sys.modules.items()) if name.startswith("paddock.")]
    return {name: each for module in loaded for name, each in vars(module).items() if isinstance(each, type)}
