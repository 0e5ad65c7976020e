"""Checkpoints made up for pushes, and a proxy before S3 that counts and breaks."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path
from threading import Lock, Thread

from paddock.cli import main

MIB = 1 << 20


def safetensors(size_bytes: int, seed: int) -> bytes:
    """Bytes that begin as a safetensors file and go on at random."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [size_bytes], "data_offsets": [0, size_bytes]}}).encode()
    start = len(header).to_bytes(8, "little") + header
    return start + random.Random(seed).randbytes(size_bytes - len(start))  # noqa: S311  no secret


def checkpoint(*shard_bytes: int, **more: bytes) -> dict[str, bytes]:
    """Files of a sharded checkpoint, with what is to be left behind beside it."""
    count = len(shard_bytes)
    shards = {
        f"model-{number:05}-of-{count:05}.safetensors": safetensors(size, number)
        for number, size in enumerate(shard_bytes, 1)
    }
    index = {"metadata": {}, "weight_map": {f"w{number}": name for number, name in enumerate(shards)}}
    return {
        "config.json": json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}).encode(),
        "generation_config.json": b"{}",
        "tokenizer.json": b'{"model": {}}' + b" " * 9000,
        "tokenizer_config.json": b"{}",
        "LICENSE.txt": b"LLAMA 3.2 COMMUNITY LICENSE AGREEMENT\n",
        "USE_POLICY.md": b"Acceptable use\n",
        "README.md": b"# A model\n",
        ".gitattributes": b"*.safetensors filter=lfs\n",
        "original/consolidated.00.pth": b"a pickle",
        "pytorch_model.bin": b"another",
        "model.safetensors.index.json": json.dumps(index).encode(),
        **shards,
        **more,
    }


def write(files: dict[str, bytes], folder: Path) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["boto3", "paddock.cli.app", "paddock.cli.screens.weights_push"])
"""Processes from a server that has imported these: soon at work, and to be killed there."""


def command(arguments: list[str], environment: dict[str, str]) -> None:
    """Runs `paddock` with these arguments, without a word."""
    os.environ.update(environment)
    sys.argv = ["paddock", *arguments]
    with Path(os.devnull).open("w") as nowhere:
        sys.stdout = sys.stderr = nowhere
        main()


Fault = Callable[[str, str, int], str | None]
"""Faults by method, path and the number of the request: a status such as "503", "reset", or None."""
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class S3Proxy:
    """Between a push and S3: passes all on, counts the bytes of bodies, breaks what `fault` says."""

    def __init__(self, upstream: str, fault: Fault = lambda _method, _path, _number: None) -> None:
        self.upstream, self.fault = upstream.removeprefix("http://"), fault
        self.received_bytes = self.accepted_bytes = self.requests = 0
        self.on_bytes: Callable[[int], None] = lambda _received: None
        """Told of the bytes received so far, at each piece."""
        self._lock, self._under_way = Lock(), 0

    def __enter__(self) -> S3Proxy:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self) -> None:
                proxy.count(1)
                try:
                    proxy.answer(self)
                except (OSError, HTTPException):
                    self.close_connection = True
                finally:
                    proxy.count(-1)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_any  # noqa: N815  the names that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, more: int) -> None:
        with self._lock:
            self._under_way += more

    def wait_until_idle(self) -> None:
        """A request that a killed client had sent as a whole still reaches S3."""
        while self._under_way:
            time.sleep(0.02)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        body = bytearray()
        while len(body) < length:
            piece = handler.rfile.read1(min(length - len(body), 1 << 16))
            if not piece:
                return
            body += piece
            with self._lock:
                self.received_bytes += len(piece) * (handler.command == "PUT")
            self.on_bytes(self.received_bytes)
        with self._lock:
            self.requests += 1
            number = self.requests
        fault = self.fault(handler.command, handler.path, number)
        if fault == "reset":
            handler.connection.close()
            return
        if fault is not None:
            self._reply(handler, int(fault), [], SLOW_DOWN)
            return
        connection = HTTPConnection(self.upstream, timeout=60)
        connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
        for name, value in handler.headers.items():
            connection.putheader(name, value)
        connection.endheaders(bytes(body))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if handler.command == "PUT" and answer.status == 200:
            with self._lock:
                self.accepted_bytes += length
        self._reply(handler, answer.status, answer.getheaders(), data)

    def _reply(self, handler: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        handler.send_response(status)
        left_out = {"connection", "date", "server", "transfer-encoding", "content-length"}
        for name, value in headers:
            if name.lower() not in left_out:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)
