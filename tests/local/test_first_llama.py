"""The first llama in the field: up, settled, replaced, read by others, destroyed.

Proves that the program runs, orders, converges and cleans up, and that Kubernetes accepts and places its pods. It does
not prove how AWS behaves at run time, nor that vLLM starts: kwok plays the kubelet.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from paddock.serving.vllm_service import POD_SECURITY_VERSION
from tests.local.guests import INTRUDERS, a_pod
from tests.local.look import Look, eventually, is_ready
from tests.local.stack import ROOT, Stack, short
from tests.reach import Outsider, connections, table


@pytest.fixture(scope="module")
def standing(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The local stack, brought up once for the tests below."""
    stack = Stack.of_llama("local", cloud.environment(), tmp_path_factory.mktemp("standing") / "program")
    stack.up("--policy-pack", str(ROOT / "policy"))
    yield stack
    stack.destroy()


@pytest.mark.usefixtures("standing")
def test_the_pod_is_ready_on_a_gpu_node_where_the_real_scheduler_put_it(look: Look) -> None:
    (pod,) = look.pods()
    assert is_ready(pod)
    assert pod["spec"]["nodeName"] in look.nodes()
    group = look.nodes()[pod["spec"]["nodeName"]]["metadata"]["labels"]["eks.amazonaws.com/nodegroup"]
    assert pod["spec"]["nodeSelector"] == {"eks.amazonaws.com/nodegroup": group}
    assert pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    events = look.kubectl("get", "events", "--namespace", "llama", "--field-selector", "reason=Scheduled")["items"]
    placed = [e for e in events if e["involvedObject"]["name"] == pod["metadata"]["name"]]
    assert [e.get("reportingComponent") or e["source"]["component"] for e in placed] == ["default-scheduler"]


def test_the_node_is_the_instance_that_the_plan_names(standing: Stack, look: Look) -> None:
    (node,) = look.nodes().values()
    planned = standing.outputs()["instance"]
    assert planned == f"1 x {node['metadata']['labels']['node.kubernetes.io/instance-type']}"
    assert node["status"]["capacity"]["nvidia.com/gpu"] == "1"


def test_without_a_node_the_pod_waits_so_the_claim_above_can_fail(standing: Stack, look: Look) -> None:
    cluster = standing.outputs()["cluster_name"]
    eks = look.aws("eks")
    (group,) = [name for name in eks.list_nodegroups(clusterName=cluster)["nodegroups"] if "gpu" in name]

    def scale(nodes: int) -> None:
        eks.update_nodegroup_config(clusterName=cluster, nodegroupName=group, scalingConfig={"desiredSize": nodes})

    try:
        scale(0)
        assert eventually(lambda: look.nodes() == {})
        assert eventually(lambda: [p["status"]["phase"] for p in look.pods()] == ["Pending"], 90)
    finally:
        scale(1)
    assert eventually(lambda: [is_ready(p) for p in look.pods()] == [True], 90)


def test_the_api_server_knows_every_field_of_our_objects(standing: Stack, look: Look) -> None:
    """Pulumi's provider passes over a field that Kubernetes does not know, so a misspelt one would do nothing."""
    objects = [each["inputs"] for each in standing.resources() if each["type"].startswith("kubernetes:")]
    (deployment,) = [each for each in objects if each["kind"] == "Deployment"]
    assert look.validate(*objects) == ""
    misspelt = {**deployment, "spec": {**deployment["spec"], "progresDeadlineSeconds": 60}}
    assert 'unknown field "progresDeadlineSeconds"' in look.validate(misspelt)


@pytest.mark.usefixtures("standing")
@pytest.mark.parametrize("fault", INTRUDERS)
def test_the_api_server_itself_refuses_a_pod_beyond_the_restricted_standard(fault: str, look: Look) -> None:
    change, message = INTRUDERS[fault]
    refused = look.create(a_pod("intruder", **change), dry_run=True)
    assert f'violates PodSecurity "restricted:{POD_SECURITY_VERSION}"' in refused
    assert message in refused


