"""State of a stack whose engine was killed: what it had begun is settled, so that nothing is made twice.

Pulumi records a creation before it begins and its outcome after it. Killed in between, the state has a pending
operation, and the account may have the object: it is looked for by the tags that every object of a platform carries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CREATING = "creating"

Find = Callable[[Mapping[str, Any]], str | None]
"""Looks for an object by what the state has of its creation (urn, type, inputs): the id to import it by, or None."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A stack's state without pending operations, and what became of each, by URN."""

    deployment: dict[str, Any]
    taken_over: tuple[str, ...]
    """Objects that had been made, and are in the state now; a refresh must read them."""
    dropped: tuple[str, ...]
    """Creations of which nothing is there; they happen again."""
    unfinished: tuple[str, ...]
    """Changes and deletions that were cut short; a refresh finds out how they are."""

    @property
    def needed(self) -> bool:
        return bool(self.taken_over or self.dropped or self.unfinished)


def settled(deployment: Mapping[str, Any], find: Find) -> Settled:
    """Settle the pending operations of an exported deployment."""
    body = json.loads(json.dumps(deployment))
    resources: list[dict[str, Any]] = body.setdefault("resources", [])
    taken_over, dropped, unfinished = [], [], []
    for operation in body.get("pending_operations") or ():
        resource = operation["resource"]
        urn = resource["urn"]
        if operation["type"] != CREATING:
            unfinished.append(urn)
            continue
        known = [each for each in resources if each["urn"] == urn]
        there = find(resource)
        if there is None or any(_is_same(each, there) for each in known):
            dropped.append(urn)
            continue
        for each in resources:
            if each["urn"] == urn:
                each["delete"] = True  # the one that it was to replace
        resources.append({**resource, "id": there})
        taken_over.append(urn)
    # Taken over by an earlier run that was itself killed before it had read them.
    unfinished += [each["urn"] for each in resources if _is_unread(each) and each["urn"] not in taken_over + unfinished]
    body.pop("pending_operations", None)
    return Settled(body, tuple(taken_over), tuple(dropped), tuple(unfinished))


def _is_same(resource: Mapping[str, Any], there: str) -> bool:
    """True where a recorded object is the one with an id to import by, which for some types is not the state's own:
    `cluster,a-1` for `a-1`, a build project's name for its ARN, both ends of an association for its id."""
    id_, inputs = str(resource.get("id")), resource.get("inputs") or {}
    ends = f"{inputs.get('subnetId')}/{inputs.get('routeTableId')}"
    return there in (id_, id_.rpartition(":project/")[2], ends) or there.endswith(f",{id_}")


def _is_unread(resource: Mapping[str, Any]) -> bool:
    return bool(resource.get("custom")) and not resource["type"].startswith("pulumi:") and not resource.get("outputs")


def name_of(urn: str) -> str:
    """`…::a:b:C$aws:ec2/vpc:Vpc::llama-vpc` is `aws:ec2/vpc:Vpc llama-vpc`."""
    *_, types, name = urn.split("::")
    return f"{types.rpartition('$')[2]} {name}"
