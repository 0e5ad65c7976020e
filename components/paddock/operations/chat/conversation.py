"""Conversation with an OpenAI-compatible server: each answer as it comes, and how fast it came."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from paddock.catalog.lookup import RefusedError

SILENT_SECONDS = 330.0
"""Longest wait for the next piece: a load balancer closes a connection on which nothing moved for 350 seconds."""
OK = 200
UNAUTHORIZED = 401
LONGEST_SAID = 300
LONGEST_LINE_BYTES = 2**20
"""Longest event: one has a few tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Answer, and how fast it came."""

    text: str
    tokens: int
    """Number as the server counts them; where it does not, the pieces that came."""
    ttft_ms: float | None
    """Time to the first token; None where none came."""
    seconds: float
    stopped: bool = False
    """True where the user stopped it."""

    @property
    def tokens_per_second(self) -> float | None:
        """Rate after the first token."""
        after = self.seconds - (self.ttft_ms or 0) / 1000
        return (self.tokens - 1) / after if self.tokens > 1 and after > 0 else None


@dataclass
class Conversation:
    """Messages so far, with one server."""

    base_url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    max_tokens: int | None = None
    messages: list[dict[str, str]] = field(default_factory=list)
    clock: Callable[[], float] = monotonic

    def served(self) -> list[str]:
        """Names of the models that the server has; raises `RefusedError`."""
        with self._request("GET", "/models", None) as answer:
            return [str(each["id"]) for each in _json(answer.read())["data"]]

    def ask(self, prompt: str, write: Callable[[str], None]) -> Spoken:
        """Send a prompt and hand over each piece of the answer; Ctrl-C stops it. Raises `RefusedError`."""
        asked = [*self.messages, {"role": "user", "content": prompt}]
        body: dict[str, Any] = {
            "model": self.model,
            "messages": asked,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self.max_tokens is not None:
            body["max_tokens"] = self.max_tokens
        began, first, pieces, counted, stopped = self.clock(), None, [], 0, False
        try:
            with self._request("POST", "/chat/completions", body) as answer:
                for event in events(answer):
                    piece, tokens = _read(event)
                    counted = tokens or counted
                    if not piece:
                        continue
                    first = self.clock() if first is None else first
                    pieces.append(piece)
                    write(piece)
        except KeyboardInterrupt:
            stopped = True
        text = "".join(pieces)
        if text or not stopped:
            self.messages = [*asked, {"role": "assistant", "content": text}]
        return Spoken(
            text=text,
            tokens=counted or len(pieces),
            ttft_ms=None if first is None else (first - began) * 1000,
            seconds=self.clock() - began,
            stopped=stopped,
        )

    @contextmanager
    def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> Iterator[http.client.HTTPResponse]:
        parts = urlsplit(self.base_url)
        secure = parts.scheme == "https"
        made: Any = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        more = {"context": ssl.create_default_context()} if secure else {}
        headers = {"Accept": "text/event-stream" if body else "application/json", "Connection": "close"}
        if self.api_key:
            # http.client would show the key in its own words.
            if not (self.api_key.isascii() and self.api_key.isprintable()):
                raise RefusedError(
                    "paddock:api_key has characters that no HTTP header carries; make one by `openssl rand -hex 32` "
                    "and set it by `pulumi config set --secret paddock:api_key`"
                )
            headers["Authorization"] = f"Bearer {self.api_key}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        with closing(made(parts.hostname, parts.port, timeout=SILENT_SECONDS, **more)) as connection:
            try:
                content = None if body is None else json.dumps(body).encode()
                connection.request(method, parts.path + path, content, headers)
                answer = connection.getresponse()
                said = b"" if answer.status == OK else answer.read(64 * 1024)
            except (OSError, http.client.HTTPException) as error:
                raise RefusedError(f"{self.base_url} does not answer: {_reason(error)}") from None
            with answer:
                if answer.status != OK:
                    raise RefusedError(refusal(answer.status, answer.reason, said))
                yield answer


def events(answer: Any) -> Iterator[dict[str, Any]]:
    """Events of a stream of server-sent events, to `[DONE]`; raises `RefusedError` for an error in the stream."""
    done = False
    try:
        while line := answer.readline(LONGEST_LINE_BYTES + 1):
            if len(line) > LONGEST_LINE_BYTES:
                raise RefusedError("the server streams what is no chat completion: a line that does not end")
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                done = True
                break
            event = _json(data)
            if "error" in event:
                raise RefusedError(f"the server stopped answering: {_said(event)}")
            yield event
    except (OSError, http.client.HTTPException) as error:
        raise RefusedError(f"the answer broke off: {_reason(error)}") from None
    if not done:
        raise RefusedError("the answer broke off: the connection closed before its end")


def refusal(status: int, reason: str, body: bytes) -> str:
    """The server's error in one line."""
    try:
        said = _said(json.loads(body))
    except (ValueError, AttributeError, RecursionError):
        said = " ".join(body.decode(errors="replace").split())[:LONGEST_SAID]
    if status == UNAUTHORIZED:
        return "the server answers 401: it wants a key, that of `pulumi config set --secret paddock:api_key`"
    return f"the server answers {status} {reason}{f': {said}' if said else ''}"


def _said(answer: Mapping[str, Any]) -> str:
    error = answer.get("error", answer)
    text = error.get("message", "") if isinstance(error, Mapping) else str(error)
    return " ".join(str(text).split())[:LONGEST_SAID]


def _read(event: Mapping[str, Any]) -> tuple[str, int]:
    """Text of an event, and the tokens so far where the server counts them; raises `RefusedError` for another thing."""
    try:
        choices = event.get("choices") or ()
        text = (choices[0].get("delta") or {}).get("content") or "" if choices else ""
        return str(text), int((event.get("usage") or {}).get("completion_tokens") or 0)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
        raise RefusedError("the server streams what is no chat completion; is it an OpenAI-compatible one?") from None


def _json(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise RefusedError("the server answers what is no JSON; is it an OpenAI-compatible one?") from None
    if not isinstance(found, dict):
        raise RefusedError("the server answers JSON that is no object; is it an OpenAI-compatible one?")
    return found


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
