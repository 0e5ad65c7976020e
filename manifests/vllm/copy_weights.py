"""Runs in the pod before vLLM, from the same image: copies a checkpoint, or LoRA adapters, from S3 to the node's disk.

    python3 copy_weights.py s3://<bucket>/models/<model>/<revision> <folder> [s3://… <folder>]… [<public key, PEM>]

With a key it first checks the signed revision as verify_weights.py does, and then the SHA-256 of every byte that it
writes, so that a file which differs from what was signed is named and never reaches vLLM. Without one it copies what is
there and compares sizes.

Several files at once, a process each, as Python runs one thread at a time and TLS and SHA-256 want a core each. Of one
file a few parts are on the way at once, and are hashed and written in order: memory does not grow with the checkpoint.
"""

import hashlib
import os
import shutil
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

# Started with -I, which leaves out the script's own folder.
sys.path.insert(0, str(Path(__file__).parent))

from verify_weights import NAME, REVOKED_FILE, Folder, RefusedWeightsError, done, heed_termination, refuse, verify

PART_BYTES = 16 * 2**20
PARTS_ON_THE_WAY = 4
"""Parts of one file that are fetched at once: S3 gives one connection less than a core takes."""
MOST_PROCESSES = 32
"""Files at once, of as many cores: 32 x 5 parts of 16 MiB are 2.5 GiB of memory."""
ATTEMPTS = 5
"""Attempts at a part whose connection breaks; before the first byte botocore itself tries again."""


class Source(Folder):
    """One folder of a bucket, by parts of its files."""

    def part(self, name, start, end):
        """Bytes of the file from `start` to before `end`; fewer where it ends earlier."""
        from botocore.exceptions import ClientError

        for attempt in range(ATTEMPTS):
            try:
                asked = {"Bucket": self.bucket, "Key": self.prefix + name, "Range": f"bytes={start}-{end - 1}"}
                return self.s3.get_object(**asked)["Body"].read()
            except ClientError as refused:
                # The file is shorter than that: its size says so.
                if refused.response["Error"]["Code"] == "InvalidRange":
                    return b""
                raise
            except Exception:  # whatever breaks a connection half way: boto3 passes on what urllib3 and ssl raise
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(2**attempt / 4)
        raise AssertionError


@cache
def source_of(*at):
    """Source of a process: to make a client for each file takes longer than to copy a small one."""
    return Source(*at)


def unchecked(source):
    """Files that are there, with their sizes; raises `RefusedWeightsError` where nothing can be served."""
    sizes = {name: size for name, size in source.sizes().items() if not name.endswith("/")}
    if REVOKED_FILE in sizes:
        raise RefusedWeightsError(f"revoked; {REVOKED_FILE} says why")
    if not sizes:
        raise RefusedWeightsError("the folder holds nothing; docs/weights.md says how weights are copied there")
    for name in sizes:
        if not NAME.fullmatch(name):
            raise RefusedWeightsError(f"{name} is no name of a file")
    return sizes


def in_order(source, name, size):
    """The file's parts in order, a few of them on the way."""
    ahead = deque()
    with ThreadPoolExecutor(PARTS_ON_THE_WAY) as fetchers:
        for start in range(0, size, PART_BYTES):
            ahead.append(fetchers.submit(source.part, name, start, min(start + PART_BYTES, size)))
            if len(ahead) > PARTS_ON_THE_WAY:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def copied(at, name, folder, size, sha256):
    """Problem of one file after it was copied, or None; all of it is on the disk when this returns."""
    path, hashed, written = Path(folder, name), hashlib.sha256(), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for part in in_order(source_of(*at), name, size):
            hashed.update(part)
            file.write(part)
            written += len(part)
        file.flush()
        # What the disk refuses after the file is closed nobody would be told.
        os.fdatasync(file.fileno())
    if written != size:
        return f"{name} has {written:,} bytes, and not the {size:,} that were expected"
    if sha256 and hashed.hexdigest() != sha256:
        return f"{name} has another content than was signed: its SHA-256 is {hashed.hexdigest()}, signed was {sha256}"
    return None


def emptied(folder):
    """The folder without what an attempt before left there; it is made where it is missing."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for each in Path(folder).iterdir():
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()


def copy(at, folder, files):
    """Copy files, `(name, size, sha256)` each, the largest first; raises `RefusedWeightsError` for what differs."""
    emptied(folder)
    processes = max(1, min(len(files), len(os.sched_getaffinity(0)), MOST_PROCESSES))
    # Forked: the whole of Python and boto3 need not be started once more for each core.
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        largest_first = sorted(files, key=lambda each: -each[1])
        running = [pool.submit(copied, at, name, folder, size, sha256) for name, size, sha256 in largest_first]
        refuse([found for each in running if (found := each.result()) is not None])


def refuse_revoked(source):
    """Look once more, as a copy takes minutes."""
    if REVOKED_FILE in source.names():
        raise RefusedWeightsError(f"revoked while they were copied; {REVOKED_FILE} says why")


def main(*args):
    """Exit status: 0 where all is copied; the first revision that is not ends it."""
    key_file = args[-1] if len(args) % 2 else None
    return next((1 for at in range(0, len(args) - 1, 2) if copied_revision(*args[at : at + 2], key_file)), 0)


def copied_revision(address, folder, key_file=None):
    """Exit status: 0 where all is copied. One line says what was done, or why it was not."""

    def act(bucket, prefix, model, revision):
        began, source = time.monotonic(), Source(bucket, prefix)
        if key_file is None:
            files = [(name, size, "") for name, size in unchecked(source).items()]
        else:
            records, _ = verify(source, model, revision, Path(key_file).read_text())
            files = [(each["name"], each["size_bytes"], each["sha256"]) for each in records.values()]
        copy((bucket, prefix), folder, files)
        refuse_revoked(source)
        seconds, size = time.monotonic() - began, sum(each[1] for each in files)
        how = "not checked" if key_file is None else "verified"
        speed = f"{seconds:.1f} s, {size / seconds / 1e6:,.0f} MB/s"
        return f"copied, {how}: {len(files)} files, {size:,} bytes, {speed}"

    return done(address, act, "copied")


if __name__ == "__main__":
    heed_termination()
    sys.exit(main(*sys.argv[1:]))
