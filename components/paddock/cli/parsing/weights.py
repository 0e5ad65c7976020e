"""Parse the arguments of `paddock weights` into a store, a key and a revision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError, shown
from paddock.operations.stack_file import MODEL
from paddock.operations.weights.find import Found, find
from paddock.operations.weights.remove import PIN, pinned_addresses
from paddock.operations.weights.store import Address, Store

if TYPE_CHECKING:
    import boto3
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

STACK_FILE = re.compile(r"Pulumi\.(?P<stack>[A-Za-z0-9._-]+)\.yaml")
DEFAULT_STACK_FILE = Path("stacks/Pulumi.dev.yaml")
BUCKET = "paddock:weights_bucket"
PUBLIC_KEY = "paddock:weights_public_key"


@dataclass(frozen=True)
class Asked:
    """Stack and store that a command is about."""

    stack_file: Path | None
    config: Mapping[str, object]
    """Empty without a stack file."""
    stated_bucket: str | None
    project: str
    platform: str

    @cached_property
    def session(self) -> boto3.Session:
        from paddock.operations.aws_session import session_of, session_of_config

        if self.stack_file is not None:
            return session_of_config(self.config)
        import boto3

        # S3 redirects to a bucket's own region.
        return session_of(None, boto3.Session().region_name or "us-east-1", None)

    @cached_property
    def found(self) -> Found:
        """Bucket and signing key by the stack's tags; nothing where no stack is named."""
        if self.stack_file is None:
            return Found(None, None)
        from paddock.operations.leftovers.found import Owner

        named = STACK_FILE.fullmatch(self.stack_file.name)
        if named is None:
            raise RefusedError(f"{self.stack_file} does not say which stack; its name is Pulumi.<stack>.yaml")
        owner = Owner(project=self.project, stack=named["stack"], name=self.platform, retain_weights=True)
        return find(self.session, owner)

    @cached_property
    def bucket(self) -> str:
        bucket = self.stated_bucket or self.config.get(BUCKET) or self.found.bucket
        if not bucket:
            raise RefusedError(
                f"{self.stack_file} has no store yet that its tags would name: `paddock deploy` makes it; or set "
                f"{BUCKET}, give --bucket, or name another stack by --stack-file"
            )
        return str(bucket)

    @cached_property
    def store(self) -> Store:
        return Store.of(self.session, self.bucket)

    @property
    def model(self) -> str | None:
        return _text(self.config.get(MODEL))

    @property
    def pinned(self) -> Address | None:
        """Revision that the stack file names."""
        model, name = self.model, _text(self.config.get(PIN))
        return Address(model, name) if model and name else None

    @property
    def served(self) -> list[Address]:
        """Revisions that the stack file serves, adapters among them."""
        return pinned_addresses(self.config)

    @property
    def accepted_license(self) -> str | None:
        """License that the stack's `paddock:license` names."""
        license_ = self.config.get("paddock:license")
        return _text(license_.get("license")) if isinstance(license_, Mapping) else None

    def address(self, text: str | None) -> Address:
        """Revision as asked for; without one, that of the stack file. Raises `RefusedError`."""
        if text is not None:
            return Address.parse(text, self.model)
        if self.pinned is None:
            raise RefusedError(f"name a revision, as <model>/<revision>; {self.stack_file} has no {PIN}")
        return self.pinned

    def public_key(self, stated: str | None) -> EllipticCurvePublicKey:
        """Key that verifies: a file or a KMS key as stated, the stack file's, else the stack's own signing key."""
        from paddock.operations.weights.signing import kms_public_key, load_public_key

        if stated is not None and (Path(stated).exists() or stated.endswith((".pem", ".pub"))):
            return load_public_key(_read(Path(stated)), stated)
        if stated is None and (pem := _text(self.config.get(PUBLIC_KEY))):
            return load_public_key(pem, f"{PUBLIC_KEY} of {self.stack_file}")
        key_id = stated or self.found.signing_key_arn
        if key_id is None:
            raise RefusedError(
                f"there is no key to verify with; give --public-key, a PEM file or a KMS key, or set {PUBLIC_KEY}"
            )
        return load_public_key(kms_public_key(self.session.client("kms"), key_id), f"the KMS key {key_id}")


def asked(stack_file: Path | None, bucket: str | None, project: str, platform: str) -> Asked:
    """Raises `RefusedError`. A bucket alone is looked at with the credentials and the region of the environment."""
    from paddock.cli.parsing.stack_file import config_of_file

    if stack_file is None and bucket is None:
        stack_file = DEFAULT_STACK_FILE
    config = {} if stack_file is None else config_of_file(stack_file)
    return Asked(stack_file, config, bucket, project, platform)


def stack_files(stated: Path | None) -> dict[str, Mapping[str, object]]:
    """Configuration of the stack file given, of those beside it and of those in `stacks/`, by name."""
    from paddock.cli.parsing.stack_file import config_of_file

    folders = {Path(), Path("stacks")} | ({stated.parent} if stated else set())
    found = {each.resolve(): each for folder in sorted(folders) for each in sorted(folder.glob("Pulumi.*.yaml"))}
    return {str(each): config_of_file(each) for each in found.values()}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RefusedError(f"cannot read {shown(str(path))}: {(error.strerror or str(error)).lower()}") from None
