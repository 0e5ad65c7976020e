"""Requests: what clients of the service send is answered, and only with the key."""

import json
from typing import Any

import pytest

from tests.smoke.asking import MODEL, Client
from tests.smoke.kubelet import Kubelet
from tests.smoke.manifest import ADAPTER, API_KEY

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 5}, "days": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
FUNCTION = "get_weather"
TOOL = {"name": FUNCTION, "parameters": SCHEMA}
TOOLS = [{"type": "function", "function": TOOL}]
STRICT_TOOLS = [{"type": "function", "function": {**TOOL, "strict": True}}]
"""Only of strict tools vLLM holds the arguments to their schema; of others, to JSON."""


@pytest.fixture(scope="module")
def client(server: Kubelet) -> Client:
    return Client(server.pod.address, server.pod.port)


def test_the_model_is_listed_under_the_name_that_clients_use(client: Client) -> None:
    assert client.get("/v1/models").data["data"][0]["id"] == MODEL


def test_completions_have_as_many_tokens_as_were_asked_for(client: Client) -> None:
    answer = client.complete(max_tokens=16, ignore_eos=True)
    assert answer.status == 200
    assert answer.data["usage"]["completion_tokens"] == 16
    assert answer.data["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/messages"])
def test_the_other_forms_of_a_chat_are_answered(client: Client, path: str) -> None:
    asked = {"model": MODEL, "max_tokens": 8, "messages": [{"role": "user", "content": "Hello"}]}
    responses = {"model": MODEL, "max_output_tokens": 8, "input": "Hello"}
    assert client.ask("POST", path, responses if path == "/v1/responses" else asked).status == 200


def test_a_chat_is_answered_by_the_template_that_came_with_the_weights(client: Client) -> None:
    answer = client.chat(max_tokens=16, ignore_eos=True)
    assert answer.status == 200
    assert answer.data["choices"][0]["message"]["role"] == "assistant"
    assert answer.data["usage"]["completion_tokens"] == 16


def test_a_stream_comes_in_pieces_and_ends_with_the_usage(client: Client) -> None:
    answer = client.chat(max_tokens=16, ignore_eos=True, stream=True, stream_options={"include_usage": True})
    *chunks, last = answer.events
    assert len(chunks) > 8
    assert last["usage"]["completion_tokens"] == 16


def test_structured_output_obeys_its_schema(client: Client) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "weather", "schema": SCHEMA}}
    answer = client.chat(max_tokens=100, response_format=form)
    assert set(json.loads(answer.data["choices"][0]["message"]["content"])) == {"city", "days"}


def test_an_adapter_answers_under_its_own_name_and_otherwise_than_the_model(client: Client) -> None:
    texts = [
        client.complete(model=name, temperature=0, max_tokens=16, ignore_eos=True).data["choices"][0]["text"]
        for name in (MODEL, ADAPTER)
    ]
    assert texts[0] != texts[1]


def test_an_adapter_is_listed_beside_the_model_that_it_adapts(client: Client) -> None:
    listed = client.get("/v1/models").data["data"]
    assert [(each["id"], each["parent"]) for each in listed] == [(MODEL, None), (ADAPTER, MODEL)]


@pytest.mark.parametrize("path", ["/v1/load_lora_adapter", "/v1/unload_lora_adapter"])
def test_no_adapter_is_loaded_or_unloaded_by_a_request_even_with_the_key(client: Client, path: str) -> None:
    """It would be of any path or repository, and nobody checked it."""
    answer = client.ask("POST", path, {"lora_name": ADAPTER, "lora_path": "/adapters/adapter"})
    assert answer.status == 404


NAMED = {"type": "function", "function": {"name": FUNCTION}}


@pytest.mark.parametrize("choice", ["required", NAMED], ids=["required", "named"])
def test_a_tool_that_must_be_called_is_called(client: Client, choice: object) -> None:
    """A random model may go on writing behind its call, which vLLM then takes for text: one in 24 must do."""
    answer = client.chat(max_tokens=300, tools=STRICT_TOOLS, tool_choice=choice, n=24)
    assert answer.status == 200, answer.body
    messages = [each["message"] for each in answer.data["choices"]]
    called = [call["function"] for message in messages for call in message.get("tool_calls") or ()]
    assert {each["name"] for each in called} == {FUNCTION}
    assert {frozenset(json.loads(each["arguments"])) for each in called} == {frozenset(SCHEMA["required"])}


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_the_model_chose_to_write_is_answered_as_one(client: Client, stream: bool) -> None:
    """A random model writes none by itself: its words are given to it, and the parser has to find the call in them."""
    call_json = json.dumps({"name": FUNCTION, "parameters": {"city": "Paris", "days": 2}})
    asked = {"tools": TOOLS, "tool_choice": "auto", "structured_outputs": {"choice": [call_json]}}
    answer = client.chat(max_tokens=200, stream=stream, **asked)
    assert answer.status == 200, answer.body
    if stream:
        deltas = [each["choices"][0]["delta"].get("tool_calls") for each in answer.events if each["choices"]]
        functions = [call["function"] for calls in deltas for call in calls or ()]
    else:
        functions = [call["function"] for call in answer.data["choices"][0]["message"]["tool_calls"]]
    assert [each["name"] for each in functions if each.get("name")] == [FUNCTION]
    assert json.loads("".join(each.get("arguments") or "" for each in functions)) == {"city": "Paris", "days": 2}


@pytest.mark.parametrize("key", [None, "", "sk-wrong-0123456789abcdef"], ids=["none", "empty", "wrong"])
def test_without_the_key_nothing_is_answered(server: Kubelet, key: str | None) -> None:
    client = Client(server.pod.address, server.pod.port, key)
    answers = [client.get("/v1/models"), client.complete(), client.chat(stream=True)]
    assert [answer.status for answer in answers] == [401, 401, 401]


@pytest.mark.parametrize("headers", [{"Authorization": "Basic c2s="}, {"X-Api-Key": "key"}], ids=str)
def test_no_other_way_of_showing_a_key_is_taken(server: Kubelet, headers: dict[str, str]) -> None:

    shown = {name: value.replace("key", API_KEY) for name, value in headers.items()}
    client = Client(server.pod.address, server.pod.port, None)
    assert client.ask("GET", "/v1/models", headers=shown).status == 401
