"""What runs inside the vLLM server: no path answers that the API key does not guard, health and metrics apart.

That vLLM calls it is not proved here: `--middleware` was read in the source of 0.32.0.
"""

import asyncio
import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from paddock.common.manifests import templates_folder
from paddock.serving.vllm_service import PATHS_MODULE, manifest_values
from tests.unit.components.cases import CASES


def served_paths() -> Callable[[Any], Any]:
    """The class, loaded from its file as the pod does it."""
    spec = importlib.util.spec_from_file_location(PATHS_MODULE, templates_folder() / "vllm" / f"{PATHS_MODULE}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Callable[[Any], Any] = module.ServedPaths
    return made


def answer(path: str, kind: str = "http") -> list[dict[str, Any]]:
    """What is sent back; `[]` where vLLM was asked."""
    asked: list[str] = []
    sent: list[dict[str, Any]] = []

    async def vllm(scope: dict[str, Any], _receive: object, _send: object) -> None:
        asked.append(scope.get("path", scope["type"]))

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": kind} if kind == "lifespan" else {"type": kind, "path": path}
    asyncio.run(served_paths()(vllm)(scope, None, send))
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
