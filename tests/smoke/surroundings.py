"""Surroundings of the pods: networks, S3 with the weights, the Pod Identity agent, and a tiny Llama."""

import subprocess
import sys
from pathlib import Path

from tests.smoke import manifest, vllm
from tests.smoke.aws import AGENT, POD_TOKEN, TOKEN_FILE, Aws
from tests.smoke.kubelet import Kubelet
from tests.smoke.pod import Image, Network, Pod
from tests.smoke.wire import Wire

VERSION = vllm.version(vllm.RUNS)
HOST, PODS = "10.88.0.1", [f"10.88.0.{last}" for last in range(10, 20)]
ON_A_CPU = {"VLLM_CPU_KVCACHE_SPACE": "1"}
MORE_ARGS = ["--enforce-eager"]
"""Arguments beside the manifest's: no compiling, which takes minutes on two cores."""
MAKER = Path(__file__).with_name("tiny_llama.py")


class Outside:
    """Network of the pods and AWS on it, made once."""

    def __init__(self, folder: Path) -> None:
        interfaces = {line.partition(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]}
        assert interfaces <= {"lo"}, "the pods need a network of their own; run `make smoke`"
        self.token = folder / "token"
        self.token.write_text(POD_TOKEN)
        self.network = Network(HOST, beside=[AGENT])
        self.aws = Aws(HOST)


class Surroundings:
    """Made once; `new_pod` makes pods in them."""

    def __init__(self, folder: Path, outside: Outside) -> None:
        commands = vllm.commands()
        self.folder, self.pods = folder, list[Pod]()
        self.model, self.adapter, self._token = folder / "model", folder / "adapter", outside.token
        subprocess.run([commands / "python", MAKER, self.model, self.adapter], check=True, capture_output=True)
        self._image = Image(folders=[commands.parent, Path(sys.base_prefix)], commands=commands)
        self._network = outside.network
        self.aws, self.wire = outside.aws, Wire("pods", frozenset(PODS))
        uri = str(manifest.pod_template(VERSION)["containers"][0]["args"][0])
        self.aws.put(self.model, uri)
        self.aws.put(self.adapter, f"{uri.rpartition('/models/')[0]}/models/{manifest.ADAPTER_REVISION}")

    def new_pod(self) -> Kubelet:
        """A pod of the rendered Deployment, not started yet."""
        number = len(self.pods)
        self.pods.append(
            Pod(
                name=f"llama-vllm-{number}",
                address=PODS[number],
                template=manifest.pod_template(VERSION),
                objects=manifest.objects(VERSION),
                image=self._image,
                folder=self.folder / f"pod-{number}",
                network=self._network,
                more_args=MORE_ARGS,
                more_env={**self.aws.environment, **ON_A_CPU},
                more_mounts={TOKEN_FILE: self._token},
            )
        )
        return Kubelet(self.pods[-1])
