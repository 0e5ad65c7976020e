"""Stand-in for vLLM: answers for the pods of the local cloud, in which no container runs, and says that it is no model.

Takes what an OpenAI client sends: `/v1/models`, `/v1/chat/completions` with and without streaming, the key of the pod
that serves the model. It answers only for pods that are Ready, so that a platform that is not up does not seem so.

python -m local.kubernetes.stand_in --port PORT --kubernetes-endpoint URL --pki FOLDER
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any

import typer

from local.kubernetes.kubernetes_api import ApiError, KubernetesApi
from local.processes.pki import Pki
from local.processes.process import LOOPBACK

LABEL = "app.kubernetes.io/name=vllm"
NAME_FLAG = "--served-model-name"
KEY_VARIABLE = "VLLM_API_KEY"
TOKEN_SECONDS = 0.01
OWNER = "the local cloud's stand-in"

log = logging.getLogger("stand-in")


@dataclass(frozen=True, slots=True)
class Served:
    """A model that a ready pod serves, and the Secret of its key as namespace, name and entry."""

    model: str
    key: tuple[str, str, str] | None


def served(pods: Sequence[Mapping[str, Any]]) -> dict[str, Served]:
    """Models by name, of the pods that are ready."""
    found = {}
    for pod in pods:
        conditions = {each["type"]: each["status"] for each in pod.get("status", {}).get("conditions") or ()}
        if conditions.get("Ready") != "True":
            continue
        for container in pod["spec"]["containers"]:
            arguments = container.get("args") or []
            if NAME_FLAG in arguments[:-1]:
                name = arguments[arguments.index(NAME_FLAG) + 1]
                found[name] = Served(name, _key(pod["metadata"]["namespace"], container))
    return found


def _key(namespace: str, container: Mapping[str, Any]) -> tuple[str, str, str] | None:
    for variable in container.get("env") or ():
        if variable["name"] == KEY_VARIABLE:
            reference = variable["valueFrom"]["secretKeyRef"]
            return namespace, reference["name"], reference["key"]
    return None


def words_of(model: str, messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """The answer, word by word: what this is, and what was asked."""
    asked = next((str(each.get("content", "")) for each in reversed(messages) if each.get("role") == "user"), "")
    shown = " ".join(asked.split())
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    text = (
        f"I am {OWNER} and no model: no weights were read and nothing was computed. "
        f"On AWS {model} would answer here to: “{shown}”"
    )
    return [word if i == 0 else f" {word}" for i, word in enumerate(text.split(" "))]


class Handler(BaseHTTPRequestHandler):
    """One request of an OpenAI client."""

    kubernetes: KubernetesApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health":
            self._json(200, {"ok": True})
        elif self.path == "/v1/models":
            rows = [{"id": name, "object": "model", "owned_by": OWNER} for name in sorted(self._served())]
            self._json(200, {"object": "list", "data": rows})
        else:
            self._refuse(404, "Not Found", "NotFoundError")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/v1/chat/completions":
            self._refuse(404, "Not Found", "NotFoundError")
            return
        try:
            asked = json.loads(body)
            name, messages = str(asked["model"]), list(asked["messages"])
        except (ValueError, KeyError, TypeError):
            self._refuse(400, "the body is no chat completion request", "BadRequestError")
            return
        model = self._served().get(name)
        if model is None:
            self._refuse(404, f"The model `{name}` does not exist: no ready pod here serves it.", "NotFoundError")
        elif not self._may(model):
            self._refuse(401, "Unauthorized", "AuthenticationError")
        else:
            words = words_of(name, messages)[: asked.get("max_tokens") or None]
            usage = {"prompt_tokens": 0, "completion_tokens": len(words), "total_tokens": len(words)}
            if asked.get("stream"):
                self._stream(
                    chunks(name, words, usage if asked.get("stream_options", {}).get("include_usage") else None)
                )
            else:
                message = {"role": "assistant", "content": "".join(words)}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                self._json(200, {**_head(name, "chat.completion"), "choices": [choice], "usage": usage})

    def _served(self) -> dict[str, Served]:
        try:
            return served(self.kubernetes.pods(LABEL))
        except (ApiError, OSError) as error:
            log.info("no pods are known: %s", error)
            return {}

    def _may(self, model: Served) -> bool:
        if model.key is None:
            return True
        namespace, name, entry = model.key
        wanted = base64.b64decode(self.kubernetes.secret(namespace, name).get(entry, ""))
        given = (self.headers.get("Authorization") or "").removeprefix("Bearer ").encode()
        return bool(wanted) and hmac.compare_digest(wanted, given)

    def _stream(self, parts: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for part in parts:
                self.wfile.write(part)
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            log.info("the client went away")
        self.close_connection = True

    def _json(self, status: int, value: Mapping[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, message: str, kind: str) -> None:
        self._json(status, {"error": {"message": message, "type": kind, "param": None, "code": status}})

    def log_message(self, *_: object) -> None:
        """Prompts are nobody's business, not even here."""


def chunks(model: str, words: Sequence[str], usage: Mapping[str, int] | None) -> Iterator[bytes]:
    """The events of a stream, a word each, as vLLM sends them."""
    head = _head(model, "chat.completion.chunk")
    deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in words)]
    for delta in deltas:
        yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        time.sleep(TOKEN_SECONDS)
    yield _event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if usage is not None:
        yield _event({**head, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def main(
    port: Annotated[int, typer.Option()],
    kubernetes_endpoint: Annotated[str, typer.Option()],
    pki: Annotated[Path, typer.Option()],
) -> None:
    """Serves until it is stopped."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    log.setLevel(logging.INFO)
    Handler.kubernetes = KubernetesApi(kubernetes_endpoint, Pki(pki).client_context("admin"))
    with ThreadingHTTPServer((LOOPBACK, port), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    typer.run(main)
