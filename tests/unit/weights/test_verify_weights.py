"""The check before vLLM in the pod: a revision that differs from the signed one in anything is refused, and named."""

import base64
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from paddock.weights.revision import REVISION_FILE, REVOKED_FILE, SIGNATURE_FILE
from tests.unit.weights.signed import KEY, MODEL, NAME, Store, bundle, checker, checksum, pem, statement, store_of

CHECK = checker()
CHECK.READ_WHOLE_BYTES = 4096  # type: ignore[attr-defined]  # loaded from a file
SHARDS = [f"model-{i:05d}-of-00003.safetensors" for i in (1, 2, 3)]
SMALL = {"config.json": b'{"a": 1}', "tokenizer.json": bytes(3000), "nested/chat_template.jinja": b"{{ x }}"}


def files() -> dict[str, bytes]:
    pattern = random.Random(4)  # noqa: S311  no secret
    big = pattern.randbytes(20_000)
    return {**SMALL, **{name: name.encode() + big for name in SHARDS}}


FILES = files()
GOOD = store_of(FILES)


def good() -> Store:
    return Store(dict(GOOD.contents), dict(GOOD.versions), dict(GOOD.checksums))


def refusal(store: Store, model: str = MODEL, name: str = NAME, key: str | None = None) -> str:
    with pytest.raises(CHECK.RefusedWeightsError) as refused:
        CHECK.verify(store, model, name, key or pem())
    return str(refused.value)


def test_a_whole_revision_passes_and_no_weights_are_read() -> None:
    store = good()
    papers = len(store.contents[SIGNATURE_FILE]) + len(store.contents[REVISION_FILE])
    small = sum(map(len, SMALL.values()))
    records, read = CHECK.verify(store, MODEL, NAME, pem())
    assert {name: each["size_bytes"] for name, each in records.items()} == {k: len(v) for k, v in FILES.items()}
    assert read == small
    assert store.read_bytes == papers + small


def put(name: str, content: bytes, version: str | None = None) -> Callable[[Store], None]:
    """Somebody writes a file: S3 gives it a checksum and a version of its own."""
    return lambda store: store.put(name, content, version or "another")


def flip_unseen(name: str) -> Callable[[Store], None]:
    """A small file differs, and S3's answers do not show it."""

    def change(store: Store) -> None:
        content = store.contents[name]
        store.contents[name] = content[:-1] + bytes([content[-1] ^ 1])

    return change


def flipped(content: bytes, at: int, bit: int = 0) -> bytes:
    return content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]


def without(name: str) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        del store.contents[name]

    return change


def checksums(name: str, value: str) -> Callable[[Store], None]:
    return lambda store: store.checksums.update({name: value})


def swapped(one: str, other: str) -> Callable[[Store], None]:
    def change(store: Store) -> None:
        kept: tuple[dict[str, Any], ...] = (store.contents, store.versions, store.checksums)
        for each in kept:
            each[one], each[other] = each[other], each[one]

    return change


