"""Stand-ins of the local cloud: the engine says that it is no model, the hub's files say that they are random."""

import base64
import json
import struct
from collections.abc import Iterator
from hashlib import sha256
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from local import hub
from local.kubernetes import stand_in
from local.kubernetes.stand_in import Served, served, words_of
from paddock.catalog.lookup import RefusedError
from paddock.operations.chat.conversation import Conversation
from paddock.operations.weights.push import look
from paddock.operations.weights.sources.hub import HubSource

KEY = "0123456789abcdef"


def pod(name: str, *, ready: str = "True", key: bool = False) -> dict[str, Any]:
    reference = {"secretKeyRef": {"name": "a-secret", "key": "api-key"}}
    env = [{"name": "VLLM_API_KEY", "valueFrom": reference}] if key else []
    return {
        "metadata": {"namespace": "llama"},
        "spec": {"containers": [{"args": ["s3://x", "--served-model-name", name], "env": env}]},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


class Kubernetes:
    def __init__(self, *pods: dict[str, Any]) -> None:
        self.listed = list(pods)

    def pods(self, label: str) -> list[dict[str, Any]]:
        assert label == "app.kubernetes.io/name=vllm"
        return self.listed

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        assert (namespace, name) == ("llama", "a-secret")
        return {"api-key": base64.b64encode(KEY.encode()).decode()}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Kubernetes]]:
    kubernetes = Kubernetes(pod("open"), pod("kept", key=True), pod("starting", ready="False"))
    monkeypatch.setattr(stand_in.Handler, "kubernetes", kubernetes, raising=False)
    monkeypatch.setattr(stand_in, "TOKEN_SECONDS", 0.0)
    yield from serving(stand_in.Handler, kubernetes)


def serving(handler: Any, what: Any) -> Iterator[tuple[str, Any]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", what
        server.shutdown()
        thread.join()


def test_only_ready_pods_serve() -> None:
    found = served([pod("a", ready="False"), pod("b"), pod("c", key=True)])
    assert found == {"b": Served("b", None), "c": Served("c", ("llama", "a-secret", "api-key"))}


def test_the_answer_says_what_it_is(engine: tuple[str, Kubernetes]) -> None:
    talk = Conversation(f"{engine[0]}/v1", "open")
    assert talk.served() == ["kept", "open"]
    spoken = talk.ask("How are you?", lambda _: None)
    assert "stand-in and no model" in spoken.text
    assert spoken.text.endswith("“How are you?”")
    assert spoken.tokens == len(words_of("open", [{"role": "user", "content": "How are you?"}]))


def test_the_key_of_the_pod_is_asked_for(engine: tuple[str, Kubernetes]) -> None:
    for key in (None, "another-0123456789"):
        with pytest.raises(RefusedError, match="wants a key"):
            Conversation(f"{engine[0]}/v1", "kept", key).ask("Hi", lambda _: None)
    assert Conversation(f"{engine[0]}/v1", "kept", KEY).ask("Hi", lambda _: None).text


def test_a_model_that_no_ready_pod_serves_is_not_there(engine: tuple[str, Kubernetes]) -> None:
    with pytest.raises(RefusedError, match="404 Not Found: The model `starting` does not exist"):
        Conversation(f"{engine[0]}/v1", "starting").ask("Hi", lambda _: None)


def test_the_hub_has_a_whole_checkpoint_of_any_repository() -> None:
    for url, _ in serving(hub.Handler, None):
        source = HubSource("meta-llama/Llama-3.1-8B-Instruct", "", environment={"HF_ENDPOINT": url, "HF_HOME": "/none"})
        wanted = look(source, "llama-3.1-8b", "bf16")
        assert wanted.revision == f"bf16-{hub.commit_of('meta-llama/Llama-3.1-8B-Instruct')[:12]}"
        (weights,) = [each for each in wanted.selection.files if each.name == "model.safetensors"]
        reader = source.open(weights, 0)
        content = bytearray(weights.size_bytes)
        view, at = memoryview(content), 0
        while at < len(content):
            at += reader.readinto(view[at:])
        reader.close()
        assert sha256(content).hexdigest() == weights.sha256
        (length,) = struct.unpack("<Q", content[:8])
        assert "model.embed_tokens.weight" in json.loads(content[8 : 8 + length])


def test_repositories_differ_and_say_that_they_are_stand_ins() -> None:
    one, two = hub.files_of("a/one"), hub.files_of("a/two")
    assert one["model.safetensors"] != two["model.safetensors"]
    assert b"stand-in" in one["config.json"]
