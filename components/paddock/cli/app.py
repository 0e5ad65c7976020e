"""The commands: parse the arguments, ask the library, print. Imports are inside, so that `--help` answers at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from paddock import __version__
from paddock.catalog.lookup import RefusedError
from paddock.cli.commands.chat import chat
from paddock.cli.commands.checkpoint import checkpoint
from paddock.cli.commands.deploy import deploy
from paddock.cli.commands.doctor import doctor
from paddock.cli.commands.images import images
from paddock.cli.commands.ingest import ingest
from paddock.cli.commands.init import init
from paddock.cli.commands.leftovers import leftovers
from paddock.cli.commands.preflight import preflight
from paddock.cli.commands.prove import prove
from paddock.cli.commands.sizing import COMMANDS
from paddock.cli.commands.tunnel import tunnel
from paddock.cli.commands.weights import weights
from paddock.cli.console import print_json, print_screen, write_file
from paddock.cli.declare import Declared, Option, declared
from paddock.cli.options import Json

app = typer.Typer(
    help="Sizes, prices and plans a private Llama on AWS. Only `chat`, `deploy`, `doctor`, `images`, `ingest`, "
    "`leftovers`, `preflight`, `tunnel`, `weights` and `plan --against` call a cloud.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

DEFAULT_STACK_FILE = Path("stacks/Pulumi.local.yaml")
SCHEMA_FILE = Path("stacks/schema.json")
JSON_HELP = (
    "Print JSON instead; docs/sizing-schema/plan.v1.json describes it, with --against docs/plan-schema/against.v1.json."
)


def for_typer(command: Callable[..., None]) -> Callable[..., None]:
    """The command with typer's options and arguments in the place of our declarations."""
    hints = get_type_hints(command, include_extras=True)
    for name, annotation in hints.items():
        if isinstance(next(iter(getattr(annotation, "__metadata__", ())), None), Declared):
            how = declared(annotation)[1]
            made = typer.Option if isinstance(how, Option) else typer.Argument
            stated: Any = made(*how.flags, metavar=how.metavar, help=how.help)
            hints[name] = Annotated[annotation.__origin__, stated]

    @wraps(command)
    def run_command(*args: Any, **options: Any) -> None:
        command(*args, **options)

    parameters = [each.replace(annotation=hints[name]) for name, each in signature(command).parameters.items()]
    run_command.__annotations__ = hints
    run_command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # inspect looks for it
    return run_command


for command in (*COMMANDS, init, preflight, deploy, chat, doctor, checkpoint, prove, tunnel, leftovers):
    app.command()(for_typer(command))
app.add_typer(images, name="images")
app.add_typer(ingest, name="ingest")
app.add_typer(weights, name="weights")


def run(arguments: list[str]) -> int:
    """The exit status; raises `RefusedError` for arguments that typer does not know where JSON is asked for."""
    try:
        return int(app(arguments, prog_name="paddock", standalone_mode="--json" not in arguments) or 0)
    except Exception as wrong:
        # typer's own error of usage, whose class it does not export.
        if not hasattr(wrong, "format_message"):
            raise
        raise RefusedError(wrong.format_message()) from None


@app.command("version")
def print_version() -> None:
    """Print the version."""
    typer.echo(f"paddock {__version__}")


@app.callback(invoke_without_command=True)
def paddock(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        print_version()
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
@for_typer
def plan(
    stack_file: Annotated[Path, typer.Option(help="A stack's configuration.")] = DEFAULT_STACK_FILE,
    against: Annotated[
        str | None,
        typer.Option(metavar="STACK", help="What it would change there: a stack, a file of its export, or -."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Plan of a stack file: placement, memory, price, and why. With --against: what an `up` changes, and its downtime.

    Exit status 1: a change is refused.
    """
    from paddock.cli.parsing.stack_file import settings_of_file
    from paddock.plan.plan import make_plan

    settings = settings_of_file(stack_file)
    if against is not None:
        from paddock.cli.commands.against import against as compared

        compared(settings, stack_file, against, as_json=as_json)
        return
    made = make_plan(settings)
    if as_json:
        from paddock.cli.json_output import PLAN_SCHEMA_VERSION
        from paddock.plan.plan import as_data

        print_json({"schema_version": PLAN_SCHEMA_VERSION} | as_data(made))
        return
    from paddock.cli.screens.plan import plan_screen

    print_screen(plan_screen(made))


@app.command()
@for_typer
def models(as_json: Json = False) -> None:
    """The models in the catalog, and those that are sized only."""
    from paddock.catalog import all_models
    from paddock.catalog.relatives import relatives

    if as_json:
        from paddock.cli.json_output import CATALOG_SCHEMA_VERSION, plain

        listed, sized = ([plain(each) for each in these] for these in (all_models().values(), relatives()))
        print_json({"schema_version": CATALOG_SCHEMA_VERSION, "models": listed, "sized_only": sized})
        return
    from paddock.cli.screens.catalog import models_screen

    print_screen(models_screen(all_models().values(), relatives()))


@app.command()
@for_typer
def instances(
    region: Annotated[str | None, typer.Option(help="Only those offered there.")] = None, as_json: Json = False
) -> None:
    """The GPU instance types in the catalog."""
    from paddock.cli.parsing.size import instances_in

    found = instances_in(region)
    if as_json:
        from paddock.cli.json_output import CATALOG_SCHEMA_VERSION, plain

        print_json({"schema_version": CATALOG_SCHEMA_VERSION, "instances": [plain(each) for each in found]})
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
        write_file(file, text, "--file")
    elif not file.is_file():
        raise RefusedError(f"there is no {file} to check; run it in a checkout, or name the file by --file")
    elif file.read_text(encoding="utf-8") != text:
        typer.echo(f"Error: {file} is not what `paddock schema` writes; run `paddock schema` and commit it", err=True)
        raise typer.Exit(1)
    else:
        typer.echo(f"{file} is current")
