"""Signatures of revisions: OpenSSF Model Signing's bundle, as model-signing 1.1.1 writes it with its method `key`.

A Sigstore bundle 0.3 around a DSSE envelope around an in-toto statement, whose predicate lists every file with its
SHA-256. Written here, not by the library, which brings 57 packages, no signer for KMS, and Sigstore's servers as its
default (ADR 0031); tests hold the two against each other, both ways. Formats: model_signing/_signing/signing.py and
sign_ec_key.py of 1.1.1, and github.com/secure-systems-lab/dsse v1.0.0 protocol.md, read 2026-11-29.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from paddock.catalog.lookup import RefusedError, shown
from paddock.operations.aws_errors import aws_errors
from paddock.weights.revision import HEX_SHA256, REVISION_FILE, SIGNATURE_FILE, refuse_names, strict_object

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
CURVE = "secp256r1"
HASH = hashes.SHA256()
"""P-256 with SHA-256, of the three curves that model-signing takes: the check in the pod knows this one alone."""
KMS_ALGORITHM = "ECDSA_SHA_256"
KEY_FILE = "a PEM file of an ECDSA key on P-256 (`openssl ecparam -name prime256v1 -genkey`)"


class SignatureError(RefusedError):
    """A signature that is not to be believed. `kind` is a word of `paddock weights verify --json`."""

    def __init__(self, kind: str, says: str) -> None:
        super().__init__(says)
        self.kind = kind


class Signer(Protocol):
    """A private key somewhere, with its public half."""

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey: ...

    def sign(self, message: bytes) -> bytes:
        """Signature over the message, DER-encoded."""
        ...


@dataclass(frozen=True, slots=True)
class KeyFileSigner:
    """A private key in a file: for tests, and for whoever signs away from AWS."""

    private_key: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, path: Path) -> KeyFileSigner:
        """Raises `RefusedError`; its text has nothing of the file."""
        try:
            key = serialization.load_pem_private_key(_bytes_of(path), None)
        except TypeError:
            raise RefusedError(
                f"the key in {path} has a password; sign with a KMS key, or with a key without"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise RefusedError(f"{path} has no private key that is understood; give {KEY_FILE}") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != CURVE:
            raise RefusedError(f"the key in {path} cannot sign weights; give {KEY_FILE}")
        return cls(key)

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self.private_key.public_key()

    def sign(self, message: bytes) -> bytes:
        return self.private_key.sign(message, ec.ECDSA(HASH))


@dataclass(frozen=True, slots=True)
class KmsSigner:
    """A key of AWS KMS that never leaves it; made by `KmsSigner.of`."""

    client: Any
    key_id: str
    public_key: ec.EllipticCurvePublicKey

    @classmethod
    def of(cls, client: Any, key_id: str) -> KmsSigner:
        """`client` is boto3's of `kms`; takes kms:GetPublicKey. Raises `RefusedError`."""
        return cls(client, key_id, load_public_key(kms_public_key(client, key_id), f"the KMS key {key_id}"))

    def sign(self, message: bytes) -> bytes:
        # The digest, not the message: KMS takes no message of over 4,096 bytes.
        digest = hashlib.sha256(message).digest()
        with aws_errors("signing with the KMS key"):
            answer = self.client.sign(
                KeyId=self.key_id, Message=digest, MessageType="DIGEST", SigningAlgorithm=KMS_ALGORITHM
            )
        return bytes(answer["Signature"])


@dataclass(frozen=True, slots=True)
class Signed:
    """Content of a signature that was found good."""

    subject: str
    """Name of the signed folder: `<model>/<revision>` where paddock signed, else the signer's own."""
    files: dict[str, str]
    """SHA-256 by file."""


def kms_public_key(client: Any, key_id: str) -> str:
    """PEM of a KMS key's public half. Raises `RefusedError`."""
    with aws_errors("asking KMS for the public key"):
        answer = client.get_public_key(KeyId=key_id)
    if answer.get("KeyUsage") != "SIGN_VERIFY":
        raise RefusedError(f"the KMS key {key_id} does not sign; name one of KeyUsage SIGN_VERIFY, ECC_NIST_P256")
    text = base64.encodebytes(answer["PublicKey"]).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"


