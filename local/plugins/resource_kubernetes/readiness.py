"""Is a live object ready, and if not, why not? Pure: an object in, a verdict out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.plugins.resource_kubernetes.objects import Kind

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`why` says what is missing; `hopeless` that waiting will not help."""

    ready: bool
    why: str = ""
    hopeless: bool = False


READY = Verdict(ready=True)


def waiting(why: str) -> Verdict:
    return Verdict(ready=False, why=why)


def failed(why: str) -> Verdict:
    return Verdict(ready=False, why=why, hopeless=True)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What must be read besides the object itself, for the kinds that need it."""

    endpoint_slices: Sequence[Object] = ()
    """Of a Service."""
    binding_mode: str | None = None
    """The volumeBindingMode of a PersistentVolumeClaim's storage class."""


def verdict(obj: Object, kind: Kind, neighbours: Neighbours) -> Verdict:
    """Objects of other kinds are ready once they exist."""
    rule = _RULES.get((kind.group, kind.name))
    return rule(obj, neighbours) if rule else READY


def is_awaited(kind: Kind) -> bool:
    return (kind.group, kind.name) in _RULES


def _deployment(obj: Object, _: Neighbours) -> Verdict:
    spec, status = _parts(obj)
    if unseen := _unseen(obj):
        return unseen
    wanted = spec.get("replicas", 1)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    old = status.get("replicas", 0) - updated
    if spec.get("paused"):
        return READY
    if updated < wanted:
        return waiting(f"{updated} of {wanted} replicas are updated")
    if old > 0:
        return waiting(f"{old} old replicas are still there")
    if available < wanted:
        return waiting(f"{available} of {wanted} replicas are available")
    return READY


def _replica_set(obj: Object, _: Neighbours) -> Verdict:
    spec, status = _parts(obj)
    wanted, available = spec.get("replicas", 1), status.get("availableReplicas", 0)
    return _unseen(obj) or _count(available, wanted, "available")


def _stateful_set(obj: Object, _: Neighbours) -> Verdict:
    spec, status = _parts(obj)
    if unseen := _unseen(obj):
        return unseen
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    if ready < wanted:
        return waiting(f"{ready} of {wanted} replicas are ready")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete" or status.get("updateRevision") == status.get("currentRevision"):
        return READY
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    return _count(status.get("updatedReplicas", 0), wanted - partition, "updated")


def _daemon_set(obj: Object, _: Neighbours) -> Verdict:
    _spec, status = _parts(obj)
    if unseen := _unseen(obj):
        return unseen
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if updated < wanted:
        return waiting(f"{updated} of {wanted} nodes run the updated pod")
    return READY if available >= wanted else waiting(f"the pod is available on {available} of {wanted} nodes")


def _pod(obj: Object, _: Neighbours) -> Verdict:
    _spec, status = _parts(obj)
    phase = status.get("phase")
    if phase == "Succeeded" or condition(obj, "Ready").get("status") == "True":
        return READY
    if phase == "Failed":
        return failed(f"the pod failed: {status.get('message') or status.get('reason') or 'no reason given'}")
    return waiting(f"the pod is {phase or 'not seen yet'} and not ready")


def _job(obj: Object, _: Neighbours) -> Verdict:
    spec, status = _parts(obj)
    if spec.get("suspend") or condition(obj, "Complete").get("status") == "True":
        return READY
    failure = condition(obj, "Failed")
    if failure.get("status") == "True":
        return failed(f"the job failed: {failure.get('message') or failure.get('reason')}")
    return waiting(f"{status.get('succeeded', 0)} of {spec.get('completions', 1)} pods have succeeded")


def _service(obj: Object, neighbours: Neighbours) -> Verdict:
    spec, status = _parts(obj)
    if spec.get("type") == "LoadBalancer" and not (status.get("loadBalancer") or {}).get("ingress"):
        return waiting("the load balancer has no address")
    if spec.get("type") == "ExternalName" or not spec.get("selector"):
        return READY
    endpoints = [point for part in neighbours.endpoint_slices for point in part.get("endpoints") or []]
    if any((point.get("conditions") or {}).get("ready", True) for point in endpoints):
        return READY
    return waiting("no ready pod matches its selector")


def _claim(obj: Object, neighbours: Neighbours) -> Verdict:
    _spec, status = _parts(obj)
    if status.get("phase") == "Bound" or neighbours.binding_mode == "WaitForFirstConsumer":
        return READY
    if status.get("phase") == "Lost":
        return failed("the volume it was bound to is lost")
    return waiting("no volume is bound to it")


def _definition(obj: Object, _: Neighbours) -> Verdict:
    refused = condition(obj, "NamesAccepted")
    if refused.get("status") == "False":
        return failed(f"its names are not accepted: {refused.get('message')}")
    return READY if condition(obj, "Established").get("status") == "True" else waiting("it is not established yet")


def _ingress(obj: Object, _: Neighbours) -> Verdict:
    _spec, status = _parts(obj)
    found = (status.get("loadBalancer") or {}).get("ingress")
    return READY if found else waiting("no ingress controller has given it an address")


def _secret(obj: Object, _: Neighbours) -> Verdict:
    if obj.get("type") != "kubernetes.io/service-account-token":
        return READY
    return READY if (obj.get("data") or {}).get("token") else waiting("its token is not issued yet")


_RULES: Mapping[tuple[str, str], Callable[[Object, Neighbours], Verdict]] = {
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("batch", "Job"): _job,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "Secret"): _secret,
    ("", "Service"): _service,
}


def condition(obj: Object, name: str) -> Mapping[str, Any]:
    """A condition of an object's status; empty where it has none of that name."""
    for found in (obj.get("status") or {}).get("conditions") or []:
        if found.get("type") == name:
            return dict(found)
    return {}


def _parts(obj: Object) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return obj.get("spec") or {}, obj.get("status") or {}


def _unseen(obj: Object) -> Verdict | None:
    seen = (obj.get("status") or {}).get("observedGeneration", 0)
    if seen < obj["metadata"].get("generation", 0):
        return waiting("its controller has not seen this version yet")
    return None


def _count(have: int, wanted: int, what: str) -> Verdict:
    return READY if have >= wanted else waiting(f"{have} of {wanted} replicas are {what}")
