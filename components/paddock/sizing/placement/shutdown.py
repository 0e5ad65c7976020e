"""Shutdown of a pod, second by second: clients are led to other pods, running requests finish, the engine ends. And
the silence after which an engine counts as hung.

Whatever waits for one of these waits by these constants: vLLM, the pod's preStop hook and grace, the load balancer.
"""

from __future__ import annotations

from math import ceil

from paddock.catalog import Purchase

TARGET_CHECK_SECONDS, TARGET_CHECKS = 5, 2
"""The load balancer's health check: twice in a row it decides, which is 10 seconds at most."""
LEAD_AWAY_SECONDS = 25
"""The pod still answers but says that it is not ready: the load balancer's checks, and 15 seconds until all its nodes
and every kube-proxy have heard of it."""
SETTLE_SECONDS = 5
"""Then new requests are refused, so that other pods take them, and those let in before reach the engine."""
PRE_STOP_SECONDS = LEAD_AWAY_SECONDS + SETTLE_SECONDS
"""All of that happens before vLLM is told to stop: from then on it answers new requests with nothing."""
DRAIN_SECONDS = 120
"""Time for running requests to finish after SIGTERM; vLLM's own default of 0 cuts them off."""
SPOT_DRAIN_SECONDS = 45
"""The same on spot capacity, which AWS takes away 120 seconds after it says so: 15 are left for the node to hear."""
BACK_OFF_SECONDS = 300
"""The longest wait before the kubelet starts a container again that ended, as it does where weights come late
(kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle, read 2026-11-28)."""
TEARDOWN_SECONDS = 30
"""Time from the last token to the end of the process: 16 seconds seen (vLLM 0.32.0 on CPU, 2026-11-28)."""
SPOT_NOTICE_SECONDS = 120
"""Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html, read 2026-11-28."""
CONNECTIONS_SECONDS = PRE_STOP_SECONDS + DRAIN_SECONDS
"""Time for which the load balancer keeps the connections of a target that left: until its last request is done."""
SILENT_SECONDS = range(20, 301)
"""Bounds of `silent_seconds`: beyond them vLLM itself gives a step up and ends (VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS,
vllm/envs.py of 0.33.0)."""
STEP_SAFETY_FACTOR = 3
"""A step is estimated, and the first ones compile kernels."""


def drain_seconds(purchase: Purchase) -> int:
    """Time for running requests to finish, by how the nodes are bought."""
    return SPOT_DRAIN_SECONDS if purchase is Purchase.SPOT else DRAIN_SECONDS


def grace_seconds(purchase: Purchase) -> int:
    """Time from a pod's deletion until it may be killed."""
    return PRE_STOP_SECONDS + drain_seconds(purchase) + TEARDOWN_SECONDS


def silent_seconds(longest_step_seconds: float | None) -> int:
    """Time without an answer after which an engine counts as hung; a prompt of full length must not look like that."""
    if longest_step_seconds is None:
        return SILENT_SECONDS[-1]
    return min(max(ceil(STEP_SAFETY_FACTOR * longest_step_seconds), SILENT_SECONDS[0]), SILENT_SECONDS[-1])
