"""`images list`, `sync` and `verify`: parse the arguments, ask the library, print."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddock.cli.console import print_json, print_screen

if TYPE_CHECKING:
    from paddock.cli.parsing.images import Asked

images = typer.Typer(
    help="Brings the platform's images into the account's own registry, from outside the VPC.", no_args_is_help=True
)

StackFile = Annotated[Path, typer.Option(help="A stack's configuration; paddock:vllm_image may be missing yet.")]
Registry = Annotated[
    str | None,
    typer.Option(metavar="HOST", help="The target. Default: ECR of the AWS account in use, or vllm_image's."),
]
Sources = Annotated[
    list[str] | None, typer.Option("--source", metavar="NAME=IMAGE", help="Another source, such as a mirror.")
]
Also = Annotated[list[str] | None, typer.Option("--also", metavar="NAME=IMAGE", help="An image of your own, too.")]
NoSignatures = Annotated[bool, typer.Option("--no-signatures", help="Leave signatures, SBOMs and the like behind.")]
PlainHttp = Annotated[bool, typer.Option("--plain-http", help="No TLS; for registries on loopback only.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead; docs/images.md describes it.")]

DEFAULT_STACK_FILE = Path("stacks/Pulumi.dev.yaml")


@images.command("list")
def list_images(
    stack_file: StackFile = DEFAULT_STACK_FILE,
    registry: Registry = None,
    source: Sources = None,
    also: Also = None,
    no_signatures: NoSignatures = False,
    plain_http: PlainHttp = False,
    as_json: Json = False,
) -> None:
    """Every image: why it is needed, its source, target and digest; and those that are not copied, with the reason."""
    from paddock.cli.screens.images import list_data, list_screen, needed_screen

    asked = _asked(stack_file, registry, source, also, plain_http)
    if not as_json:
        print_screen(needed_screen(asked))
        sys.stdout.flush()
    typer.echo(f"asking {', '.join(asked.source_hosts)} for digests …", err=True)
    trees = asked.resolve(signatures=not no_signatures)
    if as_json:
        print_json(list_data(asked, trees))
    else:
        print_screen(list_screen(asked, trees))


@images.command()
def sync(
    stack_file: StackFile = DEFAULT_STACK_FILE,
    registry: Registry = None,
    source: Sources = None,
    also: Also = None,
    no_signatures: NoSignatures = False,
    create_repositories: Annotated[
        bool, typer.Option("--create-repositories", help="Make missing ECR repositories: immutable, scanned, KMS.")
    ] = False,
    kms_key: Annotated[
        str | None, typer.Option(metavar="ARN", help="Encrypts repositories that are made. Default: AWS's own for ECR.")
    ] = None,
    work_folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where layers lie on their way. Default: in ~/.cache/paddock.")
    ] = None,
    plain_http: PlainHttp = False,
    as_json: Json = False,
) -> None:
    """Copy what the registry lacks. Run it again after a failure: what is copied stays."""
    from paddock.cli.screens.images import ProgressScreen, sync_data, sync_screen, to_configure
    from paddock.operations.images.plan import plan_copy
    from paddock.operations.images.sync import copy, default_work_folder, look

    asked = _asked(stack_file, registry, source, also, plain_http)
    trees = asked.resolve(signatures=not no_signatures)
    target = asked.target_endpoint()
    made = asked.ready_repositories(create=create_repositories, kms_key=kms_key)
    plan = plan_copy(trees, look(trees, target))
    with ProgressScreen(plan.download_bytes) as watcher:
        copied = copy(plan, asked.source_endpoints(), target, work_folder or default_work_folder(), watcher)
    if as_json:
        print_json(sync_data(asked, trees, plan, copied, made))
    else:
        print_screen(sync_screen(asked, trees, plan, copied, made))
        for line in to_configure(asked, trees):  # not on the screen, which would break it into lines
            typer.echo(f"\n  {line}")


@images.command()
def verify(
    stack_file: StackFile = DEFAULT_STACK_FILE,
    registry: Registry = None,
    source: Sources = None,
    also: Also = None,
    no_signatures: NoSignatures = False,
    plain_http: PlainHttp = False,
    as_json: Json = False,
) -> None:
    """Verify that the registry has every image, whole and by the same digests. Exit status 1: it has not."""
    from paddock.cli.screens.images import verify_data, verify_screen
    from paddock.operations.images.plan import plan_copy
    from paddock.operations.images.sync import look

    asked = _asked(stack_file, registry, source, also, plain_http)
    trees = asked.resolve(signatures=not no_signatures)
    plan = plan_copy(trees, look(trees, asked.target_endpoint()))
    if as_json:
        print_json(verify_data(asked, trees, plan))
    else:
        print_screen(verify_screen(asked, trees, plan))
    if not plan.nothing_to_do:
        raise typer.Exit(1)


def _asked(
    stack_file: Path, registry: str | None, sources: list[str] | None, also: list[str] | None, plain_http: bool
) -> Asked:
    from paddock.cli.parsing.images import asked

    # On stderr, so that --json stays alone on stdout.
    announce = partial(typer.echo, err=True)
    return asked(
        stack_file,
        registry=registry,
        sources=sources or [],
        also=also or [],
        plain_http=plain_http,
        announce=announce,
    )
