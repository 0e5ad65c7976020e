"""Images that a stack needs in its registry: from the catalog's list and the stack's own settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paddock.catalog.images import PlatformImages, platform_images
from paddock.catalog.lookup import RefusedError, shown, suggestion
from paddock.operations.images.reference import ECR_HOST, Reference

PREFIX = "paddock/"
"""Prefix of repositories that nobody named: `paddock/vllm/vllm-openai`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedImage:
    name: str
    why: str
    source: Reference
    target: str
    """The repository in the target registry."""
    setting: str | None = None
    """The key of the stack file that names it; None for an image of the user's own."""


def repositories(node_os: str, vllm_version: str, named: Mapping[str, str]) -> list[str]:
    """Repositories to which the images of a stack are copied; `named` as `wanted_images` takes it."""
    wanted = wanted_images(platform_images().of(node_os), vllm_version=vllm_version, named=named, sources={}, also={})
    return sorted({each.target for each in wanted})


def wanted_images(
    images: PlatformImages,
    *,
    vllm_version: str,
    named: Mapping[str, str],
    sources: Mapping[str, str],
    also: Mapping[str, str],
) -> tuple[WantedImage, ...]:
    """Every image to copy; raises `RefusedError`.

    `named` has the stack's images by key, such as `vllm_image`, by digest: the source is then asked for that very
    digest, and the target is the repository in which the stack looks. `sources` names another source for an image of
    the catalog, such as a company's mirror; `also` adds images of your own, by name.
    """
    known = [each.name for each in images.needed]
    for name in sources:
        if name not in known:
            raise RefusedError(f"--source names {shown(name)}, which paddock does not run; {suggestion(name, known)}")
    for name in also:
        if name in known:
            raise RefusedError(f"--also names '{name}', which is copied anyway; --source says from where")
    wanted = []
    for each in images.needed:
        source = Reference.parse(sources.get(each.name) or each.source.format(vllm_version=vllm_version))
        target = PREFIX + source.repository
        if each.setting in named:
            pinned = Reference.parse(named[each.setting])
            if source.digest and source.digest != pinned.digest:
                raise RefusedError(
                    f"--source {each.name} has {source.digest}, and the stack's {each.setting} {pinned.digest}; "
                    "they must be the same"
                )
            source = Reference(registry=source.registry, repository=source.repository, digest=pinned.digest)
            target = pinned.repository if ECR_HOST.fullmatch(pinned.registry) else target
        wanted.append(WantedImage(name=each.name, why=each.why, source=source, target=target, setting=each.setting))
    for name, text in also.items():
        source = Reference.parse(text)
        why = "asked for by --also"
        wanted.append(WantedImage(name=name, why=why, source=source, target=PREFIX + source.repository))
    return tuple(wanted)
