"""Store of weights as S3 shows it: its revisions, and one of them with everything that may be seen from here.

From outside the VPC the bucket's policy refuses GetObject of weights (docs/weights.md), and HEAD with it; listing
works, and so does reading the papers of a revision. What could not be seen is said, never taken as good.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from paddock.catalog.lookup import RefusedError, shown
from paddock.operations.aws_errors import aws_errors
from paddock.weights.revision import (
    FOLDER,
    MAX_JSON_BYTES,
    MODELS,
    RESERVED,
    REVISION_FILE,
    REVOKED_FILE,
    SIGNATURE_FILE,
    from_json,
)

DOING = "looking at the weights"
HEADS_AT_ONCE = 16
FILES_AT_ONCE = 4
RANGE_BYTES = 8 * 2**20
RANGES_AHEAD = 4
"""Ranges under way of each file: 4 files by 4 ranges of 8 MiB are the memory that reading takes."""
TRIES = 5
REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "403", "Forbidden"})
GONE = frozenset({"NoSuchKey", "404", "NotFound"})


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """`<model>/<revision>`: folder of a revision in the store."""

    model: str
    name: str

    @classmethod
    def parse(cls, text: str, model: str | None = None) -> Address:
        """Raises `RefusedError`. A revision without a model is of the stack's."""
        first, slash, last = text.removeprefix(MODELS).rstrip("/").partition("/")
        found = cls(first, last) if slash else cls(model or "", first)
        if not slash and not model:
            raise RefusedError(
                f"{shown(text)} names no model; write <model>/<revision>, as `paddock weights list` does"
            )
        if not FOLDER.fullmatch(found.model) or not FOLDER.fullmatch(found.name):
            raise RefusedError(
                f"{shown(text)} is no revision; write <model>/<revision>, each of lower-case letters, digits, dots, "
                f"hyphens and underscores"
            )
        return found

    @property
    def prefix(self) -> str:
        return f"{MODELS}{self.model}/{self.name}/"

    def __str__(self) -> str:
        return f"{self.model}/{self.name}"


class State(StrEnum):
    SIGNED = "signed"
    REVOKED = "revoked"
    UNSIGNED = "not signed"
    """Put there by hand, or by a push that has not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A revision as a listing shows it."""

    address: Address
    state: State
    files: int
    size_bytes: int
    signed_on: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """An object in a revision's folder, its latest version."""

    size_bytes: int
    version_id: str
    etag: str
    s3_checksum: str | None = None
    """ChecksumSHA256 by HEAD; None where S3 was not asked or keeps none."""
    sha256: str | None = None
    """Digest of the content; None where it was not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything about a revision that can be seen from here."""

    address: Address
    files: Mapping[str, StoredFile]
    papers: Mapping[str, bytes] = field(default_factory=dict)
    """Content of `model.sig`, `paddock-revision.json` and `revoked.json`, as far as they exist and may be read."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Files that exist and could not be read, with S3's answer."""
    no_checksums: str | None = None
    """Reason why S3's checksums are not known; None where it was asked for all."""
    no_contents: str | None = "not asked for"
    """Reason why contents were not read; None where they were."""


