"""Stream of a file's bytes from a server, opened again where it broke off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from paddock.operations.images.retry import Retry
from paddock.operations.weights.sources.source import Announce, SourceError, SourceFile

TRIES_WITHOUT_A_BYTE = Retry(tries=8, first_seconds=0.5)
"""A stream that breaks is opened again as often as it takes, if each one brings a byte; else so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Answer of a server from an offset on."""

    read: Callable[[int], bytes]
    close: Callable[[], None]


class BrokenError(Exception):
    """A connection that broke, or a server that is busy; worth another try."""


@contextmanager
def broken_connections() -> Iterator[None]:
    """`BrokenError` in place of what urllib3, botocore and sockets raise."""
    from botocore.exceptions import BotoCoreError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (HTTPError, BotoCoreError, OSError) as error:
        raise BrokenError(type(error).__name__) from None


class MendedReader:
    """Reader that opens the stream anew at the byte where it broke off."""

    def __init__(
        self,
        open_at: Callable[[int], Stream],
        file: SourceFile,
        offset: int,
        announce: Announce,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._open_at, self._file, self._at, self._announce, self._sleep = open_at, file, offset, announce, sleep
        self._stream: Stream | None = None
        self._pauses = TRIES_WITHOUT_A_BYTE.pauses()

    def readinto(self, buffer: memoryview) -> int:
        while self._at < self._file.size_bytes:
            try:
                data = self._read(min(len(buffer), self._file.size_bytes - self._at))
            except BrokenError as broken:
                self._pause(str(broken))
                continue
            buffer[: len(data)] = data
            self._at += len(data)
            self._pauses = TRIES_WITHOUT_A_BYTE.pauses()
            return len(data)
        return 0

    def _read(self, count: int) -> bytes:
        with broken_connections():
            if self._stream is None:
                self._stream = self._open_at(self._at)
            data = self._stream.read(count)
        if not data:
            raise BrokenError("the answer ended early")
        return data

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _pause(self, why: str) -> None:
        self.close()
        seconds = next(self._pauses, None)
        if seconds is None:
            raise SourceError(
                f"{self._file.name} broke off at byte {self._at} of {self._file.size_bytes} "
                f"{TRIES_WITHOUT_A_BYTE.tries} times in a row ({why}); run the same command again later, it continues"
            )
        self._announce(f"{self._file.name} broke off ({why}), again in {seconds:.0f} s")
        self._sleep(seconds)
