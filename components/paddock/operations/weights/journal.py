"""Journal of a push on this machine: digests of parts and files, each written down before its bytes are sent.

The bucket itself says what is there; but nobody may read from it from outside, and S3 lists no digests of whole files.
A line is added with one write, so that after a kill at most the last one is torn; it is then left out.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from paddock.catalog.lookup import RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLine:
    """Part of a multipart upload that is about to be sent."""

    file: str
    identity: str
    """Mark of the source's file: another one is another content."""
    upload_id: str
    number: int
    sha256: str
    state: str
    """State of the whole file's SHA-256 after this part; empty where it cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """File whose parts are all there, about to become an object."""

    file: str
    identity: str
    size_bytes: int
    sha256: str
    s3_checksum: str


@dataclass(slots=True)
class Journal:
    """Record of an earlier run, and the way to add to it."""

    path: Path
    parts: dict[tuple[str, int], PartLine] = field(default_factory=dict)
    """States by upload and number."""
    files: dict[str, FileLine] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _descriptor: int = -1

    def add(self, line: PartLine | FileLine) -> None:
        with self._lock:
            self._keep(line)
            kind = "part" if isinstance(line, PartLine) else "file"
            os.write(self._descriptor, (json.dumps({kind: asdict(line)}) + "\n").encode())

    def forget(self) -> None:
        """The revision is complete."""
        self.path.unlink(missing_ok=True)

    def _keep(self, line: PartLine | FileLine) -> None:
        if isinstance(line, PartLine):
            self.parts[line.upload_id, line.number] = line
        else:
            self.files[line.file] = line

    def _load(self) -> None:
        for text in self.path.read_bytes().splitlines() if self.path.exists() else ():
            try:
                read: dict[str, Any] = json.loads(text)
                self._keep(PartLine(**read["part"]) if "part" in read else FileLine(**read["file"]))
            except (ValueError, TypeError, KeyError):
                continue


def journal_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paddock" / "weights"


@contextmanager
def opened_journal(folder: Path, bucket: str, prefix: str) -> Iterator[Journal]:
    """Journal of one revision in one bucket; a second push of it on this machine is refused."""
    path = folder / f"{bucket}__{prefix.replace('/', '__')}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = path.with_suffix(".lock").open("a")
    except OSError as error:
        raise RefusedError(f"cannot write to {folder}: {(error.strerror or '').lower()}; set XDG_CACHE_HOME") from None
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RefusedError(f"another `paddock weights push` is writing {prefix} of {bucket}; wait for it") from None
        journal = Journal(path)
        journal._load()
        # A torn last line has no end; what follows it must not become part of it.
        journal._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(journal._descriptor, b"\n")
        try:
            yield journal
        finally:
            os.close(journal._descriptor)
