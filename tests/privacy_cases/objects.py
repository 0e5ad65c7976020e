"""Kubernetes objects of the cases: pods that keep every rule, and what is set beside them."""

from __future__ import annotations

from typing import Any

from tests.privacy_cases.program import Change, Program, Value, add, each_of
from tests.privacy_cases.values import OWN
from tests.unit.privacy.proof.stacks import JsonObject

DIGEST = "sha256:" + 64 * "b"
IMAGE = f"{OWN}.dkr.ecr.us-east-1.amazonaws.com/tool@{DIGEST}"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 2000,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
RBAC = "rbac.authorization.k8s.io"
INTERNAL_LATER = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}
"""Annotation of the AWS Load Balancer Controller."""
INTERNAL = {"service.beta.kubernetes.io/aws-load-balancer-internal": "true"}
"""Annotation of the controller that EKS runs itself."""


def box(**more: Any) -> JsonObject:
    """Container that keeps every rule."""
    return {
        "name": "tool",
        "image": IMAGE,
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
        "securityContext": RESTRICTED,
        **more,
    }


def object_(group_version: str, kind: str, name: str = "mutant", namespace: str = "", **values: Value) -> Change:
    """Object of the cluster; `metadata` adds to its name and namespace."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **values.pop("metadata", {})}
    return add(
        f"kubernetes:{group_version}:{kind}",
        f"{namespace or 'cluster'}-{kind.lower()}-{name}",
        apiVersion=group_version,
        kind=kind,
        metadata=metadata,
        **values,
    )


def denied(namespace: str) -> Change:
    """NetworkPolicy that denies all of a namespace."""
    return object_(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "deny-all",
        namespace,
        spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    )


def namespace(name: str) -> list[Change]:
    """Namespace that enforces the restricted standard and denies all traffic."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return [object_("core/v1", "Namespace", name, metadata={"labels": labels}), denied(name)]


def pod(where: str = "kube-system", **spec: Any) -> Change:
    """Pod whose namespace denies all traffic; `spec` is merged into a good one."""
    return each_of([denied(where), object_("core/v1", "Pod", "tool", where, spec={"containers": [box()], **spec})])


def workload(kind: str, where: str = "kube-system", *, group: str = "apps/v1", **spec: Any) -> Change:
    """Workload by template, whose namespace denies all traffic."""
    template = {"metadata": {"labels": {"app": "tool"}}, "spec": {"containers": [box()], **spec}}
    values = {"selector": {"matchLabels": {"app": "tool"}}, "template": template}
    return each_of([denied(where), object_(group, kind, "tool", where, spec=values)])


def policy(name: str = "open", **spec: Any) -> Change:
    """NetworkPolicy more for the pods of the model."""
    values = {"podSelector": {}, **spec}
    return object_("networking.k8s.io/v1", "NetworkPolicy", name, "llama", spec=values)


def service(name: str, annotations: dict[str, str] | None = None, **spec: Any) -> Change:
    values = {"selector": {"app.kubernetes.io/name": "vllm"}, "ports": [{"port": 80, "targetPort": 8000}], **spec}
    return object_("core/v1", "Service", name, "llama", metadata={"annotations": annotations or {}}, spec=values)


def bound(role: str, *subjects: JsonObject) -> Change:
    """ClusterRoleBinding."""
    return object_(
        f"{RBAC}/v1",
        "ClusterRoleBinding",
        "bound",
        roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        subjects=list(subjects),
    )


def vllm(args: tuple[str, ...] = (), pod_spec: JsonObject | None = None, **container: Any) -> Change:
    """Change of the model's own pods: arguments more, or settings of the pod and its first container."""

    def change(program: Program) -> None:
        deployment = program.one("Deployment")
        spec = deployment["inputs"]["spec"]
        inner = spec["template"]["spec"]
        first = {**inner["containers"][0], **container}
        first["args"] = [*first.get("args", ()), *args]
        inner = {**inner, **(pod_spec or {}), "containers": [first, *inner["containers"][1:]]}
        program.given(deployment, {"spec": {**spec, "template": {**spec["template"], "spec": inner}}})

    return change
