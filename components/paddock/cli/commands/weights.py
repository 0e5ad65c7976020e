"""`weights list`, `show`, `verify`, `diff`, `promote`, `revoke` and `rm`: parse the arguments, ask, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paddock.catalog.lookup import RefusedError
from paddock.cli.commands.weights_push import push
from paddock.cli.commands.weights_quantize import quantize
from paddock.cli.console import print_json, print_screen

if TYPE_CHECKING:
    from paddock.cli.parsing.weights import Asked
    from paddock.operations.weights.store import Address
    from paddock.operations.weights.verify import Verdict

weights = typer.Typer(
    help="Revisions of weights in the account's own bucket: pushed, verified, promoted, revoked.", no_args_is_help=True
)
weights.command("push")(push)
weights.command("quantize")(quantize)

PROJECT = "paddock"
PLATFORM = "llama"
"""Names in Pulumi.yaml and __main__.py."""

Revision = Annotated[str, typer.Argument(metavar="REVISION", help="<model>/<revision>, or a revision of the stack's.")]
OrPinned = Annotated[
    str | None, typer.Argument(metavar="REVISION", help="<model>/<revision>. Default: the one of the stack file.")
]
Bucket = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Default: paddock:weights_bucket, else the one with the stack's tags."),
]
StackFile = Annotated[Path | None, typer.Option(help="A stack's configuration. Default: stacks/Pulumi.dev.yaml.")]
Project = Annotated[str, typer.Option(help="The Pulumi project, by which a bucket is found.")]
Name = Annotated[str, typer.Option(help="Of the LlamaPlatform, by which a bucket is found.")]
PublicKey = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="A PEM file or a KMS key. Default: the stack file's, else the stack's own."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead; docs/weights.md describes it.")]


@weights.command("list")
def list_weights(
    bucket: Bucket = None,
    stack_file: StackFile = None,
    project: Project = PROJECT,
    name: Name = PLATFORM,
    as_json: Json = False,
) -> None:
    """Every revision in the store: signed, revoked or unfinished, with its size."""
    from paddock.cli.screens.weights import list_data, list_screen

    about = _asked(stack_file, bucket, project, name)
    listed = about.store.revisions()
    if as_json:
        print_json(list_data(about.bucket, listed, about.served))
    else:
        print_screen(list_screen(about.bucket, listed, about.served))


@weights.command()
def show(
    revision: OrPinned = None,
    bucket: Bucket = None,
    stack_file: StackFile = None,
    project: Project = PROJECT,
    name: Name = PLATFORM,
    as_json: Json = False,
) -> None:
    """Source, license and files of a revision, by its own words; its signature is not checked."""
    from paddock.cli.screens.weights import show_data, show_screen
    from paddock.operations.weights.store import state_of
    from paddock.weights.revision import from_json

    about = _asked(stack_file, bucket, project, name)
    address = about.address(revision)
    state = state_of(about.store.files(address))
    try:
        manifest = from_json(about.store.manifest(address))
    except ValueError as error:
        raise RefusedError(f"{address} cannot be shown: {error}") from None
    if as_json:
        print_json(show_data(about.bucket, manifest, state))
    else:
        print_screen(show_screen(about.bucket, manifest, state))


@weights.command()
def verify(
    revision: OrPinned = None,
    bucket: Bucket = None,
    stack_file: StackFile = None,
    public_key: PublicKey = None,
    read: Annotated[bool, typer.Option("--read", help="Read and hash all bytes; only in the VPC may you.")] = False,
    project: Project = PROJECT,
    name: Name = PLATFORM,
    as_json: Json = False,
) -> None:
    """Verify a revision: signature, files, sizes, versions, S3's checksums, license. Exit status 1: it is refused."""
    from paddock.cli.screens.weights import verify_data, verify_screen

    about = _asked(stack_file, bucket, project, name)
    verdict = _judged(about, about.address(revision), public_key, read=read)
    if as_json:
        print_json(verify_data(about.bucket, verdict))
    else:
        print_screen(verify_screen(about.bucket, verdict))
    if not verdict.good:
        raise typer.Exit(1)


@weights.command()
def diff(
    before: Revision,
    after: Revision,
    bucket: Bucket = None,
    stack_file: StackFile = None,
    project: Project = PROJECT,
    name: Name = PLATFORM,
    as_json: Json = False,
) -> None:
    """Files that were added, removed and changed from one revision to another, and by how many bytes."""
    from paddock.cli.screens.weights import diff_data, diff_screen
    from paddock.operations.weights.verify import differences

    about = _asked(stack_file, bucket, project, name)
    old, new = about.address(before), about.address(after)
    first, second = about.store.contents(old), about.store.contents(new)
    found = differences(first, second)
    if as_json:
        print_json(diff_data(about.bucket, old, new, found))
    else:
        print_screen(diff_screen(old, new, found, None))


