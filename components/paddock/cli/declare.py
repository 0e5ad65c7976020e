"""Options and arguments of a command, declared without typer: to load it takes longer than to answer.

`commands_for_typer` in `paddock.cli.app` makes typer's own of them; `paddock.cli.quick` reads them as they are.
"""

from __future__ import annotations

from typing import Any


class Declared:
    """Flags as they are typed, metavar and help; without flags, the parameter's own name with dashes."""

    def __init__(self, *flags: str, metavar: str | None = None, help: str | None = None) -> None:  # noqa: A002  typer's word
        self.flags, self.metavar, self.help = flags, metavar, help


class Option(Declared):
    pass


class Argument(Declared):
    pass


def declared(annotation: Any) -> tuple[type, Declared]:
    """The type of a parameter's value, without None, and its declaration; `annotation` is `Annotated[type, one]`."""
    kind, (declaration, *_) = annotation.__origin__, annotation.__metadata__
    members = [each for each in getattr(kind, "__args__", ()) if each is not type(None)]
    return (members[0] if members else kind), declaration
