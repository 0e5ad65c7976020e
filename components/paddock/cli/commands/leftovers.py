"""`leftovers`: parse the arguments, ask the library, print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddock.cli.console import print_json, print_screen

if TYPE_CHECKING:
    import boto3

    from paddock.operations.leftovers.found import Owner

STACK_FILE = re.compile(r"Pulumi\.(?P<stack>[A-Za-z0-9._-]+)\.yaml")
PROJECT = "paddock"
PLATFORM = "llama"
"""Names in Pulumi.yaml and __main__.py."""


def leftovers(
    stack_file: Annotated[Path, typer.Option(help="The configuration of the stack that was destroyed.")],
    project: Annotated[str, typer.Option(help="The Pulumi project of the stack.")] = PROJECT,
    name: Annotated[str, typer.Option(help="Of the LlamaPlatform in it.")] = PLATFORM,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead; docs/leftovers.md describes it.")
    ] = False,
) -> None:
    """List what a stack left in its account; deletes nothing. Exit status 0: nothing but what is kept, 1: something."""
    from paddock.cli.screens.leftovers import leftovers_data, leftovers_screen
    from paddock.operations.leftovers.account import look

    owner, region, session = _asked(stack_file, project, name)
    found = look(session, owner)
    unexpected = [each for each in found.objects if not each.kept]
    if as_json:
        print_json(leftovers_data(found, owner, region))
    else:
        print_screen(leftovers_screen(found, owner, region))
        for each in () if found.living_cluster else unexpected:
            if each.delete:  # not on the screen, which would break it into lines
                typer.echo(f"  {each.delete} --region {region}" + (f"  # {each.first}" if each.first else ""))
    if unexpected:
        raise typer.Exit(1)


def _asked(stack_file: Path, project: str, name: str) -> tuple[Owner, str, boto3.Session]:
    from paddock import catalog
    from paddock.catalog.lookup import RefusedError
    from paddock.cli.parsing.stack_file import config_of_file
    from paddock.operations.aws_session import session_of_config
    from paddock.operations.leftovers.found import Owner
    from paddock.settings import PREFIX

    named = STACK_FILE.fullmatch(stack_file.name)
    if named is None:
        raise RefusedError(f"{stack_file} does not say which stack; its name is Pulumi.<stack>.yaml")
    config = config_of_file(stack_file)
    region = str(config.get("aws:region"))
    if region not in catalog.regions():
        raise RefusedError(f"{stack_file} has no usable aws:region, got '{config.get('aws:region')}'")
    keep = str(config.get(f"{PREFIX}retain_weights", "true")).lower() != "false"
    owner = Owner(project=project, stack=named["stack"], name=name, retain_weights=keep)
    return owner, region, session_of_config(config)
