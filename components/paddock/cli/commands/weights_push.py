"""`weights push`: parse the arguments, ask the library, print."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from paddock.cli.console import print_json, print_screen

DEFAULT_STACK_FILE = Path("stacks/Pulumi.dev.yaml")


def push(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Folder of the store. Default: the stack file's model.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ADDRESS",
            help="hf://ORGANIZATION/REPOSITORY@REVISION, s3://BUCKET/PREFIX or file://FOLDER. Default: the catalog's.",
        ),
    ] = None,
    stack_file: Annotated[
        Path, typer.Option(help="The stack's configuration: model, license, region, AWS identity.")
    ] = (DEFAULT_STACK_FILE),
    bucket: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The store. Default: paddock:weights_bucket, else by the stack's tags."),
    ] = None,
    signing_key: Annotated[
        str | None, typer.Option(metavar="ARN|FILE", help="KMS key or PEM file. Default: by the stack's tags.")
    ] = None,
    project: Annotated[str, typer.Option(help="The Pulumi project, by which the store is found.")] = "paddock",
    name: Annotated[str, typer.Option(help="Of the LlamaPlatform, by which the store is found.")] = "llama",
    revision: Annotated[
        str | None, typer.Option(metavar="NAME", help="Default: quantization and commit, such as bf16-0e9e39f249a1.")
    ] = None,
    accept_license: Annotated[
        str | None, typer.Option(metavar="NAME", help="The license that you read and accept, such as llama3.1.")
    ] = None,
    accepted_by: Annotated[
        str | None, typer.Option(metavar="WHO", help="With --accept-license. Default: your name on this machine.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Parts that are sent at once.")] = 8,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is copied; nothing is asked of AWS.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead; docs/weights-push.md describes it.")
    ] = False,
) -> None:
    """Copy a checkpoint into the store, signed; after a kill the same command goes on where it stopped."""
    from paddock.cli.parsing.weights_push import asked, asked_license
    from paddock.cli.screens.weights_push import ProgressScreen, plan_data, plan_screen, pushed_data, pushed_screen
    from paddock.operations.weights.push import push as push_weights
    from paddock.operations.weights.push import refuse_license

    # On stderr, so that --json stays alone on stdout.
    announce = partial(typer.echo, err=True)
    request = asked(
        stack_file,
        model=model,
        source=source,
        bucket=bucket,
        signing_key=signing_key,
        project=project,
        platform=name,
        revision=revision,
        accept_license=accept_license,
        accepted_by=accepted_by,
        workers=workers,
        announce=announce,
    )
    if dry_run:
        wanted = request.look()
        if as_json:
            print_json(plan_data(request, wanted))
        else:
            print_screen(plan_screen(request, wanted))
        return
    bucket_name, key = request.bucket_and_key()
    if request.license and (request.accepted is None or request.accepted.license != request.license):
        request = asked_license(request, may_ask=not as_json)
    announce(f"asking {request.address} for its files …")
    wanted = request.look()
    accepted = refuse_license(wanted, request.license or wanted.listing.license, request.accepted, request.license_url)
    with ProgressScreen(wanted.selection.size_bytes) as screen:
        pushed = push_weights(
            request.source(),
            wanted,
            accepted,
            request.target(bucket_name, wanted.prefix),
            request.signer(key),
            workers=request.workers,
            tell=screen.tell,
        )
    if as_json:
        print_json(pushed_data(bucket_name, wanted, pushed, screen.seconds))
    else:
        print_screen(pushed_screen(bucket_name, wanted, pushed, screen.seconds))
