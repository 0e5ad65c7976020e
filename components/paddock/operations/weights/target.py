"""Folder of a revision in the bucket, as whoever writes from outside sees it: lists and answers, no contents."""

from __future__ import annotations

import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from paddock.catalog.lookup import RefusedError
from paddock.operations.aws_errors import aws_errors

THERE = "PreconditionFailed"
GONE = "NoSuchUpload"
CONFLICT = "ConditionalRequestConflict"
"""Something else was done to the object during an upload that must not overwrite. S3 wants a put again, and a multipart
upload begun anew. Source: botocore 1.44.5, s3, `IfNoneMatch`, read 2026-11-29."""
CONFLICT_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""Pauses before each further try of a put."""
TRIES = 12
"""Attempts of each call, with botocore's growing pauses up to 20 s: minutes of 503 are waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Newest version of an object."""

    size_bytes: int
    version_id: str
    etag: str
    versions: int = 1
    """Number of versions, this one included."""

    @property
    def parts(self) -> int:
        """Parts that it was made of, which S3 writes behind its ETag; 1 where it was put at once."""
        _, _, count = self.etag.partition("-")
        return int(count) if count.isdecimal() else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    size_bytes: int
    checksum: str
    etag: str


@dataclass(frozen=True, slots=True)
class Put:
    """Answer to an upload; empty texts where S3 said that the object was there before."""

    version_id: str
    checksum: str
    was_there: bool = False


def s3_client(session: Any, connections: int) -> Any:
    """Client that hashes nothing a second time: each upload brings its own SHA-256, which is signed with the request.

    Signing the body too would be one more pass over every byte.
    """
    from botocore.config import Config

    return session.client(
        "s3",
        config=Config(
            retries={"mode": "standard", "total_max_attempts": TRIES},
            max_pool_connections=connections,
            connect_timeout=10,
            read_timeout=120,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"payload_signing_enabled": False},
        ),
    )


