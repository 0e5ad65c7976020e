"""The commands: read the words, ask the library, print. Imports are inside, so that `--help` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paddock import __version__
from paddock.cli.commands.images import images
from paddock.cli.commands.leftovers import leftovers
from paddock.cli.commands.prove import prove
from paddock.cli.commands.sizing import COMMANDS
from paddock.cli.commands.tunnel import tunnel
from paddock.cli.console import print_json, print_screen
from paddock.cli.options import Json

app = typer.Typer(
    help="Sizes, prices and plans a private Llama on AWS. Only `images`, `leftovers` and `tunnel` call a cloud.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DEFAULT_STACK_FILE = Path("stacks/Pulumi.local.yaml")
SCHEMA_FILE = Path("stacks/schema.json")


for command in (*COMMANDS, prove, tunnel, leftovers):
    app.command()(command)
app.add_typer(images, name="images")


@app.callback(invoke_without_command=True)
def paddock(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        typer.echo(f"paddock {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def plan(
    stack_file: Annotated[Path, typer.Option(help="A stack's configuration.")] = DEFAULT_STACK_FILE,
    against: Annotated[
        str | None,
        typer.Option(metavar="STACK", help="What it would change there: a stack, a file of its export, or -."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Plan of a stack file: placement, memory, price, and why. With --against: what an `up` changes, and its downtime.

    Exit status 1: a change is refused.
    """
    from paddock.cli.parsing.size import settings_of_file
    from paddock.plan.plan import make_plan

    made = make_plan(settings_of_file(stack_file))
    if against is not None:
        from paddock.cli.commands.against import against as compared

        compared(made, stack_file, against, as_json=as_json)
        return
    if as_json:
        typer.echo(made.to_json())
        return
    from paddock.cli.screens.plan import plan_screen

    print_screen(plan_screen(made))


@app.command()
def models(as_json: Json = False) -> None:
    """The models in the catalog."""
    from paddock.catalog import all_models

    if as_json:
        from paddock.cli.json_output import plain

        print_json([plain(each) for each in all_models().values()])
        return
    from paddock.cli.screens.catalog import models_table

    print_screen(models_table(all_models().values()))


@app.command()
def instances(
    region: Annotated[str | None, typer.Option(help="Only those offered there.")] = None, as_json: Json = False
) -> None:
    """The GPU instance types in the catalog."""
    from paddock.cli.parsing.size import instances_in

    found = instances_in(region)
    if as_json:
        from paddock.cli.json_output import plain

        print_json([plain(each) for each in found])
        return
    from paddock.cli.screens.catalog import instances_table

    print_screen(instances_table(found))


@app.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Compare with the file instead of writing it.")] = False,
    file: Annotated[Path, typer.Option(help="Where the schema is kept.")] = SCHEMA_FILE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the schema and write nothing.")] = False,
) -> None:
    """Write the JSON Schema of stack files, or check that the written one is current."""
    from paddock.settings.json_schema import stack_schema, to_text

    text = to_text(stack_schema())
    if as_json:
        typer.echo(text, nl=False)
    elif not check:
        file.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {file}")
    elif not file.is_file() or file.read_text(encoding="utf-8") != text:
        typer.echo(f"Error: {file} is not what `paddock schema` writes; run `paddock schema` and commit it", err=True)
        raise typer.Exit(1)
    else:
        typer.echo(f"{file} is current")
