"""Pulumi's values on the wire, as plain Python values with two marks: unknown yet, and secret.

The SDK's own `PropertyValue` has no integers and does not recognise unknowns that come from the engine, so a preview
would apply their placeholder text to the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only the update itself will tell."""


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that the engine must encrypt in its state and hide on the screen."""

    value: Any


class UnsupportedValueError(ValueError):
    """A value that has no place in a Kubernetes object, such as a file."""


# sdk/go/common/resource/plugin/rpc.go of github.com/pulumi/pulumi/sdk/v3 v3.259.0: one placeholder for each type.
_UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWN_TEXTS = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
_HIDDEN_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"


def from_wire(struct: Struct) -> dict[str, Any]:
    return {key: _from_value(value) for key, value in struct.fields.items()}


def to_wire(values: Mapping[str, Any]) -> Struct:
    return Struct(fields={key: _to_value(value) for key, value in values.items()})


def _from_value(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            # The wire has only floating-point numbers; Kubernetes refuses `replicas: 1.0`.
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWN_TEXTS else value.string_value
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "struct_value":
            return _from_fields(value.struct_value)
        case _:
            return None


def _from_fields(struct: Struct) -> Any:
    if _SIGNATURE_KEY not in struct.fields:
        return from_wire(struct)
    if struct.fields[_SIGNATURE_KEY].string_value != _HIDDEN_SIGNATURE:
        raise UnsupportedValueError(
            "an asset, archive or resource cannot be in a Kubernetes object; give its text or id"
        )
    return Secret(_from_value(struct.fields["value"]))


def _to_value(value: Any) -> Value:
    match value:
        case None:
            return Value(null_value=NullValue.NULL_VALUE)
        case bool():
            return Value(bool_value=value)
        case int() | float():
            return Value(number_value=value)
        case str():
            return Value(string_value=value)
        case Unknown():
            return Value(string_value=_UNKNOWN_STRING)
        case Secret():
            signature = Value(string_value=_HIDDEN_SIGNATURE)
            marked = Struct(fields={_SIGNATURE_KEY: signature, "value": _to_value(value.value)})
            return Value(struct_value=marked)
        case list():
            return Value(list_value=ListValue(values=[_to_value(item) for item in value]))
        case dict():
            return Value(struct_value=to_wire(value))
    raise UnsupportedValueError(f"a {type(value).__name__} cannot be sent to the engine")


def reveal(value: Any) -> Any:
    """The value without the marks of secrecy: what the API server gets. Unknowns stay."""
    match value:
        case Secret():
            return reveal(value.value)
        case dict():
            return {key: reveal(item) for key, item in value.items()}
        case list():
            return [reveal(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    match value:
        case Unknown():
            return True
        case Secret():
            return has_unknown(value.value)
        case dict():
            return any(map(has_unknown, value.values()))
        case list():
            return any(map(has_unknown, value))
    return False


def conceal(value: Any, like: Any) -> Any:
    """The plain value with the marks of secrecy that `like` has at the same places."""
    match like, value:
        case Secret(), _:
            return Secret(value)
        case dict(), dict():
            return {key: conceal(item, like.get(key)) for key, item in value.items()}
        case list(), list():
            marks = [*like, *[None] * len(value)]
            return [conceal(item, mark) for item, mark in zip(value, marks, strict=False)]
    return value


def overlay(below: Any, above: Any) -> Any:
    """`above` laid over `below`: maps are joined key by key, everything else is replaced."""
    match below, above:
        case dict(), dict():
            return below | {key: overlay(below.get(key), item) for key, item in above.items()}
    return above
