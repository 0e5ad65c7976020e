"""The pod's copy to its node's disk, as its program, of what the product pushes and signs: from a strict S3."""

from __future__ import annotations

import os
import signal
import socket
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
from tests.unit.operations.weights.keys import KEY
from tests.unit.operations.weights.pushed import ADDRESS, FILES, push, put, store_of

__all__ = ["s3_server"]

COPIER = templates_folder() / "vllm" / "copy_weights.py"
LARGE = "model-00003-of-00003.safetensors"
"""Larger than a part of the copy, no whole number of them, and too large for the check to read."""
CONTENTS = {**FILES, LARGE: bytes(range(251)) * 140_000, "nested/chat_template.jinja": b"{{ x }}", "empty.json": b""}
SHARD = next(name for name in FILES if name.endswith(".safetensors"))


@pytest.fixture
def store(s3_server: S3Server) -> Store:
    """A bucket of its own with a signed revision."""
    made = store_of(s3_server, s3_server.bucket())
    push(made, files=CONTENTS)
    return made


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """The pod's empty volume."""
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


def copied(server: S3Server, store: Store, disk: Path, *, checked: bool = True) -> tuple[int, str, str]:
    """Exit status, output and termination message of the program."""
    message, public_key = disk.parent / "message", disk.parent / "weights.pem"
    message.write_text("")
    public_key.write_text(to_pem(KEY.public_key))
    key = [public_key] if checked else []
    done = subprocess.run(
        [sys.executable, "-I", "-B", COPIER, f"s3://{store.bucket}/models/{ADDRESS}", disk, *key],
        env={**server.environment, "PATH": os.defpath, "TERMINATION_LOG": str(message)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout, message.read_text()


def on(disk: Path) -> dict[str, bytes]:
    return {str(path.relative_to(disk)): path.read_bytes() for path in disk.rglob("*") if path.is_file()}


@pytest.mark.parametrize("checked", [True, False])
def test_every_file_is_on_the_disk_as_it_was_pushed(
    s3_server: S3Server, store: Store, disk: Path, *, checked: bool
) -> None:
    (disk / "left").mkdir()
    (disk / "left" / "of-an-attempt-before.safetensors").write_bytes(b"x")
    kept = disk.parent / "kept"
    kept.mkdir()
    (kept / "elsewhere").write_bytes(b"x")
    (disk / "link").symlink_to(kept)
    status, said, message = copied(s3_server, store, disk, checked=checked)
    assert (status, message) == (0, ""), said
    assert f"copied, {'verified' if checked else 'not checked'}: " in said
    papers = {} if checked else {name: on(disk)[name] for name in (REVISION_FILE, SIGNATURE_FILE)}
    assert on(disk) == {**CONTENTS, **papers}
    assert on(kept) == {"elsewhere": b"x"}


def flipped_below_s3(server: S3Server, store: Store) -> None:
    """Bytes that changed on S3's disk, which no HEAD tells: the bucket is a folder here."""
    path = server.folder / store.bucket / f"{ADDRESS.prefix}{LARGE}"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


FAULTS: dict[str, tuple[Callable[[S3Server, Store], object], str]] = {
    "a bit that flipped below S3": (flipped_below_s3, f"{LARGE} has another content than was signed: its SHA-256 is"),
    "a flipped bit": (
        lambda _, store: put(store, ADDRESS.prefix + SHARD, bytes([FILES[SHARD][0] ^ 1]) + FILES[SHARD][1:]),
        f"{SHARD} has another content: ",
    ),
    "a missing shard": (
        lambda _, store: store.s3.delete_object(Bucket=store.bucket, Key=ADDRESS.prefix + LARGE),
        f"{LARGE} is missing",
    ),
    "an extra file": (
        lambda _, store: put(store, f"{ADDRESS.prefix}x/y.py", b"1"),
        "x/y.py is not of this revision",
    ),
    "revoked": (
        lambda _, store: put(store, ADDRESS.prefix + REVOKED_FILE, b'{"by": "ops", "why": "a leak"}'),
        "revoked by ops for a leak",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_the_program_and_is_named_in_the_message(
    s3_server: S3Server, store: Store, disk: Path, fault: str
) -> None:
    change, says = FAULTS[fault]
    change(s3_server, store)
    status, said, message = copied(s3_server, store, disk)
    assert (status, said) == (1, message)
    assert message.startswith(f"weights of {ADDRESS} refused: {says}")
    assert message.count("\n") == 1


UNCHECKED: dict[str, tuple[Callable[[S3Server, Store], object], str]] = {
    "revoked": (
        lambda _, store: put(store, ADDRESS.prefix + REVOKED_FILE, b"{}"),
        f"refused: revoked; {REVOKED_FILE} says why",
    ),
    "nothing there": (
        lambda _, store: [store.s3.delete_object(Bucket=store.bucket, Key=key) for key in keys(store)],
        "refused: the folder holds nothing",
    ),
}


def keys(store: Store) -> list[str]:
    return [each["Key"] for each in store.s3.list_objects_v2(Bucket=store.bucket)["Contents"]]


@pytest.mark.parametrize("fault", UNCHECKED)
def test_without_a_key_what_is_not_to_be_served_is_refused_too(
    s3_server: S3Server, store: Store, disk: Path, fault: str
) -> None:
    change, says = UNCHECKED[fault]
    change(s3_server, store)
    status, _, message = copied(s3_server, store, disk, checked=False)
    assert status == 1
    assert message.startswith(f"weights of {ADDRESS} {says}")


def test_a_folder_that_cannot_be_written_is_said_and_no_traceback(
    s3_server: S3Server, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    status, _, message = copied(s3_server, store, tmp_path / "file")
    assert status == 1
    assert message.startswith(f"weights of {ADDRESS} could not be copied: FileExistsError: ")


def test_the_end_of_the_pod_ends_it_at_once(store: Store, disk: Path) -> None:
    """First process of its container, to which a signal without a handler is not delivered."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", COPIER, f"s3://{store.bucket}/models/{ADDRESS}", disk],
            env={
                **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "local"),
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
                "AWS_REGION": "us-east-1",
            },
        )
        silent.accept()[0].close()
        process.terminate()
        # By its handler, as the shell writes it, and not by the signal.
        assert process.wait(20) == 128 + signal.SIGTERM
