"""Requests as clients send them, over a connection that only says what it was told to say."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.smoke.manifest import API_KEY

MODEL = "llama-3.1-8b"
JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """Events of a stream, up to its `[DONE]`; raises where it lacks one."""
        lines = [line.removeprefix(b"data: ") for line in self.body.split(b"\n\n") if line.startswith(b"data: ")]
        assert lines[-1] == b"[DONE]", self.body[-300:]
        return [json.loads(line) for line in lines[:-1]]


class Client:
    """A client of one address. `key`: what it shows; None for nothing."""

    def __init__(self, address: str, port: int, key: str | None = API_KEY, timeout: float = 120) -> None:
        self._where, self._key, self._timeout = (address, port), key, timeout

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(*self._where, timeout=self._timeout)
        shown = {} if self._key is None else {"Authorization": f"Bearer {self._key}"}
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": JSON, **shown, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def complete(self, **more: Any) -> Answer:
        return self.ask("POST", "/v1/completions", {"model": MODEL, "prompt": "Hello", "max_tokens": 8, **more})

    def chat(self, **more: Any) -> Answer:
        asked = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
        return self.ask("POST", "/v1/chat/completions", {**asked, **more})
