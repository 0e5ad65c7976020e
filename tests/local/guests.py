"""Pods that a test brings into the cluster: one that keeps to the `restricted` standard, and how others break it."""

from collections.abc import Mapping
from typing import Any


def a_pod(
    name: str,
    namespace: str = "llama",
    *,
    labels: Mapping[str, str] | None = None,
    resources: Mapping[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """`container` among the changes is merged into the container, all others into the spec."""
    container: dict[str, Any] = {
        "name": "it",
        "image": "registry.internal/it@sha256:" + "0" * 64,
        "resources": dict(resources or {}),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        **changes.pop("container", {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels or {"app": name})},
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            **changes,
        },
    }


INTRUDERS: Mapping[str, tuple[dict[str, Any], str]] = {
    "root": (
        {"securityContext": {"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}},
        "runAsUser=0",
    ),
    "privileged": (
        {"container": {"securityContext": {"privileged": True}}},
        'container "it" must not set securityContext.privileged=true',
    ),
    "hostPath": (
        {"volumes": [{"name": "node", "hostPath": {"path": "/"}}]},
        'volume "node" uses restricted volume type "hostPath"',
    ),
}
"""Changes to the pod by what is wrong with them, and the API server's words."""
