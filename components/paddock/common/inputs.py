"""Arguments of components: known by name, or refused with the nearest real one."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

import pulumi

from paddock.catalog.lookup import RefusedError, shown, suggestion
from paddock.choices import RENAMED
from paddock.common.argument_types import wrong_type
from paddock.privacy.predicates.findings import Finding, Problem

LABEL = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A DNS label (RFC 1035), as Kubernetes takes it for the names of services and namespaces."""

Args = TypeVar("Args", bound=Mapping[str, Any])


class ArgumentError(RefusedError, pulumi.RunError, ValueError):
    """A component was given arguments that it cannot use; nothing was created.

    A `RunError`, so that whatever program uses the component ends with the message and no traceback.
    """


def accepted(component: str, given: Args, allowed: type[Args]) -> Args:
    """A component's arguments, or an `ArgumentError` that lists all that are unknown, missing or of a wrong type.

    None stands for an argument that is left out, as everywhere in Pulumi.
    """
    given = cast(Args, whole_numbers({key: value for key, value in given.items() if value is not None}))
    required: frozenset[str] = getattr(allowed, "__required_keys__", frozenset())
    optional: frozenset[str] = getattr(allowed, "__optional_keys__", frozenset())
    known = required | optional
    problems = [f"unknown argument {shown(key)}; {_known_as(key, known)}" for key in sorted(set(given) - known)]
    problems += [f"missing argument '{key}'" for key in sorted(required - set(given))]
    problems += [f"{key} holds text that is no Unicode" for key in sorted(given) if _half_pairs(given.get(key))]
    for key, kind in allowed.__annotations__.items():
        if key in given and (problem := wrong_type(kind, given[key])):
            problems.append(f"{key} {problem}")
    if problems:
        raise ArgumentError(f"{component}: " + "; ".join(problems))
    return given


def _known_as(key: str, known: frozenset[str]) -> str:
    new = RENAMED.get(key)
    return f"renamed, set '{new}' instead" if new in known else suggestion(key, known)


def refused(component: str, findings: Iterable[Finding]) -> None:
    """Raises `ArgumentError` for what the policy pack would refuse: by its own predicates, before anything is made."""
    if problems := [str(each) for each in findings if isinstance(each, Problem)]:
        raise ArgumentError(f"{component}: " + "; ".join(problems))


def _half_pairs(value: Any) -> bool:
    """True where half of a surrogate pair stands somewhere, which YAML can spell and the engine cannot be sent."""
    if isinstance(value, str):
        return any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, Mapping):
        return any(map(_half_pairs, [*value.keys(), *value.values()]))
    return isinstance(value, list | tuple) and any(map(_half_pairs, value))


def label(what: str, value: str) -> str:
    """A name in Kubernetes, or an `ArgumentError` that begins with `what`."""
    if not LABEL.fullmatch(value):
        raise ArgumentError(
            f"{what} must be lower-case letters, digits and hyphens, a letter first and 63 at most, got {shown(value)}"
        )
    return value


def whole_numbers(value: Any) -> Any:
    """Plain data with `2.0` as `2`: programs in other languages reach us through JSON, which has one kind of number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: whole_numbers(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [whole_numbers(each) for each in value]
    return value
