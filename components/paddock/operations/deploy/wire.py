"""Way of images and weights into the account: a build of AWS, or the wire of this machine."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.operations.weights.progress import duration

WIRE_BITS_PER_SECOND = (10**9, 10**8)
"""A band, from an office's wire to a home's: nobody has measured this machine's before the copy."""


@dataclass(frozen=True, slots=True)
class Way:
    """The way that was chosen, and the reason."""

    in_aws: bool
    why: str

    @property
    def how(self) -> str:
        return f"by {'a build of AWS' if self.in_aws else 'this machine'}, as {self.why}"


def way(source: str, *, has_build: bool, from_laptop: bool) -> Way:
    """Way of the copies: by AWS where the stack has a build that reaches the source, unless told otherwise."""
    if from_laptop:
        return Way(in_aws=False, why="--from-laptop says")
    if not has_build:
        return Way(in_aws=False, why="paddock:ingest_package is not set")
    if source.startswith("file://"):
        return Way(in_aws=False, why=f"{source} is a folder of it")
    return Way(in_aws=True, why="paddock:ingest_package is set")


def wire_time(size_bytes: int) -> str:
    """Time that so many bytes take on this machine's wire, as a band."""
    quick, slow = (duration(8 * size_bytes / each) for each in WIRE_BITS_PER_SECOND)
    return f"{quick} to {slow} at 1 Gbit/s to 100 Mbit/s"
