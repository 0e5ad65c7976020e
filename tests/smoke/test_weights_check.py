"""The init container that checks weights, or copies them, as Kubernetes runs it.

User, file system and rights of the manifest, S3 by Pod Identity alone. Its image is this checkout's Python with boto3,
in the place of vLLM's, so that these run in seconds.
"""

import base64
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from paddock import VllmService
from paddock.weights.read_access import read_policy
from paddock.weights.revision import REVISION_FILE, REVOKED_FILE, SIGNATURE_FILE
from tests.smoke.aws import TOKEN_FILE, Aws
from tests.smoke.manifest import _plain
from tests.smoke.pod import Image, Pod
from tests.smoke.surroundings import Outside
from tests.smoke.test_pod import allows
from tests.unit.components.cases import args_of
from tests.unit.components.recorder import build
from tests.unit.weights.signed import pem

BUCKET = "checked-0a1b2c"
MODEL = "llama-3.2-1b"
SHARD = "model-00001-of-00002.safetensors"
ADDRESS = "10.88.0.30"
NUMBER = count()


@pytest.fixture
def revision(outside: Outside, tmp_path: Path) -> str:
    """`<bucket>/models/<model>/<revision>` of a fresh, signed revision."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    for name in (SHARD, SHARD.replace("00001", "00002")):
        (folder / name).write_bytes(name.encode() * 200_000)
    (folder / "config.json").write_text("{}")
    path = f"{BUCKET}-{next(NUMBER)}/models/{MODEL}/bf16-0123456789ab"
    outside.aws.put(folder, f"s3://{path}")
    return path


@pytest.fixture
def copies(request: pytest.FixtureRequest) -> bool:
    """True for a pod that copies the weights to its node's disk."""
    return bool(getattr(request, "param", False))


@pytest.fixture
def pod(outside: Outside, tmp_path: Path, revision: str, *, copies: bool) -> Iterator[Pod]:
    """A pod that is to serve that revision, not started yet."""
    pod = new_pod(outside, tmp_path, revision, **({"weights_disk_mib": 100} if copies else {}))
    yield pod
    pod.end()


@pytest.fixture
def adapter(outside: Outside, revision: str, tmp_path: Path) -> str:
    """`<bucket>/models/<model>/<revision>` of an adapter in the same bucket."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / SHARD).write_bytes(b"adapter" * 200_000)
    (folder / "adapter_config.json").write_text("{}")
    path = f"{revision.partition('/')[0]}/models/{MODEL}/lora-0123456789ab"
    outside.aws.put(folder, f"s3://{path}")
    return path


@pytest.fixture
def pod_with_adapter(outside: Outside, tmp_path: Path, revision: str, adapter: str) -> Iterator[Pod]:
    engine_args = [*args_of("VllmService")["engine_args"], "--enable-lora"]
    pod = new_pod(outside, tmp_path, revision, adapters={"tone": f"s3://{adapter}"}, engine_args=engine_args)
    yield pod
    pod.end()


def new_pod(outside: Outside, tmp_path: Path, revision: str, **more: Any) -> Pod:
    args = args_of(
        "VllmService",
        model_uri=f"s3://{revision}",
        weights_public_key=pem(),
        engine_env={"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"},
        **more,
    )
    built = build(lambda opts: VllmService("vllm", args, opts))
    made = [_plain(inputs) for token, _, inputs in built.made if token.startswith("kubernetes:")]
    objects: Mapping[tuple[str, str], Any] = {(each["kind"], each["metadata"]["name"]): each for each in made}
    commands = Path(sys.executable).parent
    return Pod(
        name=f"checked-{next(NUMBER)}",
        address=ADDRESS,
        template=objects["Deployment", "vllm"]["spec"]["template"]["spec"],
        objects=objects,
        image=Image(folders=[commands.parent, Path(sys.base_prefix)], commands=commands),
        folder=tmp_path / "pod",
        network=outside.network,
        more_env=outside.aws.environment,
        more_mounts={TOKEN_FILE: outside.token},
    )


def test_a_good_revision_lets_the_pod_start_and_the_readers_role_is_enough(
    pod: Pod, outside: Outside, revision: str
) -> None:
    before = len(outside.aws.calls)
    assert pod.initialize() == ""
    bucket, _, prefix = revision.partition("/")
    policy = json.loads(read_policy("aws", bucket, prefix))
    asked = outside.aws.calls[before:]
    assert [call for call in asked if not (call.answered and allows(policy, call))] == []
    read = {call.resource.rpartition("/")[2] for call in asked if call.action == "s3:GetObject"}
    assert read == {SHARD, SHARD.replace("00001", "00002"), "config.json", REVISION_FILE, SIGNATURE_FILE}
    assert "verified: 3 files, " in (pod.folder / "verify-weights" / "log").read_text()


@pytest.mark.parametrize("copies", [True], indirect=True)
def test_a_copy_is_what_the_models_container_finds_and_the_readers_role_is_enough(
    pod: Pod, outside: Outside, revision: str
) -> None:
    before = len(outside.aws.calls)
    assert pod.initialize() == ""
    bucket, _, prefix = revision.partition("/")
    policy = json.loads(read_policy("aws", bucket, prefix))
    assert [call for call in outside.aws.calls[before:] if not (call.answered and allows(policy, call))] == []
    assert "copied, verified: 3 files, " in (pod.folder / "copy-weights" / "log").read_text()
    seen = looked_at(pod, "/weights")
    assert seen == {
        name: outside.aws.content(f"{revision}/{name}")
        for name in (SHARD, SHARD.replace("00001", "00002"), "config.json")
    }


def looked_at(pod: Pod, folder: str) -> dict[str, bytes]:
    """Files that the model's container finds in a folder, which it cannot write."""
    script = (
        "import base64, json, pathlib, sys\n"
        f"found = pathlib.Path({folder!r})\n"
        "try:\n    (found / 'x').write_text('')\nexcept OSError as error:\n    assert error.errno == 30, error\n"
        "else:\n    sys.exit('the folder can be written')\n"
        "print(json.dumps({each.name: base64.b64encode(each.read_bytes()).decode() for each in found.iterdir()}))"
    )
    (container,) = pod.template["containers"]
    looking = {**container, "command": ["python3", "-c", script], "args": []}
    looker = replace(pod, template={**pod.template, "containers": [looking]}, folder=pod.folder / "looker")
    looker.volumes = pod.folder / "volumes"
    looker.start(is_long=False)
    code = looker.wait(60)
    looker.end()
    assert code == 0, looker.log.read_text()
    return {name: base64.b64decode(content) for name, content in json.loads(looker.log.read_text()).items()}


