"""Pods that are not ready, and why: in the words of the scheduler, the kubelet or the quota.

Pulumi's provider says only that a Deployment is not ready, and says it when its time is up.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.processes.cloud import CloudError
from local.progress import Steps

READY_WITHIN_SECONDS = 120.0
SAY_WHY_AFTER_SECONDS = 30.0
LOOK_EVERY_SECONDS = 1.0
ENDED = ("Succeeded", "Failed")


def waiting(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for each reason, however many pods share it, of a listing of pods and Deployments."""
    first: dict[str, str] = {}
    for each in objects:
        name = f"{each['metadata']['namespace']}/{each['metadata']['name']}"
        reasons = _deployment(each) if each.get("kind") == "Deployment" else _pod(each)
        for what, reason in reasons:
            first.setdefault(f"{what}: {reason}", name)
    return [f"{name} {reason}" for reason, name in first.items()]


def _deployment(deployment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for condition in deployment["status"].get("conditions") or ():
        if (condition["type"], condition["status"]) == ("ReplicaFailure", "True"):
            yield "gets no pod", condition.get("message") or condition["reason"]


def _pod(pod: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    status = pod["status"]
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    if status.get("phase") in ENDED or conditions.get("Ready", {}).get("status") == "True":
        return
    placed = conditions.get("PodScheduled", {})
    if placed.get("status") != "True":
        yield "has no node", placed.get("message") or placed.get("reason") or "the scheduler has not looked at it yet"
        return
    said = list(_containers([*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]))
    yield from said
    if not said:
        yield "is not ready", conditions.get("Ready", {}).get("message") or "its containers have not started yet"


def _containers(statuses: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in statuses:
        state = each.get("state", {})
        now = state.get("waiting") or (state.get("terminated") if not each.get("ready") else None)
        if now and now.get("reason") != "Completed":
            message = now.get("message", "")
            yield f"waits in {each['name']}", f"{now.get('reason')}: {message}" if message else f"{now.get('reason')}"


def ready_of(deployments: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Ready and wanted replicas of all of them."""
    found = [each for each in deployments if each.get("kind") == "Deployment"]
    wanted = sum(each["spec"].get("replicas", 1) for each in found)
    return sum(each["status"].get("readyReplicas", 0) for each in found), wanted


@dataclass(frozen=True)
class Pods:
    """Pods and Deployments of one stack: of its namespace, and of those that are named after it."""

    environment: Mapping[str, str]
    namespace: str

    def listed(self) -> list[dict[str, Any]]:
        done = subprocess.run(
            ["kubectl", "get", "pods,deployments", "--all-namespaces", "--request-timeout=5s", "-o", "json"],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        # Only an addition to what else is said: a control plane that does not answer is told of elsewhere.
        found = json.loads(done.stdout)["items"] if done.returncode == 0 else []
        return [each for each in found if each["metadata"]["namespace"].startswith(self.namespace)]

    def waiting(self) -> list[str]:
        return waiting(self.listed())

    def wait(self, steps: Steps) -> None:
        """Returns once all replicas are ready. Says after a while why they are not, and at last refuses."""
        with steps.step("waiting for the pods to be ready") as step:
            told: set[str] = set()
            while True:
                listed = self.listed()
                ready, wanted = ready_of(listed)
                if ready >= wanted:
                    return
                step.detail = f"{ready} of {wanted} ready"
                reasons = waiting(listed)
                if step.elapsed_seconds > READY_WITHIN_SECONDS:
                    raise CloudError(
                        f"{ready} of {wanted} pods are ready: {'; '.join(reasons) or 'no reason is given'}"
                    )
                for reason in reasons:
                    if step.elapsed_seconds > SAY_WHY_AFTER_SECONDS and reason not in told:
                        told.add(reason)
                        steps.say(f"waiting: {reason}")
                time.sleep(LOOK_EVERY_SECONDS)
