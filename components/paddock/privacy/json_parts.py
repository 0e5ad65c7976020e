"""JSON read part by part: of a file of hundreds of MiB no more is in memory than one item of a list."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

ENDS = frozenset(" \t\r\n,:]}")
"""Characters that end a value."""
SPACE = re.compile(r"[ \t\r\n]*")


class JsonParts:
    """JSON text in parts, which are taken as they are needed; raises `ValueError` for what is no JSON."""

    def __init__(self, parts: Iterable[str], object_hook: Callable[[Any], Any]) -> None:
        self._parts = iter(parts)
        self._decode = json.JSONDecoder(object_hook=object_hook).raw_decode
        self._text, self._at = "", 0

    def read(self, kept: Mapping[str, Callable[[Any], Any]]) -> Any:
        """Value of the whole text; of a list under a key of `kept` what its function makes of each item."""
        found = self._object(kept) if self._next() == "{" else self._value()
        if self._next():
            raise json.JSONDecodeError("Extra data", self._text, self._at)
        return found

    def _object(self, kept: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in self._each("{", "}"):
            if self._next() != '"':
                raise json.JSONDecodeError("Expecting a key", self._text, self._at)
            key = self._value()
            self._take(":")
            first = self._next()
            if first == "[" and key in kept:
                found[key] = [kept[key](self._value()) for _ in self._each("[", "]")]
            else:
                found[key] = self._object(kept) if first == "{" else self._value()
        return found

    def _next(self) -> str:
        """First character of what comes next; empty at the end."""
        while True:
            self._at = SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing too
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        """Value that comes next, whole."""
        self._next()
        while True:
            start = self._at
            try:
                found, end = self._decode(self._text, start)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            # A number may go on in the next part.
            if self._text[end : end + 1] in ENDS or not self._more():
                self._at += end - start
                return found

    def _each(self, first: str, last: str) -> Iterator[None]:
        self._take(first)
        while self._next() != last:
            yield
            if self._next() != last:
                self._take(",")
        self._take(last)

    def _take(self, mark: str) -> None:
        if self._next() != mark:
            raise json.JSONDecodeError(f"Expecting {mark!r}", self._text, self._at)
        self._at += 1

    def _more(self) -> bool:
        """Takes as much again as is not read yet, so that a long value is not tried at every part; False at the end."""
        rest, taken, size = self._text[self._at :], [], 0
        for part in self._parts:
            taken.append(part)
            size += len(part)
            if size >= max(len(rest), 1):
                break
        self._text, self._at = "".join([rest, *taken]), 0
        return size > 0
