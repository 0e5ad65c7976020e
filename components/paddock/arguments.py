"""The door of every component: arguments are known by name, or refused with the nearest real one."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

import pulumi

from paddock.catalog.lookup import RefusedError, suggestion
from paddock.policy.predicates import Finding, Problem

Args = TypeVar("Args", bound=Mapping[str, Any])


class ArgumentError(RefusedError, pulumi.RunError, ValueError):
    """A component was given arguments that it cannot use; nothing was created.

    A `RunError`, so that whatever program uses the component ends with the message and no traceback.
    """


def accepted(component: str, given: Args, allowed: type[Args]) -> Args:
    """A component's arguments, or an `ArgumentError` that lists all unknown and missing ones.

    `typing.get_type_hints` cannot read these types (pulumi.Input is a forward reference), so only names are
    compared; the values are checked where they are decided.
    """
    required: frozenset[str] = getattr(allowed, "__required_keys__", frozenset())
    optional: frozenset[str] = getattr(allowed, "__optional_keys__", frozenset())
    known = required | optional
    problems = [f"unknown argument '{key}'; {suggestion(key, known)}" for key in sorted(set(given) - known)]
    problems += [f"missing argument '{key}'" for key in sorted(required - set(given))]
    if problems:
        raise ArgumentError(f"{component}: " + "; ".join(problems))
    return cast(Args, whole_numbers(given))


def refused(component: str, findings: Iterable[Finding]) -> None:
    """Raises `ArgumentError` for what the policy pack would refuse: by its own predicates, before anything is made."""
    if problems := [str(each) for each in findings if isinstance(each, Problem)]:
        raise ArgumentError(f"{component}: " + "; ".join(problems))


def whole_numbers(value: Any) -> Any:
    """Plain data with `2.0` as `2`: programs in other languages reach us through JSON, which has one kind of number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: whole_numbers(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [whole_numbers(each) for each in value]
    return value
