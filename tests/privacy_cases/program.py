"""Recorded program that a case changes, and the changes: resources added, inputs set, resources taken away."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from typing import Any

from paddock.privacy.proof.reading import SIGNATURE
from tests.unit.privacy.proof.stacks import ACCOUNT, JsonObject, Stack, text_of

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Text that stands for a value which a preview cannot know."""

Value = Any
"""JSON, or a function of the program that makes it: what refers to another resource is known only there."""


class Program(Stack):
    """Our own program as recorded: `stack` (an export), `doors` (one with every door), `preview` (of an empty account).

    `empty` is a program of somebody else, which a case writes whole.
    """

    def __init__(self, base: str = "stack") -> None:
        self.base = base
        self.data: JsonObject = json.loads(text_of(base)) if base != "empty" else {"deployment": {"resources": []}}
        self.old: Any = None
        """Value that a change replaces, while it is made."""
        self.steps: list[JsonObject] | None = None
        """Steps of a preview over the recorded state, where a case is about the next update."""
        self.configured: dict[str, JsonObject] = {}
        """Configuration of the pack, by rule."""
        self._seen: list[str] = []
        for each in self.resources:
            _complete(each)

    @property
    def is_preview(self) -> bool:
        return "steps" in self.data

    @property
    def resources(self) -> list[JsonObject]:
        if self.is_preview:
            return [step["newState"] for step in self.data["steps"]]
        return super().resources

    def ref(self, kind: str, name: str = "", key: str = "id") -> Any:
        """Value of another resource, which the change then depends on; in a preview most are not known."""
        each = self.one(kind, name)
        self._seen.append(each["urn"])
        known = {**(each.get("outputs") or {}), **(each.get("inputs") or {})}
        return (each.get("id") or UNKNOWN) if key == "id" else known.get(key, UNKNOWN)

    @property
    def bucket(self) -> str:
        return str(self.ref("Bucket", "llama-store", "bucket"))

    def made(self, type_: str, name: str, values: dict[str, Value], **by_engine: Any) -> JsonObject:
        """Resource added; `by_engine` is what the engine itself writes of it (`id`, `custom`, `provider`)."""
        each: JsonObject = {
            "urn": f"urn:pulumi:local::paddock::{type_}::{name}",
            "type": type_,
            "custom": True,
            "inputs": {},
            **({} if self.is_preview else {"id": f"{name}-id", "outputs": {}}),
            **by_engine,
        }
        _complete(each)
        self.given(each, values)
        if self.is_preview:
            self.data["steps"].append({"op": "create", "urn": each["urn"], "newState": each})
        else:
            self.resources.append(each)
        return each

    def given(self, each: JsonObject, values: dict[str, Value]) -> None:
        """Inputs set, in the outputs too where an update has read them back."""
        for key, value in values.items():
            self.old, self._seen = (each.get("inputs") or {}).get(key), []
            plain = self._plain(value)
            each["inputs"] = {**(each.get("inputs") or {}), key: plain}
            if not self.is_preview:
                each["outputs"] = {**(each.get("outputs") or {}), key: copy.deepcopy(plain)}
            each["propertyDependencies"] = {**(each.get("propertyDependencies") or {}), key: self._seen}

    def remove(self, kind: str, name: str = "") -> None:
        gone = self.one(kind, name)
        if self.is_preview:
            self.data["steps"] = [step for step in self.data["steps"] if step["newState"] is not gone]
        else:
            self.resources.remove(gone)

    def _plain(self, value: Value) -> Any:
        if callable(value):
            return self._plain(value(self))
        if isinstance(value, dict):
            return {key: self._plain(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(each) for each in value]
        # A text made of what is not known is itself not known.
        return UNKNOWN if isinstance(value, str) and UNKNOWN in value else value


MAKERS = {
    "aws": "pulumi:providers:aws::default_7_51_1",
    "kubernetes": "paddock:index:LlamaPlatform$pulumi:providers:kubernetes::llama-kubernetes",
}


def _complete(each: JsonObject) -> None:
    """Values that the recording left out: the provider by which a resource was made, and its ARN on AWS."""
    if each.get("custom") is not False and not each["type"].startswith("pulumi:"):
        maker = each["type"].partition(":")[0]
        stack = "::".join(each["urn"].split("::")[:2])
        name = MAKERS.get(maker, f"pulumi:providers:{maker}::default")
        each.setdefault("provider", f"{stack}::{name}::0123abcd")
    if each.get("id") and each["type"].startswith("aws:") and not (each.get("outputs") or {}).get("arn"):
        service, _, kind = each["type"].split(":")[1].partition("/")
        arn = f"arn:aws:{service}:us-east-1:{ACCOUNT}:{kind}/{each['id']}"
        if kind == "bucket":
            arn = f"arn:aws:s3:::{each['id']}"
        each["outputs"] = {**(each.get("outputs") or {}), "arn": arn}


Change = Callable[[Program], object]


def add(type_: str, name: str = "mutant", /, **values: Value) -> Change:
    """Resource more, with these inputs; `by_engine` is what the engine itself writes of it."""
    by_engine = values.pop("by_engine", {})
    return lambda program: program.made(type_, name, values, **by_engine)


def put(kind: str, name: str = "", /, **values: Value) -> Change:
    """Inputs of one resource set: the named one, else the first of its kind."""
    return lambda program: program.given(program.one(kind, name), values)


def drop(kind: str, name: str = "") -> Change:
    return lambda program: program.remove(kind, name)


def ref(kind: str, name: str = "", key: str = "id") -> Value:
    return lambda program: program.ref(kind, name, key)


def more(*items: Any) -> Value:
    """List as it was, and these."""
    return lambda program: [*(program.old or ()), *items]


def merged(**items: Any) -> Value:
    """Object as it was, with these set."""
    return lambda program: {**(program.old or {}), **items}


def secret(value: Any) -> Value:
    """Value marked secret: the pack is handed it, a file has its ciphertext."""
    return {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "removed", "plaintext": json.dumps(value)}


def each_of(changes: Iterable[Change]) -> Change:
    return lambda program: [change(program) for change in list(changes)]
