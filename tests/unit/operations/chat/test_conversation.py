"""A conversation over plain HTTP: streams, usage, refusals in one line, a user who stops an answer."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.cli.screens.chat import speed_line, spoken_data
from paddock.operations.chat.conversation import Conversation, Spoken, refusal

KEY = "0123456789abcdef-secret"
Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[Any]]]:
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, dict(self.headers), body))
            answer(self)

        def do_GET(self) -> None:
            seen.append((self.path, dict(self.headers), None))
            answer(self)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1", seen
        finally:
            server.shutdown()
            thread.join()


def stream(*events: Any, end: bytes = b"data: [DONE]\n\n") -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for event in events:
            handler.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        handler.wfile.write(end)

    return answer


def piece(text: str) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}}]}


def whole(status: int, body: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_pieces_come_as_they_are_sent_and_the_server_counts_the_tokens() -> None:
    usage = {"choices": [], "usage": {"completion_tokens": 9}}
    with serving(stream({"choices": [{"delta": {"role": "assistant"}}]}, piece("He"), piece("llo"), usage)) as (
        url,
        seen,
    ):
        talk, pieces = Conversation(url, "a-model", KEY, 5), list[str]()
        spoken = talk.ask("Hi", pieces.append)
    assert (pieces, spoken.text, spoken.tokens) == (["He", "llo"], "Hello", 9)
    assert spoken.ttft_ms is not None
    ((path, headers, body),) = seen
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert (body["model"], body["max_tokens"], body["stream"]) == ("a-model", 5, True)


def test_what_was_said_before_is_sent_again() -> None:
    with serving(stream(piece("yes"))) as (url, seen):
        talk = Conversation(url, "m")
        talk.ask("one", lambda _: None)
        talk.ask("two", lambda _: None)
    assert [each["content"] for each in seen[1][2]["messages"]] == ["one", "yes", "two"]


def test_the_key_is_in_no_text() -> None:
    assert KEY not in repr(Conversation("http://x/v1", "m", KEY))
    unauthorized = whole(401, b'{"error": "Unauthorized"}')
    with serving(unauthorized) as (url, _), pytest.raises(RefusedError, match="wants a key") as refused:
        Conversation(url, "m", KEY).ask("Hi", lambda _: None)
    assert KEY not in str(refused.value)


def test_a_user_who_stops_an_answer_keeps_what_came() -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    with serving(stream(piece("one"), piece("two"))) as (url, _):
        talk = Conversation(url, "m")
        spoken = talk.ask("Hi", stop)
    assert (spoken.stopped, spoken.text) == (True, "one")
    assert talk.messages[-1] == {"role": "assistant", "content": "one"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            whole(404, b'{"error": {"message": "The model `m`\\ndoes not exist."}}'),
            "404 Not Found: The model `m` does not",
        ),
        (whole(503, b"<html>\nno pod\n</html>"), "503 Service Unavailable: <html> no pod </html>"),
        (stream(piece("a"), {"error": {"message": "out of memory"}}), "stopped answering: out of memory"),
        (stream(piece("a"), end=b""), "broke off"),
        (stream(piece("a"), end=b"data: {not json}\n\n"), "no JSON"),
    ],
)
def test_errors_are_one_line(answer: Answer, says: str) -> None:
    with serving(answer) as (url, _), pytest.raises(RefusedError, match=says) as refused:
        Conversation(url, "m").ask("Hi", lambda _: None)
    assert "\n" not in str(refused.value)


def test_nobody_at_the_port_is_told() -> None:
    with pytest.raises(RefusedError, match="does not answer: connection refused"):
        Conversation("http://127.0.0.1:9/v1", "m").ask("Hi", lambda _: None)


def test_a_long_error_is_cut() -> None:
    assert len(refusal(500, "Internal Server Error", b"x" * 10_000)) < 400


def test_the_rate_is_of_the_tokens_after_the_first() -> None:
    spoken = Spoken(text="a", tokens=11, ttft_ms=500.0, seconds=2.5)
    assert spoken.tokens_per_second == 5.0
    assert speed_line(spoken) == "(11 tokens, the first after 500 ms, then 5 tokens/s)"
    assert spoken_data(spoken, "m")["tokens_per_second"] == 5.0
    assert speed_line(Spoken(text="", tokens=0, ttft_ms=None, seconds=1, stopped=True)).startswith("(stopped before")


NO_COMPLETION = {
    "choices of numbers": {"choices": [1]},
    "choices by name": {"choices": {"a": 1}},
    "choices in words": {"choices": "abc"},
    "a delta in words": {"choices": [{"delta": "x"}]},
    "usage as a list": {"usage": [1]},
    "tokens in words": {"usage": {"completion_tokens": "many"}},
    "tokens without end": {"usage": {"completion_tokens": float("inf")}},
}


@pytest.mark.parametrize("event", NO_COMPLETION)
def test_a_stream_of_another_kind_is_one_message(event: str) -> None:
    with serving(stream(NO_COMPLETION[event])) as (url, _):  # noqa: SIM117  the server ends after the message
        with pytest.raises(RefusedError, match=r"streams what is no chat completion; is it an OpenAI-compatible one\?"):
            Conversation(url, "m", None).ask("Hi", lambda _: None)


@pytest.mark.parametrize(
    ("end", "says"),
    [(b"data: " + b"[" * 100_000 + b"\n", "is no JSON"), (b"data: " + b"x" * 2**21, "a line that does not end")],
)
def test_neither_depth_nor_length_of_a_line_is_the_servers_to_choose(end: bytes, says: str) -> None:
    with serving(stream(end=end)) as (url, _), pytest.raises(RefusedError, match=says):
        Conversation(url, "m", None).ask("Hi", lambda _: None)


def test_an_error_that_is_nested_too_deep_is_quoted_as_text() -> None:
    assert refusal(500, "Error", b"[" * 100_000).startswith("the server answers 500 Error: [[[")


@pytest.mark.parametrize("key", ["клю\u0447", "two\nlines", "a\tb"])
def test_a_key_that_no_header_carries_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(RefusedError, match="paddock:api_key has characters that no HTTP header") as refused:
        Conversation("http://127.0.0.1:9/v1", "m", key).ask("Hi", lambda _: None)
    assert key not in str(refused.value)