@pytest.mark.usefixtures("standing")
def test_a_pod_within_the_standard_is_let_in_so_the_claim_above_can_fail(look: Look) -> None:
    assert look.create(a_pod("guest"), dry_run=True) == ""


def counted(look: Look) -> tuple[Any, list[tuple[str, str]]]:
    """Status of the quota, and the pods that it counts."""
    (quota,) = look.kubectl("get", "resourcequotas", "--namespace", "llama")["items"]
    return quota["status"], [(pod["metadata"]["name"], pod["status"]["phase"]) for pod in look.pods()]


@pytest.mark.usefixtures("standing")
def test_the_quota_refuses_a_pod_too_many_and_a_load_balancer(look: Look) -> None:
    """GPUs are bounded by the pool, and no sum of them keeps smaller pods out (docs/adr/0018)."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "service", "namespace": "llama"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    assert "exceeded quota: llama-vllm, requested: services.loadbalancers=1" in look.create(service, dry_run=True)

    def a_third_is_refused() -> bool:
        """One more is let in, as a rollout takes one. The quota's controller counts when a pod has gone, and at that
        moment may miss a new one, until it counts again: so it is tried anew, from an end that makes it count."""
        assert eventually(lambda: look.create(a_pod("spare")) == ""), "there is room for the one more"
        try:
            too_many = look.create(a_pod("too-many"), dry_run=True)
            return "exceeded quota: llama-vllm, requested: pods=1" in too_many
        finally:
            look.delete_pod("spare")

    assert eventually(a_third_is_refused, 60), counted(look)


@pytest.mark.usefixtures("standing")
def test_who_may_talk_to_whom_by_the_policies_pods_and_namespaces_of_the_cluster(look: Look) -> None:
    """CoreDNS runs nowhere here, so a pod with its labels stands for it; a stranger shows what no policy stops."""
    stands_for_dns = a_pod("coredns", "kube-system", labels={"k8s-app": "kube-dns"})
    assert look.create(stands_for_dns, a_pod("stranger", "default")) == ""
    try:
        found = connections(
            look.kubectl("get", "networkpolicies", "--all-namespaces")["items"],
            look.kubectl("get", "namespaces")["items"],
            look.kubectl("get", "pods", "--all-namespaces")["items"],
            [
                Outsider.of("AWS endpoints", "10.0.224.0/23"),
                Outsider.of("Pod Identity", "169.254.170.23/32"),
                Outsider.of("a node", "10.0.0.10/32"),
                Outsider.of("the internet", "1.1.1.1/32", "8.0.0.0/8"),
            ],
        )
    finally:
        look.delete_pod("coredns", "kube-system")
        look.delete_pod("stranger", "default")
    assert table(found) == (Path(__file__).parent / "reach.txt").read_text()


def test_a_second_up_changes_nothing(standing: Stack) -> None:
    standing.up("--expect-no-changes")


def test_a_refresh_finds_nothing_changed(standing: Stack) -> None:
    standing.run("refresh", "--yes", "--skip-preview", "--suppress-progress", "--diff", "--expect-no-changes")


def test_a_change_made_behind_its_back_is_seen_and_put_right(standing: Stack, look: Look) -> None:
    """The other side of the test above: were refresh blind, it would pass too."""
    (vpc,) = [r for r in standing.resources() if r["type"] == "aws:ec2/vpc:Vpc"]
    look.aws("ec2").delete_tags(Resources=[vpc["id"]], Tags=[{"Key": "paddock:stack"}])
    assert standing.run(
        "refresh", "--yes", "--skip-preview", "--suppress-progress", "--expect-no-changes", check=False
    ).returncode
    standing.up()
    standing.up("--expect-no-changes")


def test_another_model_is_another_pool_and_nothing_else(standing: Stack) -> None:
    standing.set_config("paddock:model", "llama-3.1-70b")
    try:
        steps = short(standing.preview())
    finally:
        standing.set_config("paddock:model", "llama-3.1-8b")
    assert steps == {
        ("create", "aws:ec2/launchTemplate:LaunchTemplate::llama-gpu-g7e-12xlarge"): 1,
        ("create", "aws:eks/nodeGroup:NodeGroup::llama-gpu-g7e-12xlarge"): 1,
        ("update", "aws:iam/rolePolicy:RolePolicy::llama-reader"): 1,
        ("update", "kubernetes:core/v1:LimitRange::llama-vllm-limitrange"): 1,
        ("update", "kubernetes:apps/v1:Deployment::llama-vllm-deployment"): 1,
        ("delete", "aws:eks/nodeGroup:NodeGroup::llama-gpu-g6-xlarge"): 1,
        ("delete", "aws:ec2/launchTemplate:LaunchTemplate::llama-gpu-g6-xlarge"): 1,
    }


def test_another_stack_reads_the_endpoint(standing: Stack, cloud: LocalCloud, tmp_path: Path) -> None:
    program = Path(__file__).parent / "programs" / "reader"
    reader = Stack.of_program(
        program, "reader", {"reader:field": "organization/paddock/local"}, cloud.environment(), tmp_path / "r"
    )
    reader.up()
    assert reader.outputs()["chat_url"] == standing.outputs()["endpoint"] + "/chat/completions"


def test_objects_that_a_killed_up_did_not_record_are_taken_over_and_can_be_changed(standing: Stack, look: Look) -> None:
    """Pulumi's provider makes up an owner of their fields at each creation, and refuses to change another's."""
    (deployment,) = [each for each in standing.resources() if each["type"] == "kubernetes:apps/v1:Deployment"]
    standing.run("state", "delete", "--yes", "--target-dependents", deployment["urn"])
    standing.up()
    standing.run("config", "set", "--path", "paddock:license.by", "somebody else")
    standing.up()
    (made,) = look.kubectl("get", "deployments", "--namespace", "llama", "--show-managed-fields")["items"]
    assert made["metadata"]["uid"] == deployment["outputs"]["metadata"]["uid"]
    assert made["metadata"]["annotations"]["paddock.dev/license-accepted-by"] == "somebody else"
    assert {each["manager"] for each in made["metadata"]["managedFields"] if each["operation"] == "Apply"} == {
        "paddock"
    }


def test_on_amazon_linux_the_model_runs_where_the_device_plugin_shows_the_gpus(standing: Stack, look: Look) -> None:
    """Changed on the running stack. A node without the plugin shows no GPU here, so the model could not be placed."""
    standing.set_config("paddock:node_os", "al2023")
    registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    standing.set_config("paddock:device_plugin_image", f"{registry}/device-plugin@sha256:{64 * '0'}")
    standing.up()
    assert eventually(lambda: [is_ready(pod) for pod in look.pods()] == [True], 90)
    assert eventually(lambda: [is_ready(pod) for pod in look.pods("llama-device-plugin")] == [True], 90)
    assert look.pods("llama-device-plugin")[0]["spec"]["nodeName"] == look.pods()[0]["spec"]["nodeName"]
    # The old group's node leaves a moment after its group.
    assert eventually(lambda: len(look.nodes()) == 1)
    (node,) = look.nodes().values()
    assert node["status"]["capacity"]["nvidia.com/gpu"] == "1"
    standing.up("--expect-no-changes")


def test_destroy_leaves_nothing_in_aws_and_nothing_in_kubernetes(
    cloud: LocalCloud, look: Look, standing: Stack
) -> None:
    """Runs last in this module: it ends the stack that the others use."""
    environment = cloud.environment()
    assert list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]) != [], "it sees what is there"
    standing.destroy()
    assert list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]) == []
    assert [
        n["metadata"]["name"] for n in look.kubectl("get", "namespaces")["items"] if n["metadata"]["name"] == "llama"
    ] == []
    assert eventually(lambda: look.kubectl("get", "nodes")["items"] == [])
    assert look.kubectl("get", "pods", "--all-namespaces")["items"] == []
    assert [r for r in standing.resources() if r["type"] != "pulumi:pulumi:Stack"] == []
