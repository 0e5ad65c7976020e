"""Pods that no node takes, in the scheduler's words. Pulumi's provider says only that a Deployment is not ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def unscheduled(pods: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for each reason, however many pods share it."""
    first: dict[str, str] = {}
    for pod in pods:
        for condition in pod["status"].get("conditions") or ():
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
                first.setdefault(condition.get("message") or condition.get("reason") or "no reason given", name)
    return [f"pod {name} has no node: {message}" for message, name in first.items()]
