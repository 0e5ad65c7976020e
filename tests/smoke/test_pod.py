"""The pod: user, file system and environment of the rendered manifest are enough, and AWS is all that it asks."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from paddock.weights.read_access import read_policy
from tests.smoke import manifest
from tests.smoke.aws import AGENT, POD_TOKEN, S3_PORT, Call
from tests.smoke.kubelet import Kubelet
from tests.smoke.surroundings import HOST, ON_A_CPU, VERSION, Surroundings
from tests.smoke.wire import Destination

IDENTITY = ("Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs")


def of_process(server: Kubelet, pid: int) -> dict[str, str]:
    """Fields of `/proc/<pid>/status`."""
    lines = server.pod.run(["cat", f"/proc/{pid}/status"], 10).stdout.splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_vllm_is_the_first_process_an_ordinary_user_that_no_file_names(server: Kubelet) -> None:
    none, ids = "0" * 16, "\t".join(4 * ["1000"])
    status = of_process(server, 1)
    assert [status[name] for name in IDENTITY] == [ids, ids, "1000", none, none, none, "1"]
    assert "vllm serve s3://" in server.pod.processes()[server.pod.pid]
    assert server.pod.run(["getent", "passwd", "1000"], 10).returncode == 2


def test_nothing_is_writable_but_the_volumes(server: Kubelet) -> None:
    mounts = [line.split() for line in server.pod.run(["cat", "/proc/mounts"], 10).stdout.splitlines()]
    writable = {path for _, path, _, options, *_ in mounts if "rw" in options.split(",")}
    volumes = {mount["mountPath"] for mount in server.pod.container["volumeMounts"] if not mount.get("readOnly")}
    kernel = {path for path in writable if path.startswith(("/proc", "/sys", "/dev/"))}
    assert writable - kernel | (volumes & kernel) == volumes
    for path in ("/", "/etc/paddock", str(server.pod.image.commands), "/usr"):
        assert server.pod.run(["touch", f"{path}/x"], 10).returncode != 0, path


def test_the_environment_is_what_the_manifest_renders_and_what_eks_adds(
    server: Kubelet, surroundings: Surroundings
) -> None:
    lines = server.pod.run(["cat", "/proc/1/environ"], 10).stdout.split("\0")
    names = {line.partition("=")[0] for line in lines if line}
    rendered = {each["name"] for each in manifest.pod_template(VERSION)["containers"][0]["env"]}
    assert names == rendered | {"PATH"} | surroundings.aws.environment.keys() | ON_A_CPU.keys()


@pytest.mark.usefixtures("server")
def test_weights_come_from_s3_by_the_token_of_the_pods_service_account(surroundings: Surroundings) -> None:
    read = {call.resource.rpartition("/")[2] for call in surroundings.aws.calls if call.action == "s3:GetObject"}
    assert read >= {
        file.name for file in surroundings.model.iterdir() if file.suffix in (".safetensors", ".json", ".jinja")
    }
    assert set(surroundings.aws.tokens_shown) == {POD_TOKEN}


def test_the_readers_policy_allows_every_call_that_a_start_makes(server: Kubelet, surroundings: Surroundings) -> None:
    bucket, _, prefix = server.pod.container["args"][0].removeprefix("s3://").partition("/")
    adapter = f"models/{manifest.ADAPTER_REVISION}"
    policy = json.loads(read_policy("aws", bucket, prefix, adapter))
    assert any(call.resource.startswith(f"{bucket}/{adapter}/") for call in surroundings.aws.calls)
    assert [call for call in surroundings.aws.calls if not (call.answered and allows(policy, call))] == []
    assert not allows(policy, Call("s3:GetObject", f"{bucket}/models/another/bf16/config.json", None, True))


def allows(policy: dict[str, Any], call: Call) -> bool:
    def matches(statement: dict[str, Any]) -> bool:
        wanted = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
        return (
            call.action in statement["Action"]
            and any(fnmatchcase(f"arn:aws:s3:::{call.resource}", each) for each in statement["Resource"])
            and (wanted is None or any(fnmatchcase(call.prefix or "", each) for each in wanted))
        )

    return any(matches(each) for each in policy["Statement"])


def test_no_other_host_is_asked_not_even_for_a_name(server: Kubelet, surroundings: Surroundings) -> None:
    assert surroundings.wire.opened() == {Destination(HOST, "tcp", S3_PORT), Destination(AGENT, "tcp", 80)}
    server.pod.run(["python", "-c", "import urllib.request as u; u.urlopen('http://huggingface.co', timeout=3)"], 30)
    assert Destination(HOST, "udp", 53) in surroundings.wire.opened(), "the wire sees a question for a name"


def test_the_key_is_not_in_the_log(server: Kubelet) -> None:
    assert manifest.API_KEY not in server.pod.log.read_text(errors="replace")
