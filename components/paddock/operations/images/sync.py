"""Doing what a copy plan says, and seeing what the target has."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from paddock.catalog.lookup import RefusedError
from paddock.operations.images.manifest import OCI_INDEX, Manifest, read_manifest, referrers_entry, referrers_index
from paddock.operations.images.plan import BlobStep, CopyPlan, ManifestStep, Present, TagStep, subjects_without_api
from paddock.operations.images.registry import Endpoint, RegistryError, Repository
from paddock.operations.images.resolve import Tree


class Watcher(Protocol):
    """Is told how it goes."""

    def begin(self, what: str, total_bytes: int) -> None: ...

    def moved(self, count: int) -> None: ...

    def end(self, how: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    downloaded_blobs: int = 0
    downloaded_bytes: int = 0
    """Size of whole blobs: bytes of an earlier run count too."""
    mounted_blobs: int = 0
    manifests: int = 0
    tags: int = 0


def look(trees: Sequence[Tree], target: Endpoint) -> dict[str, Present]:
    """State of the images in the target, by repository. Manifests are read and their digests computed anew."""
    present: dict[str, Present] = {}
    for name, own in _by_target(trees).items():
        repository = target.repository(name)
        blobs = {blob.digest for tree in own for blob in tree.blobs}
        manifests = {each.digest for tree in own for each in tree.manifests}
        tags = {tag for tree in own for tag in tree.tags}
        found = {tag: there for tag in tags if (there := repository.manifest(tag)) is not None}
        present[name] = Present(
            blobs=frozenset(digest for digest in blobs if repository.has_blob(digest)),
            manifests=frozenset(digest for digest in manifests if repository.manifest(digest) is not None),
            tags={tag: there.digest for tag, there in found.items()},
        )
    return present


def copy(
    plan: CopyPlan, sources: Mapping[str, Endpoint], target: Endpoint, work_folder: Path, watcher: Watcher
) -> Copied:
    """Copies what the plan says; `sources` is by the host of a registry's API.

    A run that is cut short is taken up by the next: what the target has is not sent again, and a blob that was half
    downloaded goes on in the middle. One copy at a time uses a work folder.
    """
    with _one_at_a_time(work_folder):
        copied = _copy_blobs(plan.blobs, sources, target, work_folder, watcher)
        _put_manifests(plan.manifests, target, watcher)
        for step in plan.tags:
            _put_tag(step, target)
    return replace(copied, manifests=len(plan.manifests), tags=len(plan.tags))


def _copy_blobs(
    steps: Iterable[BlobStep], sources: Mapping[str, Endpoint], target: Endpoint, work_folder: Path, watcher: Watcher
) -> Copied:
    done = Copied()
    for step in steps:
        to = target.repository(step.tree.image.target)
        watcher.begin(f"{step.tree.image.name} {step.blob.digest[7:19]}", step.blob.size)
        if step.mount_from is not None and to.mount(step.blob, step.mount_from):
            done = replace(done, mounted_blobs=done.mounted_blobs + 1)
            watcher.end("mounted")
            continue
        image = step.tree.image.source
        file = work_folder / f"{step.blob.digest.removeprefix('sha256:')}.part"
        sources[image.api_host].repository(image.repository).download(step.blob, file, watcher.moved)
        to.upload(step.blob, file, lambda _count: None)
        file.unlink()
        size = done.downloaded_bytes + step.blob.size
        done = replace(done, downloaded_blobs=done.downloaded_blobs + 1, downloaded_bytes=size)
        watcher.end("copied")
    return done


def _put_manifests(steps: Iterable[ManifestStep], target: Endpoint, watcher: Watcher) -> None:
    unkept: dict[str, list[Manifest]] = {}
    for step in steps:
        to = target.repository(step.tree.image.target)
        watcher.begin(f"{step.tree.image.name} manifest {step.manifest.digest[7:19]}", 0)
        try:
            kept = to.put_manifest(step.manifest)
        except RegistryError as refused:
            if step.manifest.digest not in step.tree.signatures:
                raise
            raise RegistryError(f"{refused}; it is a signature or the like, which --no-signatures leaves out") from None
        if step.manifest.subject is not None and not kept:
            unkept.setdefault(to.name, []).append(step.manifest)
        watcher.end("stored")
    for name, manifests in unkept.items():
        _list_referrers(target.repository(name), manifests)


def _list_referrers(to: Repository, unkept: Iterable[Manifest]) -> None:
    """Keep the lists of referrers on a registry without the API for them (distribution specification, 1.1)."""
    for tag, manifests in subjects_without_api(unkept).items():
        listed = to.manifest(tag)
        entries = {} if listed is None else {each["digest"]: each for each in json.loads(listed.raw)["manifests"]}
        entries |= {each.digest: referrers_entry(each) for each in manifests}
        raw = referrers_index(list(entries.values()))
        to.put_manifest(read_manifest(raw, OCI_INDEX, wanted=tag, where=str(to)), tag)


def _put_tag(step: TagStep, target: Endpoint) -> None:
    target.repository(step.tree.image.target).put_manifest(step.manifest, step.tag)


def _by_target(trees: Iterable[Tree]) -> dict[str, list[Tree]]:
    found: dict[str, list[Tree]] = {}
    for tree in trees:
        found.setdefault(tree.image.target, []).append(tree)
    return found


def default_work_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paddock" / "images"


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise RefusedError(f"cannot write to {folder}: {error.strerror}; --work-folder names another place") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # freed by the kernel, however this process ends
        except OSError:
            raise RefusedError(f"another `paddock images sync` works in {folder}; wait for it to end") from None
        yield
