"""What the provider knows of any Kubernetes object: its kind, its name, where it lives, what its annotations ask."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.plugins.resource_kubernetes.values import UNKNOWN, Secret, reveal

AUTONAMED = "pulumi.com/autonamed"
DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
FIELD_MANAGER = "pulumi.com/patchFieldManager"
PATCH_FORCE = "pulumi.com/patchForce"
SKIP_AWAIT = "pulumi.com/skipAwait"
TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds"
_ANNOTATIONS_REFUSED = ("pulumi.com/waitFor", "pulumi.com/replaceUnready")

# API groups that the API server serves itself (k8s.io/api v0.36): a kind missing there will not appear later.
_BUILT_IN_GROUPS = frozenset(
    ["", "apps", "autoscaling", "batch", "policy", "extensions"]
    + [
        f"{name}.k8s.io"
        for name in (
            "admissionregistration",
            "apiextensions",
            "apiregistration",
            "authentication",
            "authorization",
            "certificates",
            "coordination",
            "discovery",
            "events",
            "flowcontrol.apiserver",
            "networking",
            "node",
            "rbac.authorization",
            "resource",
            "scheduling",
            "storage",
        )
    ]
)
_NAME_SUFFIX_DIGITS = 8
_MODULES_REFUSED = {
    "helm.sh": "Helm charts and releases are",
    "yaml": "YAML files and groups are",
    "kustomize": "Kustomize directories are",
}


class UnsupportedError(Exception):
    """Something that Pulumi's own Kubernetes provider does and this one does not."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} not supported by the local cloud's Kubernetes provider; register the objects instead")


@dataclass(frozen=True, slots=True)
class Kind:
    """An apiVersion and a kind, as they stand in an object."""

    api_version: str
    name: str

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def is_built_in(self) -> bool:
        return self.group in _BUILT_IN_GROUPS

    def __str__(self) -> str:
        return f"{self.api_version} {self.name}"


@dataclass(frozen=True, slots=True)
class Address:
    """Which object: what a Pulumi id says, together with the type."""

    kind: Kind
    name: str
    namespace: str | None = None

    @property
    def resource_id(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.kind.name} {self.resource_id}"


def kind_of_token(token: str) -> Kind:
    """The kind named by a Pulumi type token such as `kubernetes:apps/v1:Deployment`."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    if package != "kubernetes" or not name:
        raise UnsupportedError(f"{token} is")
    for start, what in _MODULES_REFUSED.items():
        if module.split("/")[0] == start:
            raise UnsupportedError(f"{token}: {what}")
    kind = Kind(module.removeprefix("core/"), name)
    # Pulumi's own inventions on top of every built-in kind.
    if kind.is_built_in and name.endswith(("Patch", "List")):
        raise UnsupportedError(f"{token}: patches and lists are")
    return kind


def kind_of(inputs: Mapping[str, Any], token: str) -> Kind:
    """The kind an object says it has; the token's where it says none."""
    by_token = kind_of_token(token)
    version, name = reveal(inputs.get("apiVersion")), reveal(inputs.get("kind"))
    return Kind(
        version if isinstance(version, str) else by_token.api_version, name if isinstance(name, str) else by_token.name
    )


def address_of(obj: Mapping[str, Any], kind: Kind) -> Address:
    metadata = metadata_of(obj)
    return Address(kind, str(metadata.get("name", "")), metadata.get("namespace") or None)


def address_of_id(resource_id: str, kind: Kind, *, namespaced: bool, default_namespace: str) -> Address:
    namespace, _, name = resource_id.rpartition("/")
    return Address(kind, name, (namespace or default_namespace) if namespaced else None)


def metadata_of(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata without marks of secrecy; empty where it is not known yet."""
    metadata = reveal(obj.get("metadata"))
    return metadata if isinstance(metadata, dict) else {}


def annotation(obj: Mapping[str, Any], key: str) -> str | None:
    annotations = metadata_of(obj).get("annotations")
    value = annotations.get(key) if isinstance(annotations, dict) else None
    return value if isinstance(value, str) else None


def is_set(obj: Mapping[str, Any], key: str) -> bool:
    return (annotation(obj, key) or "").lower() == "true"


def refuse_unsupported(obj: Mapping[str, Any]) -> None:
    for key in _ANNOTATIONS_REFUSED:
        if annotation(obj, key) is not None:
            raise UnsupportedError(f"annotation {key} is")
    if "generateName" in metadata_of(obj):
        raise UnsupportedError("metadata.generateName is")


def with_metadata(inputs: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with these metadata values set, or taken away where the value is None."""
    metadata = inputs.get("metadata")
    if metadata is UNKNOWN:
        return dict(inputs)
    secret = isinstance(metadata, Secret)
    current: dict[str, Any] = dict((metadata.value if isinstance(metadata, Secret) else metadata) or {})
    current.update(values)
    kept = {key: value for key, value in current.items() if value is not None}
    return {**inputs, "metadata": Secret(kept) if secret else kept}


def with_name(inputs: Mapping[str, Any], old_inputs: Mapping[str, Any], proposed: str | None) -> dict[str, Any]:
    """The inputs with a name: their own, the one an earlier update chose, or the proposed one."""
    if inputs.get("metadata") is UNKNOWN or metadata_of(inputs).get("name"):
        return dict(inputs)
    if is_autonamed(old_inputs):
        proposed = str(metadata_of(old_inputs)["name"])
    if not proposed:
        return dict(inputs)
    given = inputs.get("metadata")
    annotations = (given.value if isinstance(given, Secret) else given or {}).get("annotations")
    marked = Secret(_marked(annotations.value)) if isinstance(annotations, Secret) else _marked(annotations)
    return with_metadata(inputs, {"name": proposed, "annotations": marked})


def _marked(annotations: Any) -> Any:
    return annotations if annotations is UNKNOWN else {**(annotations or {}), AUTONAMED: "true"}


def is_autonamed(obj: Mapping[str, Any]) -> bool:
    return is_set(obj, AUTONAMED) and bool(metadata_of(obj).get("name"))


def automatic_name(logical_name: str, seed: bytes) -> str:
    """A name that no other object has, and that is the same for the same seed."""
    return f"{logical_name}-{hashlib.sha256(seed + logical_name.encode()).hexdigest()[:_NAME_SUFFIX_DIGITS]}"


def path_text(path: tuple[str | int, ...]) -> str:
    """A place in an object as Pulumi writes it: `spec.containers[0].env`, `metadata.labels["a.b/c"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z_$][\w$]*", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text
