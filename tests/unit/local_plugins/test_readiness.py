"""The verdict on objects as an API server shows them. That the real controllers write such statuses: tests/local."""

from __future__ import annotations

from typing import Any

import pytest

from local.plugins.resource_kubernetes.objects import Kind
from local.plugins.resource_kubernetes.readiness import Neighbours, is_awaited, verdict

_DEPLOYMENT, _STATEFUL_SET = Kind("apps/v1", "Deployment"), Kind("apps/v1", "StatefulSet")
_DAEMON_SET, _REPLICA_SET = Kind("apps/v1", "DaemonSet"), Kind("apps/v1", "ReplicaSet")
_POD, _JOB, _SERVICE = Kind("v1", "Pod"), Kind("batch/v1", "Job"), Kind("v1", "Service")
_CLAIM = Kind("v1", "PersistentVolumeClaim")
_DEFINITION = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
_INGRESS = Kind("networking.k8s.io/v1", "Ingress")
_TRUE, _FALSE = "True", "False"

Object = dict[str, Any]


def workload(spec: Object, status: Object) -> Object:
    return {"metadata": {"generation": 2}, "spec": spec, "status": {"observedGeneration": 2, **status}}


def with_condition(name: str, status: str, **more: str) -> Object:
    return {"metadata": {}, "status": {"conditions": [{"type": name, "status": status, **more}]}}


def endpoints(*ready: bool) -> Neighbours:
    return Neighbours([{"endpoints": [{"conditions": {"ready": is_ready}} for is_ready in ready]}])


@pytest.mark.parametrize(
    ("kind", "obj"),
    [
        (_DEPLOYMENT, workload({"replicas": 2}, {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2})),
        (_DEPLOYMENT, workload({"replicas": 0}, {})),
        (_DEPLOYMENT, workload({"replicas": 2, "paused": True}, {})),
        (_REPLICA_SET, workload({"replicas": 1}, {"availableReplicas": 1})),
        (
            _STATEFUL_SET,
            workload({"replicas": 2}, {"readyReplicas": 2, "updateRevision": "b", "currentRevision": "b"}),
        ),
        (
            _STATEFUL_SET,
            workload(
                {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
                {"readyReplicas": 3, "updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a"},
            ),
        ),
        (
            _STATEFUL_SET,
            workload(
                {"replicas": 1, "updateStrategy": {"type": "OnDelete"}},
                {"readyReplicas": 1, "updateRevision": "b", "currentRevision": "a"},
            ),
        ),
        (
            _DAEMON_SET,
            workload({}, {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3}),
        ),
        (_POD, with_condition("Ready", _TRUE)),
        (_POD, {"status": {"phase": "Succeeded"}}),
        (_JOB, with_condition("Complete", _TRUE)),
        (_JOB, {"spec": {"suspend": True}}),
        (_SERVICE, {"spec": {"selector": {}}}),
        (_SERVICE, {"spec": {"type": "ExternalName"}}),
        (_CLAIM, {"status": {"phase": "Bound"}}),
        (_DEFINITION, with_condition("Established", _TRUE)),
        (_INGRESS, {"status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}}),
        (Kind("v1", "Secret"), {"type": "Opaque"}),
        (Kind("v1", "ConfigMap"), {}),
        (Kind("farm.dev/v1", "Llama"), {}),
    ],
)
def test_ready(kind: Kind, obj: Object) -> None:
    assert verdict(obj, kind, Neighbours()).ready


@pytest.mark.parametrize(
    ("kind", "obj", "why"),
    [
        (_DEPLOYMENT, {"metadata": {"generation": 3}, "status": {"observedGeneration": 2}}, "not seen this version"),
        (_DEPLOYMENT, workload({"replicas": 3}, {"updatedReplicas": 1}), "1 of 3 replicas are updated"),
        (_DEPLOYMENT, workload({}, {"updatedReplicas": 1, "replicas": 2}), "1 old replicas are still there"),
        (_DEPLOYMENT, workload({}, {"updatedReplicas": 1, "replicas": 1}), "0 of 1 replicas are available"),
        (_REPLICA_SET, workload({"replicas": 2}, {"availableReplicas": 1}), "1 of 2 replicas are available"),
        (_STATEFUL_SET, workload({"replicas": 2}, {"readyReplicas": 1}), "1 of 2 replicas are ready"),
        (
            _STATEFUL_SET,
            workload({"replicas": 2}, {"readyReplicas": 2, "updateRevision": "b", "currentRevision": "a"}),
            "0 of 2 replicas are updated",
        ),
        (_DAEMON_SET, workload({}, {"desiredNumberScheduled": 2}), "0 of 2 nodes run the updated pod"),
        (
            _DAEMON_SET,
            workload({}, {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}),
            "available on 1 of 2 nodes",
        ),
        (_POD, {"status": {"phase": "Pending"}}, "Pending and not ready"),
        (_JOB, {"spec": {"completions": 2}, "status": {"succeeded": 1}}, "1 of 2 pods have succeeded"),
        (_SERVICE, {"spec": {"type": "LoadBalancer", "selector": {"a": "b"}}}, "no address"),
        (_SERVICE, {"spec": {"selector": {"a": "b"}}}, "no ready pod matches its selector"),
        (_CLAIM, {"status": {"phase": "Pending"}}, "no volume"),
        (_DEFINITION, with_condition("Established", _FALSE), "not established"),
        (_INGRESS, {}, "no ingress controller"),
        (Kind("v1", "Secret"), {"type": "kubernetes.io/service-account-token"}, "token is not issued"),
    ],
)
def test_not_ready_yet(kind: Kind, obj: Object, why: str) -> None:
    judged = verdict(obj, kind, Neighbours())
    assert not judged.ready
    assert not judged.hopeless
    assert why in judged.why


@pytest.mark.parametrize(
    ("kind", "obj", "why"),
    [
        (_POD, {"status": {"phase": "Failed", "reason": "Evicted"}}, "Evicted"),
        (_JOB, with_condition("Failed", _TRUE, message="Job has reached the specified backoff limit"), "backoff"),
        (_CLAIM, {"status": {"phase": "Lost"}}, "lost"),
        (_DEFINITION, with_condition("NamesAccepted", _FALSE, message="llamas is taken"), "llamas is taken"),
    ],
)
def test_waiting_would_not_help(kind: Kind, obj: Object, why: str) -> None:
    judged = verdict(obj, kind, Neighbours())
    assert judged.hopeless
    assert why in judged.why


def test_a_service_is_ready_with_its_first_ready_endpoint() -> None:
    service = {"spec": {"selector": {"app": "web"}}}
    assert verdict(service, _SERVICE, endpoints(False, True)).ready
    assert not verdict(service, _SERVICE, endpoints(False)).ready


def test_a_claim_that_binds_with_its_first_pod_is_not_waited_for() -> None:
    pending = {"status": {"phase": "Pending"}}
    assert verdict(pending, _CLAIM, Neighbours(binding_mode="WaitForFirstConsumer")).ready
    assert not verdict(pending, _CLAIM, Neighbours(binding_mode="Immediate")).ready


def test_a_custom_kind_with_a_built_in_name_is_not_awaited() -> None:
    assert is_awaited(_JOB)
    assert not is_awaited(Kind("batch.volcano.sh/v1alpha1", "Job"))
