"""Runs in the pod before vLLM, from the same image: refuses weights that are not the signed revision, file by file.

    python3 verify_weights.py s3://<bucket>/models/<model>/<revision> <public key, PEM>

`model.sig` is an OpenSSF Model Signing bundle (a DSSE envelope, an in-toto statement) of an ECDSA P-256 key. It names
the SHA-256 of every file, `paddock-revision.json` among them, which records the version and the checksum that S3 keeps
of each. So large files are compared by one HEAD, without being read; small ones are read whole.

Of the image it takes boto3 alone, which runai-model-streamer-s3 requires (METADATA of 0.17.0) and vllm/vllm-openai has
for the streamer (docker/Dockerfile), read 2026-11-29. `cryptography` is there by chance of other packages, so the
signature is checked here: no secret is at hand, so nothing has to take constant time.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

SIGNATURE_FILE, REVISION_FILE, REVOKED_FILE = "model.sig", "paddock-revision.json", "revoked.json"
FORMAT = 1
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
READ_WHOLE_BYTES = 32 * 2**20
"""Files up to this size are read and hashed: configuration and tokenizers, but no weights."""
PAPERS_BYTES = 16 * 2**20
"""The largest signature and record that are read."""
READERS = 16
TERMINATION_LOG = "/dev/termination-log"
"""Kubernetes shows what stands there as the reason why a container ended."""
MESSAGE_CHARACTERS = 1000
NAME = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[^/\x00-\x1f]+(?:/[^/\x00-\x1f]+)*")
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
ADDRESS = re.compile(r"s3://([^/]+)/((?:[^/]+/)*([^/]+)/([^/]+))")


class RefusedWeightsError(Exception):
    """Weights that are not to be served; the message names the file and the reason."""


# P-256: FIPS 186-5 and SEC 2.
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
KEY_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""SubjectPublicKeyInfo of an uncompressed P-256 point up to its coordinates: RFC 5480."""


def public_key(pem):
    """Point of a P-256 key in PEM; raises `RefusedWeightsError` for anything else."""
    found = re.fullmatch(r"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*", pem)
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True) if found else b""
    except binascii.Error:
        der = b""
    if len(der) != len(KEY_PREFIX) + 64 or not der.startswith(KEY_PREFIX):
        raise RefusedWeightsError("the public key is no P-256 key in PEM")
    x, y = (int.from_bytes(der[-64 + at : len(der) - 32 + at], "big") for at in (0, 32))
    if x >= P or y >= P or (y * y - x**3 - A * x - B) % P:
        raise RefusedWeightsError("the public key is no point of P-256")
    return x, y


def is_signed(message, signature, key):
    """True for an ECDSA signature (DER, SHA-256) of the message by the key: FIPS 186-5, 6.4.2."""
    numbers = _two_numbers(signature)
    if numbers is None or not all(0 < each < N for each in numbers):
        return False
    r, s = numbers
    inverse = pow(s, -1, N)
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    point = _combined(digest * inverse % N, r * inverse % N, key)
    return point is not None and point[0] % N == r


def _two_numbers(der):
    """The two numbers of a signature in DER, the one way to write them; None for any other bytes."""
    if len(der) < 2 or der[0] != 0x30 or der[1] >= 0x80 or der[1] != len(der) - 2:
        return None
    found, rest = [], der[2:]
    for _ in range(2):
        if len(rest) < 3 or rest[0] != 0x02 or rest[1] == 0 or rest[1] >= 0x80 or len(rest) < 2 + rest[1]:
            return None
        number, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        padded = len(number) > 1 and number[0] == 0 and number[1] < 0x80
        if number[0] >= 0x80 or padded:
            return None
        found.append(int.from_bytes(number, "big"))
    return None if rest else found


def _sum(one, other):
    """Sum of two points; None is the point at infinity."""
    if one is None or other is None:
        return other if one is None else one
    (x, y), (u, v) = one, other
    if x == u and (y + v) % P == 0:
        return None
    slope = (3 * x * x + A) * pow(2 * y, -1, P) if one == other else (v - y) * pow(u - x, -1, P)
    x3 = (slope * slope - x - u) % P
    return x3, (slope * (x - x3) - y) % P


def _combined(of_g, of_key, key):
    """`of_g` times the base point plus `of_key` times the key, bit by bit of both."""
    added = (None, G, key, _sum(G, key))
    total = None
    for bit in reversed(range(256)):
        total = _sum(_sum(total, total), added[(of_g >> bit & 1) + 2 * (of_key >> bit & 1)])
    return total


