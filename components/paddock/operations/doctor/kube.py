"""Objects of Kubernetes as `kubectl get -o json` answers them, as far as a diagnosis reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paddock.common.labels import GPU_TAINT_KEY
from paddock.operations.preflight.row import Unseen

GPU_RESOURCE = GPU_TAINT_KEY
"""`nvidia.com/gpu`: the taint and the resource have one name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    name: str
    ready: bool
    gpus: int
    """GPUs that it offers to pods."""
    why: str
    """Reason why it is not ready, or under pressure; empty where all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    name: str
    init: bool
    ready: bool
    restarts: int
    waiting: str
    """Reason such as `CrashLoopBackOff`; empty where it does not wait."""
    message: str
    ended: str
    """Reason of its last end, such as `OOMKilled`; empty where it never ended."""
    exit_code: int | None
    last_words: str
    """Termination message of its last end: what it wrote last, where the pod's policy says so."""
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    name: str
    phase: str
    ready: bool
    unschedulable: str
    """The scheduler's message; empty where a node was found."""
    containers: tuple[Container, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: str
    kind: str
    reason: str
    object: str
    message: str
    count: int


def items(text: str) -> list[Mapping[str, Any]] | Unseen:
    """Items of a list in JSON; another form is nothing that can be read."""
    try:
        found = json.loads(text)["items"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return Unseen("kubectl's answer is no list in JSON")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        return Unseen("kubectl's answer is no list of objects")
    return found


def node_of(raw: Mapping[str, Any]) -> Node:
    status = _map(raw.get("status"))
    conditions = list(_maps(status.get("conditions")))
    ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    wrong = [
        f"{each.get('reason') or each.get('type')}: {each.get('message', '')}".rstrip(": ")
        for each in conditions
        if (each.get("type") == "Ready") != (each.get("status") == "True")
    ]
    gpus = str(_map(status.get("allocatable")).get(GPU_RESOURCE, 0))
    return Node(name=_name(raw), ready=ready, gpus=int(gpus) if gpus.isdigit() else 0, why=line("; ".join(wrong)))


def pod_of(raw: Mapping[str, Any]) -> Pod:
    status = _map(raw.get("status"))
    conditions = list(_maps(status.get("conditions")))
    unschedulable = [
        str(each.get("message") or each.get("reason"))
        for each in conditions
        if each.get("type") == "PodScheduled" and each.get("status") == "False"
    ]
    return Pod(
        name=_name(raw),
        phase=str(status.get("phase", "Unknown")),
        ready=any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions),
        unschedulable=line("; ".join(unschedulable)),
        containers=(
            *(_container(each, init=True) for each in _maps(status.get("initContainerStatuses"))),
            *(_container(each, init=False) for each in _maps(status.get("containerStatuses"))),
        ),
    )


def _container(raw: Mapping[str, Any], *, init: bool) -> Container:
    state, last = _map(raw.get("state")), _map(raw.get("lastState"))
    waiting = _map(state.get("waiting"))
    ended = _map(state.get("terminated")) or _map(last.get("terminated"))
    code = ended.get("exitCode")
    return Container(
        name=str(raw.get("name", "?")),
        init=init,
        ready=raw.get("ready") is True,
        restarts=int(raw.get("restartCount") or 0) if str(raw.get("restartCount") or 0).isdigit() else 0,
        waiting=line(str(waiting.get("reason", "")) if waiting else ""),
        message=line(str(waiting.get("message", "")) if waiting else ""),
        ended=line(str(ended.get("reason", "")) if ended else ""),
        exit_code=code if isinstance(code, int) else None,
        last_words=str(ended.get("message", "")) if ended else "",
        running=bool(_map(state.get("running"))),
    )


def event_of(raw: Mapping[str, Any]) -> Event:
    about = _map(raw.get("involvedObject"))
    count = raw.get("count")
    return Event(
        at=line(
            str(
                raw.get("lastTimestamp")
                or raw.get("eventTime")
                or _map(raw.get("metadata")).get("creationTimestamp")
                or ""
            )
        ),
        kind=line(str(raw.get("type", ""))),
        reason=line(str(raw.get("reason", ""))),
        object=line(f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"),
        message=line(str(raw.get("message", ""))),
        count=count if isinstance(count, int) else 1,
    )


def line(text: str) -> str:
    """Text on one line, without what a terminal would obey."""
    words = " ".join(text.split())
    return "".join(each if each.isprintable() else "?" for each in words)


def _name(raw: Mapping[str, Any]) -> str:
    return line(str(_map(raw.get("metadata")).get("name", "?")))


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _maps(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()
