"""Paths: of all that vLLM says it serves, what the key does not guard is not found, in whatever way it is written."""

import json
import re
import socket

import pytest

from tests.smoke.asking import MODEL, Client
from tests.smoke.kubelet import Kubelet
from tests.smoke.manifest import API_KEY

ROUTE = re.compile(r"Route: (\S+), Methods: ([A-Z, ]+)$", re.MULTILINE)
OPEN = {"/health", "/metrics"}
BODY = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}).encode()

WRITTEN_OTHERWISE = [
    *("//invocations", "/v1/../invocations", "/v1/..%2finvocations", "/v1/%2e%2e/invocations", "/v1//../invocations"),
    *("/v1/;/../invocations", "/health/../invocations", "/health%2f..%2finvocations", "/health%00/invocations"),
    *("/metrics/../invocations", "/health?x=/invocations", "/%69nvocations", "/INVOCATIONS", "/invocations/"),
    *("http://x/invocations", "*", "invocations", "/./invocations", "/v1\\..\\invocations"),
    *("//v1/chat/completions", "/V1/chat/completions", "/v1//chat/completions", "/v1/chat/completions/"),
    *("/v1/chat%2fcompletions", "/%76%31/chat/completions", "/v1%2fchat%2fcompletions", "/v1\\chat\\completions"),
    *("/./v1/chat/completions", "/v1/./chat/completions", "/v1/chat/completions%20", "http://x/v1/chat/completions"),
    *("/v1/chat/completions?x=1", "/v1/chat/completions#x"),
]


def raw(server: Kubelet, line: str, headers: tuple[str, ...] = (), body: bytes = BODY) -> tuple[int, bytes]:
    """Status and body of a request line as it stands, which no client's library has tidied."""
    with socket.create_connection((server.pod.address, server.pod.port), timeout=30) as connection:
        given = ("Host: x", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers)
        head = "\r\n".join((line, *given, "Connection: close", "", ""))
        connection.sendall(head.encode("latin1") + body)
        connection.settimeout(30)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    status = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(status[1]) if status else 0, answer.partition(b"\r\n\r\n")[2]


def routes(server: Kubelet) -> dict[str, str]:
    """Every path that vLLM says it serves, and a method of each."""
    log = server.pod.log.read_text(errors="replace")
    found = ROUTE.findall(log)
    return {path: next(each for each in methods.split(", ") if each != "HEAD") for path, methods in found}


def test_vllm_serves_more_than_the_key_guards(server: Kubelet) -> None:
    """Else the two tests below show nothing."""
    beside = {path for path in routes(server) if not path.startswith("/v1/")} - OPEN
    assert beside >= {"/invocations", "/tokenize", "/docs", "/version", "/inference/v1/generate"}


def test_every_route_that_the_key_does_not_guard_is_not_found_with_the_key_or_without(server: Kubelet) -> None:
    for key in (None, API_KEY):
        client = Client(server.pod.address, server.pod.port, key)
        beside = {path: method for path, method in routes(server).items() if not path.startswith("/v1/")}
        answers = {path: client.ask(method, path, {}) for path, method in beside.items() if path not in OPEN}
        assert {path: (answer.status, answer.body) for path, answer in answers.items()} == dict.fromkeys(
            answers, (404, b"not served")
        )


def test_every_route_under_v1_asks_for_the_key(server: Kubelet) -> None:
    client = Client(server.pod.address, server.pod.port, None)
    guarded = {path: method for path, method in routes(server).items() if path.startswith("/v1/")}
    answers = {path: client.ask(method, path, {}).status for path, method in guarded.items()}
    assert len(answers) > 5
    assert answers == dict.fromkeys(answers, 401)


@pytest.mark.parametrize("path", WRITTEN_OTHERWISE)
def test_no_other_way_of_writing_a_path_is_answered_without_the_key(server: Kubelet, path: str) -> None:
    status, said = raw(server, f"POST {path} HTTP/1.1")
    assert status in (0, 307, 400, 401, 404, 405), said[:200]
    assert b"choices" not in said


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH", "FOO"])
@pytest.mark.parametrize("path", ["/v1/models", "/invocations"])
def test_no_method_is_answered_without_the_key(server: Kubelet, method: str, path: str) -> None:
    status, _ = raw(server, f"{method} {path} HTTP/1.1")
    assert status in (400, 401, 404, 405)


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/0.9", ""])
def test_no_old_version_of_http_goes_round_the_key(server: Kubelet, version: str) -> None:
    for path in ("/v1/chat/completions", "/invocations"):
        status, said = raw(server, f"POST {path} {version}".strip())
        assert status in (0, 400, 401, 404, 505)
        assert b"choices" not in said


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Prefix", "X-Forwarded-Path", "X-Original-URL", "X-Rewrite-URL", "Script-Name"]
)
def test_no_header_of_a_proxy_moves_a_path(server: Kubelet, name: str) -> None:
    assert raw(server, "POST /invocations HTTP/1.1", (f"{name}: /v1/chat/completions",))[0] == 404


@pytest.mark.parametrize("path", ["/v1/realtime", "/invocations", "/health"])
def test_no_websocket_opens_without_the_key(server: Kubelet, path: str) -> None:
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA==")
    assert raw(server, f"GET {path} HTTP/1.1", upgrade, b"")[0] != 101
