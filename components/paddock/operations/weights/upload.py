"""Upload of a revision's files: each byte read once, hashed twice on its way, and sent once.

A thread a file reads and hashes in order; others send parts side by side. What is in memory is bounded by the buffers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Lock

from paddock.catalog.lookup import RefusedError
from paddock.operations.weights.hashing import Sha256, sha256_from
from paddock.operations.weights.journal import FileLine, Journal, PartLine
from paddock.operations.weights.parts import BUFFER_BYTES, PART_BYTES, Part, composite, cut
from paddock.operations.weights.sources.source import Opened, Source, SourceError, SourceFile, check_digest
from paddock.operations.weights.target import Stored, StoredPart, Target
from paddock.weights.revision import WeightFile

MOST_FILES_AT_ONCE = 4
MAX_HEADER_BYTES = 100_000_000
"""Limit of a safetensors file. Source: safetensors 0.8.0, MAX_HEADER_SIZE in tensor.rs, read 2026-11-29."""


class StoppedError(Exception):
    """Another file failed, or somebody pressed Ctrl-C; what is there stays there for the next run."""


@dataclass(slots=True)
class Counts:
    """Bytes of a run."""

    read_bytes: int = 0
    """Bytes read from the source."""
    sent_bytes: int = 0
    there_bytes: int = 0
    """Found in the bucket, from an earlier run."""
    _lock: Lock = field(default_factory=Lock, repr=False)
    tell: Callable[[int, bool], None] = field(default=lambda _count, _is_new: None, repr=False)
    """Told of bytes that are in the bucket now, and whether this run brought them."""

    def read(self, count: int) -> None:
        with self._lock:
            self.read_bytes += count

    def sent(self, count: int) -> None:
        with self._lock:
            self.sent_bytes += count
        self.tell(count, True)

    def there(self, count: int) -> None:
        with self._lock:
            self.there_bytes += count
        self.tell(count, False)


class Buffers:
    """Memory for parts, of a fixed sum; whoever asks for more waits."""

    def __init__(self, total_bytes: int) -> None:
        self._free, self._condition = total_bytes, Condition()
        self._kept: list[bytearray] = []

    def take(self, size_bytes: int, stop: Event) -> bytearray:
        with self._condition:
            while self._free < size_bytes:
                if stop.is_set():
                    raise StoppedError
                self._condition.wait(0.2)
            self._free -= size_bytes
            if size_bytes == PART_BYTES[0] and self._kept:
                return self._kept.pop()
            if size_bytes > PART_BYTES[0]:
                self._kept.clear()
        return bytearray(size_bytes)

    def give(self, buffer: bytearray) -> None:
        with self._condition:
            self._free += len(buffer)
            # A new one of the common size would be zeroed first, page by page.
            if len(buffer) == PART_BYTES[0]:
                self._kept.append(buffer)
            self._condition.notify_all()


@dataclass(kw_only=True)
class Uploader:
    """Files of one source on their way to one folder."""

    source: Source
    target: Target
    journal: Journal
    workers: int
    counts: Counts
    stored: Mapping[str, Stored]
    unfinished: Mapping[str, Sequence[str]]
    """Uploads that an earlier run left, by file."""
    _stop: Event = field(default_factory=Event)
    _failures: list[BaseException] = field(default_factory=list)
    _buffers: Buffers = field(default_factory=lambda: Buffers(BUFFER_BYTES))
    """All that a kill loses: it is read again."""

    def __post_init__(self) -> None:
        self._senders = ThreadPoolExecutor(self.workers, "send")

    def run(self, files: Sequence[SourceFile]) -> list[WeightFile]:
        """Every file as S3 stored it, in the order given. The first failure is raised once all threads have ended."""
        largest = max(part.size_bytes for each in files for part in cut(each.name, each.size_bytes))
        # One part more than is sent at once: reading further ahead speeds up nothing.
        self._buffers = Buffers(min(BUFFER_BYTES, (self.workers + 1) * max(largest, PART_BYTES[0])))
        readers = ThreadPoolExecutor(min(MOST_FILES_AT_ONCE, self.workers), "read")
        # The largest first: else the last one would go alone.
        order = sorted(files, key=lambda each: -each.size_bytes)
        going = {each.name: readers.submit(self._guarded, each) for each in order}
        try:
            made = [going[each.name].result() for each in files]
        except BaseException as error:
            self._fail(error)
        finally:
            self._stop.set()
            readers.shutdown(cancel_futures=True)
            self._senders.shutdown(cancel_futures=True)
        if self._failures:
            raise self._failures[0]
        return made

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _fail(self, error: BaseException) -> None:
        """The first failure is the reason; that others stopped is its consequence."""
        self._stop.set()
        if not isinstance(error, StoppedError | CancelledError):
            self._failures.append(error)

    def _guarded(self, file: SourceFile) -> WeightFile:
        try:
            self._go_on()
            return self._upload(file)
        except BaseException as error:
            self._fail(error)
            raise

    def _upload(self, file: SourceFile) -> WeightFile:
        parts = cut(file.name, file.size_bytes)
        line = self.journal.files.get(file.name)
        if line is not None and line.identity != file.identity:
            line = None
        if file.name in self.stored:
            return self._adopt(file, parts, line)
        return self._put(file) if len(parts) == 1 else self._put_parts(file, parts)

    def _adopt(self, file: SourceFile, parts: Sequence[Part], line: FileLine | None) -> WeightFile:
        """File that is in the bucket already. Where no run of this machine put it there, the source is read to know
        what its digests must be: nobody may read it from outside, and what is signed is what the source has."""
        there = self.stored[file.name]
        if there.size_bytes != file.size_bytes:
            raise RefusedError(
                f"{file.name} is in s3://{self.target.bucket}/{self.target.prefix} with {there.size_bytes} bytes, the "
                f"source has {file.size_bytes}; nothing is overwritten, so push to another --revision"
            )
        sha256, checksum = (line.sha256, line.s3_checksum) if line else self._digests(file, parts)
        if line is None:
            sent = self.journal.files.get(file.name)
            kept = self.target.checksum(file.name) or (sent.s3_checksum if sent else checksum)
            if kept != checksum or there.parts != len(parts):
                raise RefusedError(
                    f"{file.name} is in s3://{self.target.bucket}/{self.target.prefix} with other bytes than "
                    f"the source has (SHA-256 {kept}, not {checksum}); nothing is overwritten, so push to another "
                    "--revision"
                )
        for upload_id in self.unfinished.get(file.name, ()):
            self.target.abort(file.name, upload_id)
        self.counts.there(file.size_bytes)
        return _weight_file(file, sha256, checksum, there.version_id)

    def _digests(self, file: SourceFile, parts: Sequence[Part]) -> tuple[str, str]:
        whole, digests = sha256_from(), list[bytes]()
        with Opened(self.source, file) as opened:
            for part in parts:
                buffer = self._buffers.take(part.size_bytes, self._stop)
                try:
                    self._fill(opened, memoryview(buffer))
                    whole.update(memoryview(buffer))
                    digests.append(hashlib.sha256(buffer).digest())
                finally:
                    self._buffers.give(buffer)
        check_digest(file, whole.hexdigest())
        return whole.hexdigest(), _checksum(digests)

    def _put(self, file: SourceFile) -> WeightFile:
        buffer = self._buffers.take(file.size_bytes, self._stop)
        try:
            with Opened(self.source, file) as opened:
                self._fill(opened, memoryview(buffer))
            _check_header(file, buffer)
            digest = hashlib.sha256(buffer)
            check_digest(file, digest.hexdigest(), bytes(buffer) if file.git_sha1 else None)
            checksum = _checksum([digest.digest()])
            self._note(file, digest.hexdigest(), checksum)
            for upload_id in self.unfinished.get(file.name, ()):
                self.target.abort(file.name, upload_id)
            answer = self.target.put(file.name, buffer, digest.digest())
        finally:
            self._buffers.give(buffer)
        self.counts.sent(file.size_bytes)
        return _weight_file(file, digest.hexdigest(), checksum, answer.version_id or self._version(file, checksum))

    def _put_parts(self, file: SourceFile, parts: Sequence[Part]) -> WeightFile:
        upload_id, there = self._begun(file, parts)
        sent: list[Future[StoredPart]] = []
        try:
            whole, digests = self._send_parts(file, parts, upload_id, there, sent)
            for each in sent:
                each.result()
        except BaseException:
            for each in sent:
                each.cancel()
            raise
        sha256, checksum = whole, composite(digests)
        try:
            check_digest(file, sha256)
        except SourceError:
            # Its parts are of no use to the next run either.
            self.target.abort(file.name, upload_id)
            raise
        self._note(file, sha256, checksum)
        rows = {
            **there,
            **{part.number: each.result() for part, each in zip(_missing(parts, there), sent, strict=True)},
        }
        answer = self.target.complete(file.name, upload_id, [rows[part.number] for part in parts], checksum)
        return _weight_file(file, sha256, checksum, answer.version_id or self._version(file, checksum))

    def _begun(self, file: SourceFile, parts: Sequence[Part]) -> tuple[str, dict[int, StoredPart]]:
        """Upload to go on with, and its parts. Of several that were left the fullest is kept, the others end."""
        best, kept = "", dict[int, StoredPart]()
        sizes = {part.number: part.size_bytes for part in parts}
        for upload_id in self.unfinished.get(file.name, ()):
            found = self.target.parts(file.name, upload_id)
            usable = bool(found) and all(
                each.checksum and each.size_bytes == sizes.get(number) for number, each in found.items()
            )
            lines = [self.journal.parts.get((upload_id, number)) for number in found]
            usable = usable and not any(each is not None and each.identity != file.identity for each in lines)
            old = upload_id
            if usable and len(found) > len(kept):
                old, best, kept = best, upload_id, found
            if old:
                self.target.abort(file.name, old)
        return best or self.target.begin(file.name), kept

    def _send_parts(
        self,
        file: SourceFile,
        parts: Sequence[Part],
        upload_id: str,
        there: Mapping[int, StoredPart],
        sent: list[Future[StoredPart]],
    ) -> tuple[str, list[bytes]]:
        """SHA-256 of the file and of each part. What is there is not sent, nor read where the journal has its state."""
        whole, digests, opened = sha256_from(), list[bytes](), None
        try:
            for part in parts:
                line = self.journal.parts.get((upload_id, part.number))
                if part.number in there:
                    self.counts.there(part.size_bytes)
                    if (state := _known(line, there[part.number])) is not None:
                        whole = state
                        digests.append(bytes.fromhex(line.sha256 if line else ""))
                        if opened is not None:
                            opened.close()
                            opened = None
                        continue
                buffer = self._buffers.take(part.size_bytes, self._stop)
                try:
                    opened = opened or Opened(self.source, file, part.offset)
                    self._fill(opened, memoryview(buffer))
                    if part.number == 1:
                        _check_header(file, buffer)
                    whole.update(memoryview(buffer))
                    digest = hashlib.sha256(buffer).digest()
                    _compare(file, part, digest, line, there.get(part.number))
                except BaseException:
                    self._buffers.give(buffer)
                    raise
                digests.append(digest)
                if part.number in there:
                    self._buffers.give(buffer)
                    continue
                made = PartLine(
                    file=file.name,
                    identity=file.identity,
                    upload_id=upload_id,
                    number=part.number,
                    sha256=digest.hex(),
                    state=whole.state(),
                )
                sent.append(self._senders.submit(self._send, made, buffer, digest))
        finally:
            if opened is not None:
                opened.close()
        return whole.hexdigest(), digests

    def _send(self, line: PartLine, buffer: bytearray, digest: bytes) -> StoredPart:
        try:
            self._go_on()
            self.journal.add(line)
            made = self.target.put_part(line.file, line.upload_id, line.number, buffer, digest)
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._buffers.give(buffer)
        self.counts.sent(made.size_bytes)
        return made

    def _fill(self, opened: Opened, buffer: memoryview) -> None:
        self._go_on()
        opened.fill(buffer)
        self.counts.read(len(buffer))

    def _note(self, file: SourceFile, sha256: str, checksum: str) -> None:
        self.journal.add(
            FileLine(
                file=file.name,
                identity=file.identity,
                size_bytes=file.size_bytes,
                sha256=sha256,
                s3_checksum=checksum,
            )
        )

    def _version(self, file: SourceFile, checksum: str) -> str:
        """Version of an object that was there when we came to make it: ours, whose answer got lost, or another's."""
        there = self.target.stored().get(file.name)
        kept = self.target.checksum(file.name)
        if there is None or there.size_bytes != file.size_bytes or kept not in (None, checksum):
            raise RefusedError(f"{file.name} was written by somebody else meanwhile; push to another --revision")
        return there.version_id


