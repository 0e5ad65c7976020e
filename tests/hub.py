"""Stand-in of Hugging Face's hub on loopback: its API, LFS files behind redirects to another port, gates, faults.

What it answers is after huggingface_hub 2.4.0 and https://huggingface.co/docs/hub/api, read 2026-11-29. The second
server is the CDN: it knows signed addresses only, and writes down every header that it was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import unquote, urlsplit

LOOPBACK = "127.0.0.1"
LFS_BYTES = 4096
"""Files from this size on are LFS's here."""
PAGE = 4
"""Rows of a page of a tree; the hub's own is 1,000."""
CHUNK = 1 << 16

Fault = Callable[[str, str], str | None]
"""Faults by server ("hub" or "cdn") and path: a status such as "503", "reset", "cut", "other bytes", or None."""


@dataclass
class Repository:
    """Repository at one commit."""

    files: dict[str, bytes]
    commit: str = "c0ffee" * 6 + "c0ff"
    gated: bool = False
    private: bool = False
    token: str = "hf_goodToken"
    card: Mapping[str, str] = field(default_factory=dict)
    lies: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 that is listed in place of the true one."""

    @cached_property
    def digests(self) -> dict[str, str]:
        return {name: sha256(data).hexdigest() for name, data in self.files.items()}

    @cached_property
    def by_digest(self) -> dict[str, bytes]:
        return {self.digests[name]: data for name, data in self.files.items()}

    def rows(self) -> list[dict[str, object]]:
        listed = {name: self.lies.get(digest, digest) for name, digest in self.digests.items()}
        return [_row(name, data, listed[name]) for name, data in self.files.items()]


def _row(name: str, data: bytes, digest: str) -> dict[str, object]:
    row: dict[str, object] = {
        "type": "file",
        "path": name,
        "size": len(data),
        "oid": sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest(),
    }
    if len(data) >= LFS_BYTES:
        row |= {"lfs": {"oid": digest, "size": len(data), "pointerSize": 134}, "xetHash": digest[::-1]}
    return row


@dataclass
class Hub:
    repositories: dict[str, Repository]
    fault: Fault = lambda _server, _path: None
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Server, path and headers of each request."""
    sent_bytes: int = 0
    """Bytes of files' contents, by both servers."""
    cdn_redirects_to: str = ""
    """Address to which the hub sends for LFS files in place of its CDN."""
    _lock: Lock = field(default_factory=Lock)

    def __enter__(self) -> Hub:
        self._servers = [self._serve("hub"), self._serve("cdn")]
        hub, cdn = (f"{LOOPBACK}:{each.server_address[1]}" for each in self._servers)
        self.endpoint, self.cdn = f"http://{hub}", f"http://localhost:{cdn.rpartition(':')[2]}"
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def environment(self, token: str = "") -> dict[str, str]:
        return {"HF_ENDPOINT": self.endpoint, "HF_TOKEN": token, "HF_HOME": "/nonexistent"}

    def requests(self, server: str, part: str = "") -> list[tuple[str, dict[str, str]]]:
        return [(path, headers) for name, path, headers in self.asked if name == server and part in path]

    def _serve(self, name: str) -> ThreadingHTTPServer:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(name, self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that was killed is no fault."""

        server = Server((LOOPBACK, 0), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        return server

    def answer(self, server: str, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.asked.append((server, handler.path, dict(handler.headers.items())))
        fault = self.fault(server, handler.path)
        if fault == "reset":
            handler.close_connection = True
            handler.connection.close()
        elif fault is not None and fault.isdecimal():
            _reply(handler, int(fault), {}, b"")
        elif server == "cdn":
            self._cdn(handler, fault)
        else:
            self._hub(handler, fault)

    def _hub(self, handler: BaseHTTPRequestHandler, fault: str | None) -> None:
        path, _, query = handler.path.partition("?")
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/([^/]+)", path)
        resolve = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        found = self.repositories.get((api or resolve or [""] * 2)[1])
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        if found is None or (found.private and token != found.token):
            return _error(handler, 401, "RepoNotFound", "Repository not found")
        if api and api[2] == "revision":
            if unquote(api[3]) not in ("main", found.commit, "refs/pr/1"):
                return _error(handler, 404, "RevisionNotFound", "Invalid rev id")
            names = [{"rfilename": name} for name in found.files]
            about = {"sha": found.commit, "gated": found.gated, "siblings": names, "cardData": dict(found.card)}
            return _json(handler, about)
        if api:
            start = int(query.rpartition("cursor=")[2]) if "cursor=" in query else 0
            rows = found.rows()
            link = f'<{self.endpoint}{path}?recursive=true&cursor={start + PAGE}>; rel="next"'
            return _json(handler, rows[start : start + PAGE], {"Link": link} if len(rows) > start + PAGE else {})
        if found.gated and token != found.token:
            code = 403 if token else 401
            return _error(handler, code, "GatedRepo", "Access to this model is restricted")
        name = unquote(resolve[3]) if resolve else ""
        if resolve is None or resolve[2] != found.commit or name not in found.files:
            return _error(handler, 404, "EntryNotFound", "Entry not found")
        data = found.files[name]
        if len(data) < LFS_BYTES:
            return self._send(handler, data, fault)
        digest = found.digests[name]
        where = self.cdn_redirects_to or f"{self.cdn}/xet-bridge/{digest}?Signature=of-this-hour"
        headers = {"Location": where, "X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{digest}"'}
        return _reply(handler, 302, headers | {"X-Repo-Commit": found.commit, "X-Xet-Hash": digest[::-1]}, b"")

    def _cdn(self, handler: BaseHTTPRequestHandler, fault: str | None) -> None:
        parts = urlsplit(handler.path)
        wanted = parts.path.rpartition("/")[2]
        data = next((each.by_digest[wanted] for each in self.repositories.values() if wanted in each.by_digest), None)
        if data is None or parts.query != "Signature=of-this-hour" or "Authorization" in handler.headers:
            return _reply(handler, 403, {}, b"")
        return self._send(handler, data, fault)

    def _send(self, handler: BaseHTTPRequestHandler, data: bytes, fault: str | None) -> None:
        given = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(given[1]) if given else 0
        handler.send_response(206 if given else 200)
        handler.send_header("Content-Length", str(len(data) - start))
        if given:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        handler.end_headers()
        end = start + (len(data) - start) // 2 if fault == "cut" else len(data)
        for offset in range(start, end, CHUNK):
            piece = data[offset : min(offset + CHUNK, end)]
            handler.wfile.write(bytes(len(piece)) if fault == "other bytes" else piece)
            with self._lock:
                self.sent_bytes += len(piece)
        if fault == "cut":
            handler.close_connection = True


def _reply(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes) -> None:
    handler.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def _error(handler: BaseHTTPRequestHandler, status: int, code: str, message: str) -> None:
    _reply(handler, status, {"X-Error-Code": code, "X-Error-Message": message}, b"")


def _json(handler: BaseHTTPRequestHandler, data: object, headers: Mapping[str, str] | None = None) -> None:
    _reply(handler, 200, {"Content-Type": "application/json", **(headers or {})}, json.dumps(data).encode())
