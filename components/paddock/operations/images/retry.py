"""Retries: their number and the pauses between them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

LONGEST_ASKED_SECONDS = 120.0
"""A registry that asks for a longer pause is not waited for: better one clear message than an hour of silence."""


class TransientError(Exception):
    """A failure that may go well the next time. `asked_seconds` is how long the registry wants to be left alone."""

    def __init__(self, cause: Exception, asked_seconds: float | None = None) -> None:
        self.cause, self.asked_seconds = cause, asked_seconds
        super().__init__()


@dataclass(frozen=True, slots=True)
class Retry:
    tries: int = 6
    first_seconds: float = 1.0
    longest_seconds: float = 30.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    jitter: Callable[[], float] = field(default=random.random, repr=False)
    """Random share of the pause, 0 to 1: many clients that failed at once must not come back at once."""

    def pauses(self) -> Iterator[float]:
        """Seconds before the second try, the third and so on: doubling, the upper half of each left to chance."""
        for number in range(self.tries - 1):
            longest = min(self.first_seconds * 2**number, self.longest_seconds)
            yield longest / 2 * (1 + self.jitter())

    def __call__(self, work: Callable[[], T], announce: Callable[[str], None] = lambda _: None) -> T:
        """The result of `work`, tried again after a `TransientError`; at the end raises what caused the last one.

        `announce` is told before each pause.
        """
        for number, pause in enumerate(self.pauses(), 2):
            try:
                return work()
            except TransientError as transient:
                asked = transient.asked_seconds or 0.0
                if asked > LONGEST_ASKED_SECONDS:
                    raise transient.cause from None
                seconds = max(pause, asked)
                announce(f"try {number} of {self.tries} in {seconds:.0f} s")
                self.sleep(seconds)
        try:
            return work()
        except TransientError as transient:
            raise transient.cause from None
