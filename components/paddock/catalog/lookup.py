"""Finding a name in the catalog, or saying which one was probably meant."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")

LONGEST_SHOWN = 60


class RefusedError(Exception):
    """What the user asked for cannot be. The message is for them: what was given, what is allowed, the way out."""

    def __str__(self) -> str:
        """Without what a terminal would obey or an eye would miss."""
        return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in super().__str__())


class UnknownNameError(RefusedError, LookupError):
    """A name that the catalog does not have; the message names the nearest one that it has."""


def shown(value: object) -> str:
    """What was given, for a message: on one line, and cut where it is long."""
    if isinstance(value, str) and value.isprintable():
        text = f"'{value}'"
    else:
        # Of nested data a few: an alias in YAML can make a gigabyte of text from a few lines.
        text = repr(value[:LONGEST_SHOWN]) if isinstance(value, str) else reprlib.repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def shown_name(name: str) -> str:
    """As `shown`, without quotes where it is a plain word."""
    return name if name.isprintable() and 0 < len(name) <= LONGEST_SHOWN else shown(name)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def suggestion(name: str, known: Iterable[str]) -> str:
    """The way out after a wrong name: `did you mean 'x'?`, or the list of what there is."""
    names = sorted(known)
    near = get_close_matches(name[:LONGEST_SHOWN].lower(), names, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"known are {', '.join(names)}"


def find(kind: str, name: str, table: Mapping[str, T]) -> T:
    """The entry called `name`; raises `UnknownNameError` naming the nearest."""
    try:
        return table[name]
    except KeyError:
        raise UnknownNameError(f"unknown {kind} {shown(name)}; {suggestion(name, table)}") from None
