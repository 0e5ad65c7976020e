"""The images that a platform runs: which must be in the account's own registry, and which nodes have from AWS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from paddock.catalog.lookup import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededImage:
    name: str
    source: str
    """`<registry>/<repository>:<tag>`, in which `{vllm_version}` stands for the stack's."""
    why: str
    stated_by: str
    setting: str
    """The key of the stack file that names it by digest."""
    node_os: str | None = None
    """The only operating system of nodes that needs it; None is any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedImage:
    """An image that is never copied, with the reason."""

    name: str
    image: str
    why: str
    stated_by: str
    node_os: str | None = None
    """The only operating system of nodes of which that is true; None is any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformImages:
    as_of: date
    needed: tuple[NeededImage, ...]
    excluded: tuple[ExcludedImage, ...]

    def of(self, node_os: str) -> PlatformImages:
        """Those that concern such nodes."""
        return PlatformImages(
            as_of=self.as_of,
            needed=tuple(each for each in self.needed if each.node_os in (None, node_os)),
            excluded=tuple(each for each in self.excluded if each.node_os in (None, node_os)),
        )


@cache
def platform_images() -> PlatformImages:
    data = toml("images.toml")
    return PlatformImages(
        as_of=data["as_of"],
        needed=tuple(NeededImage(name=name, **row) for name, row in data["needed"].items()),
        excluded=tuple(ExcludedImage(name=name, **row) for name, row in data["excluded"].items()),
    )
