"""Middleware inside the vLLM server: no path answers that the API key does not guard, health and metrics apart, and
/ready says whether the pod takes new requests.

That vLLM calls it is not proved here: `--middleware` was read in the source of 0.32.0.
"""

import asyncio
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

import pytest

from paddock.common.manifests import templates_folder
from paddock.serving.vllm_service import PATHS_MODULE, SILENT_VARIABLE, manifest_values
from tests.unit.components.cases import CASES, args_of


def served_paths() -> ModuleType:
    """The module, loaded from its file as the pod does it."""
    spec = importlib.util.spec_from_file_location(PATHS_MODULE, templates_folder() / "vllm" / f"{PATHS_MODULE}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


T = TypeVar("T")


class Pod:
    """A pod with the middleware in front of a server that answers 200, and an engine that answers or does not."""

    def __init__(self, folder: Path, asked_engine: Callable[[], Awaitable[bool]] | None = None) -> None:
        self.module = served_paths()
        self.draining, self.stopping = folder / "draining", folder / "stopping"
        self.seconds, self.clock_ns = 0.0, 0
        ours = {"DRAINING": self.draining, "STOPPING": self.stopping}
        vars(self.module).update(ours, time=SimpleNamespace(monotonic=lambda: self.seconds))
        vars(self.module).update(started_ns=lambda: self.started_ns)
        self.asked: list[str] = []
        engine = SimpleNamespace(is_sleeping=asked_engine or _awake)
        self.state = SimpleNamespace(state=SimpleNamespace(engine_client=engine))
        self.started()

    def started(self) -> None:
        """The container starts, for the first time or again."""
        self.clock_ns += 1
        self.started_ns = self.clock_ns
        self.loaded()

    def loaded(self) -> None:
        """The model is in memory, and the server comes up."""
        self.middleware = self.module.ServedPaths(self._vllm)

    def drain(self) -> None:
        self._mark(self.draining)

    def stop(self) -> None:
        self._mark(self.stopping)

    def _mark(self, file: Path) -> None:
        self.clock_ns += 1
        file.touch()
        os.utime(file, ns=(self.clock_ns, self.clock_ns))

    async def get(self, path: str, kind: str = "http") -> tuple[int, dict[bytes, bytes]]:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.middleware({"type": kind, "path": path, "app": self.state}, None, send)
        await asyncio.sleep(0)
        return sent[0].get("status", 0), dict(sent[0].get("headers", ()))

    async def _vllm(self, scope: dict[str, Any], _receive: object, send: Callable[[Any], Awaitable[None]]) -> None:
        self.asked.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _awake() -> bool:
    return False


def run(what: Coroutine[Any, Any, T]) -> T:
    """Result on a loop of its own: `asyncio.run` would leave the thread without one, which Pulumi's SDK misses."""
    with closing(asyncio.new_event_loop()) as loop:
        return loop.run_until_complete(what)


def answer(path: str, kind: str = "http") -> list[dict[str, Any]]:
    """Messages sent back; `[]` where vLLM was asked."""
    asked: list[str] = []
    sent: list[dict[str, Any]] = []

    async def vllm(scope: dict[str, Any], _receive: object, _send: object) -> None:
        asked.append(scope.get("path", scope["type"]))

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": kind} if kind == "lifespan" else {"type": kind, "path": path}
    run(served_paths().ServedPaths(vllm)(scope, None, send))
    assert bool(asked) != bool(sent)
    return sent


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/health", "/metrics"])
def test_clients_probes_and_scrapers_reach_vllm(path: str) -> None:
    assert answer(path) == []


@pytest.mark.parametrize(
    "path", ["/invocations", "/pause", "/tokenize", "/docs", "/", "/v1", "/v2/x", "//v1/models", "/health/x", "/ping"]
)
def test_every_other_path_is_not_found_whether_or_not_a_key_is_shown(path: str) -> None:
    start, body = answer(path)
    assert start["status"] == 404
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()


def test_a_websocket_elsewhere_is_closed_and_start_up_passes() -> None:
    assert answer("/other", "websocket") == [{"type": "websocket.close", "code": 1008}]
    assert answer("/v1/realtime", "websocket") == []
    assert answer("", "lifespan") == []


def test_the_pod_loads_it_by_the_name_that_the_server_is_told() -> None:
    values = manifest_values("vllm", CASES["VllmService"].required)  # type: ignore[arg-type]
    module, _, name = values["args"][values["args"].index("--middleware") + 1].partition(".")
    assert f"class {name}" in values["paths"]["data"][f"{module}.py"]
    assert {"name": "PYTHONPATH", "value": values["paths_folder"]} in values["env"]


def test_a_pod_is_ready_when_vllm_is_healthy(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    assert run(pod.get("/ready"))[0] == 200
    assert pod.asked == ["/health"]


def test_guard_empty_answers_a_draining_pod_is_not_ready_but_answers_and_is_not_restarted(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    pod.drain()
    assert run(pod.get("/ready"))[0] == 503
    assert run(pod.get("/health"))[0] == 200
    assert run(pod.get("/v1/chat/completions"))[0] == 200


def test_a_connection_that_a_client_keeps_ends_with_its_answer_while_the_pod_drains(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    assert b"connection" not in run(pod.get("/v1/models"))[1]
    pod.drain()
    assert run(pod.get("/v1/models"))[1][b"connection"] == b"close"


def test_guard_empty_answers_before_vllm_is_told_to_stop_new_requests_are_sent_elsewhere(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    pod.drain()
    pod.stop()
    status, headers = run(pod.get("/v1/chat/completions"))
    assert (status, headers[b"connection"], headers[b"retry-after"]) == (503, b"close", b"1")
    assert run(pod.get("/v1/realtime", "websocket"))[0] == 0
    assert pod.asked == []
    assert run(pod.get("/health"))[0] == 200


def test_guard_never_ready_a_restarted_container_does_not_heed_the_marks_of_the_one_before(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    pod.drain()
    pod.stop()
    pod.started()
    assert run(pod.get("/ready"))[0] == 200
    assert run(pod.get("/v1/models"))[0] == 200
    pod.drain()
    assert run(pod.get("/ready"))[0] == 503


def test_guard_empty_answers_a_pod_that_is_told_to_go_while_its_model_loads_takes_no_requests(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    pod.drain()
    pod.stop()
    pod.loaded()
    assert run(pod.get("/ready"))[0] == 503
    assert run(pod.get("/v1/models"))[0] == 503


def test_marks_are_told_by_the_start_of_the_process_however_late_the_middleware_is_made(tmp_path: Path) -> None:
    """A real process, which makes a mark before it loads the module; the other mark is older than the process."""
    before, after = tmp_path / "before", tmp_path / "after"
    before.touch()
    time.sleep(0.1)
    file = templates_folder() / "vllm" / f"{PATHS_MODULE}.py"
    made = (
        f"import pathlib, time; made, after = (pathlib.Path(each) for each in ({str(before)!r}, {str(after)!r}))\n"
        f"time.sleep(0.1); after.touch(); time.sleep(0.1); found = {{}}\n"
        f"exec(compile(pathlib.Path({str(file)!r}).read_text(), 'served_paths', 'exec'), found)\n"
        f"paths = found['ServedPaths'](None)\n"
        f"print(paths._is(made), paths._is(after), paths._is(pathlib.Path('/missing')))"
    )
    said = subprocess.run([sys.executable, "-c", made], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.split() == ["False", "True", "False"]


def test_guard_hang_an_engine_that_says_nothing_for_60_seconds_is_not_ready_until_it_speaks(tmp_path: Path) -> None:
    async def life() -> list[int]:
        speaks = asyncio.Event()
        pod = Pod(tmp_path, speaks.wait)
        found = []
        for pod.seconds in (0, 59, 61):
            found.append((await pod.get("/ready"))[0])
        speaks.set()
        await asyncio.sleep(0)
        found.append((await pod.get("/ready"))[0])
        return found

    assert run(life()) == [200, 200, 503, 200]


def test_an_engine_that_answers_is_asked_again_and_a_long_idle_time_is_no_silence(tmp_path: Path) -> None:
    async def life() -> list[int]:
        pod = Pod(tmp_path)
        found = []
        for pod.seconds in (0, 1000, 5000):
            found.append((await pod.get("/ready"))[0])
        return found

    assert run(life()) == [200, 200, 200]


def test_an_engine_that_refuses_the_question_has_spoken_and_health_decides(tmp_path: Path) -> None:
    async def refuses() -> bool:
        raise RuntimeError("Server shutting down")

    assert run(Pod(tmp_path, refuses).get("/ready"))[0] == 200


def test_the_pod_tells_the_middleware_how_long_a_silence_is(monkeypatch: pytest.MonkeyPatch) -> None:
    values = manifest_values("vllm", args_of("VllmService", engine_silent_seconds=45))
    env = {each["name"]: each["value"] for each in values["env"]}
    monkeypatch.setenv(SILENT_VARIABLE, env[SILENT_VARIABLE])
    assert served_paths().SILENT_SECONDS == 45


def test_the_pre_stop_hook_makes_the_marks_that_the_middleware_looks_for() -> None:
    values = manifest_values("vllm", CASES["VllmService"].required)  # type: ignore[arg-type]
    shell, flag, script = values["pre_stop"]
    module = served_paths()
    assert (shell, flag) == ("sh", "-c")
    assert script == f"touch {module.DRAINING}; sleep 25; touch {module.STOPPING}; sleep 5"
    assert values["ready_path"] == module.READY
