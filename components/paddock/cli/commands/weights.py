"""`paddock weights`: the group of its commands."""

from __future__ import annotations

import typer

from paddock.cli.commands.weights_push import push

weights = typer.Typer(help="Brings weights into the store, as signed revisions.", no_args_is_help=True)
weights.command("push")(push)
