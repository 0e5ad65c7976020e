"""Way to an endpoint: `kubectl port-forward` as a process that goes with it, a tunnel only where the stack has one."""

import os
import sys
from pathlib import Path

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.chat import way
from paddock.operations.chat.deployed import Deployed, deployed_of
from paddock.settings import parse_settings

DEPLOYED = Deployed(
    stack="dev",
    region="us-east-1",
    model="llama-3.1-8b",
    display_name="Llama",
    endpoint="http://llama-vllm.llama.svc.cluster.local:8000/v1",
    namespace="llama",
    cluster="llama-dev",
    usd_per_hour=1.0,
    notice="",
    tunnel_port=None,
)
KUBECTL = f"""#!{sys.executable}
import os, sys, time
open(os.environ["CALLS"], "a").write(" ".join(sys.argv[1:]) + " " + os.environ["KUBECONFIG"] + "\\n")
if os.environ.get("FAILS"):
    print("Unable to listen", file=sys.stderr)
    print("error: no pod is running", file=sys.stderr)
    sys.exit(1)
print("Forwarding from 127.0.0.1:40404 -> 8000", flush=True)
open(os.environ["CALLS"] + ".pid", "w").write(str(os.getpid()))
time.sleep(60)
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(KUBECTL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_the_port_that_kubectl_took_is_told_and_kubectl_ends_with_it(calls: Path) -> None:
    with way._forwarded(DEPLOYED, Path("/a/kubeconfig")) as port:
        assert port == 40404
        while not Path(f"{calls}.pid").exists():
            pass
        pid = int(Path(f"{calls}.pid").read_text())
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert calls.read_text() == (
        "--namespace llama port-forward service/llama-vllm :8000 --address 127.0.0.1 /a/kubeconfig\n"
    )


def test_why_kubectl_leads_nowhere_is_one_line(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "1")
    refused = r"^kubectl leads to no pod of service/llama-vllm: no pod is running$"
    with pytest.raises(RefusedError, match=refused), way._forwarded(DEPLOYED, Path("/a/kubeconfig")):
        raise AssertionError(calls)


def test_without_kubectl_it_says_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RefusedError, match="no `kubectl` on PATH"), way.reached(DEPLOYED, print):
        raise AssertionError


def test_without_a_port_there_is_no_tunnel() -> None:
    with way.opened_tunnel("dev", "us-east-1", None, print, wait=True):
        pass


@pytest.mark.parametrize(("bastion", "port"), [(True, 8443), (False, None)])
def test_the_tunnel_is_the_stacks(bastion: bool, port: int | None) -> None:
    given = {"model": "llama-3.1-8b", "bastion": bastion, "peer_cidrs": [] if bastion else ["10.9.0.0/16"]}
    settings = parse_settings(given, region="us-east-1", to_deploy=False)
    outputs = {"endpoint": DEPLOYED.endpoint, "namespace": "llama", "cluster_name": "llama-dev", "usd_per_hour": 1.5}
    found = deployed_of("dev", outputs, settings, {"aws:profile": "mine"})
    assert (found.tunnel_port, found.profile, found.in_cluster, found.usd_per_hour) == (port, "mine", True, 1.5)


def test_a_stack_that_is_not_up_is_told_what_brings_it_up() -> None:
    settings = parse_settings({"model": "llama-3.1-8b"}, region="us-east-1", to_deploy=False)
    with pytest.raises(RefusedError, match="no output endpoint, cluster_name: it is not up; run `paddock deploy dev`"):
        deployed_of("dev", {"namespace": "llama"}, settings, {})
