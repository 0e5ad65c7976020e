"""Parts of an upload: their size, which follows from the file's alone, and S3's checksum of the whole of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil

from paddock.catalog.lookup import RefusedError

MIB = 1 << 20
MAX_PARTS = 10_000
"""Limit of a multipart upload. Source: S3 user guide, qfacts, read 2026-11-29."""
PART_BYTES = (16 * MIB, 64 * MIB)
"""Sizes of a part; never changed, as a push that is continued, or checked later, must cut as the first one did."""
MAX_FILE_BYTES = PART_BYTES[-1] * MAX_PARTS
BUFFER_BYTES = 128 * MIB
"""Parts that are held in memory at once, whatever the number of workers and files."""


@dataclass(frozen=True, slots=True)
class Part:
    number: int
    offset: int
    size_bytes: int


def cut(name: str, size_bytes: int) -> tuple[Part, ...]:
    """Parts of a file; one where it is put at once. Raises `RefusedError` for a file with no such parts."""
    part_bytes = next((each for each in PART_BYTES if size_bytes <= each * MAX_PARTS), None)
    if part_bytes is None:
        raise RefusedError(
            f"{name} has {size_bytes} bytes, a file may have {MAX_FILE_BYTES}: parts are held in memory; store the "
            f"checkpoint in shards, as transformers' save_pretrained does"
        )
    count = max(1, ceil(size_bytes / part_bytes))
    return tuple(
        Part(number + 1, number * part_bytes, min(part_bytes, size_bytes - number * part_bytes))
        for number in range(count)
    )


def composite(digests: Sequence[bytes]) -> str:
    """ChecksumSHA256 that S3 keeps of a multipart upload, of the SHA-256 of each part."""
    return f"{b64encode(sha256(b''.join(digests)).digest()).decode()}-{len(digests)}"
