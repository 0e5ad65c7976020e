"""The configuration of a provider, `kubernetes:…` or the arguments of `pulumi_kubernetes.Provider`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from local.plugins.resource_kubernetes import kubeconfig
from local.plugins.resource_kubernetes.objects import UnsupportedError
from local.plugins.resource_kubernetes.values import UNKNOWN, reveal

_UNSUPPORTED = ("renderYamlToDirectory", "alwaysRender", "deleteUnreachable", "skipUpdateUnreachable")
# Tuning and warnings that have no counterpart here: whatever they say, the objects come out the same.
_WITHOUT_EFFECT = (
    "helmReleaseSettings",
    "kubeClientSettings",
    "suppressDeprecationWarnings",
    "suppressHelmHookWarnings",
    "pluginDownloadURL",
    "version",
)
_TEXTS = ("kubeconfig", "context", "cluster", "namespace", "clusterIdentifier")
# pulumi-kubernetes 4.34: each can also be set by an environment variable.
_FLAGS = {
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "enableServerSideApply": "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
}
_KNOWN = (*_TEXTS, *_FLAGS, *_WITHOUT_EFFECT, *_UNSUPPORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    kubeconfig: str | None = None
    """Content or path. Default: the file that KUBECONFIG names, else ~/.kube/config."""
    context: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    """For namespaced objects that name none. Default: the namespace of the kubeconfig's context."""
    cluster_identifier: str | None = None
    patch_force: bool = False
    """Take over fields that others own, instead of failing."""
    upsert: bool = False
    """Take over objects that exist already, instead of failing."""
    mutable: frozenset[str] = frozenset()
    """Of ConfigMap and Secret, those whose content changes in place."""


def parse(values: Mapping[str, Any]) -> Settings:
    """Raises `UnsupportedError` for what would change the result and cannot be done here."""
    given = {key: value for key, value in reveal(values).items() if value is not None and value != ""}
    # The engine keeps notes of its own there.
    plain = {key: value for key, value in given.items() if not key.startswith("__")}
    for key in plain:
        if key not in _KNOWN:
            near = get_close_matches(key, _KNOWN, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise UnsupportedError(f"provider setting {key!r}{hint} is")
        if key in _UNSUPPORTED and _is_true(plain[key], text_counts=True):
            raise UnsupportedError(f"provider setting {key} is")
    flags = {name: _is_true(plain.get(name, os.environ.get(variable, ""))) for name, variable in _FLAGS.items()}
    if "enableServerSideApply" in plain and not flags["enableServerSideApply"]:
        raise UnsupportedError("provider setting enableServerSideApply: false is")
    mutable = {"ConfigMap": flags["enableConfigMapMutable"], "Secret": flags["enableSecretMutable"]}
    texts = {key: None if plain.get(key) is UNKNOWN else plain.get(key) for key in _TEXTS}
    return Settings(
        kubeconfig=texts["kubeconfig"],
        context=texts["context"],
        cluster=texts["cluster"],
        namespace=texts["namespace"],
        cluster_identifier=texts["clusterIdentifier"],
        patch_force=flags["enablePatchForce"],
        upsert=flags["upsertExistingObjects"],
        mutable=frozenset(kind for kind, allowed in mutable.items() if allowed),
    )


def _is_true(value: Any, *, text_counts: bool = False) -> bool:
    """The engine passes booleans of a provider as the text of JSON."""
    return str(value).lower() == "true" or (text_counts and isinstance(value, str) and value.lower() != "false")


def replacing(old: Mapping[str, Any], new: Mapping[str, Any], changed: list[str]) -> list[str]:
    """Of the changed settings, those that lead to another cluster."""
    if "clusterIdentifier" in changed:
        return ["clusterIdentifier"]
    if new.get("clusterIdentifier"):
        return []
    if "kubeconfig" in changed and UNKNOWN in (reveal(new.get("kubeconfig")), reveal(old.get("kubeconfig"))):
        return ["kubeconfig"]
    leading = [key for key in changed if key in ("kubeconfig", "context", "cluster")]
    return leading if leading and _cluster_of(parse(old)) != _cluster_of(parse(new)) else []


def _cluster_of(chosen: Settings) -> Mapping[str, Any] | None:
    try:
        return kubeconfig.load(chosen.kubeconfig, context=chosen.context, cluster=chosen.cluster).cluster
    except kubeconfig.KubeconfigError:
        return None
