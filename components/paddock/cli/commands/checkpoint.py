"""`checkpoint`: parse the arguments, ask the library, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paddock.cli.console import print_json, print_text

DEFAULT_STACK_FILE = Path("stacks/Pulumi.dev.yaml")


def checkpoint(
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS", help="hf://organization/repository@commit, s3://bucket/prefix or file://folder."
        ),
    ],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the model, as clients ask for it.")],
    license_name: Annotated[
        str | None,
        typer.Option("--license", metavar="NAME", help="Its license, such as llama3.1. Default: the source's own."),
    ] = None,
    stack_file: Annotated[
        Path, typer.Option("--stack-file", metavar="FILE", help="The stack, for its region and for --write.")
    ] = DEFAULT_STACK_FILE,
    write: Annotated[bool, typer.Option("--write", help="Write the lines into the stack file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead; docs/ingest.md describes it.")] = False,
) -> None:
    """Read a checkpoint of your own, any of Llama's architecture, and print the lines that plan and serve it.

    Its configuration and the headers of its files are read, and no weights.
    """
    from paddock.catalog.lookup import RefusedError
    from paddock.cli.json_output import CHECKPOINT_SCHEMA_VERSION
    from paddock.cli.parsing.stack_file import config_of_file
    from paddock.operations.aws_session import session_of_config
    from paddock.operations.checkpoint.read import read_own, source_of
    from paddock.operations.checkpoint.stack_file import lines_of, with_checkpoint
    from paddock.operations.stack_file import rewrite
    from paddock.settings.own_checkpoint import NAME, as_settings, own_problem

    if not NAME.fullmatch(name):
        raise RefusedError("--name takes lower-case letters, digits, dots, hyphens and underscores, 63 at most")
    own = read_own(source_of(address, lambda: session_of_config(config_of_file(stack_file))), license_name)
    if (problem := own_problem(own, name)) is not None:
        raise RefusedError(problem)
    if as_json:
        print_json({"schema_version": CHECKPOINT_SCHEMA_VERSION, "model": name, "checkpoint": as_settings(own)})
    else:
        for line in lines_of(own, name):
            print_text(line)
    if write:
        rewrite(stack_file, lambda text: with_checkpoint(text, own, name, stack_file))
        typer.echo(f"{stack_file} has it; `paddock plan --stack-file {stack_file}` shows what it takes", err=True)