def flip(aws: Aws, path: str, name: str) -> None:
    content = aws.content(f"{path}/{name}")
    aws.put_object(f"{path}/{name}", content[:7] + bytes([content[7] ^ 4]) + content[8:])


def sign_otherwise(aws: Aws, path: str) -> None:
    """The last bit of the signature itself."""
    bundle = json.loads(aws.content(f"{path}/{SIGNATURE_FILE}"))
    (signature,) = bundle["dsseEnvelope"]["signatures"]
    found = base64.b64decode(signature["sig"])
    signature["sig"] = base64.b64encode(found[:-1] + bytes([found[-1] ^ 1])).decode()
    aws.put_object(f"{path}/{SIGNATURE_FILE}", json.dumps(bundle).encode())


Change = Callable[[Aws, str], object]
FAULTS: dict[str, tuple[Change, str]] = {
    "a flipped bit": (lambda aws, path: flip(aws, path, SHARD), f"{SHARD} has another content: "),
    "a missing shard": (lambda aws, path: aws.delete(f"{path}/{SHARD}"), f"{SHARD} is missing"),
    "an extra file": (lambda aws, path: aws.put_object(f"{path}/x.py", b"1"), "x.py is not of this revision"),
    "a truncated file": (lambda aws, path: aws.put_object(f"{path}/{SHARD}", b"1"), f"{SHARD} has 1 bytes, and not "),
    "the same file anew": (
        lambda aws, path: aws.put_object(f"{path}/{SHARD}", aws.content(f"{path}/{SHARD}")),
        f"{SHARD} was replaced: ",
    ),
    "a wrong signature": (
        sign_otherwise,
        f"{SIGNATURE_FILE}: the signature is not of the key that this stack trusts",
    ),
    "a swapped manifest": (
        lambda aws, path: aws.put_object(f"{path}/{REVISION_FILE}", b"{}"),
        f"{REVISION_FILE} is not the one that was signed",
    ),
    "revoked": (
        lambda aws, path: aws.put_object(f"{path}/{REVOKED_FILE}", b'{"why": "a leak"}'),
        "revoked for a leak",
    ),
}


@pytest.mark.parametrize("copies", [False, True], indirect=True, ids=["checked", "copied"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_keeps_the_pod_from_starting_and_its_status_names_the_file(
    pod: Pod, outside: Outside, revision: str, fault: str
) -> None:
    change, said = FAULTS[fault]
    change(outside.aws, revision)
    assert pod.initialize().startswith(f"weights of {MODEL}/bf16-0123456789ab refused: {said}")


def test_an_adapter_is_what_the_models_container_finds_and_the_readers_role_is_enough(
    pod_with_adapter: Pod, outside: Outside, revision: str, adapter: str
) -> None:
    before = len(outside.aws.calls)
    assert pod_with_adapter.initialize() == ""
    bucket, _, prefix = revision.partition("/")
    policy = json.loads(read_policy("aws", bucket, prefix, adapter.partition("/")[2]))
    assert [call for call in outside.aws.calls[before:] if not (call.answered and allows(policy, call))] == []
    assert "copied, verified: 2 files, " in (pod_with_adapter.folder / "copy-adapters" / "log").read_text()
    seen = looked_at(pod_with_adapter, "/adapters/tone")
    assert seen == {name: outside.aws.content(f"{adapter}/{name}") for name in (SHARD, "adapter_config.json")}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_an_adapter_keeps_the_pod_from_starting_and_its_status_names_the_file(
    pod_with_adapter: Pod, outside: Outside, adapter: str, fault: str
) -> None:
    change, said = FAULTS[fault]
    change(outside.aws, adapter)
    assert pod_with_adapter.initialize().startswith(f"weights of {MODEL}/lora-0123456789ab refused: {said}")
