"""A Kubernetes API server small enough for unit tests: it keeps what is applied and refuses what a test tells it to."""

from __future__ import annotations

import itertools
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
Refusal = Callable[[str, str, Object], tuple[int, str, list[str]] | None]
"""Given method, path and body: status, message and the fields complained of; None lets the request through."""

RESOURCES: dict[str, list[tuple[str, str, bool]]] = {
    "v1": [
        ("configmaps", "ConfigMap", True),
        ("events", "Event", True),
        ("namespaces", "Namespace", False),
        ("pods", "Pod", True),
        ("secrets", "Secret", True),
        ("services", "Service", True),
    ],
    "apps/v1": [("deployments", "Deployment", True)],
    "discovery.k8s.io/v1": [("endpointslices", "EndpointSlice", True)],
}


class FakeApi:
    """The server's memory. Tests read and change it directly."""

    def __init__(self) -> None:
        self.resources = {version: list(kinds) for version, kinds in RESOURCES.items()}
        self.objects: dict[str, Object] = {}
        self.requests: list[tuple[str, str, dict[str, str], Object]] = []
        self.tokens: set[str] | None = None
        """The bearer tokens let in; None lets everyone in."""
        self.refusals: list[Refusal] = []
        self.statuses: dict[str, Object] = {}
        """By kind, the status that an applied object gets at once."""
        self.finalizing = False
        """Whether deleted objects stay, as they do while something holds them."""
        self.url = ""
        self._versions = itertools.count(1)

    def applied(self, *, dry_run: bool = False) -> list[Object]:
        """Every object applied, in order."""
        return [
            body for method, _, query, body in self.requests if method == "PATCH" and ("dryRun" in query) == dry_run
        ]

    def answer(self, method: str, path: str, query: dict[str, str], body: Object, token: str) -> tuple[int, Object]:
        if self.tokens is not None and token not in self.tokens:
            return 401, {"message": "Unauthorized"}
        self.requests.append((method, path, query, body))
        for refusal in self.refusals:
            if refused := refusal(method, path, body):
                status, message, fields = refused
                return status, {"message": message, "details": {"causes": [{"field": field} for field in fields]}}
        version = path.removeprefix("/apis/").removeprefix("/api/")
        if method == "GET" and version in self.resources:
            kinds = self.resources[version]
            return 200, {"resources": [{"name": n, "kind": k, "namespaced": in_ns} for n, k, in_ns in kinds]}
        return self._object(method, path, query, body)

    def _object(self, method: str, path: str, query: dict[str, str], body: Object) -> tuple[int, Object]:
        plurals = {plural for kinds in self.resources.values() for plural, _, _ in kinds}
        if method == "GET" and path.rpartition("/")[2] in plurals:
            return 200, {"items": [found for key, found in self.objects.items() if key.startswith(f"{path}/")]}
        if method == "PATCH":
            made = self._made(path, body)
            if "dryRun" not in query:
                self.objects[path] = made
            return 200, made
        if path not in self.objects:
            return 404, {"message": f"{path} not found"}
        found = self.objects[path]
        if method == "DELETE":
            if self.finalizing:
                found["metadata"]["finalizers"] = ["example.com/held"]
            else:
                del self.objects[path]
        return 200, found

    def _made(self, path: str, body: Object) -> Object:
        old = self.objects.get(path, {})
        number = next(self._versions)
        metadata = {"uid": f"uid-{number}", "generation": number} | old.get("metadata", {}) | body.get("metadata", {})
        metadata |= {"resourceVersion": str(number), "managedFields": [{"manager": "test"}]}
        made = json.loads(json.dumps({**body, "metadata": metadata}))
        if status := self.statuses.get(body["kind"]):
            made["status"] = {"observedGeneration": metadata["generation"], **status}
        if body["kind"] == "Secret":
            made.pop("stringData", None)
        return dict(made)


@contextmanager
def running(api: FakeApi, tls: ssl.SSLContext | None = None) -> Iterator[FakeApi]:
    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            url = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, answer = api.answer(self.command, url.path, query, body, token)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PATCH = do_DELETE = _handle  # noqa: N815 — http.server's own names

        def log_message(self, *_: object) -> None:
            """Tests read `requests` instead."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    api.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kubeconfig(url: str, user: Mapping[str, object] | None = None, trust: Mapping[str, str] | None = None) -> str:
    return json.dumps(
        {
            "clusters": [{"name": "fake", "cluster": {"server": url, **(trust or {})}}],
            "users": [{"name": "me", "user": user or {}}],
            "contexts": [{"name": "here", "context": {"cluster": "fake", "user": "me", "namespace": "team"}}],
            "current-context": "here",
        }
    )
