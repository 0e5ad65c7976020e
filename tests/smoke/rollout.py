"""A rollout of two replicas behind a load balancer while clients ask: what became of each request."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from paddock.sizing.placement.shutdown import LEAD_AWAY_SECONDS
from tests.smoke.asking import JSON, MODEL, Client
from tests.smoke.balancer import Balancer, Target
from tests.smoke.kubelet import Ended, Kubelet
from tests.smoke.manifest import API_KEY

TOKENS = 60
AT_ONCE, LONGEST_TOKENS, LONG_SECONDS = 4, 8000, 40
"""Long requests ask for so many answers at once, as long as this machine makes them in these seconds: longer than the
hook goes on, and shorter than the drain."""
HEADERS = {"Content-Type": JSON, "Authorization": f"Bearer {API_KEY}"}


def asking(tokens: int, *, stream: bool, answers: int = 1) -> dict[str, Any]:
    more = {"stream_options": {"include_usage": True}} if stream else {}
    return {
        "model": MODEL,
        "prompt": "Hello",
        "max_tokens": tokens,
        "ignore_eos": True,
        "n": answers,
        "stream": stream,
        **more,
    }


def verdict(status: int, body: bytes, tokens: int, *, stream: bool) -> str:
    """`whole`, or what is wrong with an answer that must have so many tokens."""
    if status != 200:
        return f"{status} {body[:80]!r}"
    try:
        events = (
            [line[6:] for line in body.split(b"\n\n") if line.startswith(b"data: ")] if stream else [body, b"[DONE]"]
        )
        if events[-1] != b"[DONE]":
            return "a stream without an end"
        got = json.loads(events[-2])["usage"]["completion_tokens"]
    except (ValueError, KeyError, IndexError):
        return f"200 and {body[-80:]!r}"
    return "whole" if got == tokens else f"200 with {got} of {tokens} tokens"


@dataclass
class Load:
    """Clients that ask one thing after another until they are told to stop; what became of it, by kind of client."""

    where: tuple[str, int]
    became: dict[str, Counter[str]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for name, stream, keep in (("new", False, False), ("stream", True, False), ("kept", False, True)):
            self.became[name] = Counter()
            self._threads.append(threading.Thread(target=self._ask, args=(name, stream, keep), daemon=True))
        for thread in self._threads:
            thread.start()

    def _ask(self, name: str, stream: bool, keep: bool) -> None:
        connection = http.client.HTTPConnection(*self.where, timeout=120)
        while not self._stop.is_set():
            try:
                connection.request("POST", "/v1/completions", json.dumps(asking(TOKENS, stream=stream)), HEADERS)
                answer = connection.getresponse()
                self.became[name][verdict(answer.status, answer.read(), TOKENS, stream=stream)] += 1
            except (OSError, http.client.HTTPException) as error:
                self.became[name][f"{type(error).__name__}: {error}"] += 1
                connection.close()
            if not keep:
                connection.close()
        connection.close()

    def count(self) -> int:
        return sum(sum(each.values()) for each in self.became.values())

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(130)


@dataclass(kw_only=True)
class Rollout:
    """Everything that was seen of it."""

    ended: list[Ended]
    became: dict[str, Counter[str]]
    in_flight: list[str]
    """Ends of the long requests that a pod had when it was told to stop."""
    during_drains: list[int]
    """Requests that ended while a pod drained."""
    survivor: Kubelet


def roll_out(
    first: Kubelet,
    new_pod: Callable[[], Kubelet],
    check: Mapping[str, Any],
    min_ready_seconds: float,
    say: Callable[[str], None],
) -> Rollout:
    """Start a second pod, then replace the first while clients ask, and end the second once the new one is in."""
    host = first.pod.network.address
    second = new_pod()
    say(f"a second pod was ready after {second.start():.0f} s")
    nodes = [Target(first, check), Target(second, check)]
    Balancer(host, 443, nodes)
    _until(lambda: all(node.healthy for node in nodes), 60)
    load = Load((host, 443))
    load.start()
    in_flight: list[str] = []
    during: list[int] = []

    def replaced(node: Target) -> Ended:
        before, tokens = load.count(), _tokens(node.kubelet)
        late = [Late(node.kubelet, stream, tokens) for stream in (False, True)]
        for each in late:
            each.start()
        ended = node.kubelet.terminate()
        for each in late:
            each.join(30)
            in_flight.append(each.became if each.finished > ended.told else "done before the pod was told to stop")
        during.append(load.count() - before)
        say(f"a pod ended {ended.hook_seconds:.0f} + {ended.seconds:.0f} s after it was deleted")
        return ended

    ended = [replaced(nodes[0])]
    nodes[0].kubelet = new_pod()
    say(f"its successor was ready after {nodes[0].kubelet.start():.0f} s")
    time.sleep(min_ready_seconds)
    ended.append(replaced(nodes[1]))
    load.stop()
    return Rollout(
        ended=ended,
        became=load.became,
        in_flight=in_flight,
        during_drains=during,
        survivor=nodes[0].kubelet,
    )


class Late(threading.Thread):
    """A long request that a client who has not heard of the drain sends just before the pod takes no more."""

    def __init__(self, kubelet: Kubelet, stream: bool, tokens: int) -> None:
        super().__init__(daemon=True)
        self._pod, self._stream, self._tokens = kubelet.pod, stream, tokens
        self.became, self.finished = "no answer", 0.0

    def run(self) -> None:
        time.sleep(LEAD_AWAY_SECONDS - 2)
        body = asking(self._tokens, stream=self._stream, answers=AT_ONCE)
        try:
            answer = Client(self._pod.address, self._pod.port, timeout=170).ask("POST", "/v1/completions", body)
            self.became = verdict(answer.status, answer.body, AT_ONCE * self._tokens, stream=self._stream)
        except (OSError, http.client.HTTPException) as error:
            self.became = f"{type(error).__name__}: {error}"
        self.finished = time.monotonic()


def _tokens(kubelet: Kubelet) -> int:
    """Tokens of each answer of a long request, by the speed of as many answers now."""
    began = time.monotonic()
    body = asking(TOKENS, stream=False, answers=2 * AT_ONCE)
    answer = Client(kubelet.pod.address, kubelet.pod.port).ask("POST", "/v1/completions", body)
    assert answer.status == 200
    return min(LONGEST_TOKENS, int(LONG_SECONDS * TOKENS / (time.monotonic() - began)))


def _until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
