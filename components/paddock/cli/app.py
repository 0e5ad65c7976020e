"""The commands: read the words, ask the library, print. Imports are inside, so that `--help` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(
    help="Sizes, prices and plans a private Llama on AWS. Nothing here calls a cloud.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DEFAULT_STACK_FILE = Path("stacks/Pulumi.local.yaml")
SCHEMA_FILE = Path("stacks/schema.json")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
Region = Annotated[str, typer.Option(help="AWS region.")]


@app.callback(invoke_without_command=True)
def paddock(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from paddock.cli.version import version_text

        typer.echo(version_text())
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def size(
    model: Annotated[str, typer.Argument(help="A model of `paddock models`.")],
    quantization: Annotated[str, typer.Option(help="bf16, fp8, int8 or int4.")] = "bf16",
    context: Annotated[str, typer.Option(help="Tokens of the longest conversation; 32k is 32768.")] = "8k",
    concurrency: Annotated[int, typer.Option(help="Conversations of that length at once, a replica.")] = 4,
    replicas: Annotated[int, typer.Option(help="Copies of the model.")] = 1,
    region: Region = "us-east-1",
    spot: Annotated[bool, typer.Option("--spot", help="Spot prices instead of on-demand.")] = False,
    vllm_version: Annotated[str | None, typer.Option(help="Default: the catalog's newest.")] = None,
    top: Annotated[int, typer.Option(help="How many placements to show.")] = 5,
    as_json: Json = False,
) -> None:
    """Which instances hold a model, cheapest first, and why cheaper ones do not."""
    from paddock.cli.requests import demand_from_words, size_data

    demand = demand_from_words(
        model,
        quantization=quantization,
        context=context,
        concurrency=concurrency,
        replicas=replicas,
        region=region,
        spot=spot,
        vllm_version=vllm_version,
    )
    from paddock.sizing import search

    placements = search(demand)
    if as_json:
        _print_json(size_data(demand, placements, top))
    else:
        from paddock.cli.screens import size_screen

        _print(size_screen(demand, placements, top))
    if not placements.candidates:
        raise typer.Exit(1)


@app.command()
def plan(
    stack_file: Annotated[Path, typer.Option(help="A stack's configuration.")] = DEFAULT_STACK_FILE,
    as_json: Json = False,
) -> None:
    """What a stack file takes: placement, memory, price, and why."""
    from paddock.cli.requests import settings_of_file
    from paddock.plan import make_plan

    made = make_plan(settings_of_file(stack_file))
    if as_json:
        typer.echo(made.to_json())
        return
    from paddock.cli.screens import plan_screen

    _print(plan_screen(made))


@app.command()
def models(as_json: Json = False) -> None:
    """The models in the catalog."""
    from paddock.catalog import all_models

    if as_json:
        from paddock.cli.requests import plain

        _print_json([plain(each) for each in all_models().values()])
        return
    from paddock.cli.tables import models_table

    _print(models_table(all_models().values()))


@app.command()
def instances(
    region: Annotated[str | None, typer.Option(help="Only those offered there.")] = None, as_json: Json = False
) -> None:
    """The GPU instance types in the catalog."""
    from paddock.cli.requests import instances_in, plain

    found = instances_in(region)
    if as_json:
        _print_json([plain(each) for each in found])
        return
    from paddock.cli.tables import instances_table

    _print(instances_table(found))


@app.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Compare with the file instead of writing it.")] = False,
    file: Annotated[Path, typer.Option(help="Where the schema is kept.")] = SCHEMA_FILE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the schema and write nothing.")] = False,
) -> None:
    """Write the JSON Schema of stack files, or check that the written one is current."""
    from paddock.schema import stack_schema, to_text

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


def _print(screen: RenderableType) -> None:
    from paddock.cli.console import console

    console().print(screen)


def _print_json(data: Any) -> None:
    import json

    typer.echo(json.dumps(data, indent=2, sort_keys=True))
