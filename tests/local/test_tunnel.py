"""`paddock tunnel`: an empty account becomes a platform whose API is reached by Systems Manager alone.

Proves the order (the bastion before the first Kubernetes object, and after the last), that the TLS of what answers is
checked, that a session that drops is opened again, and that nothing runs on afterwards. It does not prove how AWS's own
`session-manager-plugin` behaves: the local cloud's stands in for it.
"""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from paddock.privacy.proof import PrivacyVerdict, prove, read_inventory
from tests.local.look import eventually
from tests.local.stack import Stack, llama_config

UP_SECONDS = 150
ALLOWED = ["8.8.8.8/32"]


def free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


class Tunnel:
    """`paddock tunnel` of one stack."""

    def __init__(self, stack: Stack, settings: Mapping[str, Any]) -> None:
        self.stack, self.settings = stack, settings
        (self.stack_file,) = stack.folder.glob(f"**/Pulumi.{stack.name}.yaml")

    def command(self, *arguments: str) -> list[str]:
        return ["paddock", "tunnel", "--stack-file", str(self.stack_file), *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.stack.folder,
            env=dict(self.stack.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
            check=False,
        )

    def opened(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.stack.folder,
            env=dict(self.stack.environment),
            stderr=subprocess.PIPE,
            text=True,
        )


def sessions(tunnel: subprocess.Popen[str]) -> list[psutil.Process]:
    """The plugin processes below a tunnel."""
    found = []
    for process in psutil.Process(tunnel.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # also of a zombie, which has no command line any more
            arguments = process.cmdline()
            if "local.plugins.session_manager" in arguments and "--version" not in arguments:
                found.append(process)
    return found


def kubectl(environment: dict[str, str], file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["kubectl", "--kubeconfig", str(file), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture(scope="module")
def tunnel(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tunnel]:
    """A stack with a tunnel, brought up through it from an empty account, and destroyed through it."""
    folder = tmp_path_factory.mktemp("tunnel") / "program"
    through_it = {"bastion": True, "tunnel_port": free_port()}
    stack = Stack.of_llama("tunneled", cloud.environment(), folder, **through_it)
    made = Tunnel(stack, through_it)
    done = made.run("--wait", "--", *stack.command("up", "--yes", "--skip-preview", "--suppress-progress"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "waiting: the stack tunneled has no bastion" in done.stderr
    yield made
    gone = made.run("--", *stack.command("destroy", "--yes", "--skip-preview", "--suppress-progress"))
    assert gone.returncode == 0, gone.stdout + gone.stderr
    environment = cloud.environment()
    assert list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]) == []


def test_the_api_is_reached_through_it_with_the_clusters_certificate_and_a_dropped_session_comes_back(
    tunnel: Tunnel, tmp_path: Path
) -> None:
    environment, file = dict(tunnel.stack.environment), tmp_path / "kubeconfig"
    running = tunnel.opened("--kubeconfig", str(file))
    try:
        assert eventually(file.exists)
        assert file.stat().st_mode & 0o777 == 0o600
        assert kubectl(environment, file, "get", "nodes", "--output", "name").stdout.count("node/") == 3

        (cluster,) = json.loads(kubectl(environment, file, "config", "view", "--raw", "-o", "json").stdout)["clusters"]
        assert cluster["cluster"]["tls-server-name"] == "127.0.0.1"
        wrong = kubectl(environment, file, "get", "nodes", "--tls-server-name", "another.name")
        assert "certificate is valid for" in wrong.stderr

        (session,) = sessions(running)
        session.kill()
        assert eventually(lambda: [each.pid for each in sessions(running)] not in ([], [session.pid]))
        assert eventually(lambda: kubectl(environment, file, "get", "--raw", "/readyz").stdout == "ok")
    finally:
        below = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert running.returncode == 0, said
    assert "opening another" in said
    assert not file.exists()
    assert [each for each in below if each.is_running()] == []


def test_a_command_runs_with_the_tunnel_open_and_its_status_is_the_tunnels(tunnel: Tunnel, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    done = tunnel.run("--kubeconfig", str(file), "--", "kubectl", "get", "--raw", "/readyz")
    assert (done.returncode, done.stdout) == (0, "ok")
    assert tunnel.run("--", "sh", "-c", "exit 7").returncode == 7
    assert not file.exists()


def test_the_proof_finds_it_private_and_names_who_may_open_sessions(tunnel: Tunnel) -> None:
    proof = prove(read_inventory(tunnel.stack.run("stack", "export").stdout))
    assert (proof.verdict, proof.reasons) == (PrivacyVerdict.PRIVATE, ())
    said = " / ".join(edge.text for edge in proof.doors)
    assert "identities of the account that may ssm:StartSession open sessions into nodes" in said
    assert "ssm:StartSession on llama-bastion-instance forward ports through it" in said


def test_without_the_tunnel_a_preview_says_which_command_opens_it(tunnel: Tunnel) -> None:
    done = tunnel.stack.run("preview", check=False)
    assert "run `paddock tunnel --wait" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "changes",
    [
        {"bastion": True, "tunnel_port": free_port()},
        {"bastion": None, "peer_cidrs": ["10.9.0.0/16"]},
        {"bastion": None, "endpoint_public_access_cidrs": ALLOWED},
    ],
    ids=["another port", "a peered network", "an allow-list"],
)
def test_another_way_to_the_api_changes_the_provider_and_replaces_nothing(
    changes: Mapping[str, Any], tunnel: Tunnel
) -> None:
    """Pulumi's own provider decides, and each way has another kubeconfig: the first assertion says that it has."""
    tunnel.stack.configure(llama_config(**changes))
    try:
        steps = tunnel.stack.preview()
    finally:
        tunnel.stack.configure(llama_config(**tunnel.settings))
    assert ("update", "llama-kubernetes") in [(op, urn.rpartition("::")[2]) for op, urn in steps]
    assert [step for step in steps if "replace" in step[0]] == []


def test_a_port_that_is_taken_is_refused_before_anything_is_started(tunnel: Tunnel) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = tunnel.run("--port", str(taken.getsockname()[1]))
    assert refused.returncode == 2
    assert "is taken" in refused.stderr
    assert "--port" in refused.stderr
