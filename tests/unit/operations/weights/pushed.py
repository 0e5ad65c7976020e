"""A signed revision in a bucket of tests, put there as a push does it: the papers last, `model.sig` the very last."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3

from paddock.operations.weights.signing import Signer, sign
from paddock.operations.weights.store import Address, Store
from paddock.weights.revision import (
    REVISION_FILE,
    SIGNATURE_FILE,
    AcceptedLicense,
    Revision,
    WeightFile,
    single_checksum,
    to_json,
)
from tests.s3_server import REGION, S3Server
from tests.unit.operations.weights.keys import KEY, digests

ADDRESS = Address("llama-3.2-1b", "bf16-0123456789ab")
OTHER = Address("llama-3.2-1b", "bf16-ba9876543210")
PART_BYTES = 5 * 2**20
FILES = {
    "config.json": b'{"architectures": ["LlamaForCausalLM"]}',
    "tokenizer.json": b'{"model": {}}',
    "model-00001-of-00002.safetensors": bytes(range(256)) * 9,
    "model-00002-of-00002.safetensors": bytes(reversed(range(256))) * 7,
}
LICENSE = AcceptedLicense(license="llama3.2", text_sha256="", by="Research, ticket 12", on="2026-11-29")


@dataclass(frozen=True)
class Pushed:
    revision: Revision
    manifest: bytes
    bundle: bytes


def store_of(server: S3Server, bucket: str) -> Store:
    """The server's bucket, by the client that `paddock weights` makes."""
    keys = {"aws_access_key_id": server.access_key, "aws_secret_access_key": server.secret_key}
    return Store.of(boto3.Session(**keys, region_name=REGION), bucket, server.endpoint)


def put(store: Store, key: str, content: bytes, **more: Any) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = store.s3.put_object(
        Bucket=store.bucket, Key=key, Body=content, ChecksumAlgorithm="SHA256", **more
    )
    return answer


def put_in_parts(store: Store, key: str, content: bytes) -> Mapping[str, Any]:
    """Multipart upload: S3's checksum is composite."""
    at = {"Bucket": store.bucket, "Key": key}
    upload = {**at, "UploadId": store.s3.create_multipart_upload(**at, ChecksumAlgorithm="SHA256")["UploadId"]}
    parts = []
    for number, start in enumerate(range(0, len(content), PART_BYTES), 1):
        part = store.s3.upload_part(
            **upload, PartNumber=number, Body=content[start : start + PART_BYTES], ChecksumAlgorithm="SHA256"
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    answer: Mapping[str, Any] = store.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    return answer


def composite(content: bytes) -> str:
    parts = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
    over = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in parts)).digest()
    return f"{base64.b64encode(over).decode()}-{len(parts)}"


def push(
    store: Store,
    address: Address = ADDRESS,
    files: Mapping[str, bytes] = FILES,
    *,
    key: Signer = KEY,
    **changed: Any,
) -> Pushed:
    stored = []
    for name, content in files.items():
        in_parts = len(content) > PART_BYTES
        answer = (put_in_parts if in_parts else put)(store, address.prefix + name, content)
        digest = hashlib.sha256(content).hexdigest()
        stored.append(
            WeightFile(
                name=name,
                size_bytes=len(content),
                sha256=digest,
                s3_checksum=composite(content) if in_parts else single_checksum(digest),
                version_id=answer["VersionId"],
            )
        )
    revision = Revision(
        model=address.model,
        name=address.name,
        quantization="bf16",
        source="hf://meta-llama/Llama-3.2-1B-Instruct",
        source_commit="0123456789" * 4,
        license=LICENSE,
        files=tuple(stored),
    )
    return put_papers(store, address, replace(revision, **changed), key)


def papers(revision: Revision, key: Signer = KEY, subject: str = "") -> Pushed:
    manifest = to_json(revision)
    signed = {each.name: each.sha256 for each in revision.files} | digests({REVISION_FILE: manifest})
    return Pushed(revision, manifest, sign(signed, subject or revision.address, key))


def put_papers(store: Store, address: Address, revision: Revision, key: Signer = KEY) -> Pushed:
    made = papers(revision, key, str(address))
    put(store, address.prefix + REVISION_FILE, made.manifest)
    put(store, address.prefix + SIGNATURE_FILE, made.bundle)
    return made
