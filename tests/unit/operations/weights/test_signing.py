"""`model.sig`: OpenSSF's own verifier takes ours, we take its, and every change of one is found and named."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import model_signing
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from paddock.catalog.lookup import RefusedError
from paddock.operations.weights.signing import (
    KeyFileSigner,
    SignatureError,
    load_public_key,
    sign,
    to_pem,
    verify,
)
from tests.unit.operations.weights.keys import KEY, OTHER_KEY, digests, key_files, written

FILES = {
    "config.json": b"{}",
    "model.safetensors": bytes(range(256)),
    "paddock-revision.json": b'{"format": 1}',
    # Sorted as text `a.json` comes before `a/…`, as paths after it; the library sorts paths.
    "a.json": b"1",
    "a/adapter_config.json": b"2",
}
SUBJECT = "llama-3.2-1b/bf16-0123456789ab"
PUBLIC = KEY.public_key


def change(bundle: bytes, *path: str | int, to: Any) -> bytes:
    read = json.loads(bundle)
    inner = read
    for each in path[:-1]:
        inner = inner[each]
    inner[path[-1]] = to
    return json.dumps(read).encode()


def payload(bundle: bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]))
    return read


def with_payload(bundle: bytes, statement: Any) -> bytes:
    return change(bundle, "dsseEnvelope", "payload", to=base64.b64encode(json.dumps(statement).encode()).decode())


def resigned(statement: Any, key: KeyFileSigner = KEY) -> bytes:
    """A bundle with a good signature over any statement."""
    text = json.dumps(statement).encode()
    made = with_payload(sign(digests(FILES), SUBJECT, key), statement)
    over = b"DSSEv1 28 application/vnd.in-toto+json %d %s" % (len(text), text)
    return change(made, "dsseEnvelope", "signatures", 0, "sig", to=base64.b64encode(key.sign(over)).decode())


def second_verifier(folder: Path, public: Path) -> None:
    verifying = model_signing.verifying.Config()  # type: ignore[no-untyped-call]  # the library's own omission
    verifying.use_elliptic_key_verifier(public_key=public).verify(folder, folder / "model.sig")


def test_openssfs_own_verifier_takes_our_signature_and_finds_a_flipped_bit(tmp_path: Path) -> None:
    _, public = key_files(tmp_path)
    folder = written(tmp_path / "model", FILES)
    (folder / "model.sig").write_bytes(sign(digests(FILES), SUBJECT, KEY))
    second_verifier(folder, public)
    (folder / "model.safetensors").write_bytes(bytes(255) + b"\1")
    with pytest.raises(ValueError, match=r"Hash mismatch for 'model\.safetensors'"):
        second_verifier(folder, public)


def test_openssfs_own_verifier_refuses_ours_with_a_file_more_or_less_or_by_another_key(tmp_path: Path) -> None:
    private, public = key_files(tmp_path)
    folder = written(tmp_path / "model", FILES)
    (folder / "model.sig").write_bytes(sign(digests(FILES), SUBJECT, KeyFileSigner.of(private)))
    second_verifier(folder, public)
    (folder / "pickle.bin").write_bytes(b"")
    with pytest.raises(ValueError, match="Extra files"):
        second_verifier(folder, public)
    (folder / "pickle.bin").unlink()
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match="Missing files"):
        second_verifier(folder, public)
    (folder / "model.sig").write_bytes(sign(digests(FILES), SUBJECT, OTHER_KEY))
    with pytest.raises(ValueError, match="Key mismatch"):
        second_verifier(folder, public)


def test_a_signature_of_openssfs_own_signer_is_taken_with_its_files(tmp_path: Path) -> None:
    private, _ = key_files(tmp_path)
    folder = written(tmp_path / "bf16-0123456789ab", FILES)
    signing = model_signing.signing.Config()  # type: ignore[no-untyped-call]  # the library's own omission
    signing.use_elliptic_key_signer(private_key=private).sign(folder, folder / "model.sig")
    signed = verify((folder / "model.sig").read_bytes(), PUBLIC)
    assert (signed.subject, signed.files) == ("bf16-0123456789ab", digests(FILES))
    ours = payload(sign(digests(FILES), SUBJECT, KEY))
    theirs = payload((folder / "model.sig").read_bytes())
    assert ours["subject"][0]["digest"] == theirs["subject"][0]["digest"]
    assert ours["predicate"]["resources"] == theirs["predicate"]["resources"], "the same files in the same order"


def test_our_own_signature_says_which_files_and_whose_they_are() -> None:
    signed = verify(sign(digests(FILES), SUBJECT, KEY), PUBLIC)
    assert (signed.subject, signed.files) == (SUBJECT, digests(FILES))


def test_a_wrong_key_is_named_as_one_and_not_as_a_change() -> None:
    with pytest.raises(SignatureError, match=r"signed with another key, '[0-9a-f]{12}'…") as refused:
        verify(sign(digests(FILES), SUBJECT, OTHER_KEY), PUBLIC)
    assert refused.value.kind == "wrong-key"


def test_a_wrong_key_under_the_right_hint_or_under_none_is_refused_all_the_same() -> None:
    bundle = sign(digests(FILES), SUBJECT, OTHER_KEY)
    right = json.loads(sign(digests(FILES), SUBJECT, KEY))["verificationMaterial"]["publicKey"]["hint"]
    for hint in (right, None, ""):
        with pytest.raises(SignatureError, match="changed after signing, or signed with another key"):
            verify(change(bundle, "verificationMaterial", "publicKey", "hint", to=hint), PUBLIC)


def test_a_changed_payload_is_refused() -> None:
    bundle = sign(digests(FILES), SUBJECT, KEY)
    statement = payload(bundle)
    statement["predicate"]["resources"][0]["digest"] = "00" * 32
    with pytest.raises(SignatureError, match="does not fit its content") as refused:
        verify(with_payload(bundle, statement), PUBLIC)
    assert refused.value.kind == "signature"


BUNDLE = sign(digests(FILES), SUBJECT, KEY)


@pytest.mark.parametrize(
    "bundle",
    [
        *(b"", b"{}", b"null", b"[1]", b"\xff", BUNDLE[:-40], b"[" * 99_999),
        change(BUNDLE, "mediaType", to="application/vnd.dev.sigstore.bundle.v0.1+json"),
        change(BUNDLE, "dsseEnvelope", "payloadType", to="text/plain"),
        change(BUNDLE, "dsseEnvelope", "payload", to="not base64!"),
        change(BUNDLE, "dsseEnvelope", "signatures", to=[]),
        change(BUNDLE, "dsseEnvelope", "signatures", to=json.loads(BUNDLE)["dsseEnvelope"]["signatures"] * 2),
        change(BUNDLE, "dsseEnvelope", "signatures", 0, "sig", to=7),
        change(BUNDLE, "verificationMaterial", to=None),
        change(BUNDLE, "verificationMaterial", "publicKey", "hint", to=7),
    ],
)
def test_what_is_no_bundle_is_refused_and_no_traceback_shown(bundle: bytes) -> None:
    with pytest.raises(SignatureError, match=r"model\.sig is no bundle of OpenSSF Model Signing"):
        verify(bundle, PUBLIC)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("_type",), "https://in-toto.io/Statement/v0.1"),
        (("predicateType",), "https://model_signing/Digests/v0.1"),
        (("subject",), []),
        (("subject", 0, "name"), 7),
        (("subject", 0, "digest", "sha256"), "00" * 32),
        (("predicate", "serialization", "method"), "shards"),
        (("predicate", "serialization", "hash_type"), "blake2b"),
        (("predicate", "resources", 0, "algorithm"), "md5"),
        (("predicate", "resources", 0, "digest"), "00"),
        (("predicate", "resources", 0, "name"), "../a.json"),
        (("predicate", "resources", 0, "name"), "model.sig"),
        (("predicate", "resources", 0, "name"), "config.json"),
        (("predicate", "resources", 0, "name"), ["a"]),
        (("predicate",), None),
    ],
)
def test_a_good_signature_over_something_else_is_refused(path: tuple[str | int, ...], value: Any) -> None:
    statement = json.loads(change(json.dumps(payload(BUNDLE)).encode(), *path, to=value))
    with pytest.raises(SignatureError, match="signs no files of a model"):
        verify(resigned(statement), PUBLIC)


def test_a_file_that_is_signed_twice_is_refused_though_the_digest_of_the_whole_is_right() -> None:
    statement = payload(BUNDLE)
    resources = statement["predicate"]["resources"]
    resources.append(resources[0])
    root = hashlib.sha256(b"".join(bytes.fromhex(each["digest"]) for each in resources)).hexdigest()
    statement["subject"][0]["digest"]["sha256"] = root
    with pytest.raises(SignatureError, match="stands in it twice"):
        verify(resigned(statement), PUBLIC)


def test_names_and_digests_that_no_verifier_would_take_are_not_signed() -> None:
    for files in ({"../a": "00" * 32}, {".gitattributes": "00" * 32}, {"model.sig": "00" * 32}, {"a": "00"}):
        with pytest.raises(ValueError, match=r"named|SHA-256"):
            sign(files, SUBJECT, KEY)


def test_a_key_that_is_none_or_cannot_sign_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    secret = tmp_path / "key.pem"
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = serialization.BestAvailableEncryption(b"open sesame")
    wrong = rsa.generate_private_key(65537, 2048).private_bytes(pem, pkcs8, serialization.NoEncryption())
    curve = ec.generate_private_key(ec.SECP384R1()).private_bytes(pem, pkcs8, serialization.NoEncryption())
    for content, says in (
        (curve, "cannot sign weights"),
        (b"-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n", "no private key"),
        (wrong, "cannot sign weights"),
        (KEY.private_key.private_bytes(pem, pkcs8, locked), "has a password"),
    ):
        secret.write_bytes(content)
        with pytest.raises(RefusedError, match=says) as refused:
            KeyFileSigner.of(secret)
        assert "c2VjcmV0" not in str(refused.value)
    with pytest.raises(RefusedError, match="cannot read"):
        KeyFileSigner.of(tmp_path / "none.pem")
    with pytest.raises(RefusedError, match="no public key"):
        load_public_key(KEY.private_key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    assert to_pem(load_public_key(to_pem(PUBLIC))) == to_pem(PUBLIC)
