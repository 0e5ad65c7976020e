"""What Pulumi remembers of an object: the live object, with what is secret marked, and in a preview what is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.plugins.resource_kubernetes.objects import Kind
from local.plugins.resource_kubernetes.values import UNKNOWN, Secret, conceal, overlay, reveal

_SERVER_METADATA = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
# Server-side apply's bookkeeping: longer than most objects, and different after every update of anyone.
_METADATA_DROPPED = ("managedFields",)
# Values that a dry run invents and the update will not repeat.
_UNSETTLED_METADATA = ("creationTimestamp", "generation", "resourceVersion", "uid")
_UNSETTLED_SERVICE = ("clusterIP", "clusterIPs", "healthCheckNodePort")
_SECRET_CONTENT = ("data", "stringData")


def state(live: Mapping[str, Any], inputs: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    metadata = {key: value for key, value in live["metadata"].items() if key not in _METADATA_DROPPED}
    return with_secrets({**live, "metadata": metadata}, inputs, kind)


def preview_of_creation(dry_run: Mapping[str, Any], inputs: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """The result of a dry run, less what only the real run will tell."""
    given = reveal(inputs)
    metadata = {key: value for key, value in dry_run["metadata"].items() if key not in _SERVER_METADATA}
    metadata |= dict.fromkeys(_UNSETTLED_METADATA, UNKNOWN)
    obj = {**dry_run, "metadata": metadata, "status": UNKNOWN}
    if (kind.group, kind.name) == ("", "Service") and isinstance(obj.get("spec"), dict):
        said = given.get("spec") or {}
        obj["spec"] = obj["spec"] | {
            key: UNKNOWN for key in _UNSETTLED_SERVICE if key in obj["spec"] and key not in said
        }
        if not any("nodePort" in port for port in said.get("ports") or []):
            ports = obj["spec"].get("ports") or []
            obj["spec"]["ports"] = [port | ({"nodePort": UNKNOWN} if "nodePort" in port else {}) for port in ports]
    return with_secrets(obj, inputs, kind)


def preview_of_update(
    dry_run: Mapping[str, Any] | None, old: Mapping[str, Any], inputs: Mapping[str, Any], kind: Kind
) -> dict[str, Any]:
    """What stays is known; what the update moves on is not. Without a dry run, the inputs laid over the old object."""
    obj = dict(dry_run) if dry_run else overlay(reveal(old), reveal(inputs))
    if isinstance(obj.get("metadata"), dict):
        kept = {key: value for key, value in obj["metadata"].items() if key not in _METADATA_DROPPED}
        obj["metadata"] = kept | {"generation": UNKNOWN, "resourceVersion": UNKNOWN}
    return with_secrets(obj, inputs, kind)


def imported_inputs(live: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that would have made an object: all of it but what the API server adds."""
    metadata = {key: value for key, value in live["metadata"].items() if key not in _SERVER_METADATA}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def with_secrets(obj: Mapping[str, Any], like: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    marked: dict[str, Any] = conceal(dict(obj), dict(like))
    if (kind.group, kind.name) == ("", "Secret"):
        marked |= {key: Secret(reveal(marked[key])) for key in _SECRET_CONTENT if key in marked}
    return marked
