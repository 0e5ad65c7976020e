"""Verification of a revision in a strict S3: whatever is changed in the bucket is found and named.

The server is versitygw, whose objects are files in a folder, so that a test can change bytes below S3.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from paddock.operations.weights.remove import revoke
from paddock.operations.weights.store import Address, Seen, Store, StoredFile
from paddock.operations.weights.verify import KINDS, Verdict, judge
from paddock.weights.revision import REVISION_FILE, REVOKED_FILE, SIGNATURE_FILE, WeightFile
from tests.s3_server import S3Server, s3_server
from tests.unit.operations.weights.keys import KEY, OTHER_KEY
from tests.unit.operations.weights.pushed import ADDRESS, FILES, OTHER, Pushed, papers, push, put, store_of

__all__ = ["s3_server"]

PUBLIC = KEY.public_key
NOW = datetime(2026, 11, 29, tzinfo=UTC)
SHARDS = sorted(name for name in FILES if name.endswith(".safetensors"))
CORRUPTIONS = 200
T = TypeVar("T")


class Remembering(Store):
    """Store that asks for the same version of the same bytes once; the listing is a new one each time."""

    def __init__(self, s3: Any, bucket: str) -> None:
        super().__init__(s3, bucket)
        self.folder = Path()
        self.listed: list[Mapping[str, Any]] = []
        self.answers: dict[tuple[str, ...], Any] = {}

    def versions(self, address: Address) -> list[Mapping[str, Any]]:
        self.listed = super().versions(address)
        return self.listed

    def paper(self, address: Address, file: str) -> bytes:
        return self._once("paper", address.prefix + file, lambda: super(Remembering, self).paper(address, file))

    def _headed(self, seen: Seen, name: str) -> StoredFile:
        key = seen.address.prefix + name
        return self._once("head", key, lambda: super(Remembering, self)._headed(seen, name))

    def _hashed(self, seen: Seen, name: str, *how: Any) -> str:
        key = seen.address.prefix + name
        return self._once("hash", key, lambda: super(Remembering, self)._hashed(seen, name, *how))

    def _once(self, what: str, key: str, ask: Callable[[], T]) -> T:
        (version,) = (each["VersionId"] for each in self.listed if each["IsLatest"] and each["Key"] == key)
        asked = (what, key, version, str((self.folder / key).stat().st_mtime_ns))
        if asked not in self.answers:
            self.answers[asked] = ask()
        found: T = self.answers[asked]
        return found


@dataclass(frozen=True)
class Case:
    store: Remembering
    folder: Path
    """The bucket's own, below S3."""
    good: Pushed
    other: Pushed


@pytest.fixture(scope="module")
def case(s3_server: S3Server) -> Case:
    plain = store_of(s3_server, s3_server.bucket())
    store = Remembering(plain.s3, plain.bucket)
    store.folder = s3_server.folder / store.bucket
    other_files = FILES | {SHARDS[0]: bytes(2304)}
    return Case(store, store.folder, push(store), push(store, OTHER, other_files))


def verified(case: Case, *, read: bool = True, **judged: str) -> Verdict:
    return judge(case.store.look(ADDRESS, read=read), PUBLIC, **judged)


def named(verdict: Verdict) -> set[tuple[str, str]]:
    return {(each.kind, each.file) for each in verdict.problems}


@dataclass(frozen=True)
class Corruption:
    does: Callable[[Case, random.Random], str]
    """Changes the bucket, and returns the name of the file that it changed."""
    kinds: frozenset[str]
    """Kinds of problems, one of which has to be told of that file."""


def _of(rng: random.Random) -> str:
    return rng.choice(sorted(FILES))


def flipped(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]


def overwritten(case: Case, name: str, content: bytes) -> str:
    put(case.store, ADDRESS.prefix + name, content)
    return name


def flipped_bit(case: Case, rng: random.Random) -> str:
    name = _of(rng)
    return overwritten(case, name, flipped(FILES[name], rng))


def rotten_bit(case: Case, rng: random.Random) -> str:
    """A bit that changes below S3, which then answers with the version and the checksum that were signed."""
    name = _of(rng)
    (case.folder / ADDRESS.prefix / name).write_bytes(flipped(FILES[name], rng))
    return name


def missing_shard(case: Case, rng: random.Random) -> str:
    name = rng.choice(SHARDS)
    case.store.s3.delete_object(Bucket=case.store.bucket, Key=ADDRESS.prefix + name)
    return name


def missing_file(case: Case, rng: random.Random) -> str:
    name = rng.choice([*sorted(set(FILES) - set(SHARDS)), REVISION_FILE, SIGNATURE_FILE])
    case.store.s3.delete_object(Bucket=case.store.bucket, Key=ADDRESS.prefix + name)
    return name


def extra_file(case: Case, rng: random.Random) -> str:
    name = rng.choice(["pytorch_model.bin", "a/b.json", "model-00003-of-00003.safetensors", "Model.sig", "modeling.py"])
    return overwritten(case, name, rng.randbytes(rng.randrange(99)))


def truncated(case: Case, rng: random.Random) -> str:
    name = _of(rng)
    return overwritten(case, name, FILES[name][: rng.randrange(len(FILES[name]))])


