"""VllmService: the objects that Kubernetes gets, and the guards of hard-won settings."""

import re
from typing import Any

import pytest

from paddock.common.inputs import ArgumentError
from paddock.common.manifests import render
from paddock.serving.vllm_service import POD_SECURITY_VERSION, VllmService, manifest_values
from paddock.sizing.placement.shutdown import DRAIN_SECONDS, PRE_STOP_SECONDS, TEARDOWN_SECONDS
from tests.unit.components.cases import args_of, built_case
from tests.unit.components.recorder import Build


def objects(**changes: Any) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in rendered(**changes)}


def rendered(**changes: Any) -> list[dict[str, Any]]:
    return render("vllm/service.yaml.j2", manifest_values("vllm", args_of("VllmService", **changes)))


def pod() -> dict[str, Any]:
    return dict(objects()["Deployment"]["spec"]["template"]["spec"])


def test_one_resource_an_object_with_the_type_that_the_official_provider_knows() -> None:
    got = built_case("VllmService")
    assert [(token, name) for token, name, _ in got.made if token.startswith("kubernetes:")] == [
        ("kubernetes:core/v1:Namespace", "vllm-namespace"),
        ("kubernetes:core/v1:ResourceQuota", "vllm-resourcequota"),
        ("kubernetes:core/v1:LimitRange", "vllm-limitrange"),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "vllm-networkpolicy-deny-all"),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "vllm-networkpolicy-vllm"),
        ("kubernetes:core/v1:ServiceAccount", "vllm-serviceaccount"),
        ("kubernetes:core/v1:ConfigMap", "vllm-configmap"),
        ("kubernetes:policy/v1:PodDisruptionBudget", "vllm-poddisruptionbudget"),
        ("kubernetes:apps/v1:Deployment", "vllm-deployment"),
        ("kubernetes:core/v1:Service", "vllm-service"),
    ]


def test_guard_deadlock_the_deployment_never_waits_for_the_service_that_waits_for_it() -> None:
    after = built_case("VllmService").after
    assert after("vllm-service") == {"vllm-deployment"}
    assert "vllm-service" not in after("vllm-deployment")


def test_an_image_by_tag_is_refused_before_anything_is_made(built: Build) -> None:
    args = args_of("VllmService", image="vllm/vllm-openai:latest")
    with pytest.raises(ArgumentError, match="vllm/vllm-openai:latest"):
        built(lambda opts: VllmService("vllm", args, opts))