SHARD = SHARDS[1]
FAULTS: dict[str, tuple[Callable[[Store], None], str]] = {
    "a bit of a shard": (put(SHARD, flipped(FILES[SHARD], 12345)), f"{SHARD} has another content: S3's checksum is "),
    "a bit of a shard, in its place": (put(SHARD, flipped(FILES[SHARD], 9), GOOD.versions[SHARD]), f"{SHARD} has anot"),
    "the same content anew": (put(SHARD, FILES[SHARD]), f"{SHARD} was replaced: its version is another, signed was v"),
    "a shard cut short": (put(SHARD, FILES[SHARD][:-1]), f"{SHARD} has {len(FILES[SHARD]) - 1:,} bytes, and not the "),
    "an empty shard": (put(SHARD, b""), f"{SHARD} has 0 bytes"),
    "a shard gone": (without(SHARD), f"{SHARD} is missing"),
    "a file more": (put("modeling_llama.py", b"import os"), "modeling_llama.py is not of this revision"),
    "a folder's mark": (put("", b""), "an object without a name is not of this revision"),
    "two shards swapped": (swapped(SHARDS[0], SHARDS[2]), f"{SHARDS[0]} has another content: S3's checksum"),
    "no checksum": (checksums(SHARD, ""), f"{SHARD} has no SHA-256 checksum in S3"),
    "a bit of the configuration, unseen by S3": (flip_unseen("config.json"), "config.json has another content than"),
    "the configuration": (put("config.json", b'{"a": 2}'), "config.json has another content: S3's checksum"),
    "no signature": (without(SIGNATURE_FILE), f"{SIGNATURE_FILE} is missing: the revision was never finished"),
    "no record": (without(REVISION_FILE), f"{REVISION_FILE} is missing"),
    "nothing": (lambda store: store.contents.clear(), "the folder holds nothing"),
    "revoked": (put(REVOKED_FILE, b'{"by": "ops", "why": "a poisoned shard"}'), "revoked by ops for a poisoned shard"),
    "revoked without a word": (put(REVOKED_FILE, b"[" * 100_000), "revoked"),
    "a record of another revision": (
        put(REVISION_FILE, store_of({**FILES, "config.json": b"{}"}).contents[REVISION_FILE]),
        f"{REVISION_FILE} is not the one that was signed",
    ),
    "a signature of another revision": (
        put(SIGNATURE_FILE, store_of({**FILES, "config.json": b"{}"}).contents[SIGNATURE_FILE]),
        f"{REVISION_FILE} is not the one that was signed",
    ),
    "another's signature": (
        put(SIGNATURE_FILE, store_of(FILES, ec.generate_private_key(ec.SECP256R1())).contents[SIGNATURE_FILE]),
        f"{SIGNATURE_FILE}: the signature is not of the key that this stack trusts",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_refused_and_named(fault: str) -> None:
    change, said = FAULTS[fault]
    store = good()
    change(store)
    assert refusal(store).startswith(said)


def test_a_good_revision_in_the_folder_of_another_is_refused() -> None:
    """An older revision could be copied by whoever may write, signature and all, to where the newer one is awaited."""
    assert refusal(good(), name="bf16-ffffffffffff") == (
        f"{REVISION_FILE} is of {MODEL}/{NAME}, in the folder of {MODEL}/bf16-ffffffffffff"
    )
    assert "in the folder of llama-3.1-8b/" in refusal(good(), model="llama-3.1-8b")


def test_the_number_of_further_faults_is_said() -> None:
    store = good()
    for name in SHARDS:
        del store.contents[name]
    assert refusal(store) == f"{SHARDS[0]} is missing (and 2 more)"


def test_200_of_200_random_corruptions_are_found() -> None:
    chance = random.Random(29)  # noqa: S311  no secret
    found = 0
    for _ in range(200):
        store = good()
        name = chance.choice(sorted(store.contents))
        content = store.contents[name]
        at, kind = chance.randrange(len(content)), chance.choice(("flip", "cut", "longer", "gone", "extra", "renamed"))
        if kind == "flip":
            store.put(name, flipped(content, at, chance.randrange(8)), store.versions[name])
        elif kind == "cut":
            store.put(name, content[:at], store.versions[name])
        elif kind == "longer":
            store.put(name, content + b"\0", store.versions[name])
        elif kind == "extra":
            store.put(f"{name}.bak", content, "v")
        else:
            del store.contents[name]
            if kind == "renamed":
                store.put(f"old/{name}", content, store.versions[name])
        try:
            CHECK.verify(store, MODEL, NAME, pem())
        except CHECK.RefusedWeightsError as refused:
            said = str(refused)
            found += name.split("/")[-1] in said or SIGNATURE_FILE in said or REVISION_FILE in said
            continue
        # A bit of a signature's JSON that means nothing, such as a space between two keys, is no corruption.
        assert name == SIGNATURE_FILE, (name, kind, at)
        assert kind in ("flip", "longer")
        assert CHECK.signed_files(store.contents[name], CHECK.public_key(pem())) == CHECK.signed_files(
            GOOD.contents[name], CHECK.public_key(pem())
        )
        found += 1
    assert found == 200


Change = Callable[[dict[str, Any]], Any]
STATEMENTS: dict[str, Change] = {
    "another type": lambda it: it.update(_type="https://in-toto.io/Statement/v0.1"),
    "another predicate": lambda it: it.update(predicateType="https://model_signing/Digests/v0.1"),
    "two subjects": lambda it: it["subject"].append(it["subject"][0]),
    "another root": lambda it: it["subject"][0]["digest"].update(sha256=64 * "0"),
    "a file twice": lambda it: it["predicate"]["resources"].append(it["predicate"]["resources"][0]),
    "another hash": lambda it: it["predicate"]["resources"][0].update(algorithm="md5"),
    "a short digest": lambda it: it["predicate"]["resources"][0].update(digest="00"),
    "a way out": lambda it: it["predicate"]["resources"][0].update(name="../config.json"),
    "an absolute path": lambda it: it["predicate"]["resources"][0].update(name="/config.json"),
    "another method": lambda it: it["predicate"]["serialization"].update(method="shards"),
    "no predicate": lambda it: it.pop("predicate"),
}


@pytest.mark.parametrize("change", STATEMENTS)
def test_a_signed_statement_of_another_kind_is_refused(change: str) -> None:
    made = statement({"a": 64 * "1", "b": 64 * "2"})
    key = CHECK.public_key(pem())
    assert CHECK.signed_files(bundle(made), key) == {"a": 64 * "1", "b": 64 * "2"}
    STATEMENTS[change](made)
    with pytest.raises(CHECK.RefusedWeightsError, match="is no statement about a model's files"):
        CHECK.signed_files(bundle(made), key)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"dsseEnvelope": []}'])
def test_what_is_no_bundle_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(CHECK.RefusedWeightsError, match="is no bundle with one signature"):
        CHECK.signed_files(text, CHECK.public_key(pem()))
    with pytest.raises(CHECK.RefusedWeightsError, match="is no statement"):
        CHECK.signed_files(bundle(text), CHECK.public_key(pem()))


def test_a_record_without_a_checksum_or_a_version_is_refused() -> None:
    for key in ("s3_checksum", "version_id", "size_bytes"):
        record = json.loads(GOOD.contents[REVISION_FILE])
        record["files"][0][key] = ""
        text = json.dumps(record).encode()
        signed = CHECK.signed_files(GOOD.contents[SIGNATURE_FILE], CHECK.public_key(pem()))
        signed[REVISION_FILE] = hashlib.sha256(text).hexdigest()
        with pytest.raises(CHECK.RefusedWeightsError, match="of another format"):
            CHECK.recorded_files(text, signed, MODEL, NAME)


def test_300_random_signatures_are_judged_as_cryptography_judges_them() -> None:
    chance = random.Random(256)  # noqa: S311  no secret
    algorithm = ec.ECDSA(hashes.SHA256())
    for i in range(300):
        key = ec.derive_private_key(chance.randrange(1, CHECK.N), ec.SECP256R1())
        message = chance.randbytes(chance.randrange(200))
        signature = bytearray(key.sign(message, algorithm))
        if i % 2:
            signature[chance.randrange(len(signature))] ^= 1 << chance.randrange(8)
        try:
            key.public_key().verify(bytes(signature), message, algorithm)
            wanted = True
        except InvalidSignature:
            wanted = False
        assert CHECK.is_signed(message, bytes(signature), CHECK.public_key(pem(key))) is wanted, i
        assert wanted is (i % 2 == 0)


def der(*numbers: bytes) -> bytes:
    inner = b"".join(bytes([2, len(each)]) + each for each in numbers)
    return bytes([0x30, len(inner)]) + inner


def raw(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 8) // 8, "big")


def edge_cases() -> dict[str, tuple[bytes, bool]]:
    """Cases as Wycheproof has them, of one good signature."""
    good_one = KEY.sign(b"m", ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(good_one)
    n = CHECK.N
    return {
        "good": (good_one, True),
        "high s, which ECDSA allows": (encode_dss_signature(r, n - s), True),
        "nothing": (b"", False),
        "r of 0": (encode_dss_signature(0, s), False),
        "s of 0": (encode_dss_signature(r, 0), False),
        "both 0": (encode_dss_signature(0, 0), False),
        "both 1": (encode_dss_signature(1, 1), False),
        "r of n": (encode_dss_signature(n, s), False),
        "s of n": (encode_dss_signature(r, n), False),
        "r beyond n": (encode_dss_signature(r + n, s), False),
        "s beyond n": (encode_dss_signature(r, s + n), False),
        "r negative": (der(raw(-r % 2**256)[-32:], raw(s)), False),
        "r and s swapped": (encode_dss_signature(s, r), False),
        "padded r": (der(b"\0" + raw(r), raw(s)), False),
        "padded s": (der(raw(r), b"\0" + raw(s)), False),
        "an empty number": (der(b"", raw(s)), False),
        "one number": (der(raw(r)), False),
        "three numbers": (der(raw(r), raw(s), b"\1"), False),
        "bytes behind": (good_one + b"\0", False),
        "cut short": (good_one[:-1], False),
        "a long length": (b"\x30\x81" + good_one[1:], False),
        "an indefinite length": (b"\x30\x80" + good_one[2:] + b"\0\0", False),
        "a set": (b"\x31" + good_one[1:], False),
        "raw, not DER": (r.to_bytes(32, "big") + s.to_bytes(32, "big"), False),
        "headers alone": (b"\x30\x04\x02\x02\x02\x00", False),
    }


@pytest.mark.parametrize("case", edge_cases())
def test_signatures_at_the_edge_are_judged_as_cryptography_judges_them(case: str) -> None:
    signature, wanted = edge_cases()[case]
    try:
        KEY.public_key().verify(signature, b"m", ec.ECDSA(hashes.SHA256()))
        theirs = True
    except InvalidSignature:
        theirs = False
    assert CHECK.is_signed(b"m", signature, CHECK.public_key(pem())) is wanted
    assert theirs is wanted


def test_points_that_meet_their_double_or_their_opposite_are_added_right() -> None:
    """u1 G and u2 Q are the same point, or opposite ones: the two cases of an addition that a slope cannot say."""
    for own in (1, CHECK.N - 1):
        key = ec.derive_private_key(own, ec.SECP256R1())
        point = CHECK.public_key(pem(key))
        digest = int.from_bytes(hashlib.sha256(b"m").digest(), "big") % CHECK.N
        signature = encode_dss_signature(digest, digest)
        theirs = True
        try:
            key.public_key().verify(signature, b"m", ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            theirs = False
        assert CHECK.is_signed(b"m", signature, point) is theirs
    assert CHECK._sum(CHECK.G, (CHECK.G[0], CHECK.P - CHECK.G[1])) is None
    assert CHECK._combined(CHECK.N, 0, CHECK.G) is None
    assert CHECK._sum(CHECK.G, CHECK.G) == CHECK._combined(2, 0, CHECK.G) == CHECK._combined(1, 1, CHECK.G)


def other_key(curve: ec.EllipticCurve) -> str:
    return pem(ec.generate_private_key(curve))


def off_the_curve() -> str:
    body = CHECK.KEY_PREFIX + bytes(31) + b"\1" + bytes(31) + b"\1"
    return f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(body).decode()}\n-----END PUBLIC KEY-----\n"


@pytest.mark.parametrize(
    "text",
    ["", "x", other_key(ec.SECP384R1()), other_key(ec.SECP256K1()), pem().replace("PUBLIC", "PRIVATE"), pem() + pem()],
)
def test_what_is_no_public_key_of_p_256_is_refused(text: str) -> None:
    with pytest.raises(CHECK.RefusedWeightsError, match="no P-256 key"):
        CHECK.public_key(text)


def test_a_point_off_the_curve_is_refused() -> None:
    with pytest.raises(CHECK.RefusedWeightsError, match="no point of P-256"):
        CHECK.public_key(off_the_curve())


def ended(store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str | None = None) -> tuple[int, str]:
    """Exit status and termination message."""
    message = tmp_path / "message"
    monkeypatch.setenv("TERMINATION_LOG", str(message))
    (tmp_path / "key.pem").write_text(pem())
    status = CHECK.main(address or f"s3://b/models/{MODEL}/{NAME}", str(tmp_path / "key.pem"), lambda *_: store)
    return int(status), message.read_text() if message.exists() else ""


def test_the_program_says_in_one_line_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(good(), tmp_path, monkeypatch) == (0, "")
    said = capsys.readouterr().out
    assert said.startswith(f"weights of {MODEL}/{NAME} verified: 6 files, ")
    assert said.count("\n") == 1
    store = good()
    del store.contents[SHARD]
    assert ended(store, tmp_path, monkeypatch) == (1, f"weights of {MODEL}/{NAME} refused: {SHARD} is missing\n")


def test_what_others_wrote_reaches_no_terminal_and_is_always_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = good()
    store.contents["revoked.json"] = rb'{"by": "\u001b[2Jops", "why": "\ud800\u009b\u202e"}'
    says = f"weights of {MODEL}/{NAME} refused: revoked by ?[2Jops for ???\n"
    assert ended(store, tmp_path, monkeypatch) == (1, says)


def test_what_keeps_the_check_from_ending_keeps_the_pod_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Shut(Store):
        def names(self) -> set[str]:
            raise OSError("no way\nto S3")

    status, said = ended(Shut({}), tmp_path, monkeypatch)
    assert (status, said) == (1, f"weights of {MODEL}/{NAME} could not be checked: OSError: no way to S3\n")
    assert ended(good(), tmp_path, monkeypatch, "s3://b/m")[0] == 1


def test_checksums_of_the_store_are_as_s3_has_them() -> None:
    assert checksum(b"") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert checksum(bytes(8193)).endswith("-2")
