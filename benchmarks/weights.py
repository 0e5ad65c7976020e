"""Push of weights beside `aws s3 cp` and `s5cmd`: one folder, one S3 server, one disk, taking turns.

The peers copy; ours hashes every byte twice, has S3 compare each part, writes what the revision is, signs it and, by
`weights verify`, compares what S3 stored. That is its time.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.figures import PADDOCK, STEPS, Figure, seconds, taking_turns
from local.toolchain.venvs import installed
from tests.s3_server import S3Server, running_s3_server

PEERS = Path(__file__).with_name("weights-peers.txt")
MIB = 1 << 20
SHARDS, SHARD_MIB = 4, 256
RUNS = 3
AT_LEAST = 0.9
"""Share of the faster peer's speed."""
STACK = """config:
  aws:region: us-east-1
  paddock:model: llama-3.2-1b
  paddock:license: {license: llama3.2, by: a benchmark, "on": "2026-11-01"}
"""


def figures() -> list[Figure]:
    with STEPS.step("the peers, installed once"):
        peers = installed(PEERS)
    # Beside the checkout: /tmp may be memory.
    with TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as temporary:
        folder = Path(temporary)
        with running_s3_server(folder / "s3") as server:
            return _measured(folder, server, peers)


def _measured(folder: Path, server: S3Server, peers: Path) -> list[Figure]:
    checkpoint = _checkpoint(folder / "checkpoint")
    bucket, numbers = server.bucket(), count()
    environment = os.environ | server.environment | {"XDG_CACHE_HOME": str(folder / "cache")}
    key, public = _key(folder)
    (folder / "Pulumi.dev.yaml").write_text(STACK)
    crt = folder / "crt"
    crt.write_text("[default]\ns3 =\n  preferred_transfer_client = crt\n")

    def ours() -> float:
        name = f"run-{next(numbers)}"
        common = "--stack-file", str(folder / "Pulumi.dev.yaml"), "--bucket", bucket
        push = [PADDOCK, "weights", "push", "--from", f"file://{checkpoint}", "--revision", name, "--signing-key", key]
        verify = [PADDOCK, "weights", "verify", f"llama-3.2-1b/{name}", "--public-key", public]
        taken = seconds([*push, *common], environment=environment), seconds([*verify, *common], environment=environment)
        verified.append(taken[1])
        _emptied(server, bucket)
        return sum(taken)

    def peer(command: list[str], **more: str) -> Callable[[], float]:
        def run() -> float:
            words = [each.replace("TARGET", f"s3://{bucket}/peer/run-{next(numbers)}/") for each in command]
            taken = seconds(words, environment=environment | more)
            _emptied(server, bucket)
            return taken

        return run

    verified: list[float] = []
    aws = [str(peers / "aws"), "s3", "cp", "--recursive", "--only-show-errors", str(checkpoint), "TARGET"]
    s5cmd = [
        str(peers / "s5cmd"),
        "--log",
        "error",
        "--endpoint-url",
        server.endpoint,
        "cp",
        f"{checkpoint}/",
        "TARGET",
    ]
    measures = {
        "paddock": ours,
        "aws": peer(aws),
        "aws with CRT": peer(aws, AWS_CONFIG_FILE=str(crt)),
        "s5cmd": peer(s5cmd),
    }
    before = os.getloadavg()[0]
    with STEPS.step(f"{SHARDS * SHARD_MIB} MiB, {RUNS + 1} times by each of {', '.join(measures)}"):
        columns = dict(zip(measures, map(median, taking_turns(*measures.values(), runs=RUNS)), strict=True))
    load = f"{SHARDS * SHARD_MIB} MiB in {SHARDS} files, load {before:.1f} before and {os.getloadavg()[0]:.1f} after"
    fastest = min((each for each in columns if each != "paddock"), key=columns.__getitem__)
    rates = ", ".join(f"{name} {SHARDS * SHARD_MIB / taken:.0f} MiB/s" for name, taken in columns.items())
    return [
        Figure(
            f"weights push and verify, of the time of {fastest}, the fastest of three",
            columns["paddock"] / columns[fastest],
            round(1 / AT_LEAST, 3),
            "times",
            f"{rates}; verify {median(verified):.1f} s; {load}",
        )
    ]


def _checkpoint(folder: Path) -> Path:
    folder.mkdir()
    chance, weights = random.Random(1), {}  # noqa: S311  no secret
    header = json.dumps({"w": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}}).encode()
    for number in range(1, SHARDS + 1):
        name = f"model-{number:05}-of-{SHARDS:05}.safetensors"
        weights[f"w{number}"] = name
        with (folder / name).open("wb") as file:
            start = len(header).to_bytes(8, "little") + header
            file.write(start + chance.randbytes(MIB - len(start)))
            for _ in range(SHARD_MIB - 1):
                file.write(chance.randbytes(MIB))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))
    (folder / "config.json").write_text('{"model_type": "llama"}')
    return folder


def _key(folder: Path) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / "key.pem", folder / "public.pem"
    plain = serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return str(private), str(public)


def _emptied(server: S3Server, bucket: str) -> None:
    """Not by S3: what was copied goes from the disk at once, outside of the time."""
    for each in (server.folder / bucket).iterdir():
        if each.name in ("models", "peer"):
            shutil.rmtree(each)
