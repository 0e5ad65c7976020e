"""The pod's check, as its program, on what the product pushes and signs: in a strict S3, by boto3 and HTTP alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from paddock.common.manifests import templates_folder
from paddock.operations.weights.signing import to_pem
from paddock.operations.weights.store import Store
from paddock.weights.revision import REVISION_FILE, REVOKED_FILE, SIGNATURE_FILE
from tests.s3_server import S3Server, s3_server
from tests.unit.operations.weights.keys import KEY, OTHER_KEY
from tests.unit.operations.weights.pushed import ADDRESS, FILES, OTHER, push, put, store_of

__all__ = ["s3_server"]

CHECKER = templates_folder() / "vllm" / "verify_weights.py"
LARGE = "model-00003-of-00003.safetensors"
"""Contents in parts, and too large to be read."""
CONTENTS = {**FILES, LARGE: b"weights." * (5 * 2**20)}
SHARD = next(name for name in FILES if name.endswith(".safetensors"))


def checked(server: S3Server, store: Store, tmp_path: Path, key: str = "") -> tuple[int, str, str]:
    """Exit status, output and termination message of the program."""
    message, public_key = tmp_path / "message", tmp_path / "weights.pem"
    message.write_text("")
    public_key.write_text(key or to_pem(KEY.public_key))
    done = subprocess.run(
        [sys.executable, "-I", "-B", CHECKER, f"s3://{store.bucket}/models/{ADDRESS}", public_key],
        env={**server.environment, "PATH": os.defpath, "TERMINATION_LOG": str(message)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout, message.read_text()


@pytest.fixture
def store(s3_server: S3Server) -> Store:
    """A bucket of its own with two signed revisions."""
    made = store_of(s3_server, s3_server.bucket())
    push(made, files=CONTENTS)
    push(made, OTHER)
    return made


def test_what_was_pushed_and_signed_passes_without_the_large_file_being_read(
    s3_server: S3Server, store: Store, tmp_path: Path
) -> None:
    status, said, message = checked(s3_server, store, tmp_path)
    assert (status, message) == (0, ""), said
    small = sum(len(each) for name, each in CONTENTS.items() if name != LARGE)
    assert f"verified: {len(CONTENTS)} files, {small + len(CONTENTS[LARGE]):,} bytes, {small:,} read" in said


def test_another_key_is_refused(s3_server: S3Server, store: Store, tmp_path: Path) -> None:
    status, said, message = checked(s3_server, store, tmp_path, to_pem(OTHER_KEY.public_key))
    assert (status, message) == (1, said)
    assert f"{SIGNATURE_FILE}: the signature is not of the key" in said


def copied(name: str) -> Callable[[Store], object]:
    """A paper of the other revision in the place of this one's."""

    def change(store: Store) -> None:
        found = store.s3.get_object(Bucket=store.bucket, Key=OTHER.prefix + name)["Body"].read()
        put(store, ADDRESS.prefix + name, found)

    return change


def both_copied(store: Store) -> None:
    for name in (SIGNATURE_FILE, REVISION_FILE):
        copied(name)(store)


FAULTS: dict[str, tuple[Callable[[Store], object], str]] = {
    "a flipped bit": (
        lambda store: put(store, ADDRESS.prefix + SHARD, bytes([FILES[SHARD][0] ^ 1]) + FILES[SHARD][1:]),
        f"{SHARD} has another content: ",
    ),
    "the large file anew, in one part": (
        lambda store: put(store, ADDRESS.prefix + LARGE, CONTENTS[LARGE]),
        f"{LARGE} has another content: ",
    ),
    "the same file anew": (
        lambda store: put(store, ADDRESS.prefix + SHARD, FILES[SHARD]),
        f"{SHARD} was replaced: ",
    ),
    "a missing shard": (
        lambda store: store.s3.delete_object(Bucket=store.bucket, Key=ADDRESS.prefix + LARGE),
        f"{LARGE} is missing",
    ),
    "an extra file": (lambda store: put(store, f"{ADDRESS.prefix}x/y.py", b"1"), "x/y.py is not of this revision"),
    "a truncated file": (lambda store: put(store, ADDRESS.prefix + SHARD, b"1"), f"{SHARD} has 1 bytes"),
    "another's record": (copied(REVISION_FILE), f"{REVISION_FILE} is not the one that was signed"),
    "another's signature": (copied(SIGNATURE_FILE), f"{REVISION_FILE} is not the one that was signed"),
    "another's papers, both": (both_copied, f"{REVISION_FILE} is of {OTHER}, in the folder of {ADDRESS}"),
    "revoked": (
        lambda store: put(store, ADDRESS.prefix + REVOKED_FILE, b'{"by": "ops", "why": "a leak"}'),
        "revoked by ops for a leak",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_the_program_and_is_named_in_the_message(
    s3_server: S3Server, store: Store, tmp_path: Path, fault: str
) -> None:
    change, says = FAULTS[fault]
    change(store)
    status, said, message = checked(s3_server, store, tmp_path)
    assert (status, said) == (1, message)
    assert message.startswith(f"weights of {ADDRESS} refused: {says}")
    assert message.count("\n") == 1
