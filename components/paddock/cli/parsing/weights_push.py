"""Parse the arguments of `paddock weights push` into a request to the library."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from paddock import catalog
from paddock.catalog.lookup import RefusedError, shown
from paddock.cli.parsing.stack_file import config_of_file, settings_of_file
from paddock.operations.weights.push import Acceptance, Wanted, look
from paddock.operations.weights.signing import KeyFileSigner, KmsSigner, Signer
from paddock.operations.weights.sources.address import FolderAddress, HubAddress, S3Address, parse_address
from paddock.operations.weights.sources.source import Source
from paddock.operations.weights.target import Target, s3_client

if TYPE_CHECKING:
    from paddock.operations.weights.find import Found

KMS_ARN = "arn:"


@dataclass(frozen=True)
class Asked:
    stack_file: Path
    project: str
    platform: str
    config: Mapping[str, object]
    model: str
    address: str
    quantization: str
    """Quantization of the plan, where it chose the source; empty: the checkpoint's own."""
    bucket: str | None
    signing_key: str | None
    revision: str
    license: str
    """Name in the catalog; empty where the model is not in it and the source has to say."""
    license_url: str
    accepted: Acceptance | None
    workers: int
    announce: Callable[[str], None]

    @cached_property
    def _session(self) -> Any:
        from paddock.operations.aws_session import session_of_config

        return session_of_config(self.config)

    @cached_property
    def _s3(self) -> Any:
        return s3_client(self._session, 2 * self.workers + 4)

    def bucket_and_key(self) -> tuple[str, str]:
        """Store and key as named, else those with the stack's tags; raises `RefusedError` where there is none."""
        bucket, key = self.bucket, self.signing_key
        if bucket is None or key is None:
            found = self._found()
            bucket, key = bucket or found.bucket, key or found.signing_key_arn
        if bucket is None:
            raise RefusedError(
                f"{self.stack_file} has no store yet that its tags would name: `paddock deploy` makes it; or set "
                f"paddock:weights_bucket, give --bucket, or name another stack by --stack-file"
            )
        if key is None:
            raise RefusedError(
                f"{self.stack_file} has no key for signing yet that its tags would name; run `pulumi up`, or give "
                f"--signing-key, the ARN of a KMS key or a PEM file of an ECDSA key"
            )
        return bucket, key

    def _found(self) -> Found:
        # Here, as looking at a store loads boto3, and `--dry-run` of a folder asks nothing of AWS.
        from paddock.cli.parsing.weights import STACK_FILE
        from paddock.operations.leftovers.found import Owner
        from paddock.operations.weights.find import find

        named = STACK_FILE.fullmatch(self.stack_file.name)
        if named is None:
            raise RefusedError(
                f"{self.stack_file} does not say which stack; its name is Pulumi.<stack>.yaml, or give --bucket and "
                f"--signing-key"
            )
        owner = Owner(project=self.project, stack=named["stack"], name=self.platform, retain_weights=True)
        return find(self._session, owner)

    @cached_property
    def _source(self) -> Source:
        match parse_address(self.address):
            case HubAddress() as hub:
                from paddock.operations.weights.sources.hub import HubSource

                return HubSource(hub.repository, hub.revision, announce=self.announce)
            case S3Address() as there:
                from paddock.operations.weights.sources.s3 import S3Source

                return S3Source(self._s3, there.bucket, there.prefix, self.announce)
            case FolderAddress() as here:
                from paddock.operations.weights.sources.folder import FolderSource

                return FolderSource(here.folder)

    def source(self) -> Source:
        return self._source

    def look(self) -> Wanted:
        return look(self._source, self.model, self.quantization, self.revision)

    def target(self, bucket: str, prefix: str) -> Target:
        return Target(self._s3, bucket, prefix)

    def signer(self, key: str) -> Signer:
        if key.startswith(KMS_ARN):
            return KmsSigner.of(self._session.client("kms"), key)
        return KeyFileSigner.of(Path(key).expanduser())


def asked(
    stack_file: Path,
    *,
    model: str | None,
    source: str | None,
    bucket: str | None,
    signing_key: str | None,
    project: str,
    platform: str,
    revision: str | None,
    accept_license: str | None,
    accepted_by: str | None,
    workers: int,
    announce: Callable[[str], None],
) -> Asked:
    """Raises `RefusedError`; asks nothing outside of this machine."""
    config, settings = config_of_file(stack_file), settings_of_file(stack_file)
    of_stack = settings.model
    name = model or of_stack.name
    known = of_stack.entry if name == of_stack.name else catalog.all_models().get(name)
    address, quantization = source or "", ""
    if not address:
        if name != of_stack.name:
            raise RefusedError(
                f"{stack_file} is for {of_stack.name}; say --from where the weights of {shown(name)} are"
            )
        from paddock.plan.plan import make_plan

        planned = make_plan(settings).model
        address, quantization = planned.source, str(planned.quantization)
    parse_address(address)
    accepted = None
    if accept_license is not None:
        accepted = Acceptance(license=accept_license, by=accepted_by or _user(), on=_today())
    elif of_stack.license is not None and name == of_stack.name:
        given = of_stack.license
        accepted = Acceptance(license=given.license, by=given.by, on=given.on.isoformat())
    return Asked(
        stack_file=stack_file,
        project=project,
        platform=platform,
        config=config,
        model=name,
        address=address,
        quantization=quantization,
        bucket=bucket or of_stack.weights_bucket,
        signing_key=signing_key,
        revision=revision or "",
        license=known.license if known else "",
        license_url=known.license_url if known else "",
        accepted=accepted,
        workers=workers,
        announce=announce,
    )


def asked_license(request: Asked, *, may_ask: bool) -> Asked:
    """The request with an acceptance typed by whoever sits there; as it is where nobody does."""
    if not (may_ask and request.accepted is None and sys.stdin.isatty() and sys.stderr.isatty()):
        return request
    typer.echo(f"{request.model} comes under {request.license}: {request.license_url}", err=True)
    typed = typer.prompt("Read it. To accept it, type its name", err=True)
    return replace(request, accepted=Acceptance(license=str(typed).strip(), by=_user(), on=_today()))


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):
        raise RefusedError("your name on this machine is not known; say --accepted-by WHO") from None
