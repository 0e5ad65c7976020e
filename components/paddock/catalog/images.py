"""The images that a platform runs: which must be in the account's own registry, and which nodes have from AWS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from paddock.catalog.files import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededImage:
    name: str
    source: str
    """`<registry>/<repository>:<tag>`, in which `{vllm_version}` stands for the stack's."""
    why: str
    stated_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedImage:
    """An image that is never copied, with the reason."""

    name: str
    image: str
    why: str
    stated_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformImages:
    as_of: date
    needed: tuple[NeededImage, ...]
    excluded: tuple[ExcludedImage, ...]


@cache
def platform_images() -> PlatformImages:
    data = toml("images.toml")
    return PlatformImages(
        as_of=data["as_of"],
        needed=tuple(NeededImage(name=name, **row) for name, row in data["needed"].items()),
        excluded=tuple(ExcludedImage(name=name, **row) for name, row in data["excluded"].items()),
    )
