"""Keys and folders of the tests of weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from paddock.operations.weights.signing import KeyFileSigner, to_pem

KEY = KeyFileSigner(ec.generate_private_key(ec.SECP256R1()))
OTHER_KEY = KeyFileSigner(ec.generate_private_key(ec.SECP256R1()))


def private_pem(key: KeyFileSigner) -> bytes:
    how = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_key.private_bytes(*how)


def key_files(folder: Path, key: KeyFileSigner = KEY) -> tuple[Path, Path]:
    """Private and public key in files."""
    private, public = folder / "signing.pem", folder / "signing.pub"
    private.write_bytes(private_pem(key))
    public.write_text(to_pem(key.public_key))
    return private, public


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
