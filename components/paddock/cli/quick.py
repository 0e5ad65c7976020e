"""The short way to a command: arguments that say plainly what is asked are read here, without loading typer.

What is not understood here, a wrong argument or a request for help, is left to typer, which says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from paddock.cli.declare import Argument, declared
from paddock.lazy import loaded

COMMANDS = ("size", "fit", "explain")


def quick(arguments: Sequence[str]) -> Callable[[], None] | None:
    """The command with its options, or None where typer must read the arguments."""
    if not arguments or arguments[0] not in COMMANDS:
        return None
    command: Callable[..., None] = getattr(loaded("paddock.cli.commands.sizing"), arguments[0])
    values = read(command, arguments[1:])
    return None if values is None else lambda: command(**values)


def read(command: Callable[..., None], arguments: Sequence[str]) -> dict[str, Any] | None:
    """Values by parameter, or None."""
    parameters = {name: declared(kind) for name, kind in command.__annotations__.items() if name != "return"}
    free = [name for name, (_, how) in parameters.items() if isinstance(how, Argument)]
    by_flag = {
        flag: name for name, (_, how) in parameters.items() for flag in how.flags or (f"--{name.replace('_', '-')}",)
    }
    values: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-"):
            if not free:
                return None
            values[free.pop(0)] = argument
            continue
        flag, equals, text = argument.partition("=")
        name = by_flag.get(flag)
        if name is None or name in values or (equals and not flag.startswith("--")):
            return None
        kind = parameters[name][0]
        if kind is bool:
            if equals:
                return None
            values[name] = True
            continue
        if not equals:
            text = next(rest, "-")
            if text.startswith("-"):
                return None
        try:
            values[name] = kind(text)
        except ValueError:
            return None
    return None if free else values
