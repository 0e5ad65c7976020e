"""Way to an endpoint through a cluster of moto's: the kubeconfig, the service and the tunnel, which go at the end."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.chat import way
from paddock.operations.tunnel.probe import Answer
from tests.unit.cli.account import ACCOUNT, client, empty_account
from tests.unit.operations.chat.test_way import DEPLOYED

KUBECTL = f"""#!{sys.executable}
import os, sys, time
words = sys.argv[1:]
open(os.environ["CALLS"], "a").write(" ".join(words) + "\\n")
if "get" in words:
    print(os.environ["SERVICES"])
    sys.exit(0)
print("Forwarding from 127.0.0.1:40404 -> 8000", flush=True)
time.sleep(60)
"""
TUNNELLED = replace(DEPLOYED, tunnel_port=8443)
ELSEWHERE = replace(DEPLOYED, endpoint="https://llama.invalid/v1")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Calls of kubectl, in an account where the cluster is."""
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(KUBECTL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("SERVICES", "service/llama-vllm")
    with empty_account():
        role = f"arn:aws:iam::{ACCOUNT}:role/eks"
        client("eks").create_cluster(name="llama-dev", roleArn=role, resourcesVpcConfig={})
        yield tmp_path / "calls"


def test_an_endpoint_in_the_cluster_is_reached_by_kubectl_alone(calls: Path) -> None:
    with way.reached(DEPLOYED, print) as url:
        assert url == "http://127.0.0.1:40404/v1"
    assert calls.read_text() == "--namespace llama port-forward service/llama-vllm :8000 --address 127.0.0.1\n"


def test_a_name_that_resolves_nowhere_here_is_reached_by_the_service_of_vllm(
    calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with way.reached(ELSEWHERE, print) as url:
        assert url == "http://127.0.0.1:40404/v1"
    looked, forwarded = calls.read_text().splitlines()
    assert looked == f"--namespace llama get services --selector {way.SELECTOR} --output name"
    assert forwarded == "--namespace llama port-forward service/llama-vllm :http --address 127.0.0.1"
    monkeypatch.setenv("SERVICES", "")
    refused = "kubectl finds no service of vLLM in llama: there is none"
    with pytest.raises(RefusedError, match=refused), way.reached(ELSEWHERE, print):
        raise AssertionError


@pytest.mark.usefixtures("calls")
def test_the_kubeconfig_is_nobody_elses_to_read_and_goes_at_the_end() -> None:
    with way.cluster_file(DEPLOYED, print) as file:
        assert file.stat().st_mode & 0o777 == way.PRIVATE
        assert "llama-dev" in file.read_text()
    assert not file.exists()
    gone = replace(DEPLOYED, cluster="none-such")
    with pytest.raises(RefusedError, match="looking for the cluster failed"), way.cluster_file(gone, print):
        raise AssertionError


class Tunnel:
    """Sessions of a tunnel, in the place of Systems Manager's."""

    def __init__(self, *targets: object, refuses: str = "") -> None:
        self.targets, self.refuses, self.closed = targets, refuses, False

    def kept_open(self, find: Callable[[], object], port: int, say: Callable[[str], None], *, wait: bool) -> Any:
        assert port == 8443
        assert find() == "llama-dev's"
        say(f"opening, wait={wait}")
        try:
            yield from self.targets
            if self.refuses:
                raise RefusedError(self.refuses)
            while True:
                yield None
        finally:
            self.closed = True


class Finder:
    """Finds the cluster of the stack alone."""

    host, authority = "llama.eks", "certificate"

    @classmethod
    def in_region(cls, region: str) -> Finder:
        assert region == "us-east-1"
        return cls()

    def find(self, wanted: object) -> object:
        assert getattr(wanted, "stack", None) == "dev"
        return "llama-dev's"


@pytest.fixture
def tunnel(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tunnel], Tunnel]:
    def opened(tunnel: Tunnel) -> Tunnel:
        monkeypatch.setattr(way, "kept_open", tunnel.kept_open)
        monkeypatch.setattr(way, "Finder", Finder)
        monkeypatch.setattr(way, "require_programs", lambda: None)
        monkeypatch.setattr(way, "_leads_to_cluster", lambda *_: False)
        monkeypatch.setattr(way, "require_free", lambda _: None)
        monkeypatch.setattr(way, "LOOK_SECONDS", 0.01)
        return tunnel

    return opened


@pytest.mark.usefixtures("calls")
def test_the_tunnel_is_open_while_it_is_wanted_and_closed_after(tunnel: Callable[[Tunnel], Tunnel]) -> None:
    told, made = list[str](), tunnel(Tunnel(None, "open"))
    with way.cluster_file(TUNNELLED, told.append) as file:
        assert "8443" in file.read_text()
        assert not made.closed
    assert made.closed
    assert told == ["opening, wait=False"]


def test_a_tunnel_that_is_refused_or_does_not_open_in_time_is_one_message(
    tunnel: Callable[[Tunnel], Tunnel], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = partial(way.opened_tunnel, "dev", "us-east-1", 8443, lambda _: None, wait=False)
    tunnel(Tunnel(refuses="there is no bastion"))
    with pytest.raises(RefusedError, match="there is no bastion"), opened():
        raise AssertionError
    late = tunnel(Tunnel())
    monkeypatch.setattr(way, "OPENS_WITHIN_SECONDS", 0.05)
    with pytest.raises(RefusedError, match="did not open within"), opened():
        raise AssertionError
    assert late.closed


def test_with_wait_nobody_waits_for_it_and_a_refusal_is_told(tunnel: Callable[[Tunnel], Tunnel]) -> None:
    told, made = list[str](), tunnel(Tunnel(refuses="there is no bastion"))
    with way.opened_tunnel("dev", "us-east-1", 8443, told.append, wait=True):
        while not made.closed:
            pass
    assert told == ["opening, wait=True", "Error: there is no bastion"]


@pytest.mark.parametrize(("answer", "leads"), [(Answer.CLUSTER, True), (Answer.STRANGER, False)])
def test_a_port_where_the_stacks_cluster_answers_is_a_tunnel_that_is_open_already(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, leads: bool
) -> None:
    monkeypatch.setattr(Finder, "find", lambda self, _: self)
    monkeypatch.setattr(way, "Finder", Finder)
    monkeypatch.setattr(way, "who_answers", lambda *_: answer)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert way._leads_to_cluster("dev", "us-east-1", port) is leads
    assert not way._leads_to_cluster("dev", "us-east-1", port), "nobody answers there any more"
