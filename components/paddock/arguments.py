"""The door of every component: arguments are known by name, or refused with the nearest real one."""

from collections.abc import Mapping
from difflib import get_close_matches


class ArgumentError(ValueError):
    """A component was given arguments that it cannot use; nothing was created."""


def check_arguments(component: str, given: Mapping[str, object], allowed: type) -> None:
    """Refuse unknown and missing keys of a component's `TypedDict`, all of them at once.

    `typing.get_type_hints` cannot read these types (pulumi.Input is a forward reference), so only names are
    compared; the values are checked where they are decided.
    """
    required: frozenset[str] = getattr(allowed, "__required_keys__", frozenset())
    optional: frozenset[str] = getattr(allowed, "__optional_keys__", frozenset())
    problems = []
    for key in sorted(set(given) - required - optional):
        near = get_close_matches(key, sorted(required | optional), n=1)
        way_out = f"did you mean '{near[0]}'?" if near else f"it takes {', '.join(sorted(required | optional))}"
        problems.append(f"unknown argument '{key}'; {way_out}")
    problems += [f"missing argument '{key}'" for key in sorted(required - set(given))]
    if problems:
        raise ArgumentError(f"{component}: " + "; ".join(problems))