def signed_files(bundle, key):
    """SHA-256 by name of the files that a bundle signs; raises `RefusedWeightsError` for a signature that is none."""
    try:
        envelope = json.loads(bundle)["dsseEnvelope"]
        (signature,) = envelope["signatures"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        der = base64.b64decode(signature["sig"], validate=True)
        payload_type = envelope["payloadType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RefusedWeightsError(f"{SIGNATURE_FILE} is no bundle with one signature") from None
    if payload_type != PAYLOAD_TYPE:
        raise RefusedWeightsError(f"{SIGNATURE_FILE} signs no in-toto statement")
    # DSSE's pre-authentication encoding.
    message = b"DSSEv1 %d %s %d " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload)) + payload
    if not is_signed(message, der, key):
        raise RefusedWeightsError(f"{SIGNATURE_FILE}: the signature is not of the key that this stack trusts")
    try:
        return _statement_files(json.loads(payload))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RefusedWeightsError(f"{SIGNATURE_FILE} is signed, but is no statement about a model's files") from None


def _statement_files(statement):
    (subject,) = statement["subject"]
    serialization, files, root = statement["predicate"]["serialization"], {}, hashlib.sha256()
    for each in statement["predicate"]["resources"]:
        name, digest = each["name"], each["digest"]
        if each["algorithm"] != "sha256" or not SHA256_HEX.fullmatch(digest) or not NAME.fullmatch(name):
            raise ValueError(name)
        if name in files:
            raise ValueError(name)
        files[name] = digest
        root.update(bytes.fromhex(digest))
    agreed = (
        statement["_type"] == STATEMENT_TYPE
        and statement["predicateType"] == PREDICATE_TYPE
        and serialization["method"] == "files"
        and serialization["hash_type"] == "sha256"
        and subject["digest"]["sha256"] == root.hexdigest()
    )
    if not agreed:
        raise ValueError("statement")
    return files


def recorded_files(text, signed, model, revision):
    """Records of a revision's files by name, as `paddock-revision.json` has them, once that file is the signed one.

    It names model and revision itself, so a good revision that was copied to another's folder is refused.
    """
    if REVISION_FILE not in signed:
        raise RefusedWeightsError(f"{SIGNATURE_FILE} does not sign {REVISION_FILE}")
    if hashlib.sha256(text).hexdigest() != signed[REVISION_FILE]:
        raise RefusedWeightsError(f"{REVISION_FILE} is not the one that was signed")
    try:
        read = json.loads(text)
        files = {each["name"]: each for each in read["files"]}
        named, known = (read["model"], read["name"]), read["format"] == FORMAT and len(files) == len(read["files"])
        digests = {name: each["sha256"] for name, each in files.items()}
        complete = all(
            isinstance(each["size_bytes"], int) and each["s3_checksum"] and each["version_id"]
            for each in files.values()
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RefusedWeightsError(f"{REVISION_FILE} is signed, but is no record of a revision") from None
    if not known or not complete:
        raise RefusedWeightsError(f"{REVISION_FILE} is of another format than this check reads")
    if named != (model, revision):
        raise RefusedWeightsError(
            f"{REVISION_FILE} is of {'/'.join(map(str, named))}, in the folder of {model}/{revision}"
        )
    if digests != {name: digest for name, digest in signed.items() if name != REVISION_FILE}:
        raise RefusedWeightsError(f"{REVISION_FILE} and {SIGNATURE_FILE} name different files")
    return files


def misplaced(listed, files):
    """Problems of presence: files that are recorded and not there, and files that nobody signed."""
    known = {*files, SIGNATURE_FILE, REVISION_FILE}
    yield from (f"{name} is missing" for name in sorted(known - set(listed)))
    yield from (f"{name or 'an object without a name'} is not of this revision" for name in sorted(set(listed) - known))


def difference(record, found):
    """Difference of a file as S3 has it, `(size_bytes, version_id, checksum)`, from its record; None where none is."""
    name, (size_bytes, version_id, checksum) = record["name"], found
    if size_bytes != record["size_bytes"]:
        return f"{name} has {size_bytes:,} bytes, and not the {record['size_bytes']:,} that were signed"
    if not checksum:
        return f"{name} has no SHA-256 checksum in S3, so it was written by something else"
    whole = base64.b64encode(bytes.fromhex(record["sha256"])).decode()
    if checksum != record["s3_checksum"] or ("-" not in checksum and checksum != whole):
        return f"{name} has another content: S3's checksum is {checksum}, signed was {record['s3_checksum']}"
    if version_id != record["version_id"]:
        return f"{name} was replaced: its version is {version_id}, signed was {record['version_id']}"
    return None


def refuse(problems):
    """Raise `RefusedWeightsError` with the first of the problems, where there are any."""
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise RefusedWeightsError(problems[0] + more)


def verify(store, model, revision, pem):
    """Check a whole revision; returns its files' records by name, and the bytes read. Raises `RefusedWeightsError`."""
    listed = store.names()
    if REVOKED_FILE in listed:
        raise RefusedWeightsError(f"revoked{_told(store.read(REVOKED_FILE, PAPERS_BYTES))}")
    if not listed:
        raise RefusedWeightsError("the folder holds nothing; `paddock weights list` shows the revisions there are")
    for name in (SIGNATURE_FILE, REVISION_FILE):
        if name not in listed:
            raise RefusedWeightsError(f"{name} is missing: the revision was never finished, or it was taken apart")
    signed = signed_files(store.read(SIGNATURE_FILE, PAPERS_BYTES), public_key(pem))
    files = recorded_files(store.read(REVISION_FILE, PAPERS_BYTES), signed, model, revision)
    small = {name for name, each in files.items() if each["size_bytes"] <= READ_WHOLE_BYTES}

    def problem(record):
        found = difference(record, store.head(record["name"]))
        # S3 stored what it was sent; this is for what was sent wrong, and costs next to nothing.
        if found is None and record["name"] in small and store.sha256(record["name"]) != record["sha256"]:
            found = f"{record['name']} has another content than was signed"
        return found

    problems = list(misplaced(listed, files))
    if not problems:
        with ThreadPoolExecutor(READERS) as readers:
            problems = [each for each in readers.map(problem, files.values()) if each is not None]
    refuse(problems)
    return files, sum(files[each]["size_bytes"] for each in small)


def _told(text):
    """Name, day and reason of a revocation; nothing where the file does not say it."""
    with suppress(ValueError, TypeError, AttributeError, RecursionError):
        read = json.loads(text)
        words = (("by", "by"), ("on", "on"), ("why", "for"))
        return "".join(f" {word} {read[key]}" for key, word in words if read.get(key))
    return ""


class Folder:
    """One folder of a bucket, as S3 shows it to the pod's role."""

    def __init__(self, bucket, prefix):
        import boto3
        from botocore.config import Config

        calm = Config(
            retries={"mode": "standard", "max_attempts": 8},
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=READERS,
        )
        self.s3, self.bucket, self.prefix = boto3.client("s3", config=calm), bucket, f"{prefix}/"

    def sizes(self):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        found = [each for page in pages for each in page.get("Contents", ())]
        return {each["Key"].removeprefix(self.prefix): each["Size"] for each in found}

    def names(self):
        return set(self.sizes())

    def read(self, name, most_bytes):
        body = self.s3.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].read(most_bytes + 1)
        if len(body) > most_bytes:
            raise RefusedWeightsError(f"{name} has more than {most_bytes:,} bytes")
        return body

    def sha256(self, name):
        hashed = hashlib.sha256()
        for chunk in self.s3.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].iter_chunks(2**20):
            hashed.update(chunk)
        return hashed.hexdigest()

    def head(self, name):
        found = self.s3.head_object(Bucket=self.bucket, Key=self.prefix + name, ChecksumMode="ENABLED")
        return found["ContentLength"], found.get("VersionId", "null"), found.get("ChecksumSHA256", "")


