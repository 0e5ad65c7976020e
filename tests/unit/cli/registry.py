"""A registry of images in this process: what it is given it keeps by digest, tags and repositories apart.

It has no API for referrers and mounts nothing from another repository unless it is told to, as the simplest do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

PATH = re.compile(r"/v2/(?P<name>[^?]+?)/(?P<kind>blobs/uploads|blobs|manifests|referrers)/(?P<wanted>[^?]*)")


@dataclass
class Registry:
    host: str = ""
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """Contents by repository and digest."""
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    """Media type and bytes, by repository and digest or tag."""
    mounts: bool = False
    written: int = 0
    """Requests that put something there."""

    def answer(self, handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        found = PATH.fullmatch(urlsplit(handler.path).path)
        query = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if found is None:
            return 404, {}, b""
        name, kind, wanted = found["name"], found["kind"], found["wanted"]
        if handler.command in ("GET", "HEAD"):
            if kind == "blobs" and (name, wanted) in self.blobs:
                return 200, {}, self.blobs[name, wanted]
            if kind == "manifests" and (name, wanted) in self.manifests:
                media_type, data = self.manifests[name, wanted]
                return 200, {"Content-Type": media_type}, data
            return 404, {}, b""
        self.written += 1
        digest = f"sha256:{sha256(body).hexdigest()}"
        if handler.command == "POST":
            there = self.blobs.get((query.get("from", ""), query.get("mount", "")))
            if self.mounts and there is not None:
                self.blobs[name, query["mount"]] = there
                return 201, {}, b""
            return 202, {"Location": f"http://{self.host}/v2/{name}/blobs/uploads/1"}, b""
        if kind == "blobs/uploads":
            if query["digest"] != digest:
                return 400, {}, b""
            self.blobs[name, digest] = body
            return 201, {}, b""
        self.manifests[name, digest] = self.manifests[name, wanted] = (handler.headers["Content-Type"], body)
        return 201, {"Docker-Content-Digest": digest}, b""


@contextmanager
def running_registry() -> Iterator[Registry]:
    registry = Registry()
    with answering(registry.answer) as registry.host:
        yield registry


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """Host of a server whose every response is what `answer` says: status, headers, body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_any(self) -> None:
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_any  # noqa: N815  the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
