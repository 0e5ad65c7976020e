"""`paddock weights push` from a hub with faults into a strict S3 server: whole, signed, once, whatever breaks."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from paddock.operations.weights.signing import verify
from paddock.weights.revision import REVISION_FILE, SIGNATURE_FILE, Revision, from_json
from tests.hub import Hub, Repository
from tests.local.pushed import FORKS, MIB, S3Proxy, checkpoint, command, safetensors, write
from tests.s3_server import S3Server

PADDOCK = Path(sys.executable).with_name("paddock")
REPOSITORY = "meta-llama/Llama-3.2-1B-Instruct"
STACK = """config:
  aws:region: us-east-1
  paddock:model: llama-3.2-1b
  paddock:license: {license: llama3.2, by: Ada, "on": "2026-11-01"}
"""
PART = 16 * MIB
FILES = checkpoint(40 * MIB, 17 * MIB, MIB)
TOTAL = sum(len(data) for name, data in FILES.items() if not name.endswith((".pth", ".bin", "README.md", "attributes")))


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


class Pusher:
    """The command in a process of its own."""

    def __init__(self, folder: Path, s3: S3Server, key: ec.EllipticCurvePrivateKey) -> None:
        self.folder, self.s3 = folder, s3
        self.environment = {**os.environ, **s3.environment, "XDG_CACHE_HOME": str(folder / "cache")}
        folder.mkdir(parents=True, exist_ok=True)
        self.stack, self.key_file = folder / "Pulumi.dev.yaml", folder / "key.pem"
        self.stack.write_text(STACK)
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key_file.write_bytes(key.private_bytes(*pem))
        self.public_key = key.public_key()

    def start(self, bucket: str, source: str, *more: str, **environment: str) -> subprocess.Popen[str]:
        key = "--bucket", bucket, "--signing-key", str(self.key_file)
        return subprocess.Popen(
            [str(PADDOCK), "weights", "push", "--from", source, "--stack-file", str(self.stack), *key, *more],
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def forked(self, bucket: str, source: str, *more: str, **environment: str) -> ForkServerProcess:
        """The same from a server that has imported its modules: so it is soon at work, and can be killed there."""
        key = "--bucket", bucket, "--signing-key", str(self.key_file)
        arguments = ["weights", "push", "--from", source, "--stack-file", str(self.stack), *key, *more]
        process = FORKS.Process(target=command, args=(arguments, self.environment | environment))
        process.start()
        return process

    def run(self, bucket: str, source: str, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(bucket, source, *more, **environment)
        out, error = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, error)

    def pushed(self, bucket: str) -> Revision:
        """The one revision of the bucket, once all that is to hold of it was found."""
        client = self.s3.client()
        assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)
        versions = client.list_object_versions(Bucket=bucket)["Versions"]
        assert len({each["Key"] for each in versions}) == len(versions)
        folder = versions[0]["Key"].rpartition("/")[0]
        by_name = {each["Key"].removeprefix(f"{folder}/"): each for each in versions}

        def content(name: str) -> bytes:
            return bytes(client.get_object(Bucket=bucket, Key=f"{folder}/{name}")["Body"].read())

        signed = verify(content(SIGNATURE_FILE), self.public_key)
        assert signed.files.keys() == by_name.keys() - {SIGNATURE_FILE}
        for name, digest in signed.files.items():
            assert sha256(content(name)).hexdigest() == digest
        revision = from_json(content(REVISION_FILE))
        assert folder == f"models/{revision.model}/{revision.name}"
        for each in revision.files:
            about = client.head_object(Bucket=bucket, Key=f"{folder}/{each.name}", ChecksumMode="ENABLED")
            assert (each.size_bytes, each.s3_checksum) == (about["ContentLength"], about["ChecksumSHA256"])
            assert each.version_id == by_name[each.name]["VersionId"] == about["VersionId"]
            assert each.sha256 == signed.files[each.name]
        return revision


@pytest.fixture
def pusher(tmp_path: Path, s3_server: S3Server, key: ec.EllipticCurvePrivateKey) -> Pusher:
    return Pusher(tmp_path / "push", s3_server, key)


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub({REPOSITORY: Repository(FILES, gated=True)}) as running:
        yield running


@pytest.fixture(autouse=True)
def no_fault(hub: Hub) -> None:
    hub.fault, hub.sent_bytes = (lambda _server, _path: None), 0
    hub.asked.clear()


def without_versions(revision: Revision) -> Revision:
    return replace(revision, files=tuple(replace(each, version_id="") for each in revision.files))


def test_a_repository_is_pushed_whole_signed_and_once(pusher: Pusher, hub: Hub, s3_server: S3Server) -> None:
    bucket = s3_server.bucket()
    source = f"hf://{REPOSITORY}@main"
    ran = pusher.run(bucket, source, "--json", **hub.environment("hf_goodToken"))
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    revision = pusher.pushed(bucket)
    commit = hub.repositories[REPOSITORY].commit
    assert (revision.source, revision.source_commit) == (f"hf://{REPOSITORY}", commit)
    assert (revision.model, revision.name) == ("llama-3.2-1b", f"bf16-{commit[:12]}")
    assert revision.license is not None
    assert (revision.license.license, revision.license.by) == ("llama3.2", "Ada")
    assert revision.license.text_sha256 == sha256(FILES["LICENSE.txt"]).hexdigest()
    left = {"README.md", ".gitattributes", "original/consolidated.00.pth", "pytorch_model.bin"}
    assert {each.name for each in revision.files} == FILES.keys() - left
    assert told["sent_bytes"] == told["read_bytes"] == told["size_bytes"] == TOTAL == revision.size_bytes
    # Once more for the configuration, the index and the license, which are looked at before.
    assert TOTAL <= hub.sent_bytes < TOTAL + MIB
    again = pusher.run(bucket, source, **hub.environment("hf_goodToken"))
    assert again.returncode == 0
    assert "complete and signed already" in " ".join(again.stdout.split())
    assert pusher.pushed(bucket) == revision


def test_the_token_reaches_the_hub_alone_and_no_output(pusher: Pusher, hub: Hub, s3_server: S3Server) -> None:
    ran = pusher.run(s3_server.bucket(), f"hf://{REPOSITORY}", **hub.environment("hf_goodToken"))
    assert ran.returncode == 0, ran.stderr
    assert hub.requests("cdn")
    assert all("Authorization" not in headers for _, headers in hub.requests("cdn"))
    assert all(headers["Authorization"] == "Bearer hf_goodToken" for _, headers in hub.requests("hub"))
    assert "hf_goodToken" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("token", ["", "hf_ofAnotherAccount"])
def test_a_gated_repository_is_a_message_that_says_where_to_accept(
    pusher: Pusher, hub: Hub, s3_server: S3Server, token: str
) -> None:
    bucket = s3_server.bucket()
    ran = pusher.run(bucket, f"hf://{REPOSITORY}", **hub.environment(token))
    assert ran.returncode == 2
    assert f"accept its license at {hub.endpoint}/{REPOSITORY}" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not token or token not in ran.stderr
    assert "Versions" not in s3_server.client().list_object_versions(Bucket=bucket)


def test_nothing_is_asked_or_pushed_before_the_license_is_accepted(
    pusher: Pusher, hub: Hub, s3_server: S3Server
) -> None:
    bucket = s3_server.bucket()
    pusher.stack.write_text(STACK.replace('  paddock:license: {license: llama3.2, by: Ada, "on": "2026-11-01"}\n', ""))
    for more in ((), ("--accept-license", "llama3.1")):
        ran = pusher.run(bucket, f"hf://{REPOSITORY}", *more, **hub.environment("hf_goodToken"))
        assert ran.returncode == 2
        assert "llama3.2" in ran.stderr
        assert "Versions" not in s3_server.client().list_object_versions(Bucket=bucket)
    accepted = "--accept-license", "llama3.2", "--accepted-by", "Grace"
    ran = pusher.run(bucket, f"hf://{REPOSITORY}", *accepted, **hub.environment("hf_goodToken"))
    assert ran.returncode == 0, ran.stderr
    license_of = pusher.pushed(bucket).license
    assert license_of is not None
    assert license_of.by == "Grace"


def killed_at(proxy: S3Proxy, process: ForkServerProcess, received: int) -> bool:
    """True where the process was killed once S3 had so many bytes; False where it ended before."""
    proxy.on_bytes = lambda count: process.kill() if count >= received else None
    process.join(120)
    proxy.on_bytes = lambda _count: None
    proxy.wait_until_idle()
    return process.exitcode == -signal.SIGKILL


def test_killed_at_twenty_moments_the_result_is_the_same_and_nothing_is_sent_twice(
    pusher: Pusher, hub: Hub, s3_server: S3Server, tmp_path: Path, key: ec.EllipticCurvePrivateKey
) -> None:
    source, token = f"hf://{REPOSITORY}", hub.environment("hf_goodToken")
    straight = s3_server.bucket()
    assert Pusher(tmp_path / "straight", s3_server, key).run(straight, source, **token).returncode == 0
    bucket, chance = s3_server.bucket(), random.Random(13)  # noqa: S311  no secret
    hub.sent_bytes = 0
    moments = sorted(chance.randrange(TOTAL) for _ in range(20))
    kills = 0
    with S3Proxy(s3_server.endpoint) as proxy:
        there = token | {"AWS_ENDPOINT_URL": proxy.endpoint, "AWS_ENDPOINT_URL_S3": proxy.endpoint}
        for moment in moments:
            # What a kill lost is sent again, so the moments move.
            at = max(moment + proxy.received_bytes - proxy.accepted_bytes, proxy.received_bytes + 1)
            kills += killed_at(proxy, pusher.forked(bucket, source, "--workers", "1", **there), at)
        ran = pusher.run(bucket, source, "--workers", "1", **there)
        assert ran.returncode == 0, ran.stderr
        assert kills == len(moments)
        assert without_versions(pusher.pushed(bucket)) == without_versions(pusher.pushed(straight))
        signatures = 16 * 1024
        assert TOTAL <= proxy.accepted_bytes <= TOTAL + signatures
        assert proxy.received_bytes <= TOTAL + signatures + kills * PART
        # Two parts are in memory with one worker; and what is looked at first is read at every start.
        assert hub.sent_bytes <= TOTAL + kills * (2 * PART + MIB)


def test_busy_answers_slow_downs_and_resets_of_both_sides_are_lived_through(
    pusher: Pusher, hub: Hub, s3_server: S3Server
) -> None:
    chance, bucket = random.Random(7), s3_server.bucket()  # noqa: S311  no secret
    hub_faults = ["503", "reset", "cut", "500", "429"]
    hub.fault = lambda _server, _path: chance.choice(hub_faults) if chance.random() < 0.3 else None

    def s3_fault(_method: str, _path: str, _number: int) -> str | None:
        return chance.choice(["503", "reset", "500"]) if chance.random() < 0.25 else None

    with S3Proxy(s3_server.endpoint, s3_fault) as proxy:
        there = {"AWS_ENDPOINT_URL": proxy.endpoint, "AWS_ENDPOINT_URL_S3": proxy.endpoint}
        ran = pusher.run(bucket, f"hf://{REPOSITORY}", **hub.environment("hf_goodToken"), **there)
    assert ran.returncode == 0, ran.stderr
    assert "again in" in ran.stderr
    pusher.pushed(bucket)


def test_bytes_that_were_damaged_on_the_way_are_refused_by_name_and_leave_nothing(
    pusher: Pusher, hub: Hub, s3_server: S3Server
) -> None:
    bucket = s3_server.bucket()
    digest = sha256(FILES["model-00002-of-00003.safetensors"]).hexdigest()
    damaged = FILES["model-00002-of-00003.safetensors"][: 16 * MIB] + bytes(MIB)
    hub.repositories["a/b"] = Repository({**FILES, "model-00002-of-00003.safetensors": damaged})
    wrong = sha256(damaged).hexdigest()
    # Lists the right digest, and sends the other bytes.
    hub.repositories["a/b"].lies = {wrong: digest}
    ran = pusher.run(bucket, "hf://a/b", **hub.environment())
    assert ran.returncode == 2
    assert f"model-00002-of-00003.safetensors has SHA-256 {wrong}, but its source states {digest}" in ran.stderr
    client = s3_server.client()
    names = [each["Key"] for each in client.list_object_versions(Bucket=bucket)["Versions"]]
    assert not any("00002" in name or name.endswith((SIGNATURE_FILE, REVISION_FILE)) for name in names)


@pytest.mark.parametrize("kind", ["file", "s3"])
def test_a_folder_and_a_prefix_of_s3_are_pushed_as_a_repository_is(
    pusher: Pusher, s3_server: S3Server, tmp_path: Path, kind: str
) -> None:
    bucket, source = s3_server.bucket(), f"file://{write(FILES, tmp_path / 'model')}"
    if kind == "s3":
        elsewhere = s3_server.bucket()
        for name, data in FILES.items():
            s3_server.client().put_object(Bucket=elsewhere, Key=f"some/model/{name}", Body=data)
        source = f"s3://{elsewhere}/some/model"
    ran = pusher.run(bucket, source, "--revision", "r1")
    assert ran.returncode == 0, ran.stderr
    revision = pusher.pushed(bucket)
    assert (revision.name, revision.source, revision.source_commit) == ("r1", source, "")
    assert revision.size_bytes == TOTAL


def test_a_lora_adapter_is_pushed_with_its_configuration_and_base(
    pusher: Pusher, s3_server: S3Server, tmp_path: Path
) -> None:
    files = {
        "adapter_config.json": b'{"base_model_name_or_path": "meta-llama/Llama-3.2-1B-Instruct", "r": 16}',
        "adapter_model.safetensors": safetensors(MIB, 1),
        "optimizer.pt": b"a pickle",
    }
    bucket = s3_server.bucket()
    ran = pusher.run(bucket, f"file://{write(files, tmp_path / 'adapter')}", "support-tone", "--accept-license", "own")
    assert ran.returncode == 0, ran.stderr
    revision = pusher.pushed(bucket)
    assert (revision.model, revision.quantization) == ("support-tone", "lora")
    assert revision.details["adapts"] == "meta-llama/Llama-3.2-1B-Instruct"
    assert {each.name for each in revision.files} == files.keys() - {"optimizer.pt"}


def test_the_plan_of_a_dry_run_names_every_file_and_touches_no_bucket(pusher: Pusher, hub: Hub) -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", **hub.environment("hf_goodToken")}
    ran = pusher.run("none-such", f"hf://{REPOSITORY}", "--dry-run", "--json", **nowhere)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["size_bytes"] == TOTAL
    assert {each["name"] for each in told["files"] + told["skipped"]} == FILES.keys()
    assert all(each["why"] for each in told["skipped"])
    assert told["license_accepted"] is True


def test_a_file_of_one_gibibyte_is_pushed_in_less_than_300_mib_of_memory(
    pusher: Pusher, s3_server: S3Server, tmp_path: Path
) -> None:
    folder = write({"config.json": b'{"model_type": "llama"}'}, tmp_path / "large")
    size = 1100 * MIB
    with (folder / "model.safetensors").open("wb") as file:
        file.write(safetensors(MIB, 1))
        file.truncate(size)
    bucket = s3_server.bucket()
    process = pusher.start(bucket, f"file://{folder}", "--revision", "large")
    assert peak_mib(process) < 300
    assert process.returncode == 0
    (weights,) = [each for each in pusher.pushed(bucket).files if each.name == "model.safetensors"]
    assert weights.size_bytes == size
    assert weights.s3_checksum.endswith("-69")


def peak_mib(process: subprocess.Popen[str]) -> float:
    """Largest resident size of a process, once it has ended. ru_maxrss would begin with that of its parent, here."""
    status, peak_kib = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        peak_kib = max(peak_kib, int(found[1]) if found else 0)
        time.sleep(0.02)
    process.communicate()
    return peak_kib / 1024
