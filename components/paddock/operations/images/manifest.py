"""Image manifests and their references: other manifests, blobs, and the manifest that it speaks about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from paddock.catalog.lookup import RefusedError
from paddock.operations.images.reference import DIGEST

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
MEDIA_TYPES = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)
MAX_BYTES = 4 * 1024**2
"""Size that registries must take at least, by the distribution specification; ours take no more."""

SIGNATURE_SUFFIXES = ("sig", "att", "sbom")
"""Suffixes of the tags by which cosign finds what belongs to a digest, where it does not use referrers."""


class ManifestError(RefusedError):
    """A manifest that is none, or not the one that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    digest: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    digest: str
    media_type: str
    raw: bytes
    """Exactly as the source has it: one byte changed is another digest."""
    children: tuple[Descriptor, ...]
    """Manifests of an index, one a platform or attestation."""
    blobs: tuple[Descriptor, ...]
    subject: str | None
    """The digest of which this one is a signature, an SBOM or the like."""


def digest_of(raw: bytes) -> str:
    return f"sha256:{sha256(raw).hexdigest()}"


def read_manifest(raw: bytes, media_type: str, *, wanted: str, where: str) -> Manifest:
    """Raises `ManifestError` where `wanted` is a digest and the bytes have another, and for what is no manifest."""
    digest = digest_of(raw)
    if wanted.startswith("sha256:") and digest != wanted:
        raise ManifestError(f"{where} answered {wanted} with bytes of {digest}; nothing of it was kept")
    if len(raw) > MAX_BYTES:
        raise ManifestError(f"the manifest {digest} of {where} has {len(raw):,} bytes; at most {MAX_BYTES:,} are taken")
    try:
        data = json.loads(raw)
        # OCI leaves `mediaType` out at will; then only the registry's header says what it is.
        kind = str(data.get("mediaType") or media_type.partition(";")[0].strip())
        if kind not in MEDIA_TYPES:
            raise ManifestError(f"{where} has a manifest of type '{kind[:80]}'; known are {', '.join(MEDIA_TYPES)}")
        index = kind in INDEXES
        subject = data.get("subject")
        return Manifest(
            digest=digest,
            media_type=kind,
            raw=raw,
            children=tuple(descriptor(each) for each in data["manifests"]) if index else (),
            blobs=() if index else tuple(descriptor(each) for each in [data["config"], *data["layers"]]),
            subject=descriptor(subject).digest if subject else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ManifestError(f"what {where} has as {digest} is no image manifest") from None


def descriptor(data: Mapping[str, Any]) -> Descriptor:
    """Digests become names of files and parts of addresses, so nothing else passes for one."""
    digest, size = data["digest"], data["size"]
    if not DIGEST.fullmatch(digest) or type(size) is not int or size < 0:
        raise ValueError("no descriptor")
    return Descriptor(digest=digest, size=size, media_type=str(data.get("mediaType", "")))


def signature_tags(digest: str) -> tuple[str, ...]:
    return tuple(f"{referrers_tag(digest)}.{suffix}" for suffix in SIGNATURE_SUFFIXES)


def referrers_tag(digest: str) -> str:
    """Tag that lists referrers on a registry without the API for them (distribution specification, 1.1)."""
    return digest.replace(":", "-")


def referrers_index(manifests: list[dict[str, Any]]) -> bytes:
    """The index behind `referrers_tag`."""
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    return json.dumps(index, separators=(",", ":"), sort_keys=True).encode()


def referrers_entry(manifest: Manifest) -> dict[str, Any]:
    """Entry of a referrer as the specification wants it: with its artifact type and annotations."""
    data = json.loads(manifest.raw)
    entry = {"mediaType": manifest.media_type, "digest": manifest.digest, "size": len(manifest.raw)}
    kind = data.get("artifactType") or (data.get("config") or {}).get("mediaType")
    return (
        entry
        | ({"artifactType": kind} if kind else {})
        | ({"annotations": data["annotations"]} if data.get("annotations") else {})
    )
