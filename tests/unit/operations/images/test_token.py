"""Registries that send us to a token service, as Docker Hub and most public ones do."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from paddock.operations.images.credentials import Credentials
from paddock.operations.images.registry import Endpoint, RegistryError
from paddock.operations.images.retry import Retry
from tests.local.registries import certificate

MANIFEST = b'{"config": {"digest": "sha256:' + b"a" * 64 + b'", "size": 1}, "layers": []}'


@dataclass
class Service:
    """A registry and its token service in one. Each token is good for `uses` requests."""

    uses: int = 100
    closed: bool = False
    host: str = ""
    asked_as: list[str | None] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    left: int = 0


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization")
            if self.path.startswith("/token"):
                service.asked_as.append(known)
                service.scopes += parse_qs(urlsplit(self.path).query)["scope"]
                service.left = service.uses
                self.answer(401 if service.closed else 200, json.dumps({"token": f"t{len(service.asked_as)}"}).encode())
            elif known == f"Bearer t{len(service.asked_as)}" and service.left > 0:
                service.left -= 1
                self.answer(200, MANIFEST)
            else:
                self.answer(401, b"")

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            realm = f"https://{service.host}/token"
            self.send_header("WWW-Authenticate", f'Bearer realm="{realm}",service="here",scope="repository:r:pull"')
            self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    crt, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    service.host = f"127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(crt))
    yield service
    server.shutdown()
    server.server_close()
    thread.join()


def endpoint(service: Service, credentials: Credentials | None = None) -> Endpoint:
    return Endpoint(host=service.host, credentials=credentials, retry=Retry(tries=1))


def test_nobody_in_particular_gets_a_token_and_keeps_it(service: Service) -> None:
    repository = endpoint(service).repository("r")
    assert repository.manifest("v1") is not None
    assert repository.manifest("v1") is not None
    assert (service.asked_as, service.scopes) == ([None], ["repository:r:pull"])


def test_a_token_that_ran_out_in_a_long_copy_is_replaced(service: Service) -> None:
    service.uses = 2
    repository = endpoint(service).repository("r")
    assert all(repository.manifest("v1") for _ in range(5))
    assert len(service.asked_as) == 3


def test_who_is_known_says_so_to_the_token_service_only(service: Service) -> None:
    assert endpoint(service, Credentials("me", "word")).repository("r").manifest("v1") is not None
    assert service.asked_as == ["Basic bWU6d29yZA=="]


def test_a_token_service_that_refuses_is_one_sentence_without_the_password(service: Service) -> None:
    service.closed = True
    with pytest.raises(RegistryError, match="401 while reading v1: the credentials are refused") as refused:
        endpoint(service, Credentials("me", "s3cret-word")).repository("r").manifest("v1")
    assert "s3cret" not in str(refused.value)
