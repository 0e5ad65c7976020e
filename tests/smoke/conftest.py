"""The server that all requests go to, and what stands around it: networks, S3, the Pod Identity agent."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.smoke import manifest, vllm
from tests.smoke.aws import AGENT, POD_TOKEN, TOKEN_FILE, Aws
from tests.smoke.kubelet import Kubelet
from tests.smoke.pod import Image, Network, Pod
from tests.smoke.wire import Wire

HOST, PODS = "10.88.0.1", frozenset(f"10.88.0.{last}" for last in range(10, 20))
ADAPTER = "/models/adapter"
ON_A_CPU = {"VLLM_CPU_KVCACHE_SPACE": "1"}
MORE_ARGS = ["--enforce-eager", "--enable-lora", "--max-lora-rank", "8", "--lora-modules", f"adapter={ADAPTER}"]
"""Without compiling, which takes minutes on two cores; and an adapter, of which the manifest has none."""


@dataclass
class Smoke:
    """Everything around the pods."""

    folder: Path
    image: Image
    network: Network
    aws: Aws
    wire: Wire
    model: Path
    adapter: Path
    pods: list[Pod]

    def pod(self) -> Kubelet:
        """A new pod of the rendered Deployment, not started yet."""
        number = len(self.pods)
        token = self.folder / "token"
        token.write_text(POD_TOKEN)
        version = vllm.version(vllm.RUNS)
        self.pods.append(
            Pod(
                name=f"llama-vllm-{number}",
                address=f"10.88.0.{10 + number}",
                template=manifest.pod_template(version),
                objects=manifest.objects(version),
                image=self.image,
                folder=self.folder / f"pod-{number}",
                network=self.network,
                more_args=MORE_ARGS,
                more_env={**self.aws.environment, **ON_A_CPU},
                more_mounts={TOKEN_FILE: token, ADAPTER: self.adapter},
            )
        )
        return Kubelet(self.pods[-1])


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Print progress past pytest's capture: a start takes minutes."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def said(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n  {text}", flush=True)

    return said


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Smoke]:
    interfaces = {line.partition(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]}
    assert interfaces <= {"lo"}, "the pods need a network of their own; run `make smoke`"
    folder = tmp_path_factory.mktemp("smoke")
    # The container's user walks to what is mounted from here.
    for each in (folder, *folder.parents):
        if each.stat().st_mode & 0o005 != 0o005 and each.is_relative_to(tmp_path_factory.getbasetemp()):
            each.chmod(0o755)
    commands = vllm.commands()
    model, adapter = folder / "model", folder / "adapter"
    maker = Path(__file__).with_name("tiny_llama.py")
    subprocess.run([commands / "python", maker, model, adapter], check=True, capture_output=True)
    for file in (*model.iterdir(), *adapter.iterdir()):
        file.chmod(0o644)
    network = Network(HOST, beside=[AGENT])
    made = Smoke(
        folder=folder,
        image=Image(folders=[commands.parent, Path(sys.base_prefix)], commands=commands),
        network=network,
        aws=Aws(HOST),
        wire=Wire("pods", PODS),
        model=model,
        adapter=adapter,
        pods=[],
    )
    uri = manifest.pod_template(vllm.version(vllm.RUNS))["containers"][0]["args"][0]
    made.aws.put(model, uri)
    yield made
    for pod in made.pods:
        pod.end()


@pytest.fixture(scope="session")
def server(smoke: Smoke, say: Callable[[str], None]) -> Kubelet:
    """One started server."""
    kubelet = smoke.pod()
    say(f"starting vLLM {vllm.version(vllm.RUNS)} …")
    say(f"ready after {kubelet.start():.0f} s")
    return kubelet