def test_guard_pending_the_pod_asks_for_its_gpus_where_gpus_are() -> None:
    spec = pod()
    assert spec["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert spec["nodeSelector"] == {"eks.amazonaws.com/nodegroup": "p-gpu-1"}
    assert spec["tolerations"][0]["key"] == "nvidia.com/gpu"


def test_guard_deadlock_no_surge_pod_waits_for_a_gpu_that_the_old_one_holds() -> None:
    assert objects()["Deployment"]["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_guard_crash_tensor_parallel_workers_get_shared_memory() -> None:
    (shm,) = [v for v in pod()["volumes"] if v["name"] == "shm"]
    assert shm["emptyDir"] == {"medium": "Memory", "sizeLimit": "1024Mi"}


def test_guard_restart_loop_only_the_startup_probe_counts_while_the_model_loads() -> None:
    container = pod()["containers"][0]
    assert container["startupProbe"]["failureThreshold"] * container["startupProbe"]["periodSeconds"] == 300
    spec = objects(image_pull_seconds=334, node_port=30080)["Deployment"]["spec"]
    assert spec["progressDeadlineSeconds"] == 180 + 334 + 300 + 300 + spec["minReadySeconds"]


def test_guard_restart_loop_every_probe_waits_for_a_busy_server_as_long_as_the_liveness_probe() -> None:
    container = pod()["containers"][0]
    probes = [container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")]
    assert [probe["timeoutSeconds"] for probe in probes] == [5, 5, 5]
    assert [probe["httpGet"]["path"] for probe in probes] == ["/health", "/ready", "/health"]


def test_guard_cut_off_the_grace_holds_the_pre_stop_hook_the_drain_and_the_teardown() -> None:
    assert pod()["terminationGracePeriodSeconds"] == PRE_STOP_SECONDS + DRAIN_SECONDS + TEARDOWN_SECONDS
    hook = pod()["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert sum(map(int, re.findall(r"sleep (\d+)", hook))) == PRE_STOP_SECONDS


def test_a_grace_that_the_pre_stop_hook_would_use_up_is_refused(built: Build) -> None:
    args = args_of("VllmService", termination_grace_seconds=30)
    with pytest.raises(ArgumentError, match=r"termination_grace_seconds must be above 30, .* got 30"):
        built(lambda opts: VllmService("vllm", args, opts))


def test_guard_deadlock_a_pod_that_is_not_ready_never_blocks_the_draining_of_its_node() -> None:
    assert objects()["PodDisruptionBudget"]["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_guard_privilege_the_pod_meets_the_restricted_standard() -> None:
    spec = pod()
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    labels = objects()["Namespace"]["metadata"]["labels"]
    levels = {key.partition("/")[2]: value for key, value in labels.items() if key.startswith("pod-security")}
    assert levels == {
        "enforce": "restricted",
        "enforce-version": POD_SECURITY_VERSION,
        "audit": "restricted",
        "audit-version": "latest",
        "warn": "restricted",
        "warn-version": "latest",
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)


def test_guard_deadlock_the_quota_counts_pods_and_never_keeps_smaller_ones_from_following_larger_ones() -> None:
    """Sums of memory or GPUs would: what the larger pods still use is more than twice the smaller ones need."""
    hard = objects(replicas=2)["ResourceQuota"]["spec"]["hard"]
    assert hard == {"pods": "4", "services.loadbalancers": "0", "persistentvolumeclaims": "0"}


def test_guard_timeout_pulumi_waits_for_one_pod_when_it_makes_them_and_for_one_after_another_when_it_changes_them(
    built: Build,
) -> None:
    got = built(lambda opts: VllmService("vllm", args_of("VllmService", replicas=3, image_pull_seconds=334), opts))
    each = 180 + 334 + 300 + 300
    timeouts = got.options["kubernetes:apps/v1:Deployment", "vllm-deployment"]["custom_timeouts"]
    assert (timeouts["create"], timeouts["update"]) == (f"{each + 60}s", f"{3 * each + 60}s")


def test_guard_throttling_nothing_puts_a_cpu_limit_on_the_model() -> None:
    assert "cpu" not in pod()["containers"][0]["resources"]["limits"]
    (limit,) = objects()["LimitRange"]["spec"]["limits"]
    assert "cpu" not in limit["default"]
    assert "cpu" not in limit["max"]
    assert "limits.cpu" not in objects()["ResourceQuota"]["spec"]["hard"]


def test_guard_eviction_the_model_keeps_within_the_limit_range() -> None:
    (limit,) = objects()["LimitRange"]["spec"]["limits"]
    limits = pod()["containers"][0]["resources"]["limits"]
    assert {name: limits[name] for name in limit["max"]} == limit["max"]


def test_everything_is_denied_to_every_pod_and_the_exceptions_are_the_models_alone() -> None:
    deny, allow = [each["spec"] for each in rendered() if each["kind"] == "NetworkPolicy"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert allow["podSelector"] == {"matchLabels": objects()["Deployment"]["spec"]["selector"]["matchLabels"]}
    (rule,) = allow["ingress"]
    assert rule["from"][0]["namespaceSelector"]["matchExpressions"][0]["values"] == ["vllm"]


def test_guard_race_policies_are_there_before_the_pod() -> None:
    after = built_case("VllmService").after
    assert after("vllm-serviceaccount") == {"vllm-networkpolicy-vllm"}


def test_guard_silent_every_place_that_vllm_writes_to_is_a_volume() -> None:
    container = pod()["containers"][0]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    env = {each["name"]: each["value"] for each in container["env"]}
    assert mounts == {"/dev/shm", "/tmp", "/etc/paddock"}  # noqa: S108  paths inside the pod
    assert env["HOME"].startswith("/tmp/")  # noqa: S108
    assert env["VLLM_CACHE_ROOT"].startswith("/tmp/")  # noqa: S108


def test_guard_crash_the_user_has_a_name_without_a_passwd_entry() -> None:
    env = {each["name"]: each["value"] for each in pod()["containers"][0]["env"] if "value" in each}
    assert (env["USER"], env["LOGNAME"]) == ("vllm", "vllm")


def test_with_a_node_port_only_nodes_with_a_ready_pod_answer_at_it() -> None:
    spec = objects(node_port=30080)["Service"]["spec"]
    assert (spec["type"], spec["externalTrafficPolicy"]) == ("NodePort", "Local")
    assert [port["nodePort"] for port in spec["ports"]] == [30080]
