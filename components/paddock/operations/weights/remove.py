"""Revoking and removing of revisions. Nothing else deletes weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from paddock.catalog import Quantization
from paddock.catalog.lookup import RefusedError, shown
from paddock.operations.aws_errors import aws_errors
from paddock.operations.stack_file import MODEL
from paddock.operations.weights.store import Address, Store
from paddock.weights.revision import FORMAT, MAX_TEXT, REVOKED_FILE, SIGNATURE_FILE

AT_ONCE = 1000
"""Keys that DeleteObjects takes. Source: S3 API Reference (botocore 1.44.5), read 2026-11-29."""
PIN = "paddock:weights_revision"
ADAPTERS = "paddock:adapters"

Version = Mapping[str, Any]
"""A version or a delete marker, as S3 lists it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    versions: int
    size_bytes: int
    kept: tuple[tuple[str, str], ...]
    """Files that S3 kept, each with its answer, as object lock makes it."""


def revoke(store: Store, address: Address, *, by: str, why: str, now: datetime) -> None:
    """Put `revoked.json`: whoever verifies the revision refuses it from now on. Raises `RefusedError`."""
    for what, text in (("--by", by), ("--why", why)):
        if not text.strip() or not text.isprintable() or len(text) > MAX_TEXT:
            raise RefusedError(f"{what} is {shown(text)}; give one line of text")
    if not store.files(address):
        raise RefusedError(f"s3://{store.bucket} has no {address}; `paddock weights list` shows what it has")
    record = {"format": FORMAT, "by": by, "on": now.isoformat(timespec="seconds"), "why": why}
    body = (json.dumps(record, indent=1) + "\n").encode()
    key = address.prefix + REVOKED_FILE
    with aws_errors("revoking"):
        try:
            store.s3.put_object(Bucket=store.bucket, Key=key, Body=body, IfNoneMatch="*", ChecksumAlgorithm="SHA256")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 412:
                raise
            raise RefusedError(f"{address} is revoked already; `paddock weights show` says by whom") from None


def undo_revoke(store: Store, address: Address) -> None:
    """Take `revoked.json` back; its version stays in the bucket until the lifecycle ends it. Raises `RefusedError`."""
    if REVOKED_FILE not in store.files(address):
        raise RefusedError(f"{address} is not revoked; `paddock weights list` shows which are")
    with aws_errors("taking the revocation back"):
        store.s3.delete_object(Bucket=store.bucket, Key=address.prefix + REVOKED_FILE)


def pinned_by(address: Address, configs: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Names of the stack files, of those given with their configuration, that serve this revision."""
    return sorted(name for name, config in configs.items() if address in pinned_addresses(config))


def pinned_addresses(config: Mapping[str, object]) -> list[Address]:
    """Folders that a stack file serves: the weights, and every adapter that names one."""
    model, pin, adapters = config.get(MODEL), config.get(PIN), config.get(ADAPTERS)
    own = model if isinstance(model, str) else ""
    named = [each for each in adapters.values() if isinstance(each, str)] if isinstance(adapters, Mapping) else []
    found = [Address(own, pin if isinstance(pin, str) and pin else quantization_of(config))]
    for each in named:
        first, slash, last = each.partition("/")
        found.append(Address(first, last) if slash else Address(own, first))
    return found


def quantization_of(config: Mapping[str, object]) -> str:
    """Quantization that a stack file states, or its checkpoint: the folder that is served where no revision is."""
    checkpoint = config.get("paddock:checkpoint")
    own = checkpoint.get("quantization") if isinstance(checkpoint, Mapping) else None
    return str(config.get("paddock:quantization") or own or Quantization.BF16)


def in_order(
    versions: Iterable[Mapping[str, Any]], prefix: str
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Versions of `model.sig`, its latest last, and all others: without the first there is no revision any more."""
    signature = prefix + SIGNATURE_FILE
    listed = list(versions)
    first = sorted((each for each in listed if each["Key"] == signature), key=lambda each: bool(each["IsLatest"]))
    return first, [each for each in listed if each["Key"] != signature]


def remove(store: Store, address: Address, told: Callable[[int], None] = lambda _: None) -> Removed:
    """Delete every version in the folder, `model.sig` first, so that no half revision is ever seen.

    Raises `RefusedError` where object lock holds `model.sig`: then nothing is deleted.
    """
    versions = store.versions(address)
    if not versions:
        raise RefusedError(f"s3://{store.bucket} has no {address}; `paddock weights list` shows what it has")
    first, others = in_order(versions, address.prefix)
    with aws_errors("removing the weights"):
        for each in first:
            if refused := _deleted(store, [each]):
                says = refused[0][1]
                raise RefusedError(
                    f"S3 keeps {SIGNATURE_FILE} of {address}, so nothing was removed: {says}; where object lock holds "
                    "it, wait for its day, or revoke the revision"
                )
        kept: list[tuple[str, str]] = []
        for start in range(0, len(others), AT_ONCE):
            kept += _deleted(store, others[start : start + AT_ONCE])
            told(min(start + AT_ONCE, len(others)))
    gone = len(versions) - len(kept)
    held = {name for name, _ in kept}
    size_bytes = sum(each.get("Size", 0) for each in versions if each["Key"] not in held)
    return Removed(
        versions=gone,
        size_bytes=size_bytes,
        kept=tuple((name.removeprefix(address.prefix), says) for name, says in kept),
    )


def _deleted(store: Store, versions: Sequence[Version]) -> list[tuple[str, str]]:
    """Keys that S3 did not delete, with its answers."""
    named = [{"Key": each["Key"], "VersionId": each.get("VersionId") or "null"} for each in versions]
    try:
        answer = store.s3.delete_objects(Bucket=store.bucket, Delete={"Objects": named, "Quiet": True})
    except ClientError as error:
        # AWS answers for each key; versitygw for all of them at once.
        said = error.response.get("Error", {})
        if said.get("Code") != "AccessDenied":
            raise
        answer = {"Errors": [{"Key": each["Key"], **said} for each in named]}
    return [
        (each["Key"], f"{each.get('Code', 'refused')}: {each.get('Message', '')}") for each in answer.get("Errors", ())
    ]