class Store:
    """A bucket of weights; `s3` is boto3's client. Raises `RefusedError` with what AWS answered."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self.s3, self.bucket = s3, bucket

    @classmethod
    def of(cls, session: boto3.Session, bucket: str, endpoint_url: str | None = None) -> Store:
        """Store as a session sees it; `endpoint_url` is of another S3 than AWS's."""
        config = Config(
            retries={"mode": "standard", "max_attempts": TRIES},
            max_pool_connections=HEADS_AT_ONCE + FILES_AT_ONCE * RANGES_AHEAD,
            # Contents are hashed here, which tells what is wrong; botocore would end with an error of its own.
            response_checksum_validation="when_required",
        )
        with aws_errors(DOING):
            return cls(session.client("s3", config=config, endpoint_url=endpoint_url), bucket)

    def revisions(self) -> list[Listed]:
        """Every folder of the store, by model and name."""
        folders: dict[Address, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        with aws_errors(DOING):
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=MODELS):
                for each in page.get("Contents", ()):
                    model, _, rest = each["Key"].removeprefix(MODELS).partition("/")
                    name, slash, file = rest.partition("/")
                    if slash:
                        folders[Address(model, name)][file] = each
        return [_listed(address, files) for address, files in sorted(folders.items())]

    def files(self, address: Address) -> dict[str, StoredFile]:
        """Objects in the folder, with the id of the latest version of each."""
        found: dict[str, StoredFile] = {}
        for each in self.versions(address):
            if each["IsLatest"] and "ETag" in each:
                found[each["Key"].removeprefix(address.prefix)] = StoredFile(
                    size_bytes=each["Size"], version_id=each.get("VersionId") or "null", etag=each["ETag"]
                )
        return found

    def versions(self, address: Address) -> list[Mapping[str, Any]]:
        """Every version and every delete marker in the folder, as S3 lists them."""
        pages = self.s3.get_paginator("list_object_versions")
        with aws_errors(DOING):
            return [
                each
                for page in pages.paginate(Bucket=self.bucket, Prefix=address.prefix)
                for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]

    def paper(self, address: Address, file: str) -> bytes:
        """Content of a small file. Raises botocore's `ClientError`, `RefusedError` where it is too large."""
        answer = self.s3.get_object(Bucket=self.bucket, Key=address.prefix + file)
        if answer["ContentLength"] > MAX_JSON_BYTES:
            raise RefusedError(f"{file} of {address} has over {MAX_JSON_BYTES} bytes; it is none that paddock wrote")
        return bytes(answer["Body"].read())

    def manifest(self, address: Address) -> bytes:
        """`paddock-revision.json`, believed by nobody yet. Raises `RefusedError`."""
        with aws_errors(f"reading {REVISION_FILE} of {address}"):
            return self.paper(address, REVISION_FILE)

    def contents(self, address: Address) -> dict[str, tuple[int, str]]:
        """Size and SHA-256 by file, as the manifest says. Raises `RefusedError`."""
        try:
            return {each.name: (each.size_bytes, each.sha256) for each in from_json(self.manifest(address)).files}
        except ValueError as error:
            raise RefusedError(f"{address} has no files to compare: {error}") from None

    def look(self, address: Address, *, read: bool = False, told: Callable[[int], None] = lambda _: None) -> Seen:
        """Look at a revision: S3's checksums where HEAD is allowed, contents where `read` asks for them.

        `told` hears of bytes as they are read.
        """
        seen = Seen(address=address, files=self.files(address))
        if not seen.files:
            raise RefusedError(f"s3://{self.bucket} has no {address}; `paddock weights list` shows what it has")
        papers, unread = {}, {}
        with aws_errors(DOING):
            for file in sorted(RESERVED & set(seen.files)):
                try:
                    papers[file] = self.paper(address, file)
                except ClientError as error:
                    unread[file] = _code_or_raise(error)
            seen = self._with_checksums(replace(seen, papers=papers, unread=unread))
            return self._with_contents(seen, told) if read else seen

    def _with_checksums(self, seen: Seen) -> Seen:
        names = sorted(set(seen.files) - RESERVED, key=lambda name: -seen.files[name].size_bytes)
        if not names:
            return seen
        found: dict[str, StoredFile] = {}
        try:
            # The largest alone first: from outside S3 refuses all but config.json and the papers.
            found[names[0]] = self._headed(seen, names[0])
            with ThreadPoolExecutor(HEADS_AT_ONCE) as pool:
                found.update(zip(names[1:], pool.map(lambda name: self._headed(seen, name), names[1:]), strict=True))
        except ClientError as error:
            return replace(seen, no_checksums=f"S3 answers {_code_or_raise(error)} to HEAD")
        lacking = sum(each.s3_checksum is None for each in found.values())
        why = f"S3 keeps no SHA-256 of {lacking} of {len(found)} files" if lacking else None
        return replace(seen, files={**seen.files, **found}, no_checksums=why)

    def _headed(self, seen: Seen, name: str) -> StoredFile:
        key = seen.address.prefix + name
        # Without a version id, which takes another right; that it is still this version the answer says.
        head = self.s3.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED")
        file = seen.files[name]
        if head["ETag"] != file.etag or head.get("VersionId", "null") != file.version_id:
            raise RefusedError(f"{name} of {seen.address} was replaced while it was looked at; ask again")
        return replace(file, s3_checksum=head.get("ChecksumSHA256"))

    def _with_contents(self, seen: Seen, told: Callable[[int], None]) -> Seen:
        names = sorted(set(seen.files) - RESERVED, key=lambda name: -seen.files[name].size_bytes)
        with ThreadPoolExecutor(FILES_AT_ONCE) as files, ThreadPoolExecutor(FILES_AT_ONCE * RANGES_AHEAD) as ranges:
            hashed = {name: files.submit(self._hashed, seen, name, ranges, told) for name in names}
            try:
                digests = {name: each.result() for name, each in hashed.items()}
            except ClientError as error:
                files.shutdown(cancel_futures=True)
                return replace(seen, no_contents=f"S3 answers {_code_or_raise(error)} to GetObject")
        read = {name: replace(seen.files[name], sha256=digest) for name, digest in digests.items()}
        return replace(seen, files={**seen.files, **read}, no_contents=None)

    def _hashed(self, seen: Seen, name: str, pool: ThreadPoolExecutor, told: Callable[[int], None]) -> str:
        """SHA-256 of a file that is fetched in ranges, a few ahead of the hash."""
        digest = hashlib.sha256()
        for part in ahead(pool, self._ranges(seen, name)):
            digest.update(part)
            told(len(part))
        return digest.hexdigest()

    def _ranges(self, seen: Seen, name: str) -> Iterator[Callable[[], bytes]]:
        file, key = seen.files[name], seen.address.prefix + name
        for start in range(0, file.size_bytes, RANGE_BYTES):
            end = min(start + RANGE_BYTES, file.size_bytes) - 1
            yield partial(self._range, key, file.etag, start, end)

    def _range(self, key: str, etag: str, start: int, end: int) -> bytes:
        """Bytes of an object, of that very version; botocore tries a request again, but not an answer that breaks."""
        for left in reversed(range(TRIES)):
            try:
                answer = self.s3.get_object(Bucket=self.bucket, Key=key, IfMatch=etag, Range=f"bytes={start}-{end}")
                return bytes(answer["Body"].read())
            except BotoCoreError:
                if not left:
                    raise
        raise AssertionError


def ahead(pool: ThreadPoolExecutor, calls: Iterator[Callable[[], bytes]]) -> Iterator[bytes]:
    """Results of the calls in their order, a few of them under way."""
    waiting: list[Future[bytes]] = []
    try:
        for call in calls:
            waiting.append(pool.submit(call))
            if len(waiting) == RANGES_AHEAD:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for each in waiting:
            each.cancel()


def state_of(files: Collection[str]) -> State:
    """State by the names in the folder."""
    if SIGNATURE_FILE not in files:
        return State.UNSIGNED
    return State.REVOKED if REVOKED_FILE in files else State.SIGNED


def _listed(address: Address, files: Mapping[str, Mapping[str, Any]]) -> Listed:
    signature = files.get(SIGNATURE_FILE)
    sizes = [each["Size"] for name, each in files.items() if name not in RESERVED]
    return Listed(
        address=address,
        state=state_of(files),
        files=len(sizes),
        size_bytes=sum(sizes),
        signed_on=None if signature is None else signature["LastModified"],
    )


def _code_or_raise(error: ClientError) -> str:
    """S3's code where it refuses to let us see; any other failure is one."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code not in REFUSED | GONE:
        raise error
    return code
