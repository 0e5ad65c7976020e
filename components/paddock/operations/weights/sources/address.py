"""Addresses of sources: `hf://organization/repository@revision`, `s3://bucket/prefix`, `file://folder`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from paddock.catalog.lookup import RefusedError, shown

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAddress:
    repository: str
    revision: str
    """Commit, branch or tag; empty is the default branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Address:
    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderAddress:
    folder: Path


Address = HubAddress | S3Address | FolderAddress


def parse_address(given: str) -> Address:
    """Source that `--from` names; raises `RefusedError`."""
    scheme, separator, rest = given.partition("://")
    if separator and scheme == "hf":
        repository, _, revision = rest.partition("@")
        plain = REPOSITORY.fullmatch(repository) and ".." not in rest and "//" not in rest
        if plain and ("@" not in rest or REVISION.fullmatch(revision)):
            return HubAddress(repository=repository, revision=revision)
    elif separator and scheme == "s3":
        bucket, _, prefix = rest.partition("/")
        if BUCKET.fullmatch(bucket):
            return S3Address(bucket=bucket, prefix=prefix)
    elif separator and scheme == "file" and rest:
        return FolderAddress(folder=Path(unquote(rest)).expanduser())
    raise RefusedError(
        f"--from is {shown(given)}; it is hf://ORGANIZATION/REPOSITORY@REVISION, s3://BUCKET/PREFIX or file://FOLDER"
    )
