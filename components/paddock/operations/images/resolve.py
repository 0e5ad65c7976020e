"""Reading an image at its source: every manifest that it is made of, and what speaks about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from paddock.catalog.lookup import RefusedError
from paddock.operations.images.inventory import WantedImage
from paddock.operations.images.manifest import Descriptor, Manifest, descriptor, referrers_tag, signature_tags

MAX_MANIFESTS = 1000
"""Limit of one image. Hostile registries could otherwise keep us reading for ever."""


class Reader(Protocol):
    def manifest(self, wanted: str) -> Manifest | None: ...

    def referrers(self, digest: str) -> list[Mapping[str, Any]] | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """An image as it is at the source, whole."""

    image: WantedImage
    digest: str
    manifests: tuple[Manifest, ...]
    """Manifests in the order of pushing: children before their index, subjects before their referrers."""
    tags: Mapping[str, str]
    """Tag to digest: cosign's, and the source's own."""
    signatures: tuple[str, ...]
    """Digests of what came by cosign's tags or as a referrer."""

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Each once, in order."""
        return tuple({blob.digest: blob for each in self.manifests for blob in each.blobs}.values())

    @property
    def total_bytes(self) -> int:
        return sum(blob.size for blob in self.blobs) + sum(len(each.raw) for each in self.manifests)


def resolve(image: WantedImage, source: Reader, *, signatures: bool = True) -> Tree:
    """Raises `RefusedError` where the image is not there, or is not whole."""
    root = source.manifest(image.source.wanted)
    if root is None:
        raise RefusedError(
            f"{image.source} is not there, and {image.name} is needed ({image.why}); "
            f"--source {image.name}=<image> names another place"
        )
    walk = _Walk(image, source, signatures)
    walk.take(root)
    tags = dict(walk.tags)
    if image.source.tag and not image.source.digest:
        tags[image.source.tag] = root.digest
    return Tree(
        image=image,
        digest=root.digest,
        manifests=tuple(walk.taken.values()),
        tags=tags,
        signatures=tuple(walk.signatures),
    )


@dataclass
class _Walk:
    image: WantedImage
    source: Reader
    with_signatures: bool
    taken: dict[str, Manifest] = field(default_factory=dict)
    visited: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    signatures: list[str] = field(default_factory=list)

    def take(self, manifest: Manifest) -> None:
        if manifest.digest in self.visited:
            return
        self.visited.add(manifest.digest)
        if len(self.visited) > MAX_MANIFESTS:
            raise RefusedError(f"{self.image.source} has more than {MAX_MANIFESTS} manifests; that is no image")
        for child in manifest.children:
            self.take_digest(child.digest)
        self.taken[manifest.digest] = manifest
        if self.with_signatures:
            self.take_what_speaks_about(manifest.digest)

    def take_digest(self, digest: str) -> Manifest:
        known = self.taken.get(digest)
        if known is not None:
            return known
        found = self.source.manifest(digest)
        if found is None:
            raise RefusedError(f"{self.image.source} points at {digest}, which its registry does not have")
        self.take(found)
        return found

    def take_what_speaks_about(self, digest: str) -> None:
        for tag in signature_tags(digest):
            signature = self.source.manifest(tag)
            if signature is not None:
                self.tags[tag] = signature.digest
                self.signatures.append(signature.digest)
                self.take(signature)
        for referrer in self.referrers(digest):
            if referrer not in self.signatures:
                self.signatures.append(referrer)
            self.take_digest(referrer)

    def referrers(self, digest: str) -> list[str]:
        listed = self.source.referrers(digest)
        if listed is None:  # no API there: the specification keeps the list under a tag
            index = self.source.manifest(referrers_tag(digest))
            return [each.digest for each in index.children] if index else []
        try:
            return [descriptor(each).digest for each in listed]
        except (ValueError, KeyError, TypeError):
            raise RefusedError(
                f"the registry of {self.image.source} lists referrers of {digest} that are none"
            ) from None