def load_public_key(pem: str | bytes, where: str = "the public key") -> ec.EllipticCurvePublicKey:
    """Raises `RefusedError`."""
    try:
        key = serialization.load_pem_public_key(pem.encode() if isinstance(pem, str) else pem)
    except (ValueError, UnsupportedAlgorithm):
        raise RefusedError(f"{where} is no public key in PEM; give {KEY_FILE}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != CURVE:
        raise RefusedError(f"{where} verifies no weights; give {KEY_FILE}")
    return key


def to_pem(key: ec.EllipticCurvePublicKey) -> str:
    how = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(*how).decode()


def fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    """Hint in a bundle: SHA-256 of the public key's PEM, 64 hex digits."""
    return hashlib.sha256(to_pem(key).encode()).hexdigest()


def sign(files: Mapping[str, str], subject: str, signer: Signer) -> bytes:
    """Bytes of `model.sig` over files, each with its SHA-256 as hex digits; `paddock-revision.json` is one of them.

    Raises `ValueError` for names and digests that no verifier would take.
    """
    refuse_names(set(files) - {REVISION_FILE})
    if wrong := [name for name, digest in files.items() if not HEX_SHA256.fullmatch(digest)]:
        raise ValueError(f"the SHA-256 of {wrong[0]} is not 64 hex digits")
    # In the library's order, by parts of the path: its `Manifest.resource_descriptors`.
    names = sorted(files, key=PurePosixPath)
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": subject, "digest": {"sha256": _root(files[name] for name in names)}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [SIGNATURE_FILE],
            },
            "resources": [{"name": name, "algorithm": "sha256", "digest": files[name]} for name in names],
        },
    }
    payload = json.dumps(statement, indent=2).encode()
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": base64.b64encode(signer.sign(_encoded(payload))).decode(), "keyid": ""}],
    }
    return json.dumps(
        {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {"publicKey": {"hint": fingerprint(signer.public_key)}, "tlogEntries": []},
            "dsseEnvelope": envelope,
        }
    ).encode()


def verify(bundle: bytes, key: ec.EllipticCurvePublicKey) -> Signed:
    """Files that the bundle's signature vouches for. Raises `SignatureError`, which tells a wrong key from a change."""
    try:
        hint, signature, payload = _opened(strict_object(bundle))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, binascii.Error) as error:
        raise SignatureError("signature", f"{SIGNATURE_FILE} is no bundle of OpenSSF Model Signing: {error}") from None
    if hint is not None and hint != fingerprint(key):
        raise SignatureError(
            "wrong-key",
            f"{SIGNATURE_FILE} was signed with another key, {shown(hint[:12])}…, not with {fingerprint(key)[:12]}…; "
            "give the public key of whoever signed it, or push the weights again",
        )
    try:
        key.verify(signature, _encoded(payload), ec.ECDSA(HASH))
    except InvalidSignature:
        raise SignatureError(
            "signature",
            f"the signature in {SIGNATURE_FILE} does not fit its content: it was changed after signing, or signed with "
            "another key",
        ) from None
    try:
        return _statement(strict_object(payload))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SignatureError("signature", f"{SIGNATURE_FILE} signs no files of a model: {error}") from None


def _encoded(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding of an in-toto statement, which is what is signed."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _root(digests: Any) -> str:
    """Digest of the whole: SHA-256 over the files' digests in their order."""
    return hashlib.sha256(b"".join(bytes.fromhex(each) for each in digests)).hexdigest()


def _opened(bundle: dict[str, Any]) -> tuple[str | None, bytes, bytes]:
    """Hint of the key, signature and payload."""
    envelope = bundle["dsseEnvelope"]
    _same("mediaType", bundle["mediaType"], MEDIA_TYPE)
    _same("payloadType", envelope["payloadType"], PAYLOAD_TYPE)
    (signature,) = envelope["signatures"]
    hint = bundle["verificationMaterial"].get("publicKey", {}).get("hint")
    if hint is not None and not isinstance(hint, str):
        raise TypeError("its hint is no text")
    return (
        hint or None,
        base64.b64decode(signature["sig"], validate=True),
        base64.b64decode(envelope["payload"], validate=True),
    )


def _statement(read: dict[str, Any]) -> Signed:
    predicate = read["predicate"]
    _same("_type", read["_type"], STATEMENT_TYPE)
    _same("predicateType", read["predicateType"], PREDICATE_TYPE)
    _same("method", predicate["serialization"]["method"], "files")
    _same("hash_type", predicate["serialization"]["hash_type"], "sha256")
    (subject,) = read["subject"]
    files: dict[str, str] = {}
    for each in predicate["resources"]:
        _same("algorithm", each["algorithm"], "sha256")
        name, digest = each["name"], each["digest"]
        if name in files or not HEX_SHA256.fullmatch(digest):
            raise ValueError(f"{name!r:.120} stands in it twice, or with no SHA-256")
        files[name] = digest
    refuse_names(set(files) - {REVISION_FILE})
    if _root(files.values()) != subject["digest"]["sha256"]:
        raise ValueError("the digest of the whole is not that of its files")
    if not isinstance(subject["name"], str):
        raise TypeError("the subject's name is no text")
    return Signed(subject["name"], files)


def _same(what: str, given: object, expected: str) -> None:
    if given != expected:
        raise ValueError(f"its {what} is {shown(given)}, not {expected}")


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RefusedError(f"cannot read {path}: {(error.strerror or str(error)).lower()}; give {KEY_FILE}") from None