class Target:
    """Objects and unfinished uploads below one prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self.bucket, self.prefix, self._sleep = client, bucket, prefix, sleep

    def stored(self) -> dict[str, Stored]:
        """Newest version of each object that is not deleted, by file name."""
        found: dict[str, Stored] = {}
        counts = Counter[str]()
        for page in self._pages("list_object_versions"):
            for each in page.get("Versions", ()):
                name = each["Key"].removeprefix(f"{self.prefix}/")
                counts[name] += 1
                if each["IsLatest"]:
                    found[name] = Stored(
                        size_bytes=each["Size"], version_id=each["VersionId"], etag=each["ETag"].strip('"')
                    )
        return {name: replace(each, versions=counts[name]) for name, each in found.items()}

    def uploads(self) -> dict[str, list[str]]:
        """Unfinished uploads by file name, the oldest first."""
        found: dict[str, list[str]] = {}
        rows = [each for page in self._pages("list_multipart_uploads") for each in page.get("Uploads", ())]
        for each in sorted(rows, key=lambda row: row["Initiated"]):
            found.setdefault(each["Key"].removeprefix(f"{self.prefix}/"), []).append(each["UploadId"])
        return found

    def parts(self, name: str, upload_id: str) -> dict[int, StoredPart]:
        """Parts that S3 has, by number; none where the upload is gone or keeps no SHA-256."""
        found: dict[int, StoredPart] = {}
        with self._errors(f"listing the parts of {name}"):
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=self.bucket, Key=self._key(name), UploadId=upload_id
            )
            for page in pages:
                for each in page.get("Parts", ()):
                    found[each["PartNumber"]] = StoredPart(
                        size_bytes=each["Size"], checksum=each.get("ChecksumSHA256", ""), etag=each["ETag"]
                    )
        return found

    def put(self, name: str, body: bytes | bytearray, digest: bytes) -> Put:
        """Puts an object that must not be there."""
        checksum = b64encode(digest).decode()
        pauses = iter(CONFLICT_PAUSES_SECONDS)
        with self._errors(f"uploading {name}"):
            while True:
                try:
                    answer = self._client.put_object(
                        Bucket=self.bucket, Key=self._key(name), Body=body, ChecksumSHA256=checksum, IfNoneMatch="*"
                    )
                except self._client.exceptions.ClientError as error:
                    if _code(error) == THERE:
                        return Put("", checksum, was_there=True)
                    pause = next(pauses, None) if _code(error) == CONFLICT else None
                    if pause is None:
                        raise
                    self._sleep(pause)
                else:
                    return Put(answer.get("VersionId", ""), checksum)

    def begin(self, name: str) -> str:
        with self._errors(f"beginning the upload of {name}"):
            answer = self._client.create_multipart_upload(
                Bucket=self.bucket, Key=self._key(name), ChecksumAlgorithm="SHA256"
            )
        return str(answer["UploadId"])

    def put_part(self, name: str, upload_id: str, number: int, body: bytes | bytearray, digest: bytes) -> StoredPart:
        checksum = b64encode(digest).decode()
        with self._errors(f"uploading part {number} of {name}"):
            answer = self._client.upload_part(
                Bucket=self.bucket,
                Key=self._key(name),
                UploadId=upload_id,
                PartNumber=number,
                Body=body,
                ChecksumSHA256=checksum,
            )
        return StoredPart(size_bytes=len(body), checksum=checksum, etag=answer["ETag"])

    def complete(self, name: str, upload_id: str, parts: Sequence[StoredPart], checksum: str) -> Put:
        """Makes the object of its parts. S3 compares each one's SHA-256; one that is there already is left alone."""
        rows = [
            {"PartNumber": number, "ETag": each.etag, "ChecksumSHA256": each.checksum}
            for number, each in enumerate(parts, 1)
        ]
        with self._errors(f"completing {name}"):
            try:
                answer = self._client.complete_multipart_upload(
                    Bucket=self.bucket,
                    Key=self._key(name),
                    UploadId=upload_id,
                    MultipartUpload={"Parts": rows},
                    IfNoneMatch="*",
                )
            except self._client.exceptions.ClientError as error:
                # An answer that got lost and was asked for again: the first one made the object and ended the upload.
                if _code(error) in (THERE, GONE):
                    return Put("", checksum, was_there=True)
                if _code(error) == CONFLICT:
                    # S3 takes these parts no more; with the upload gone, the next run begins another.
                    self.abort(name, upload_id)
                    raise RefusedError(
                        f"something else wrote or removed {name} in s3://{self.bucket}/{self.prefix} while it was "
                        f"uploaded ({CONFLICT}), so its parts were removed; run the same command again, which uploads "
                        "this file anew"
                    ) from None
                raise
        found = answer.get("ChecksumSHA256", checksum)
        if found != checksum:
            raise RefusedError(f"S3 has {found} for {name}, sent was {checksum}; remove that object, then push again")
        return Put(answer.get("VersionId", ""), checksum)

    def abort(self, name: str, upload_id: str) -> None:
        with self._errors(f"removing the unfinished upload of {name}"):
            try:
                self._client.abort_multipart_upload(Bucket=self.bucket, Key=self._key(name), UploadId=upload_id)
            except self._client.exceptions.ClientError as error:
                if _code(error) != GONE:
                    raise

    def checksum(self, name: str) -> str | None:
        """SHA-256 that S3 keeps of an object; None where reading is refused, as it is outside the VPC."""
        from botocore.exceptions import ClientError

        with self._errors(f"looking at {name}"):
            try:
                answer = self._client.head_object(Bucket=self.bucket, Key=self._key(name), ChecksumMode="ENABLED")
            except ClientError as error:
                if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 403:
                    return None
                raise
        return str(answer.get("ChecksumSHA256", "")) or None

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}"

    def _pages(self, operation: str) -> Iterator[Mapping[str, Any]]:
        with self._errors(f"listing {self.prefix} of {self.bucket}"):
            yield from self._client.get_paginator(operation).paginate(Bucket=self.bucket, Prefix=f"{self.prefix}/")

    @contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        with aws_errors(f"{doing} in s3://{self.bucket}"):
            yield


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