def _known(line: PartLine | None, there: StoredPart) -> Sha256 | None:
    """Sum after a part that is in the bucket as the journal says it was sent."""
    if line is None or not line.state or _checksum([bytes.fromhex(line.sha256)]) != there.checksum:
        return None
    with suppress(ValueError):
        return sha256_from(line.state)
    return None


def _compare(file: SourceFile, part: Part, digest: bytes, line: PartLine | None, there: StoredPart | None) -> None:
    """Refuses a source that gives other bytes than the run before had."""
    if (line and line.sha256 != digest.hex()) or (there and there.checksum != _checksum([digest])):
        raise SourceError(
            f"{file.name} changed at the source since its upload began (part {part.number}); push to another "
            f"--revision, S3 removes what was begun after a week"
        )


def _missing(parts: Sequence[Part], there: Mapping[int, StoredPart]) -> list[Part]:
    return [part for part in parts if part.number not in there]


def _checksum(digests: Sequence[bytes]) -> str:
    from base64 import b64encode

    return b64encode(digests[0]).decode() if len(digests) == 1 else composite(digests)


def _check_header(file: SourceFile, start: bytearray) -> None:
    """Refuses what bears the name of safetensors and is none: an error page, a pointer, a pickle that was renamed."""
    if file.name.endswith(".safetensors"):
        length = int.from_bytes(start[:8], "little")
        if not 2 <= length <= min(MAX_HEADER_BYTES, file.size_bytes - 8) or start[8:9] != b"{":
            raise SourceError(
                f"{file.name} is no safetensors file: it does not begin with a header's length and a header"
            )


def _weight_file(file: SourceFile, sha256: str, checksum: str, version_id: str) -> WeightFile:
    return WeightFile(
        name=file.name, size_bytes=file.size_bytes, sha256=sha256, s3_checksum=checksum, version_id=version_id
    )
