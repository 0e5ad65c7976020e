"""Messages of wrong settings: the key, what is allowed, what was given, the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from paddock.catalog.lookup import RefusedError, shown, shown_name
from paddock.choices import RENAMED
from paddock.settings.descriptions import descriptions
from paddock.sizing.limits import Limit

PREFIX = "paddock:"
REGION_KEY = "aws:region"
API_KEY = "api_key"
"""The one key of a stack file that is a secret, and so no part of the settings: they are printed and compared."""

NO_RESERVED_CAPACITY = (
    "capacity reservations and Capacity Blocks cannot be named yet; an open reservation of the same type and zone is "
    "used by on_demand nodes anyway, a targeted one or a block is not"
)
NOT_YET = dict.fromkeys(
    ("capacity_block_id", "capacity_reservation", "capacity_reservation_arn", "capacity_reservation_id"),
    NO_RESERVED_CAPACITY,
)
"""Keys that people look for and that are not there."""

REMOVED = {"api_access": f"remove it; {PREFIX}endpoint_public_access_cidrs alone decides"}
"""Keys of stack files written before 2026-11-28 that nothing took the place of."""


class SettingsError(RefusedError, ValueError):
    """Everything that is wrong with the settings, one problem a line."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        count = len(problems)
        head = "1 setting is wrong" if count == 1 else f"{count} settings are wrong"
        super().__init__("\n".join([f"{head}:", *(f"  - {problem}" for problem in problems)]))


def key_of(field: str) -> str:
    """The key of a stack file that sets the field."""
    return REGION_KEY if field == "region" else PREFIX + field


def key_path(error: ErrorDetails) -> tuple[str, ...]:
    """The key of a stack file, then the place inside its value."""
    path = tuple(str(part) for part in error["loc"])
    # The keys of a model stand flat beside the others.
    return path[1:] if path[0] == "model" and len(path) > 1 else path


def described(errors: Sequence[ErrorDetails], fields: Mapping[str, FieldInfo]) -> list[str]:
    """One line a problem: key, what is allowed, what was given, the way out."""
    missing = {key_path(error) for error in errors if error["type"] == "missing"}
    paths = {key_path(error) for error in errors if error["type"] == "extra_forbidden"}
    renamed = {path: new for path in paths if (new := (*path[:-1], RENAMED.get(path[-1], ""))) in missing}
    lines = [f"{_shown(old)}: renamed; set {_shown(new)} instead" for old, new in sorted(renamed.items())]
    told = {*renamed, *renamed.values()}
    return lines + [_described(error, fields) for error in errors if key_path(error) not in told]


def _shown(path: Sequence[str]) -> str:
    return key_of(path[0]) + "".join(f"[{shown_name(part)}]" for part in path[1:])


def _described(error: ErrorDetails, fields: Mapping[str, FieldInfo]) -> str:
    path = key_path(error)
    name, key, kind, context = path[0], _shown(path), error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"{key} is missing; {descriptions()[name]}"
    if kind == "extra_forbidden":
        return f"{key} is not known; {descriptions()[name]}"
    if kind == "value_error":
        text = str(context["error"])
        return (
            f"{key} {text.removeprefix('it ')}" if text.startswith(("must", "is ", "has ", "it ")) else f"{key}: {text}"
        )
    allowed = _bounds(fields[name]) or EXPECTED.get(kind, error["msg"].lower())
    return f"{key} must be {allowed}, got {shown(error['input'])}"


EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a map of text to text",
    "int_type": "a whole number",
    "model_type": "a map of license, by and on",
    "is_instance_of": "an IPv4 range such as 10.0.0.0/16",
    "string_type": "text",
    "tuple_type": "a list",
}


def _bounds(field: FieldInfo) -> str | None:
    bounds = {type(each).__name__: each for each in field.metadata}
    if "Le" not in bounds:
        return None
    return Limit(bounds["Le"].le, bounds["Ge"].ge if "Ge" in bounds else None).allowed
