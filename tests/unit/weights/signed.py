"""Signed revisions for tests, and an S3 that holds one: what `manifests/vllm/verify_weights.py` is shown."""

import base64
import hashlib
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from paddock.common.manifests import templates_folder
from paddock.weights.revision import REVISION_FILE, SIGNATURE_FILE, Revision, WeightFile, to_json

MODEL, NAME = "llama-3.2-1b", "bf16-0123456789ab"
KEY = ec.derive_private_key(7**80, ec.SECP256R1())
PART_BYTES = 8192


def checker() -> ModuleType:
    """The module, loaded from its file as the pod does it."""
    path = templates_folder() / "vllm" / "verify_weights.py"
    spec = importlib.util.spec_from_file_location("verify_weights", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pem(key: ec.EllipticCurvePrivateKey = KEY) -> str:
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, shape).decode()


def checksum(content: bytes) -> str:
    """ChecksumSHA256 as S3 keeps it of one PUT, or of parts."""
    if len(content) <= PART_BYTES:
        return base64.b64encode(hashlib.sha256(content).digest()).decode()
    parts = [hashlib.sha256(content[at : at + PART_BYTES]).digest() for at in range(0, len(content), PART_BYTES)]
    return f"{base64.b64encode(hashlib.sha256(b''.join(parts)).digest()).decode()}-{len(parts)}"


def statement(digests: Mapping[str, str]) -> dict[str, Any]:
    """In-toto statement as model-signing 1.1.1 makes it (model_signing/_signing/signing.py)."""
    ordered = sorted(digests.items())
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in ordered)).hexdigest()
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": MODEL, "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": []},
            "resources": [{"name": name, "algorithm": "sha256", "digest": digest} for name, digest in ordered],
        },
    }


def bundle(payload: Mapping[str, Any] | bytes, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    """Bundle of a signed statement."""
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    kind = "application/vnd.in-toto+json"
    signature = key.sign(b"DSSEv1 %d %s %d " % (len(kind), kind.encode(), len(text)) + text, ec.ECDSA(hashes.SHA256()))
    made = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": ""}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(text).decode(),
            "payloadType": kind,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    return json.dumps(made).encode()


@dataclass
class Store:
    """S3's view of one folder, as `verify_weights.Folder` has it; what was read is counted."""

    contents: dict[str, bytes]
    versions: dict[str, str] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    read_bytes: int = 0

    def put(self, name: str, content: bytes, version: str) -> None:
        self.contents[name], self.versions[name], self.checksums[name] = content, version, checksum(content)

    def names(self) -> set[str]:
        return set(self.contents)

    def read(self, name: str, most_bytes: int) -> bytes:
        content = self.contents[name]
        assert len(content) <= most_bytes
        self.read_bytes += len(content)
        return content

    def sha256(self, name: str) -> str:
        self.read_bytes += len(self.contents[name])
        return hashlib.sha256(self.contents[name]).hexdigest()

    def head(self, name: str) -> tuple[int, str, str]:
        return len(self.contents[name]), self.versions[name], self.checksums[name]


def store_of(
    contents: Mapping[str, bytes],
    key: ec.EllipticCurvePrivateKey = KEY,
    model: str = MODEL,
    name: str = NAME,
    versions: Mapping[str, str] = MappingProxyType({}),
) -> Store:
    """Store with a whole, signed revision of these files, in the versions that are given."""
    store = Store({})
    for i, (each, content) in enumerate(sorted(contents.items())):
        store.put(each, content, versions.get(each, f"v{i}"))
    files = tuple(
        WeightFile(
            name=each,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            s3_checksum=store.checksums[each],
            version_id=store.versions[each],
        )
        for each, content in sorted(contents.items())
    )
    revision = Revision(
        model=model, name=name, quantization="bf16", source="file:///m", source_commit="", license=None, files=files
    )
    record = to_json(revision)
    store.put(REVISION_FILE, record, "r")
    digests = {each.name: each.sha256 for each in files} | {REVISION_FILE: hashlib.sha256(record).hexdigest()}
    store.put(SIGNATURE_FILE, bundle(statement(digests), key), "s")
    return store
