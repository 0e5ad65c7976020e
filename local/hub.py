"""Stand-in for Hugging Face's hub: any repository that is asked for has a tiny checkpoint of random numbers.

`paddock deploy` in the local cloud copies it as it would copy the real one, in the moment that its few bytes take. Its
files say what they are. HF_ENDPOINT of the local cloud's environment names it; what it answers is after huggingface_hub
2.4.0 and https://huggingface.co/docs/hub/api, read 2026-11-29.

python -m local.hub --port PORT
"""

from __future__ import annotations

import json
import random
import re
import struct
from collections.abc import Mapping
from functools import cache
from hashlib import sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

LOOPBACK = "127.0.0.1"
REPOSITORY = r"(?P<repository>[\w.-]+/[\w.-]+)"
ABOUT = re.compile(rf"/api/models/{REPOSITORY}/revision/(?P<revision>[^/]+)")
TREE = re.compile(rf"/api/models/{REPOSITORY}/tree/(?P<commit>[0-9a-f]{{40}})")
RESOLVE = re.compile(rf"/{REPOSITORY}/resolve/(?P<commit>[^/]+)/(?P<file>.+)")
RANGE = re.compile(r"bytes=(\d+)-")
STAND_IN = "a stand-in of the local cloud: random numbers, not the model of that name"
HIDDEN, VOCAB = 64, 256


@cache
def files_of(repository: str) -> Mapping[str, bytes]:
    """The checkpoint of a repository, the same each time."""
    config = {
        "_name_or_path": f"{repository}, {STAND_IN}",
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
    }
    shape = {"hidden_size": HIDDEN, "vocab_size": VOCAB, "num_hidden_layers": 0, "torch_dtype": "bfloat16"}
    return {
        "LICENSE.txt": f"The license of {repository} is with its publisher; this is {STAND_IN}.\n".encode(),
        "config.json": json.dumps(config | shape, indent=2).encode(),
        "generation_config.json": b"{}",
        "model.safetensors": _weights(repository),
        "tokenizer.json": json.dumps({"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}).encode(),
        "tokenizer_config.json": b"{}",
    }


def _weights(repository: str) -> bytes:
    numbers = random.Random(repository).randbytes(2 * HIDDEN * VOCAB)  # noqa: S311  nobody's secret
    tensor = {"dtype": "BF16", "shape": [VOCAB, HIDDEN], "data_offsets": [0, len(numbers)]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "model.embed_tokens.weight": tensor}).encode()
    return struct.pack("<Q", len(header)) + header + numbers


def commit_of(repository: str) -> str:
    """The only commit of a repository."""
    return sha1(repository.encode(), usedforsecurity=False).hexdigest()


def row(name: str, data: bytes) -> dict[str, Any]:
    """A file of a tree, with its digest as git or LFS has it."""
    made: dict[str, Any] = {"type": "file", "path": name, "size": len(data)}
    made["oid"] = sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    if name.endswith(".safetensors"):
        made["lfs"] = {"oid": sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return made


class Handler(BaseHTTPRequestHandler):
    """One request of a hub's client."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/health":
            self._json({"ok": True})
        elif found := ABOUT.fullmatch(path):
            repository = found["repository"]
            self._json({"id": repository, "sha": commit_of(repository), "cardData": {"license": "other"}})
        elif found := TREE.fullmatch(path):
            self._json([row(*each) for each in files_of(found["repository"]).items()])
        elif (found := RESOLVE.fullmatch(path)) and found["file"] in files_of(found["repository"]):
            self._file(files_of(found["repository"])[found["file"]])
        else:
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})

    do_HEAD = do_GET  # noqa: N815  the name that http.server calls

    def _file(self, data: bytes) -> None:
        asked = RANGE.fullmatch(self.headers.get("Range", ""))
        if asked is None:
            self._answer(200, data, {})
            return
        begin = int(asked[1])
        self._answer(206, data[begin:], {"Content-Range": f"bytes {begin}-{len(data) - 1}/{len(data)}"})

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def main(port: Annotated[int, typer.Option()]) -> None:
    """Serves until it is stopped."""
    with ThreadingHTTPServer((LOOPBACK, port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    typer.run(main)
