"""Waits for the cluster: until an object is ready, or until it is gone; says meanwhile what is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from local.plugins.resource_kubernetes.api import Api, ApiError, Object, UnknownKindError
from local.plugins.resource_kubernetes.objects import TIMEOUT_SECONDS, Address, Kind, annotation
from local.plugins.resource_kubernetes.readiness import Neighbours, is_awaited, verdict
from local.plugins.resource_kubernetes.reasons import deletion_reasons, reasons

_DEFAULT_SECONDS = 10 * 60.0
_KIND_SECONDS = {"PersistentVolumeClaim": 5 * 60.0}
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 2.0
_PAUSE_GROWTH = 1.3

_POD = Kind("v1", "Pod")
_EVENT = Kind("v1", "Event")
_ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice")
_STORAGE_CLASS = Kind("storage.k8s.io/v1", "StorageClass")
_SERVICE_NAME_LABEL = "kubernetes.io/service-name"

Report = Callable[[str], None]


class NotReadyError(Exception):
    """The object is in the cluster but did not become ready."""

    def __init__(self, obj: Object, said: list[str]) -> None:
        super().__init__("; ".join(said))
        self.object = obj
        self.said = said


class NotGoneError(Exception):
    """The object was deleted but is still there."""


def timeout_seconds(custom: float, obj: Mapping[str, Any], kind: Kind) -> float:
    """`customTimeouts` of the resource, else its annotation, else what Pulumi's provider takes for the kind."""
    if custom > 0:
        return custom
    given = annotation(obj, TIMEOUT_SECONDS)
    return float(given) if given else _KIND_SECONDS.get(kind.name, _DEFAULT_SECONDS)


class Waiter:
    """Polls one API server for one provider; `cancelled` ends every wait at once."""

    def __init__(self, api: Api, cancelled: threading.Event) -> None:
        self._api = api
        self._cancelled = cancelled

    def until_ready(self, address: Address, obj: Object, timeout: float, report: Report) -> Object:
        """The object once it is ready. `obj` is what the API server last said of it."""
        if not is_awaited(address.kind):
            return obj
        pace = _Pace(timeout, self._cancelled)
        while True:
            judged = verdict(obj, address.kind, self._neighbours(address, obj))
            if judged.ready:
                report("")
                return obj
            why = [judged.why, *self._reasons(address, obj)]
            if judged.hopeless:
                raise NotReadyError(obj, [f"{address}: {why[0]}", *why[1:]])
            report(f"waiting for {address}: {'; '.join(why)}")
            if stop := pace.stop():
                raise NotReadyError(obj, [f"{address} is not ready {stop}: {why[0]}", *why[1:]])
            obj = self._again(address, obj)

    def why_not_ready(self, address: Address, obj: Object) -> list[str]:
        """One look, for a refresh: empty if the object is ready."""
        judged = verdict(obj, address.kind, self._neighbours(address, obj))
        return [] if judged.ready else [f"{address}: {judged.why}", *self._reasons(address, obj)]

    def until_gone(self, address: Address, timeout: float, report: Report) -> None:
        pace = _Pace(timeout, self._cancelled)
        obj = first = self._api.get(address)
        while obj and first and obj["metadata"]["uid"] == first["metadata"]["uid"]:
            why = "; ".join(deletion_reasons(obj)) or "it is being deleted"
            report(f"waiting for {address} to go: {why}")
            if stop := pace.stop():
                raise NotGoneError(f"{address} is still there {stop}: {why}")
            obj = self._api.get(address)
        report("")

    def _again(self, address: Address, obj: Object) -> Object:
        found = self._api.get(address)
        if found is None:
            raise NotReadyError(obj, [f"{address} was deleted by someone else while it was starting"])
        return found

    def _neighbours(self, address: Address, obj: Object) -> Neighbours:
        match address.kind.name:
            case "Service" if obj["spec"].get("selector"):
                label = f"{_SERVICE_NAME_LABEL}={address.name}"
                return Neighbours(self._api.list(_ENDPOINT_SLICE, address.namespace, labelSelector=label))
            case "PersistentVolumeClaim" if name := obj["spec"].get("storageClassName"):
                found = self._api.get(Address(_STORAGE_CLASS, name))
                return Neighbours(binding_mode=(found or {}).get("volumeBindingMode"))
        return Neighbours()

    def _reasons(self, address: Address, obj: Object) -> list[str]:
        """Helpful, not needed: a user who may not list pods or events still gets the verdict."""
        try:
            events = self._api.list(
                _EVENT, address.namespace, fieldSelector=f"involvedObject.uid={obj['metadata']['uid']}"
            )
            return reasons(obj, self._pods(address, obj), events)
        except (ApiError, UnknownKindError):
            return []

    def _pods(self, address: Address, obj: Object) -> list[Object]:
        if address.kind == _POD:
            return [obj]
        selector = (obj.get("spec") or {}).get("selector") or {}
        labels = selector if address.kind.name == "Service" else selector.get("matchLabels")
        if not labels:
            return []
        text = ",".join(f"{key}={value}" for key, value in labels.items())
        pods = self._api.list(_POD, address.namespace, labelSelector=text)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


class _Pace:
    """How long to wait between two looks, and when to stop looking."""

    def __init__(self, timeout: float, cancelled: threading.Event) -> None:
        self._timeout = timeout
        self._ends_at = time.monotonic() + timeout
        self._cancelled = cancelled
        self._pause = _FIRST_PAUSE_SECONDS

    def stop(self) -> str:
        """Wait a little; say why to stop, or nothing to look again."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            return f"after {self._timeout:g} s"
        if self._cancelled.wait(min(self._pause, left)):
            return "and the update was cancelled"
        self._pause = min(self._pause * _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS)
        return ""
