"""Copy plan, decided from what the source has and what is there already. Nothing here talks to a registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from paddock.operations.images.manifest import Descriptor, Manifest, referrers_tag
from paddock.operations.images.resolve import Tree


@dataclass(frozen=True, slots=True)
class Present:
    """Wanted blobs, manifests and tags that a repository of the target has."""

    blobs: frozenset[str] = frozenset()
    manifests: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobStep:
    tree: Tree
    blob: Descriptor
    mount_from: str | None
    """A repository of the target that has it by then; downloaded only if mounting is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestStep:
    tree: Tree
    manifest: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class TagStep:
    tree: Tree
    tag: str
    manifest: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedTag:
    """A tag of the target that names something else. It is left alone: what runs is named by digest."""

    repository: str
    tag: str
    there: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPlan:
    """Steps in the order in which a registry takes them."""

    blobs: tuple[BlobStep, ...]
    manifests: tuple[ManifestStep, ...]
    tags: tuple[TagStep, ...]
    moved_tags: tuple[MovedTag, ...]

    @property
    def nothing_to_do(self) -> bool:
        return not (self.blobs or self.manifests or self.tags)

    @property
    def download_bytes(self) -> int:
        return sum(step.blob.size for step in self.blobs if step.mount_from is None)

    @property
    def mount_bytes(self) -> int:
        return sum(step.blob.size for step in self.blobs if step.mount_from is not None)

    def missing_of(self, tree: Tree) -> list[str]:
        """Blobs, manifests and tags that the target lacks of an image, as text."""
        return [
            *(f"manifest {step.manifest.digest}" for step in self.manifests if step.tree is tree),
            *(f"blob {step.blob.digest}" for step in self.blobs if step.tree is tree),
            *(f"tag {step.tag}" for step in self.tags if step.tree is tree),
        ]


def plan_copy(trees: Sequence[Tree], present: Mapping[str, Present]) -> CopyPlan:
    """`present` is by repository of the target; one that is not named there is empty."""
    blobs: list[BlobStep] = []
    manifests: list[ManifestStep] = []
    tags: list[TagStep] = []
    moved: list[MovedTag] = []
    holders = _holders(present)
    stored = {(repository, digest) for repository, has in present.items() for digest in has.manifests}
    placed = {(repository, tag): digest for repository, has in present.items() for tag, digest in has.tags.items()}
    for tree in trees:
        repository = tree.image.target
        for blob in tree.blobs:
            held_by = holders.setdefault(blob.digest, [])
            if repository not in held_by:
                blobs.append(BlobStep(tree=tree, blob=blob, mount_from=held_by[0] if held_by else None))
                held_by.append(repository)
        for manifest in tree.manifests:
            if (repository, manifest.digest) not in stored:
                manifests.append(ManifestStep(tree=tree, manifest=manifest))
                stored.add((repository, manifest.digest))
        by_digest = {each.digest: each for each in tree.manifests}
        for tag, digest in sorted(tree.tags.items()):
            there = placed.get((repository, tag))
            if there is None:
                tags.append(TagStep(tree=tree, tag=tag, manifest=by_digest[digest]))
                placed[repository, tag] = digest
            elif there != digest:
                moved.append(MovedTag(repository=repository, tag=tag, there=there, source=digest))
    return CopyPlan(blobs=tuple(blobs), manifests=tuple(manifests), tags=tuple(tags), moved_tags=tuple(moved))


def _holders(present: Mapping[str, Present]) -> dict[str, list[str]]:
    holders: dict[str, list[str]] = {}
    for repository in sorted(present):
        for digest in present[repository].blobs:
            holders.setdefault(digest, []).append(repository)
    return holders


def subjects_without_api(unkept: Iterable[Manifest]) -> dict[str, list[Manifest]]:
    """Referrers whose registry does not keep track of them, by the tag of the list in which they then belong."""
    lists: dict[str, list[Manifest]] = {}
    for manifest in unkept:
        if manifest.subject is not None:
            lists.setdefault(referrers_tag(manifest.subject), []).append(manifest)
    return lists
