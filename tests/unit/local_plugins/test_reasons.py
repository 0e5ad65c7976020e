"""What a user is told while, and after, an object does not become ready."""

from __future__ import annotations

from typing import Any

from local.plugins.resource_kubernetes.reasons import deletion_reasons, pod_reasons, reasons

_NO_GPU = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."


def pod(*containers: dict[str, Any], **conditions: tuple[str, str]) -> dict[str, Any]:
    return {
        "spec": {"nodeName": "gpu-1"},
        "status": {
            "phase": "Running",
            "containerStatuses": list(containers),
            "conditions": [
                {"type": name, "status": status, "message": message}
                for name, (status, message) in {"PodScheduled": ("True", ""), **conditions}.items()
            ],
        },
    }


def test_an_unscheduled_pod_repeats_the_scheduler() -> None:
    assert list(pod_reasons(pod(PodScheduled=("False", _NO_GPU)))) == [f"a pod has no node: {_NO_GPU}"]


def test_a_missing_image_is_told_with_the_container() -> None:
    waits = {"name": "vllm", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}
    assert list(pod_reasons(pod(waits))) == ["container vllm waits: ImagePullBackOff: not found"]


def test_a_crash_is_told_with_its_status_even_while_the_restart_waits() -> None:
    crashed = {
        "name": "vllm",
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
    }
    assert list(pod_reasons(pod(crashed))) == [
        "container vllm waits: CrashLoopBackOff",
        "container vllm exited with status 137: OOMKilled",
    ]


def test_a_container_that_is_only_starting_is_no_reason() -> None:
    starting = {"name": "vllm", "state": {"waiting": {"reason": "ContainerCreating"}}}
    assert list(pod_reasons(pod(starting, Ready=("False", "containers with unready status: [vllm]")))) == [
        "a pod on gpu-1 is not ready: containers with unready status: [vllm]"
    ]


def test_a_ready_pod_gives_no_reason() -> None:
    assert list(pod_reasons(pod(Ready=("True", "")))) == []


def test_many_pods_with_one_trouble_give_one_reason() -> None:
    pending = pod(PodScheduled=("False", _NO_GPU))
    assert reasons({}, [pending, pending, pending], []) == [f"a pod has no node: {_NO_GPU}"]


def test_the_schedulers_event_does_not_repeat_the_pods_condition() -> None:
    event = {"type": "Warning", "reason": "FailedScheduling", "message": _NO_GPU}
    assert reasons({}, [pod(PodScheduled=("False", _NO_GPU))], [event]) == [f"a pod has no node: {_NO_GPU}"]


def test_a_refused_pod_is_told_from_its_owner_and_warnings_from_events() -> None:
    conditions = [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: gpus"}]
    events = [
        {"type": "Normal", "reason": "Scaled", "message": "up"},
        {"type": "Warning", "reason": "FailedCreate", "message": "no"},
    ]
    told = reasons({"status": {"conditions": conditions}}, [], events)
    assert told == ["exceeded quota: gpus", "FailedCreate: no"]


def test_a_namespace_tells_what_is_left_in_it() -> None:
    left = {"type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining: pods."}
    namespace = {"metadata": {}, "spec": {"finalizers": ["kubernetes"]}, "status": {"conditions": [left]}}
    assert deletion_reasons(namespace) == ["Some resources are remaining: pods."]


def test_anything_else_tells_its_finalizers() -> None:
    assert deletion_reasons({"metadata": {"finalizers": ["farm.dev/fence"]}}) == [
        "it waits for its finalizers farm.dev/fence"
    ]
    assert deletion_reasons({"metadata": {}}) == []
