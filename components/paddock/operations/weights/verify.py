"""Verification of a revision: what was seen of it, held against its signed manifest. No cloud here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from paddock import catalog
from paddock.catalog.lookup import shown
from paddock.operations.weights.signing import SignatureError, Signed, verify
from paddock.operations.weights.store import Seen
from paddock.weights.revision import (
    RESERVED,
    REVISION_FILE,
    REVOKED_FILE,
    SIGNATURE_FILE,
    Revision,
    WeightFile,
    from_json,
    strict_object,
)

SHARD = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<of>\d{5})(?P<rest>\.[^/]*)")
"""A file of a checkpoint in several, as transformers names it: `model-00001-of-00004.safetensors`."""
MOST_SHARDS = 2000
KINDS = {
    "not-signed": "no model.sig, so there is no revision",
    "signature": "model.sig is no good signature",
    "wrong-key": "model.sig is signed with another key",
    "other-revision": "model.sig or paddock-revision.json is of another revision",
    "manifest": "paddock-revision.json is not what was signed",
    "missing": "a file is missing",
    "extra": "a file is there that nobody signed",
    "size": "a file has another size",
    "checksum": "S3's checksum of a file is another",
    "version": "a file was replaced after it was signed",
    "content": "the bytes of a file are others",
    "license": "nobody accepted the license",
    "revoked": "the revision was revoked",
    "unread": "model.sig or paddock-revision.json could not be read from here",
}
"""Kinds of problems, the words of `paddock weights verify --json`."""


@dataclass(frozen=True, slots=True)
class Problem:
    kind: str
    file: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Result of a verification."""

    address: str
    revision: Revision | None
    """None where no manifest could be believed."""
    problems: tuple[Problem, ...]
    checked: tuple[str, ...]
    unseen: tuple[str, ...]
    """Checks that were left out, as nothing could be seen from here, each with the reason."""

    @property
    def good(self) -> bool:
        return not self.problems


def judge(seen: Seen, key: ec.EllipticCurvePublicKey, accepted_license: str | None = None) -> Verdict:
    """Verdict on a revision by what was seen of it; a stack's `accepted_license` must be the weights' own."""
    problems = [*_revoked(seen)]
    revision, found = _manifest(seen, key)
    problems += found
    checked, unseen = [], []
    if revision is not None:
        problems += _license(revision, accepted_license)
        problems += _files(seen, revision)
        checked = ["signature", "license", "revocation", "names", "sizes", "versions"]
        if seen.no_checksums is None:
            checked.append("S3 checksums")
        else:
            unseen.append(f"S3 checksums: {seen.no_checksums}")
        if seen.no_contents is None:
            checked.append("contents")
        else:
            unseen.append(f"contents: {seen.no_contents}")
    return Verdict(
        address=str(seen.address),
        revision=revision,
        problems=tuple(problems),
        checked=tuple(checked),
        unseen=tuple(unseen),
    )


def _revoked(seen: Seen) -> Iterator[Problem]:
    if REVOKED_FILE not in seen.files:
        return
    told = ""
    try:
        read = strict_object(seen.papers.get(REVOKED_FILE, b"{}"))
        told = "".join(
            f" {word} {shown(read[key])}" for key, word in (("by", "by"), ("on", "on"), ("why", "for")) if read.get(key)
        )
    except (TypeError, ValueError):
        told = ""
    yield Problem("revoked", REVOKED_FILE, f"{seen.address} was revoked{told}; promote another revision")


def _manifest(seen: Seen, key: ec.EllipticCurvePublicKey) -> tuple[Revision | None, list[Problem]]:
    """The manifest, where signature and signed digest vouch for it, and what is wrong with the two."""
    for file in (SIGNATURE_FILE, REVISION_FILE):
        if file not in seen.files:
            kind = "not-signed" if file == SIGNATURE_FILE else "manifest"
            return None, [Problem(kind, file, f"{seen.address} has no {file}; push the weights again")]
        if file not in seen.papers:
            why = f"{file} cannot be read from here, S3 answers {seen.unread.get(file, 'nothing')}"
            return None, [
                Problem("unread", file, f"{why}; the bucket's policy has to let the account read it, or ask in its VPC")
            ]
    try:
        signed = verify(seen.papers[SIGNATURE_FILE], key)
    except SignatureError as error:
        return None, [Problem(error.kind, SIGNATURE_FILE, str(error))]
    text = seen.papers[REVISION_FILE]
    if signed.files.get(REVISION_FILE) != hashlib.sha256(text).hexdigest():
        return None, [_not_signed(seen, signed)]
    try:
        revision = from_json(text)
    except ValueError as error:
        return None, [Problem("manifest", REVISION_FILE, str(error))]
    if revision.address != str(seen.address):
        says = f"{seen.address} holds {revision.address}, signature and all; push the weights again"
        return None, [Problem("other-revision", REVISION_FILE, says)]
    listed = {each.name: each.sha256 for each in revision.files} | {REVISION_FILE: signed.files[REVISION_FILE]}
    if different := sorted(name for name in {*listed, *signed.files} if listed.get(name) != signed.files.get(name)):
        says = f"{SIGNATURE_FILE} and {REVISION_FILE} differ in {shown(different[0])}"
        return None, [Problem("manifest", different[0], says)]
    return revision, []


