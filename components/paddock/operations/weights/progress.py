"""Progress of a copy: bytes done, rate and time left, from moments and counts alone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    done_bytes: int
    total_bytes: int
    bytes_per_second: float
    """Rate of the last half minute, without what was there before."""

    @property
    def seconds_left(self) -> float | None:
        if self.bytes_per_second <= 0:
            return None
        return (self.total_bytes - self.done_bytes) / self.bytes_per_second


class Meter:
    """Counts as they come. What an earlier run brought counts as done, and not for the rate."""

    def __init__(self, total_bytes: int, now: float) -> None:
        self._total, self._done, self._brought = total_bytes, 0, 0
        self._marks = deque([(now, 0)])

    def add(self, count: int, *, is_new: bool, now: float) -> None:
        self._done += count
        if is_new:
            self._brought += count
        self._marks.append((now, self._brought))
        # One mark before the window stays: the rate is over the whole of it.
        while len(self._marks) > 2 and self._marks[1][0] <= now - WINDOW_SECONDS:
            self._marks.popleft()

    def at(self, now: float) -> Progress:
        since, before = self._marks[0]
        rate = (self._brought - before) / (now - since) if now > since else 0.0
        return Progress(done_bytes=self._done, total_bytes=self._total, bytes_per_second=rate)


def duration(seconds: float) -> str:
    """A time as people say it: `48 s`, `12 min`, `1 h 03 min`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
