"""Inventory of resources, from `pulumi preview --json` or `pulumi stack export`, and what each of them refers to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from paddock.catalog.lookup import RefusedError
from paddock.privacy.predicates import BUCKETS, UNKNOWN
from paddock.privacy.resource import Resource

UNKNOWN_TEXT = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""Texts that stand for a value which a preview cannot know. Source: sdk/go/common/resource/plugin/rpc.go of pulumi,
read 2026-11-24."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key by which the engine marks a secret, an output or an asset in JSON; what is inside is never read here."""

GONE = frozenset({"delete", "delete-replaced", "discard-replaced", "remove-pending-replace", "read-discard"})
"""Steps after which a resource is not there, or is there as another step says."""


class ProofInputError(RefusedError):
    """Input that is no preview and no stack export."""


@dataclass(frozen=True)
class Inventory:
    """Resources of a stack, and what makes the list itself doubtful."""

    resources: tuple[Resource, ...]
    doubts: tuple[str, ...] = ()

    @property
    def stacks(self) -> list[str]:
        """Projects and stacks of the resources, as `project/stack`; a URN is `urn:pulumi:stack::project::…`."""
        parts = {tuple(each.urn.removeprefix("urn:pulumi:").split("::")[:2]) for each in self.resources}
        return sorted("/".join(reversed(each)) for each in parts)

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        return {each.urn: each for each in self.resources}

    @cached_property
    def by_identity(self) -> Mapping[str, Resource]:
        """Resources by what a value names them with: id, ARN, a bucket's name."""
        # Its public access block has a bucket's name as its id too: only the bucket itself is meant by it.
        named = [each for each in self.resources if not each.type.startswith("aws:s3/bucket")]
        return {
            identity: each
            for each in [*named, *self.of(*BUCKETS)]
            for identity in (each.id, each.values.get("arn"), each.values.get("bucket"))
            if isinstance(identity, str) and identity
        }

    @cached_property
    def accounts(self) -> frozenset[str]:
        """AWS accounts of the resources, by their ARNs; none in a first preview, which knows no ARN."""
        arns = (each.values.get("arn") for each in self.resources)
        parts = (arn.split(":", 5) for arn in arns if isinstance(arn, str))
        return frozenset(part[4] for part in parts if len(part) == 6 and len(part[4]) == 12 and part[4].isdecimal())

    def of(self, *types: str) -> Iterator[Resource]:
        return (each for each in self.resources if each.type in types)

    def targets(self, resource: Resource, key: str) -> list[Resource]:
        """Resources that an input refers to; by its value where that is known, else by what it was made of."""
        value = resource.values.get(key)
        named = [str(each) for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
        found = [self.by_identity[each] for each in named if each in self.by_identity]
        # A value that is partly known leaves the rest to what it was made of.
        if (not found and not named) or value is UNKNOWN or (isinstance(value, list) and UNKNOWN in value):
            found += [self.by_urn[urn] for urn in resource.links.get(key, ()) if urn in self.by_urn]
        return list({each.urn: each for each in found}.values())

    def refers(self, resource: Resource, key: str, target: Resource) -> bool:
        return target in self.targets(resource, key)


def read_inventory(text: str) -> Inventory:
    """Inventory of a preview or an export; raises `ProofInputError`."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ProofInputError(
            f"this is not JSON ({error}); give `pulumi preview --json` or `pulumi stack export`"
        ) from None
    except RecursionError:
        raise ProofInputError("this JSON is nested too deep to be Pulumi's") from None
    if isinstance(data, Mapping) and isinstance(data.get("steps"), list):
        return _preview(data)
    if isinstance(data, Mapping) and isinstance(data.get("deployment"), Mapping):
        return _export(data["deployment"])
    raise ProofInputError(
        "this JSON has neither `steps` (of `pulumi preview --json`) nor `deployment` (of `pulumi stack export`); "
        "a preview needs `--json` and prints nothing else on standard output"
    )


def _preview(data: Mapping[str, Any]) -> Inventory:
    found: dict[str, Resource] = {}
    for step in data["steps"]:
        if not isinstance(step, Mapping) or not isinstance(step.get("op"), str):
            raise ProofInputError("a step of this preview has no `op`; it is not what `pulumi preview --json` prints")
        if step["op"] in GONE:
            continue
        state = step.get("oldState") if step.get("newState") is None else step["newState"]
        read = step["op"] in {"read", "read-replacement"}
        # A preview's outputs are of the last update, and its inputs of the next one.
        resource = _resource(state, outputs_first=False, use_outputs=read)
        found[resource.urn] = resource
    failed = any(
        isinstance(each, Mapping) and each.get("severity") == "error" for each in data.get("diagnostics") or ()
    )
    return Inventory(tuple(found.values()), ("the preview failed, so resources may be missing",) if failed else ())


def _export(deployment: Mapping[str, Any]) -> Inventory:
    resources = deployment.get("resources") or []
    if not isinstance(resources, list):
        raise ProofInputError("`deployment.resources` is no list; it is not what `pulumi stack export` prints")
    pending = bool(deployment.get("pending_operations"))
    doubt = ("an update was interrupted, so what it made is not all listed",) if pending else ()
    return Inventory(tuple(_resource(each, outputs_first=True, use_outputs=True) for each in resources), doubt)


def _resource(state: Any, *, outputs_first: bool, use_outputs: bool) -> Resource:
    if not isinstance(state, Mapping) or not all(isinstance(state.get(key), str) for key in ("urn", "type")):
        raise ProofInputError("a resource of this file has no `urn` or no `type`; it is not what Pulumi prints")
    inputs, outputs = _plain(state.get("inputs") or {}), _plain(state.get("outputs") or {})
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        inputs = outputs = {}
    known = {**inputs, **outputs} if outputs_first else {**(outputs if use_outputs else {}), **inputs}
    links = state.get("propertyDependencies")
    return Resource(
        urn=state["urn"],
        type=state["type"],
        values=known,
        links={key: tuple(urns or ()) for key, urns in links.items()} if isinstance(links, Mapping) else {},
        id=str(state.get("id") or ""),
        custom=state.get("custom") is not False,
    )


def _plain(value: Any) -> Any:
    """JSON value of a state, `UNKNOWN` for what is not known or secret."""
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWN_TEXT else value
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return UNKNOWN if SIGNATURE in value else {key: _plain(each) for key, each in value.items()}
    return value
