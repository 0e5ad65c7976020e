"""Source of a checkpoint: a list of files, and each file's bytes from any offset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Protocol

from paddock.catalog.lookup import RefusedError
from paddock.weights.revision import RESERVED, UNSIGNED, refuse_names

CHUNK_BYTES = 1 << 20
SMALL_BYTES = 64 << 20
"""Largest file that is read as a whole while a push is planned: an index, a configuration, a license."""

Announce = Callable[[str], None]
"""Told of each pause before something is tried again."""


class SourceError(RefusedError):
    """A source that cannot be read, or whose bytes are not those that it promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """File of a source."""

    name: str
    """Path below the source, with slashes."""
    size_bytes: int
    identity: str
    """Mark that changes when the content does: a digest, an ETag, or a file's size and time."""
    sha256: str = ""
    """SHA-256 that the source states, 64 hex digits; empty where it states none."""
    git_sha1: str = ""
    """Git's name of the content, which is a SHA-1 over its length and itself; empty where the source states none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Files of a source at one moment."""

    address: str
    """`hf://<organization>/<repository>`, `s3://…` or `file://…`."""
    commit: str
    """Commit of a Hugging Face repository, 40 hex digits; empty for other sources."""
    files: tuple[SourceFile, ...]
    license: str = ""
    """License that the source names for itself."""

    def __post_init__(self) -> None:
        try:
            refuse_names(each.name for each in self.files if not is_left_behind(each.name))
        except ValueError as error:
            raise SourceError(
                f"{self.address} cannot be copied: {error}; give it names that S3 and paths take"
            ) from None

    def named(self, name: str) -> SourceFile | None:
        return next((each for each in self.files if each.name == name), None)

    @property
    def fingerprint(self) -> str:
        """64 hex digits that follow names, sizes and identities."""
        rows = sorted(f"{each.name}\0{each.size_bytes}\0{each.sha256 or each.identity}\n" for each in self.files)
        return sha256("".join(rows).encode()).hexdigest()


def is_left_behind(name: str) -> bool:
    """True for a file of git's, and for what paddock wrote itself where the source is a revision."""
    return name in RESERVED or name.split("/")[0] in UNSIGNED


class Reader(Protocol):
    """Bytes of one file, in order."""

    def readinto(self, buffer: memoryview) -> int:
        """Number of bytes that were read, 0 at the end only. A broken connection is mended inside."""

    def close(self) -> None: ...


class Source(Protocol):
    def listing(self) -> Listing: ...

    def open(self, file: SourceFile, offset: int) -> Reader: ...


class Opened:
    """Reader that is closed at the end of a block."""

    def __init__(self, source: Source, file: SourceFile, offset: int = 0) -> None:
        self._reader, self._file = source.open(file, offset), file

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._reader.close()

    def fill(self, buffer: memoryview) -> None:
        """Fills the whole buffer; a file that ends before is refused."""
        filled = 0
        while filled < len(buffer):
            count = self._reader.readinto(buffer[filled : filled + CHUNK_BYTES])
            if not count:
                raise SourceError(
                    f"{self._file.name} ends before the {self._file.size_bytes} bytes that the source lists; it "
                    f"changed while it was read, so start again"
                )
            filled += count


def read_small(source: Source, file: SourceFile) -> bytes:
    """Whole content of a small file, held against the digests that the source states."""
    if file.size_bytes > SMALL_BYTES:
        raise SourceError(f"{file.name} has {file.size_bytes} bytes; over {SMALL_BYTES} it is no configuration")
    content = bytearray(file.size_bytes)
    with Opened(source, file) as opened:
        opened.fill(memoryview(content))
    check_digest(file, sha256(content).hexdigest(), bytes(content))
    return bytes(content)


def check_digest(file: SourceFile, found: str, content: bytes | None = None) -> None:
    """Refuses a content that is not the one the source states; `content` is given where it is at hand as a whole."""
    if file.sha256 and file.sha256 != found:
        raise SourceError(
            f"{file.name} has SHA-256 {found}, but its source states {file.sha256}: bytes were damaged on the "
            f"way or the source is wrong; nothing of it was kept, start again"
        )
    if file.git_sha1 and content is not None:
        from hashlib import sha1

        blob = sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()
        if blob != file.git_sha1:
            raise SourceError(f"{file.name} is git's {blob}, but its source states {file.git_sha1}; start again")