def changed_version(case: Case, rng: random.Random) -> str:
    """The same bytes again: nothing but the version tells that somebody wrote into the revision."""
    name = _of(rng)
    return overwritten(case, name, FILES[name])


def changed_signature(case: Case, rng: random.Random) -> str:
    return overwritten(case, SIGNATURE_FILE, flipped(case.good.bundle, rng))


def wrong_key(case: Case, _: random.Random) -> str:
    return overwritten(case, SIGNATURE_FILE, papers(case.good.revision, OTHER_KEY).bundle)


def changed_manifest(case: Case, rng: random.Random) -> str:
    return overwritten(case, REVISION_FILE, flipped(case.good.manifest, rng))


def swapped_manifest(case: Case, _: random.Random) -> str:
    return overwritten(case, REVISION_FILE, case.other.manifest)


def swapped_bundle(case: Case, _: random.Random) -> str:
    return overwritten(case, SIGNATURE_FILE, case.other.bundle)


def swapped_papers(case: Case, _: random.Random) -> str:
    overwritten(case, SIGNATURE_FILE, case.other.bundle)
    return overwritten(case, REVISION_FILE, case.other.manifest)


def license_not_accepted(case: Case, rng: random.Random) -> str:
    accepted = case.good.revision.license
    assert accepted is not None
    changed = rng.choice([None, replace(accepted, license="llama3.1"), replace(accepted, license="apache-2.0")])
    made = papers(replace(case.good.revision, license=changed))
    overwritten(case, SIGNATURE_FILE, made.bundle)
    return overwritten(case, REVISION_FILE, made.manifest)


def shard_never_signed(case: Case, rng: random.Random) -> str:
    """A push that took one shard for the whole, signed and all."""
    name = rng.choice(SHARDS)
    made = papers(replace(case.good.revision, files=tuple(each for each in _files(case) if each.name != name)))
    case.store.s3.delete_object(Bucket=case.store.bucket, Key=ADDRESS.prefix + name)
    overwritten(case, SIGNATURE_FILE, made.bundle)
    overwritten(case, REVISION_FILE, made.manifest)
    return name


def revoked(case: Case, rng: random.Random) -> str:
    revoke(case.store, ADDRESS, by="Research", why=f"finding {rng.random()}", now=NOW)
    return REVOKED_FILE


def _files(case: Case) -> tuple[WeightFile, ...]:
    return case.good.revision.files


CORRUPTION = {
    each.__name__: Corruption(each, frozenset(kinds.split()))
    for each, kinds in (
        (flipped_bit, "content"),
        (rotten_bit, "content"),
        (missing_shard, "missing"),
        (missing_file, "missing manifest not-signed"),
        (extra_file, "extra"),
        (truncated, "size"),
        (changed_version, "version"),
        (changed_signature, "signature wrong-key manifest other-revision"),
        (wrong_key, "wrong-key"),
        (changed_manifest, "manifest"),
        (swapped_manifest, "manifest"),
        (swapped_bundle, "other-revision"),
        (swapped_papers, "other-revision"),
        (license_not_accepted, "license"),
        (shard_never_signed, "missing"),
        (revoked, "revoked"),
    )
}


@pytest.fixture
def restored(case: Case) -> Iterator[Callable[[], None]]:
    """Undoes what was written since, version by version, and below S3 too."""
    before = {each["VersionId"] for each in case.store.versions(ADDRESS)}
    rotten = {name: case.folder / ADDRESS.prefix / name for name in FILES}

    def restore() -> None:
        for each in case.store.listed:
            if each["VersionId"] not in before:
                case.store.s3.delete_object(Bucket=case.store.bucket, Key=each["Key"], VersionId=each["VersionId"])
        for name, path in rotten.items():
            if path.read_bytes() != FILES[name]:
                path.write_bytes(FILES[name])

    yield restore
    restore()


def test_a_revision_that_nobody_changed_is_good_and_all_of_it_was_looked_at(case: Case) -> None:
    verdict = verified(case)
    assert (verdict.problems, verdict.unseen) == ((), ())
    assert {"signature", "versions", "S3 checksums", "contents"} <= set(verdict.checked)


def test_200_of_200_random_corruptions_are_refused_and_the_file_named(case: Case, restored: Callable[[], None]) -> None:
    seed = int(os.environ.get("PADDOCK_SEED", "13"))
    rng, found, kinds = random.Random(seed), 0, Counter[str]()  # noqa: S311  no secret
    for number in range(CORRUPTIONS):
        name = sorted(CORRUPTION)[number % len(CORRUPTION)]
        corruption = CORRUPTION[name]
        file = corruption.does(case, rng)
        verdict = verified(case)
        restored()
        told = {kind for kind, named_file in named(verdict) if named_file == file}
        assert told & corruption.kinds, f"corruption {number} of seed {seed}, {name} of {file}: {verdict.problems}"
        found += 1
        kinds.update(told)
    assert found == CORRUPTIONS
    assert set(kinds) == set(KINDS) - {"unread"}, "every kind of problem was met"
    assert verified(case).good
