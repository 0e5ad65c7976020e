"""`ingest start` and `follow`: parse the arguments, ask the library, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from paddock.operations.ingest.builds import Build
    from paddock.operations.ingest.run import Project

ingest = typer.Typer(
    help="Copies images and weights into the account by a build of AWS, without this machine's wire.",
    no_args_is_help=True,
)

INTERRUPTED = 130

Stack = Annotated[str, typer.Argument(metavar="STACK", help="The stack, such as dev.")]
StackFile = Annotated[
    Path | None, typer.Option(help="Its configuration. Default: stacks/Pulumi.<STACK>.yaml.", show_default=False)
]
ProjectName = Annotated[
    str | None,
    typer.Option(
        "--project", metavar="NAME", help="The project in CodeBuild. Default: llama-<STACK>-ingest.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON at the end; docs/ingest.md describes it.")]


@ingest.command()
def start(
    stack: Stack,
    stack_file: StackFile = None,
    project: ProjectName = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="ADDRESS", help="hf://…@<commit> or s3://…; default: the stack's checkpoint."),
    ] = None,
    revision: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the revision in the store.")] = None,
    no_images: Annotated[bool, typer.Option("--no-images", help="Copy the weights alone.")] = False,
    no_weights: Annotated[bool, typer.Option("--no-weights", help="Copy the images alone.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Start the build and do not follow it.")] = False,
    as_json: Json = False,
) -> None:
    """Start a build that copies the stack's images and weights, and follow it. Exit status 1: it did not succeed.

    A build that copies the same already is joined. Ctrl-C ends the following, not the build.
    """
    from paddock.cli.parsing.ingest import asked
    from paddock.operations.ingest.builds import variables_of

    config, found = asked(stack, stack_file, project)
    variables = variables_of(config, source=source, revision=revision, images=not no_images, weights=not no_weights)
    build, joined = found.start(variables)
    _announce(build, stack, joined=joined)
    _end(build if detach else _followed(found, build, stack), detached=detach, as_json=as_json)


@ingest.command()
def follow(
    stack: Stack,
    stack_file: StackFile = None,
    project: ProjectName = None,
    build: Annotated[str | None, typer.Option(metavar="ID", help="Default: the newest of the stack.")] = None,
    as_json: Json = False,
) -> None:
    """Follow a build, its log from the beginning. Exit status 1: it did not succeed."""
    from paddock.catalog.lookup import RefusedError
    from paddock.cli.parsing.ingest import asked

    _, found = asked(stack, stack_file, project)
    if build is None:
        builds = found.builds()
        if not builds:
            raise RefusedError(f"no build of {found.name} was started yet; `paddock ingest start {stack}` starts one")
        newest = builds[0]
    else:
        newest = found.build(build)
    _announce(newest, stack, joined=True)
    _end(_followed(found, newest, stack), detached=False, as_json=as_json)


def _announce(build: Build, stack: str, *, joined: bool) -> None:
    typer.echo(f"{'following' if joined else 'started'} build {build.id}", err=True)
    typer.echo(f"it runs in AWS whatever happens here; again: {_again(build, stack)}", err=True)


def _again(build: Build, stack: str) -> str:
    return f"paddock ingest follow {stack} --build {build.id}"


def _followed(project: Project, build: Build, stack: str) -> Build:
    from paddock.cli.screens.ingest import Lines

    try:
        return project.follow(build.id, Lines())
    except KeyboardInterrupt:
        typer.echo(f"\nleft; the build goes on. Follow it: {_again(build, stack)}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _end(build: Build, *, detached: bool, as_json: bool) -> None:
    from paddock.cli.console import print_json
    from paddock.cli.json_output import INGEST_SCHEMA_VERSION
    from paddock.operations.ingest.builds import as_data, failure

    if as_json:
        print_json({"schema_version": INGEST_SCHEMA_VERSION} | as_data(build))
    if detached and build.running:
        return
    if not build.succeeded:
        typer.echo(f"Error: {failure(build)}", err=True)
        raise typer.Exit(1)
    typer.echo(f"build {build.id} succeeded", err=True)
