"""Answers at a port, and a program that waits until it is its cluster that answers."""

from __future__ import annotations

import asyncio
import base64
import socket
from typing import Any

import pulumi
import pytest

from paddock.cluster.kubeconfig import kubeconfig
from paddock.operations.tunnel import gate
from paddock.operations.tunnel.gate import once_open
from paddock.operations.tunnel.probe import Answer, who_answers
from tests.unit.operations.tunnel.conftest import NAME, Authority, Serve


def test_the_cluster_is_known_by_its_authority_and_its_own_name_in_any_case(
    cluster_port: int, authority: Authority
) -> None:
    assert who_answers(cluster_port, NAME, authority.pem) is Answer.CLUSTER
    assert who_answers(cluster_port, NAME.upper(), authority.pem) is Answer.CLUSTER


def test_another_name_or_another_authority_is_a_stranger(
    cluster_port: int, authority: Authority, another_authority: Authority
) -> None:
    assert who_answers(cluster_port, "another.name", authority.pem) is Answer.STRANGER
    assert who_answers(cluster_port, NAME, another_authority.pem) is Answer.STRANGER


def test_what_speaks_no_tls_is_a_stranger(serve: Serve, authority: Authority) -> None:
    port = serve(lambda caller: caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert who_answers(port, NAME, authority.pem) is Answer.STRANGER


def test_a_tunnel_with_nothing_at_its_end_is_nobody(serve: Serve, authority: Authority) -> None:
    def hang_up(caller: socket.socket) -> None:
        caller.recv(4096)

    assert who_answers(serve(hang_up), NAME, authority.pem) is Answer.NOBODY


def test_a_closed_port_is_nobody(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert who_answers(port, NAME, authority.pem) is Answer.NOBODY


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", texts.append)
    monkeypatch.setattr(gate, "LOOK_SECONDS", 0.0)
    return texts


def behind(answers: list[Answer], monkeypatch: pytest.MonkeyPatch, *, dry_run: bool = False) -> str:
    text = kubeconfig("llama-dev", f"https://{NAME}", base64.b64encode(b"PEM").decode(), "us-east-1", 8443)
    asked: list[Any] = []

    def who(*what: Any) -> Answer:
        asked.append(what)
        return answers[min(len(asked), len(answers)) - 1]

    monkeypatch.setattr(gate, "who_answers", who)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: dry_run)
    # Not `asyncio.run`, which leaves the thread without a loop, and Pulumi's mocks want one.
    loop = asyncio.new_event_loop()
    try:
        result = loop.run_until_complete(once_open(text))
    finally:
        loop.close()
    assert result == text
    assert set(asked) == {(8443, NAME, "PEM")}
    return result


def test_an_open_tunnel_is_passed_without_a_word(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    behind([Answer.CLUSTER], monkeypatch)
    assert said == []


def test_a_closed_one_is_waited_for_and_the_command_that_opens_it_is_said_once(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    behind([Answer.NOBODY, Answer.NOBODY, Answer.CLUSTER], monkeypatch)
    (text,) = said
    assert "llama-dev does not answer on 127.0.0.1:8443" in text
    assert "run `paddock tunnel --wait" in text


def test_a_preview_does_not_wait(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    behind([Answer.NOBODY], monkeypatch, dry_run=True)
    assert "this preview cannot ask it" in said[0]


def test_an_update_gives_up_with_the_command_in_the_message(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "WAIT_SECONDS", 0.0)
    with pytest.raises(pulumi.RunError, match=r"is not the API of llama-dev.*run `paddock tunnel --wait"):
        behind([Answer.STRANGER], monkeypatch)
    assert len(said) <= 1
