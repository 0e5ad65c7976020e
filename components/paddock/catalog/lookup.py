"""Look-ups in the catalog: its data files, a name in them, and the nearest one to a wrong name.

Every command loads this, so what only some of them need is loaded where it is used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from os.path import dirname
from types import MappingProxyType
from typing import Any, TypeVar

T = TypeVar("T")

DATA = f"{dirname(__file__)}/data"  # noqa: PTH120  pathlib takes longer to load than an answer to find

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


def suggestion(name: str, names: Iterable[str]) -> str:
    """The way out after a wrong name: `did you mean 'x'?`, or the list of what there is."""
    from difflib import get_close_matches

    there = sorted(names)
    near = get_close_matches(name[:LONGEST_SHOWN].lower(), there, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"known are {', '.join(there)}"


def find(kind: str, name: str, table: Mapping[str, T]) -> T:
    """The entry called `name`; raises `UnknownNameError` naming the nearest."""
    return table[known(kind, name, table)]


def known(kind: str, name: str, names: Collection[str]) -> str:
    """The name, where it is one of these; raises as `find` does."""
    if name not in names:
        raise UnknownNameError(f"unknown {kind} {shown(name)}; {suggestion(name, names)}")
    return name


def text(name: str) -> str:
    """The text of a data file."""
    with open(f"{DATA}/{name}", encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


def toml(name: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text(name))


@cache
def table_texts(name: str) -> dict[str, str]:
    """The text of each table of a TOML file, with its own tables; under "" what stands before the first.

    Whoever asks for one model has no other parsed: the whole file takes ten times as long.
    """
    first, *others = text(name).split("\n[")
    texts = {"": first}
    for each in others:
        header = each.lstrip("[")
        key = header.split('"')[1] if header.startswith('"') else header.partition("]")[0].partition(".")[0]
        texts[key] = f"{texts.get(key, '')}\n[{each}"
    return texts


def table_names(name: str) -> tuple[str, ...]:
    return tuple(each for each in table_texts(name) if each)


@cache
def table(name: str, key: str = "") -> Mapping[str, Any]:
    """One table of a TOML file, or what stands before the first; raises `KeyError`."""
    import tomllib

    found = tomllib.loads(table_texts(name)[key])
    return MappingProxyType(found[key] if key else found)


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file whose leading `#` lines say where it comes from."""
    import csv

    return list(csv.DictReader(line for line in text(name).splitlines() if not line.startswith("#")))
