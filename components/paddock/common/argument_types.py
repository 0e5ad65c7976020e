"""Types of components' arguments, read from their `TypedDict`: is a value of one, and how a person calls it."""

import inspect
from collections.abc import Awaitable, Mapping
from typing import Any, ForwardRef, NotRequired, Union, get_args, get_origin

import pulumi

from paddock.catalog.lookup import shown

TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
TAKES = {str: str, int: int, float: int | float, bool: bool}


def wrong_type(kind: Any, value: Any) -> str | None:
    """Allowed type and given value in words, or None for a value of that type.

    `typing.get_type_hints` cannot read these types, as `pulumi.Input` is in part a forward reference.
    """
    kind = get_args(kind)[0] if get_origin(kind) is NotRequired else kind
    if _fits(kind, value):
        return None
    if _is_output(value):
        return f"must be {_type_name(kind)}, got an output; it decides what is made, so it must be known before"
    hint = ""
    if isinstance(value, str) and (getter := _getter(kind)):
        hint = f"; Pulumi's `config.get` gives text, `config.{getter}` what is meant here"
    return f"must be {_type_name(kind)}, got {shown(value)}{hint}"


def _fits(kind: Any, value: Any) -> bool:
    if isinstance(kind, ForwardRef):  # Output, the other half of pulumi.Input
        return _is_output(value)
    parts = get_args(kind)
    if get_origin(kind) is Awaitable:
        return inspect.isawaitable(value)
    if get_origin(kind) is Union:
        return any(_fits(each, value) for each in parts)
    if not parts:
        takes = TAKES.get(kind, str)  # the rest are enums of text, whose members their component names
        return isinstance(value, takes) and (kind is bool or not isinstance(value, bool))
    if len(parts) == 2:
        return isinstance(value, Mapping) and all(
            _fits(parts[0], key) and _fits(parts[1], each) for key, each in value.items()
        )
    return isinstance(value, list | tuple) and all(_fits(parts[0], each) for each in value)


def _is_output(value: Any) -> bool:
    return isinstance(value, pulumi.Output) or inspect.isawaitable(value)


def _plain(kind: Any) -> Any:
    """The type of a known value: `str` of `pulumi.Input[str]`."""
    return get_args(kind)[0] if get_origin(kind) is Union else kind


def _type_name(kind: Any) -> str:
    kind = _plain(kind)
    parts = get_args(kind)
    if not parts:
        return TYPE_NAMES.get(kind, "text")
    return "a map of text to text" if len(parts) == 2 else f"a list of {_type_name(parts[0])}"


def _getter(kind: Any) -> str | None:
    kind = _plain(kind)
    if get_args(kind):
        return "get_object"
    return {int: "get_int", float: "get_float", bool: "get_bool"}.get(kind)
