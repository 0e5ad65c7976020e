"""Answers of `kubectl get -o json`, in the form of Kubernetes 1.36, cut to what stands in them for a reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from paddock.operations.preflight.row import Unseen

POD = "llama-vllm-6b8f9c7d5-x2x4z"
MESSAGE_OF_PULL = (
    'Back-off pulling image "123456789012.dkr.ecr.us-east-1.amazonaws.com/paddock/vllm-openai@sha256:aaaa": '
    "ErrImagePull: failed to pull and unpack image: not found"
)
SCHEDULER = (
    "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) didn't match Pod's node affinity/selector. "
    "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
)
WEIGHTS_REFUSED = (
    "checking s3://llama-store-1234567/models/llama-3.1-8b/bf16-0e9e39f249a1 against its signed manifest",
    "Error: model-00002-of-00004.safetensors is not what was signed: its S3 checksum is Zm9v, and YmFy is signed",
)
VLLM_LOG = (
    "(EngineCore pid=281) ERROR 11-29 10:02:41 [core.py:1120] EngineCore failed to start.",
    "(EngineCore pid=281) ERROR 11-29 10:02:41 [core.py:1120] Traceback (most recent call last):",
    "(EngineCore pid=281) ValueError: 16.0 GiB KV cache is needed, which is more than the available 8.2 GiB.",
    "(APIServer pid=1) Traceback (most recent call last):",
    "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
)


def ready(status: str = "True", reason: str = "KubeletReady", message: str = "kubelet is posting ready status") -> Any:
    return {"type": "Ready", "status": status, "reason": reason, "message": message}


def node(name: str, gpus: int = 0, condition: Any = None) -> dict[str, Any]:
    allocatable = {"cpu": "3920m", "memory": "14Gi"} | ({"nvidia.com/gpu": str(gpus)} if gpus else {})
    pressure = {"type": "MemoryPressure", "status": "False", "reason": "KubeletHasSufficientMemory"}
    return {
        "metadata": {"name": name},
        "status": {"allocatable": allocatable, "conditions": [pressure, condition or ready()]},
    }


NODES = (node("system-1"), node("system-2"), node("gpu-1", gpus=1))


def container(name: str = "vllm", **status: Any) -> dict[str, Any]:
    return {"name": name, "ready": False, "restartCount": 0, "state": {}, "lastState": {}} | status


RUNNING = {"running": {"startedAt": "2026-11-29T10:00:00Z"}}


def pod(
    *containers: Any, init: Sequence[Any] = (), conditions: Sequence[Any] = (), phase: str = "Pending"
) -> dict[str, Any]:
    status = {"phase": phase, "conditions": list(conditions), "containerStatuses": list(containers)}
    return {"metadata": {"name": POD}, "status": status | {"initContainerStatuses": list(init)}}


def scheduled(pod_: dict[str, Any], *, is_ready: bool = False) -> dict[str, Any]:
    pod_["status"]["conditions"] += [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Ready", "status": str(is_ready)},
    ]
    return pod_


SERVING = scheduled(pod(container(ready=True, state=RUNNING), phase="Running"), is_ready=True)
CRASHING = scheduled(
    pod(
        container(
            restartCount=7,
            state={
                "waiting": {
                    "reason": "CrashLoopBackOff",
                    "message": f"back-off 5m0s restarting failed container=vllm pod={POD}_llama",
                }
            },
            lastState={"terminated": {"exitCode": 1, "reason": "Error"}},
        ),
        phase="Running",
    )
)
PULL_FAILS = scheduled(pod(container(state={"waiting": {"reason": "ImagePullBackOff", "message": MESSAGE_OF_PULL}})))
NO_GPU = pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": SCHEDULER}])
WEIGHTS = scheduled(
    pod(
        container(state={"waiting": {"reason": "PodInitializing"}}),
        init=[
            container(
                "weights",
                restartCount=3,
                state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting"}},
                lastState={"terminated": {"exitCode": 1, "reason": "Error"}},
            )
        ],
    )
)
KILLED = scheduled(
    pod(container(restartCount=1, state={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}), phase="Running")
)
STARTING = scheduled(pod(container(state=RUNNING), phase="Running"))

EVENTS = (
    {
        "lastTimestamp": "2026-11-29T10:03:00Z",
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off restarting failed container\n\x1b[31mvllm",
        "involvedObject": {"kind": "Pod", "name": POD},
        "count": 12,
    },
    {
        "eventTime": "2026-11-29T10:01:00.000000Z",
        "type": "Normal",
        "reason": "Pulled",
        "message": "pulled",
        "involvedObject": {"kind": "Pod", "name": POD},
    },
)


def kubectl(
    pods: Sequence[Any], logs: Mapping[str, Sequence[str]] | None = None, nodes: Sequence[Any] = NODES
) -> Callable[[Sequence[str]], str | Unseen]:
    """Answers as `kubectl` would; logs are those by container, of the last run where there was one."""

    def answer(words: Sequence[str]) -> str | Unseen:
        if words[0] == "get":
            known = {"nodes": nodes, "pods": pods, "events": EVENTS}
            return json.dumps({"kind": "List", "items": list(known[words[1]])})
        named = words[words.index("-c") + 1]
        found = (logs or {}).get(named)
        return Unseen("kubectl: container is waiting to start") if found is None else "\n".join(found) + "\n"

    return answer
