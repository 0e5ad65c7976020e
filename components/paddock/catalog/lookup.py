"""Look-ups in the catalog: its data files, a name in them, and the nearest one to a wrong name.

Every command loads this, so what only some of them need is loaded where it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

DATA = Path(__file__).parent / "data"

LONGEST_SHOWN = 60


class RefusedError(Exception):
    """A request that cannot be met. The message is for them: what was given, what is allowed, the way out."""

    def __str__(self) -> str:
        """Text without characters that a terminal would obey or an eye would miss."""
        return "".join(each if each.isprintable() or each == "\n" else _escaped(each) for each in super().__str__())


class UnknownNameError(RefusedError, LookupError):
    """A name that the catalog does not have; the message names the nearest one that it has."""


def shown(value: object) -> str:
    """A given value for a message: on one line, and cut where it is long."""
    import reprlib

    if isinstance(value, str) and value.isprintable():
        text = f"'{value}'"
    else:
        # Of nested data a few: an alias in YAML can make a gigabyte of text from a few lines.
        try:
            text = repr(value[:LONGEST_SHOWN]) if isinstance(value, str) else reprlib.repr(value)
        except ValueError:
            # Python refuses to write whole numbers of over 4,300 digits.
            text = "a number too long to show"
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def shown_name(name: str) -> str:
    """The same as `shown`, without quotes where it is a plain word."""
    return name if name.isprintable() and 0 < len(name) <= LONGEST_SHOWN else shown(name)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def suggestion(name: str, known: Iterable[str]) -> str:
    """The way out after a wrong name: `did you mean 'x'?`, or the list of what there is."""
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(name[:LONGEST_SHOWN].lower(), names, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"known are {', '.join(names)}"


def find(kind: str, name: str, table: Mapping[str, T]) -> T:
    """The entry called `name`; raises `UnknownNameError` naming the nearest."""
    try:
        return table[name]
    except KeyError:
        raise UnknownNameError(f"unknown {kind} {shown(name)}; {suggestion(name, table)}") from None


def toml(name: str) -> dict[str, Any]:
    import tomllib

    with (DATA / name).open("rb") as file:
        return tomllib.load(file)


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file whose leading `#` lines say where it comes from."""
    import csv

    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))