@weights.command()
def promote(
    revision: Revision,
    bucket: Bucket = None,
    stack_file: StackFile = None,
    public_key: PublicKey = None,
    project: Project = PROJECT,
    name: Name = PLATFORM,
    as_json: Json = False,
) -> None:
    """Verify a revision and pin it in the stack file; `pulumi up` then serves it. To roll back, promote the old one."""
    from paddock.cli.parsing.weights import DEFAULT_STACK_FILE
    from paddock.cli.screens.weights import verify_screen
    from paddock.operations.stack_file import set_key
    from paddock.operations.weights.push import LORA
    from paddock.operations.weights.remove import PIN

    file = stack_file or DEFAULT_STACK_FILE
    about = _asked(file, bucket, project, name)
    address = about.address(revision)
    if address.model != about.model:
        raise RefusedError(f"{file} serves {about.model}, not {address.model}; change paddock:model there first")
    verdict = _judged(about, address, public_key, read=False)
    if not verdict.good:
        if not as_json:
            print_screen(verify_screen(about.bucket, verdict))
            sys.stdout.flush()
        raise RefusedError(f"{address} is not promoted: {verdict.problems[0].says}")
    if verdict.revision is not None and verdict.revision.quantization == LORA:
        raise RefusedError(f"{address} is a LoRA adapter; name it in paddock:adapters of {file} (docs/weights.md)")
    _refuse_quantization(file, about, verdict)
    before = set_key(file, PIN, address.name)
    if as_json:
        print_json({"schema_version": 1, "stack_file": str(file), "before": before, "after": address.name})
        return
    typer.echo(f"{file} serves {address}; `paddock deploy` of that stack, or `pulumi up`, brings it")
    for each in verdict.unseen:
        typer.echo(f"not seen from here: {each}")
    if before and before != address.name:
        typer.echo(f"to roll back: paddock weights promote {address.model}/{before} --stack-file {file}")


@weights.command()
def revoke(
    revision: Revision,
    why: Annotated[str | None, typer.Option(help="The reason, for whoever is refused.")] = None,
    by: Annotated[str | None, typer.Option(help="Who revokes. Default: the identity in use.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take a revocation back.")] = False,
    bucket: Bucket = None,
    stack_file: StackFile = None,
    project: Project = PROJECT,
    name: Name = PLATFORM,
) -> None:
    """Revoke a revision: no pod starts with it any more, and nothing promotes it. What runs goes on until it ends."""
    from datetime import UTC, datetime

    from paddock.operations.aws_errors import aws_errors
    from paddock.operations.weights.remove import revoke as put_revocation
    from paddock.operations.weights.remove import undo_revoke

    about = _asked(stack_file, bucket, project, name)
    address = about.address(revision)
    if undo:
        undo_revoke(about.store, address)
        typer.echo(f"{address} is no longer revoked")
        return
    if not why:
        raise RefusedError("a revocation says why; give --why")
    if by is None:
        with aws_errors("asking who you are"):
            by = str(about.session.client("sts").get_caller_identity()["Arn"])
    put_revocation(about.store, address, by=by, why=why, now=datetime.now(UTC))
    typer.echo(f"{address} is revoked; pods that run with it go on until they restart")


@weights.command("rm")
def remove_weights(
    revision: Revision,
    bucket: Bucket = None,
    stack_file: StackFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    project: Project = PROJECT,
    name: Name = PLATFORM,
    as_json: Json = False,
) -> None:
    """Remove a revision for good, with all its versions. Refused for one that a stack file here serves."""
    from paddock.cli.parsing.weights import stack_files
    from paddock.cli.screens.weights import removed_data, removed_screen, size_text
    from paddock.operations.weights.remove import pinned_by, remove

    about = _asked(stack_file, bucket, project, name)
    address = about.address(revision)
    if pins := pinned_by(address, stack_files(stack_file)):
        raise RefusedError(
            f"{address} is served by {', '.join(pins)}; promote another revision there first, or take "
            "it out of paddock:adapters"
        )
    files = about.store.files(address)
    if files and not yes:
        total = size_text(sum(each.size_bytes for each in files.values()))
        typer.confirm(f"Remove {address}, {len(files)} files, {total}, for good?", abort=True, err=True)
    removed = remove(about.store, address)
    if as_json:
        print_json(removed_data(about.bucket, address, removed))
    else:
        print_screen(removed_screen(address, removed))
    if removed.kept:
        raise typer.Exit(1)


def _asked(stack_file: Path | None, bucket: str | None, project: str, name: str) -> Asked:
    from paddock.cli.parsing.weights import asked

    return asked(stack_file, bucket, project, name)


def _judged(about: Asked, address: Address, public_key: str | None, *, read: bool) -> Verdict:
    from paddock.operations.weights.verify import judge

    key = about.public_key(public_key)
    seen = about.store.look(address, read=read)
    return judge(seen, key, about.accepted_license)


def _refuse_quantization(file: Path, about: Asked, verdict: Verdict) -> None:
    """Refuse a revision of another size than the stack's plan has room for."""
    from paddock import catalog
    from paddock.operations.weights.remove import quantization_of

    def files_of(name: str) -> str:
        """Quantization of the files: vLLM makes some kinds of others while it loads."""
        scheme = catalog.scheme(catalog.Quantization(name)) if name in set(catalog.Quantization) else None
        return str(scheme.files_of or name) if scheme else name

    planned = quantization_of(about.config)
    if verdict.revision is not None and files_of(verdict.revision.quantization) != files_of(planned):
        raise RefusedError(
            f"{file} plans memory and instances for {planned}, and {verdict.address} is "
            f"{verdict.revision.quantization}; set paddock:quantization there first, and see `paddock plan`"
        )
