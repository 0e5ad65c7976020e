"""`chat`: the way to a stack's endpoint, prompts from the terminal, a flag or a pipe, and answers as they come."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddock.cli.console import harmless, print_json

if TYPE_CHECKING:
    from paddock.operations.chat.conversation import Conversation

FOLDER = Path("stacks")
LEAVE = ("/exit", "/quit")
WHY = "Ctrl-C stops an answer; Ctrl-D, or /exit, leaves."


def chat(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="A stack that is up.")],
    prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="One prompt; else a pipe's, else a talk.")] = None,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="System message before the first prompt.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Longest answer. Default: the server's.")] = None,
    folder: Annotated[Path, typer.Option(help="Where the stack files are.")] = FOLDER,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one answer as JSON; docs/deploy.md describes it.")
    ] = False,
) -> None:
    """Talk to the model of a stack, through its tunnel where it has one. The API key is never printed."""
    from paddock.catalog.lookup import RefusedError
    from paddock.cli.parsing.stack_file import config_of_file, settings_of_file
    from paddock.cli.screens.chat import speed_line, spoken_data
    from paddock.operations.chat.conversation import Conversation
    from paddock.operations.chat.deployed import api_key_of, deployed_of, outputs_of
    from paddock.operations.chat.way import reached
    from paddock.operations.init.answers import checked_stack

    file = folder / f"Pulumi.{checked_stack(stack)}.yaml"
    settings, config, here = settings_of_file(file), config_of_file(file), Path.cwd()
    asked = prompt if prompt is not None or sys.stdin.isatty() else sys.stdin.read()
    if asked is not None and not asked.strip():
        raise RefusedError("the prompt is empty; give one by --prompt, by a pipe, or in a terminal")
    if as_json and asked is None:
        raise RefusedError("--json is for one answer; give the prompt by --prompt or by a pipe")
    deployed = deployed_of(stack, outputs_of(stack, here), settings, config)
    key = api_key_of(stack, here, config)
    with reached(deployed, lambda text: typer.echo(f"tunnel: {text}", err=True)) as url:
        talk = Conversation(url, deployed.model, key, max_tokens)
        if system:
            talk.messages.append({"role": "system", "content": system})
        if asked is None:
            _talk(talk, deployed.display_name)
            return
        spoken = talk.ask(asked, (lambda _: None) if as_json else _write)
    if as_json:
        print_json(spoken_data(spoken, deployed.model))
    else:
        typer.echo("")
        typer.echo(speed_line(spoken), err=True)
    if spoken.stopped:
        raise typer.Exit(130)


def _talk(talk: Conversation, name: str) -> None:
    from paddock.catalog.lookup import RefusedError
    from paddock.cli.screens.chat import speed_line

    typer.echo(f"{name}. {WHY}", err=True)
    while True:
        try:
            line = input("> ")
        except (EOFError, KeyboardInterrupt):
            typer.echo("", err=True)
            return
        if line.strip() in LEAVE:
            return
        if not line.strip():
            continue
        try:
            spoken = talk.ask(line, _write)
        except RefusedError as refused:
            typer.echo(f"\nError: {refused}", err=True)
            continue
        typer.echo("")
        typer.echo(speed_line(spoken), err=True)


def _write(piece: str) -> None:
    """A piece of an answer, without characters that a terminal would obey."""
    sys.stdout.write(harmless(piece))
    sys.stdout.flush()
