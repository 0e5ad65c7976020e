"""`paddock weights`: the group of its commands."""

from __future__ import annotations

import typer

from paddock.cli.commands.weights_quantize import quantize

weights = typer.Typer(help="Brings weights into the store, as signed revisions.", no_args_is_help=True)
weights.command("quantize")(quantize)
