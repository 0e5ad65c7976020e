"""Finding a name in the catalog, or saying which one was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


class RefusedError(Exception):
    """What the user asked for cannot be. The message is for them: what was given, what is allowed, the way out."""


class UnknownNameError(RefusedError, LookupError):
    """A name that the catalog does not have; the message names the nearest one that it has."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """The way out after a wrong name: `did you mean 'x'?`, or the list of what there is."""
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"known are {', '.join(names)}"


def find(kind: str, name: str, table: Mapping[str, T]) -> T:
    """The entry called `name`; raises `UnknownNameError` naming the nearest."""
    try:
        return table[name]
    except KeyError:
        raise UnknownNameError(f"unknown {kind} '{name}'; {suggestion(name, table)}") from None
