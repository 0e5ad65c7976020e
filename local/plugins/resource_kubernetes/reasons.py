"""Why is an object not ready, in the cluster's own words? Pure: objects in, sentences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local.plugins.resource_kubernetes.readiness import condition

Object = Mapping[str, Any]

_MOST_REASONS = 4
_QUIET_WAITS = frozenset({"ContainerCreating", "PodInitializing"})
_TELLING_CONDITIONS = {"ReplicaFailure": "True", "Progressing": "False"}


def reasons(obj: Object, pods: Iterable[Object], events: Iterable[Object]) -> list[str]:
    """What stands in the way, most telling first; each reason once, however many pods share it."""
    found = [*_conditions(obj), *(reason for pod in pods for reason in pod_reasons(pod))]
    warnings = [event for event in events if event.get("type") == "Warning"]
    # The scheduler says it twice: in the pod's condition and in an event.
    news = [event for event in warnings if not any(str(event.get("message")) in reason for reason in found)]
    found += [f"{event.get('reason')}: {event.get('message')}" for event in news]
    return list(dict.fromkeys(found))[:_MOST_REASONS]


def deletion_reasons(obj: Object) -> list[str]:
    """What keeps an object that is being deleted."""
    told = [
        str(found.get("message"))
        for found in (obj.get("status") or {}).get("conditions") or []
        if found.get("status") == "True" and found.get("type", "").startswith("Namespace")
    ]
    finalizers = [*(obj["metadata"].get("finalizers") or []), *((obj.get("spec") or {}).get("finalizers") or [])]
    return told or ([f"it waits for its finalizers {', '.join(finalizers)}"] if finalizers else [])


def _conditions(obj: Object) -> Iterator[str]:
    for name, bad in _TELLING_CONDITIONS.items():
        found = condition(obj, name)
        if found.get("status") == bad:
            yield str(found.get("message") or found.get("reason"))


def pod_reasons(pod: Object) -> Iterator[str]:
    """What a pod lacks: a node, an image, a start that succeeds, a probe that answers."""
    status = pod.get("status") or {}
    scheduled = condition(pod, "PodScheduled")
    if status.get("phase") == "Succeeded" or condition(pod, "Ready").get("status") == "True":
        return
    if scheduled.get("status") == "False":
        yield f"a pod has no node: {scheduled.get('message') or scheduled.get('reason')}"
        return
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    found = [reason for container in containers for reason in _container_reasons(container)]
    yield from found
    if not found and scheduled:
        ready = condition(pod, "Ready")
        said = ready.get("message") or ready.get("reason") or f"it is {status.get('phase')}"
        yield f"a pod on {(pod.get('spec') or {}).get('nodeName')} is not ready: {said}"


def _container_reasons(container: Object) -> Iterator[str]:
    state = container.get("state") or {}
    stopped = state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}
    held = state.get("waiting") or {}
    name = f"container {container.get('name')}"
    if held and held.get("reason") not in _QUIET_WAITS:
        yield ": ".join(filter(None, [f"{name} waits", held.get("reason"), held.get("message")]))
    if stopped.get("exitCode"):
        said = stopped.get("message") or stopped.get("reason")
        yield f"{name} exited with status {stopped['exitCode']}" + (f": {said}" if said else "")
