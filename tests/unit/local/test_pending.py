"""Scheduler's reasons why a pod has no node. The real scheduler: tests/local/test_too_few_gpus.py."""

from __future__ import annotations

from typing import Any

from local.kubernetes.pending import unscheduled

NO_GPU = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu."


def pod(name: str, status: str, message: str = "") -> dict[str, Any]:
    condition = {"type": "PodScheduled", "status": status, "reason": "Unschedulable", "message": message}
    return {"metadata": {"namespace": "llama", "name": name}, "status": {"conditions": [condition]}}


def test_the_scheduler_is_repeated_once_however_many_pods_wait_for_the_same() -> None:
    pods = [pod("a", "False", NO_GPU), pod("b", "False", NO_GPU), pod("c", "False")]
    assert unscheduled(pods) == [f"pod llama/a has no node: {NO_GPU}", "pod llama/c has no node: Unschedulable"]


def test_a_pod_that_has_a_node_or_that_the_scheduler_has_not_seen_is_no_news() -> None:
    unseen = {"metadata": {"namespace": "llama", "name": "new"}, "status": {"phase": "Pending"}}
    assert unscheduled([pod("a", "True"), unseen]) == []
