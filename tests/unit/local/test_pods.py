"""Reasons why pods are not ready. The real scheduler: tests/local/test_too_few_gpus.py and test_make_up.py."""

from __future__ import annotations

from typing import Any

import pytest

from local.kubernetes.pods import ready_of, waiting

NO_GPU = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu."
PLACED = {"type": "PodScheduled", "status": "True"}


def pod(name: str, *conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"namespace": "llama", "name": name},
        "status": {"phase": "Pending", "conditions": list(conditions), **status},
    }


def unplaced(name: str, message: str = "") -> dict[str, Any]:
    return pod(name, {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message})


def deployment(wanted: int, ready: int, *conditions: dict[str, Any]) -> dict[str, Any]:
    status = {"readyReplicas": ready, "conditions": list(conditions)} if ready else {"conditions": list(conditions)}
    metadata = {"namespace": "llama", "name": "llama-vllm"}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": wanted}, "status": status}


def test_the_scheduler_is_repeated_once_however_many_pods_wait_for_the_same() -> None:
    assert waiting([unplaced("a", NO_GPU), unplaced("b", NO_GPU), unplaced("c")]) == [
        f"llama/a has no node: {NO_GPU}",
        "llama/c has no node: Unschedulable",
    ]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (
            {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}},
            "waits in vllm: ImagePullBackOff: Back-off pulling image",
        ),
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}}, "waits in vllm: CrashLoopBackOff"),
        ({"state": {"terminated": {"reason": "OOMKilled"}}}, "waits in vllm: OOMKilled"),
        ({"state": {"running": {}}}, "is not ready: containers with unready status: [vllm]"),
    ],
)
def test_a_pod_with_a_node_waits_for_what_the_kubelet_says(status: dict[str, Any], reason: str) -> None:
    unready = {"type": "Ready", "status": "False", "message": "containers with unready status: [vllm]"}
    assert waiting([pod("a", PLACED, unready, containerStatuses=[{"name": "vllm", **status}])]) == [f"llama/a {reason}"]


def test_a_pod_that_nobody_has_looked_at_yet_is_not_ready_either() -> None:
    assert waiting([pod("new")]) == ["llama/new has no node: the scheduler has not looked at it yet"]
    assert waiting([pod("new", PLACED)]) == ["llama/new is not ready: its containers have not started yet"]


def test_a_ready_pod_and_one_that_has_ended_are_no_news() -> None:
    assert waiting([pod("a", PLACED, {"type": "Ready", "status": "True"}), pod("job", phase="Succeeded")]) == []


def test_a_deployment_whose_pods_are_refused_says_by_what() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: x"}
    assert waiting([deployment(1, 0, refused)]) == ["llama/llama-vllm gets no pod: exceeded quota: x"]
    assert ready_of([deployment(2, 1), deployment(1, 0), pod("a")]) == (1, 3)
