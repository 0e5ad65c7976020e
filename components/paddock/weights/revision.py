"""Revision of a model's weights: its files, whence they came and under which license, as `paddock-revision.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

REVISION_FILE = "paddock-revision.json"
SIGNATURE_FILE = "model.sig"
"""OpenSSF Model Signing's own name for its bundle. It is written last: a revision exists when it does."""
REVOKED_FILE = "revoked.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """One file of a revision, as S3 stored it."""

    name: str
    """Path in the revision's folder, with slashes."""
    size_bytes: int
    sha256: str
    """SHA-256 of the whole content, 64 hex digits."""
    s3_checksum: str
    """ChecksumSHA256 as S3 keeps it: base64, with `-<parts>` where it is composite."""
    version_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedLicense:
    """License of the weights, and its acceptance."""

    license: str
    """Its id in the catalog, such as `Llama 3.1 Community License`."""
    text_sha256: str
    """SHA-256 of the license's text in the source, 64 hex digits; empty where the source has none."""
    by: str
    on: str
    """The day, as ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A checkpoint's immutable copy in the store."""

    model: str
    name: str
    quantization: str
    source: str
    """`hf://<organization>/<repository>`, `s3://…` or `file://…`."""
    source_commit: str
    """Commit of the Hugging Face repository, 40 hex digits; empty for other sources."""
    license: AcceptedLicense | None
    files: tuple[WeightFile, ...]
    derived_from: str = ""
    """Provenance of weights that were made of others, such as by quantizing; empty for a copy."""
    details: dict[str, str] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        return sum(each.size_bytes for each in self.files)


def to_json(revision: Revision) -> bytes:
    """Bytes of `paddock-revision.json`: the same for the same revision."""
    return (json.dumps({"format": FORMAT} | asdict(revision), indent=1, sort_keys=True) + "\n").encode()


def from_json(text: bytes | str) -> Revision:
    """Revision of the file's text; `ValueError` for anything else."""
    try:
        read: Any = json.loads(text)
        if read.pop("format") != FORMAT:
            raise ValueError("it has another format")
        given = read.pop("license")
        accepted = None if given is None else AcceptedLicense(**given)
        files = tuple(WeightFile(**each) for each in read.pop("files"))
        return Revision(license=accepted, files=files, **read)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no {REVISION_FILE}: {error}") from None
