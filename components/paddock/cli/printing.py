"""The two ways in which a command answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType


def print_screen(screen: RenderableType) -> None:
    from paddock.cli.console import console

    console().print(screen)


def print_json(data: Any) -> None:
    """Refuses what JSON does not know, such as NaN."""
    import json

    typer.echo(json.dumps(data, indent=2, sort_keys=True, allow_nan=False))