def _not_signed(seen: Seen, signed: Signed) -> Problem:
    if signed.subject not in (str(seen.address), seen.address.name):
        return Problem("other-revision", SIGNATURE_FILE, f"{SIGNATURE_FILE} is of {shown(signed.subject)}")
    return Problem("manifest", REVISION_FILE, f"{REVISION_FILE} is not the one that was signed")


def _license(revision: Revision, accepted_license: str | None) -> Iterator[Problem]:
    record = revision.license
    if record is None:
        says = f"nobody accepted the license of {revision.model}; push the weights with an acceptance"
        yield Problem("license", REVISION_FILE, says)
        return
    model = catalog.all_models().get(revision.model)
    for given, whose in ((model and model.license, "in the catalog"), (accepted_license, "accepted by the stack")):
        if given is not None and given != record.license:
            says = f"{shown(record.license)} was accepted for {revision.model}, {shown(given)} is {whose}"
            yield Problem("license", REVISION_FILE, says)


def _files(seen: Seen, revision: Revision) -> Iterator[Problem]:
    for file in revision.files:
        stored = seen.files.get(file.name)
        if stored is None:
            what = "shard" if SHARD.fullmatch(file.name) else "file"
            yield Problem("missing", file.name, f"the {what} {file.name} is missing")
        else:
            yield from _file(file, stored)
    known = {each.name for each in revision.files} | RESERVED
    for name in sorted(set(seen.files) - known):
        yield Problem("extra", name, f"{shown(name)} is there, and nobody signed it")
    for name in missing_shards({each.name for each in revision.files}):
        yield Problem("missing", name, f"the shard {name} was never signed, though others of its checkpoint were")


def _file(file: WeightFile, stored: Any) -> Iterator[Problem]:
    if stored.size_bytes != file.size_bytes:
        says = f"{file.name} has {stored.size_bytes:,} bytes, not {file.size_bytes:,}"
        yield Problem("size", file.name, says)
    if stored.s3_checksum is not None and stored.s3_checksum != file.s3_checksum:
        says = f"S3's SHA-256 of {file.name} is {stored.s3_checksum}, not {file.s3_checksum}"
        yield Problem("checksum", file.name, says)
    if stored.version_id != (file.version_id or "null"):
        says = f"{file.name} is version {shown(stored.version_id)}, not {shown(file.version_id)}: it was replaced"
        yield Problem("version", file.name, says)
    if stored.sha256 is not None and stored.sha256 != file.sha256:
        says = f"the bytes of {file.name} have SHA-256 {stored.sha256}, not {file.sha256}"
        yield Problem("content", file.name, says)


def missing_shards(names: Collection[str]) -> list[str]:
    """Files of checkpoints in several that no name stands for: `…-00002-of-00003…` where the other two are there."""
    wanted: set[str] = set()
    for found in filter(None, map(SHARD.fullmatch, names)):
        of = int(found["of"])
        if 0 < of <= MOST_SHARDS:
            wanted |= {f"{found['stem']}-{n:05}-of-{found['of']}{found['rest']}" for n in range(1, of + 1)}
    return sorted(wanted - set(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Change from one revision to another, of a file."""

    name: str
    kind: str
    """`added`, `removed` or `changed`."""
    before_bytes: int
    after_bytes: int


def differences(before: Mapping[str, tuple[int, str]], after: Mapping[str, tuple[int, str]]) -> list[Difference]:
    """Files that differ, each given as (size in bytes, digest or another mark of its content)."""
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            kind = "added" if old is None else "removed" if new is None else "changed"
            sizes = {"before_bytes": old[0] if old else 0, "after_bytes": new[0] if new else 0}
            found.append(Difference(name=name, kind=kind, **sizes))
    return found