def main(address, key_file, folder=Folder):
    """Exit status: 0 where the weights are the signed ones. One line says what was found, wrong or not."""

    def check(bucket, prefix, model, revision):
        began = time.monotonic()
        files, read = verify(folder(bucket, prefix), model, revision, Path(key_file).read_text())
        seconds, size = time.monotonic() - began, sum(each["size_bytes"] for each in files.values())
        return f"verified: {len(files)} files, {size:,} bytes, {read:,} read, {seconds:.1f} s"

    return done(address, check, "checked")


def done(address, act, what):
    """Exit status of an act on the revision at an address: 0 where it ends, and its words are printed."""
    found = ADDRESS.fullmatch(address)
    if found is None:
        return say(f"weights refused: {address} is no s3://<bucket>/…/<model>/<revision>", 1)
    weights = f"weights of {found[3]}/{found[4]}"
    try:
        return say(f"{weights} {act(*found.groups())}", 0)
    except RefusedWeightsError as refused:
        return say(f"{weights} refused: {refused}", 1)
    except Exception as error:  # whatever kept it from ending keeps the pod from starting
        return say(f"{weights} could not be {what}: {type(error).__name__}: {error}", 1)


def say(text, status):
    """Print one line, which a status other than 0 also leaves where Kubernetes shows it; returns the status."""
    words = " ".join(text.split())[:MESSAGE_CHARACTERS]
    # Names in a bucket and a revocation's reason are anybody's: nothing that a terminal obeys, or UTF-8 lacks.
    line = "".join(each if each.isprintable() else "?" for each in words)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    if status:
        with suppress(OSError):
            Path(os.environ.get("TERMINATION_LOG", TERMINATION_LOG)).write_text(line + "\n")
    return status


def heed_termination():
    """End at once at SIGTERM, which the first process of a container otherwise never hears of: the pod would stay for
    all of its grace, with its GPUs."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))


if __name__ == "__main__":
    heed_termination()
    sys.exit(main(*sys.argv[1:]))
