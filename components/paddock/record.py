"""Records: classes of named fields that are given by keyword and never change, as frozen dataclasses are.

A dataclass generates and compiles its methods in every process: those of one `paddock fit` took longer than the answer.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Self, dataclass_transform


class _DataclassFields:
    """Fields by which `dataclasses` knows a class, so that its `replace`, `fields` and `asdict` take records."""

    def __get__(self, record: object, kind: Any) -> Any:
        return _dataclass_fields(kind)


@cache
def _dataclass_fields(kind: Any) -> Any:
    from dataclasses import field, fields, make_dataclass

    def kept(value: Any) -> Any:
        return field(default_factory=lambda: value)

    made = make_dataclass(
        kind.__name__,
        [
            (name, hint, kept(kind._defaults[name]) if name in kind._defaults else field())
            for name, hint in kind.__annotations__.items()
        ],
        kw_only=True,
    )
    return {each.name: each for each in fields(made)}


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Compared and hashed by its values."""

    __dataclass_fields__ = _DataclassFields()
    _fields: ClassVar[tuple[str, ...]] = ()
    _names: ClassVar[frozenset[str]]
    _defaults: ClassVar[dict[str, Any]]

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(vars(cls).get("__annotations__", ()))
        cls._names = frozenset(cls._fields)
        cls._defaults = {name: vars(cls)[name] for name in cls._fields if name in vars(cls)}

    def __init__(self, **given: Any) -> None:
        values = {**self._defaults, **given}
        if values.keys() != self._names:
            wrong = ", ".join(sorted(values.keys() ^ self._names))
            raise TypeError(f"{type(self).__name__} lacks or does not know {wrong}")
        object.__setattr__(self, "__dict__", values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of {type(self).__name__} does not change; `_replace` makes another")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self._fields))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._fields)})"

    def _replace(self, **changes: Any) -> Self:
        """The same with other values of some fields, under the name that a named tuple has for it."""
        if not changes.keys() <= self._names:
            raise TypeError(f"{type(self).__name__} does not know {', '.join(sorted(changes.keys() - self._names))}")
        made = object.__new__(type(self))
        object.__setattr__(made, "__dict__", vars(self) | changes)
        return made


class Entry(Record):
    """A record of the catalog, which makes one of each: compared and hashed by identity."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def field_names(value: object) -> tuple[str, ...]:
    """Names of the fields of a record, a named tuple or a dataclass; of anything else there are none."""
    return getattr(value, "_fields", ()) or tuple(getattr(value, "__dataclass_fields__", ()))
