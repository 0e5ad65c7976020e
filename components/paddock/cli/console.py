"""Terminal output of a command: a screen or JSON, and the parts that screens share.

Rich is loaded when a screen is printed, so that `--json` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from paddock.catalog.lookup import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import Console, RenderableType
    from rich.text import Text

TIMES = "\u00d7"
DASH = "\u2013"

MAX_WIDTH = 100
"""Lines longer than this are hard to read, however wide the window."""
PIPED_WIDTH = 120


def console() -> Console:
    from rich.console import Console

    here = Console(highlight=False)
    if not here.is_terminal and "COLUMNS" not in os.environ:
        # A file or a pipe has no width: what would be cut at 80 columns stands whole.
        return Console(highlight=False, width=PIPED_WIDTH)
    return Console(highlight=False, width=min(here.width, MAX_WIDTH))


def print_screen(screen: RenderableType) -> None:
    console().print(screen)


def print_json(data: Any) -> None:
    """Refuses what JSON does not know, such as NaN."""
    import json

    print_text(json.dumps(data, indent=2, sort_keys=True, allow_nan=False))


def print_text(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def end(status: int) -> NoReturn:
    """End the command; its answer is printed."""
    sys.exit(status)


def section(title: str) -> RenderableType:
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(title, style="bold"), (1, 0, 0, 0))


def indented(inner: RenderableType) -> RenderableType:
    from rich.padding import Padding

    return Padding(inner, (0, 0, 0, 2))


def bullets(lines: Iterable[str | Text]) -> RenderableType:
    from rich.table import Table

    table = Table.grid(padding=(0, 1))
    for line in lines:
        table.add_row("•", line)
    return table


def printable(text: str) -> Text:
    """Text of a file or an account: no markup, and without control characters no command to the terminal."""
    from rich.text import Text

    return Text("".join(each if each.isprintable() else "?" for each in text))


def harmless(text: str) -> str:
    """Text of a model, a server or a build for a terminal: lines and tabs, and nothing else that it would obey."""
    return "".join(each if each.isprintable() or each in "\n\t" else "?" for each in text)


def replicas_text(replicas: int, tensor: int, pipeline: int) -> str:
    copies = "1 replica" if replicas == 1 else f"{replicas} replicas"
    return f"{copies}, {split_text(tensor, pipeline)}"


def split_text(tensor: int, pipeline: int) -> str:
    if tensor * pipeline == 1:
        return "1 GPU"
    parts = [f"TP {tensor}"] * (tensor > 1) + [f"PP {pipeline}"] * (pipeline > 1)
    return f" {TIMES} ".join(parts)


def gpus(count: int, name: str) -> str:
    return f"{count} {TIMES} {name}"


def write_file(file: Path, text: str, option: str) -> None:
    """Write a file that an option names, and say so on stderr."""
    try:
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise RefusedError(f"cannot write {file}: {reason}; name another file by {option}") from None
    sys.stderr.write(f"wrote {file}\n")
