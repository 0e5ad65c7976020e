"""What differs between two versions of an object, and whether that takes an update or a replacement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local.plugins.resource_kubernetes.objects import Kind, address_of, is_autonamed, path_text

Path = tuple[str | int, ...]


class Change(StrEnum):
    """How a field changes."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Difference:
    path: Path
    change: Change
    replaces: bool

    def __str__(self) -> str:
        return path_text(self.path)


_PATH_PART = re.compile(r'\["([^"]*)"\]|\[(\d+|\*)\]|([^.\[\]]+)')

# Fields that take a new object, as in pulumi-kubernetes 4 (provider/pkg/provider/diff.go, read 2026-11-24). The API
# server knows more of them; those it names itself when the change is tried (see `Provider.Diff`).
_ALWAYS = ("metadata.name", "metadata.namespace", "apiVersion", "kind")
_SELECTED = ("spec.selector",)
_REPLACING: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("apps", "DaemonSet"): _SELECTED,
    ("apps", "Deployment"): _SELECTED,
    ("apps", "ReplicaSet"): _SELECTED,
    ("apps", "StatefulSet"): (
        *_SELECTED,
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): (*_SELECTED, "spec.completions", "spec.parallelism", "spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
    ("", "PersistentVolumeClaim"): (*_SELECTED, "spec.accessModes", "spec.storageClassName", "spec.volumeName"),
    ("", "Pod"): ("spec",),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
}
# What these hold is replaced with them, so that their readers are restarted, unless the provider was told otherwise.
_CONTENT: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "ConfigMap"): ("binaryData", "data"),
    ("", "Secret"): ("stringData", "data"),
}
# Pods: the only parts of the spec that the API server lets anyone change, and that Pulumi's table does not replace for.
_POD_UPDATABLE = frozenset({"activeDeadlineSeconds", "tolerations"})


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], kind: Kind, mutable: frozenset[str] = frozenset()
) -> list[Difference]:
    """Every field that differs. `mutable` names the kinds whose content may change in place."""
    key = (kind.group, kind.name)
    content_stays = kind.name in mutable and not new.get("immutable")
    replacing = (*_ALWAYS, *_REPLACING.get(key, ()), *(() if content_stays else _CONTENT.get(key, ())))
    return [
        Difference(path, change, _replaces(path, replacing, kind))
        for path, change in _compare(dict(old), dict(new), ())
        if not str(path[0]).startswith("__")
    ]


def is_ignored(difference: Difference, patterns: Sequence[str]) -> bool:
    """Whether `ignoreChanges` covers it: `spec.replicas`, `metadata.labels["a.b/c"]`, `spec.containers[*].image`."""
    for pattern in patterns:
        parts = [next(filter(None, found)) for found in _PATH_PART.findall(pattern)]
        start = map(str, difference.path[: len(parts)])
        if len(parts) <= len(difference.path) and all(map(lambda a, b: a in ("*", b), parts, start)):
            return True
    return False


def must_delete_first(old: Mapping[str, Any], new: Mapping[str, Any], kind: Kind) -> bool:
    """Two objects cannot have one name: unless Pulumi may choose another, the old one goes first."""
    return not is_autonamed(new) and address_of(old, kind) == address_of(new, kind)


def _compare(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, Change]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _compare_item(old, new, key, key in old, key in new, path)
    elif isinstance(old, list) and isinstance(new, list):
        for position in range(max(len(old), len(new))):
            yield from _compare_item(old, new, position, position < len(old), position < len(new), path)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, Change.UPDATE


def _compare_item(
    old: Any, new: Any, key: str | int, in_old: bool, in_new: bool, path: Path
) -> Iterator[tuple[Path, Change]]:
    if in_old and in_new:
        yield from _compare(old[key], new[key], (*path, key))
    elif in_new and not _is_nothing(new[key]):
        yield (*path, key), Change.ADD
    elif in_old and not _is_nothing(old[key]):
        yield (*path, key), Change.DELETE


def _is_nothing(value: Any) -> bool:
    """Absent and null are one to the API server."""
    return value is None


def _replaces(path: Path, replacing: tuple[str, ...], kind: Kind) -> bool:
    keys = tuple(part for part in path if isinstance(part, str))
    if (kind.group, kind.name) == ("", "Pod") and len(keys) > 1 and keys[0] == "spec" and keys[1] in _POD_UPDATABLE:
        return False
    rules = (tuple(rule.split(".")) for rule in replacing)
    # A rule holds for what is inside its field, and for a change of everything around it.
    return any(keys[: len(rule)] == rule[: len(keys)] for rule in rules)


def refreshed_inputs(inputs: Any, before: Any, now: Any) -> Any:
    """The inputs, with the live value wherever the cluster changed what we had applied.

    `before` is the live object after our last update, `now` the live object. Only a difference between those two
    counts: the API server writes values in its own way (`0.5` becomes `500m`), and that is no change.
    """
    if isinstance(inputs, dict) and isinstance(now, dict):
        return _refreshed_map(inputs, before if isinstance(before, dict) else {}, now)
    if isinstance(inputs, list) and isinstance(now, list):
        return _refreshed_list(inputs, before if isinstance(before, list) else [], now)
    return inputs if before == now else now


def _refreshed_map(inputs: dict[str, Any], before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    refreshed = {}
    for key, value in inputs.items():
        if key in now:
            refreshed[key] = refreshed_inputs(value, before.get(key), now[key])
        elif key not in before:
            # The server never showed it: fields that can only be written.
            refreshed[key] = value
    return refreshed


def _refreshed_list(inputs: list[Any], before: list[Any], now: list[Any]) -> list[Any]:
    if before == now:
        return inputs
    if all(isinstance(item, dict) and "name" in item for item in (*inputs, *before, *now)):
        # Others may add containers or variables between ours; ours are found by their names.
        names = [item["name"] for item in inputs]
        refreshed = _refreshed_map(dict(zip(names, inputs, strict=True)), _by_name(before), _by_name(now))
        return list(refreshed.values())
    if len(now) == len(before) == len(inputs):
        return [refreshed_inputs(*items) for items in zip(inputs, before, now, strict=True)]
    return now


def _by_name(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {item["name"]: item for item in items}
