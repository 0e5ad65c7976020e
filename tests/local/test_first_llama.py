"""The first llama in the field: up, settled, replaced, read by others, destroyed.

Proves that the program runs, orders, converges and cleans up, and that Kubernetes accepts and places its pods. It does
not prove how AWS behaves at run time, nor that vLLM starts: kwok plays the kubelet.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.aws.leftovers import list_leftovers
from local.cloud import LocalCloud
from tests.local.look import Look, eventually, is_ready
from tests.local.stack import ROOT, Stack, short


@pytest.fixture(scope="module")
def herd(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The local stack, brought up once for the tests below."""
    stack = Stack.of_llama("local", cloud.environment(), tmp_path_factory.mktemp("herd") / "program")
    stack.up("--policy-pack", str(ROOT / "policy"))
    yield stack
    stack.destroy()


@pytest.mark.usefixtures("herd")
def test_the_pod_is_ready_on_a_gpu_node_where_the_real_scheduler_put_it(look: Look) -> None:
    (pod,) = look.pods()
    assert is_ready(pod)
    assert pod["spec"]["nodeName"] in look.nodes("gpu")
    assert pod["spec"]["nodeSelector"] == {"paddock.dev/pool": "gpu"}
    assert pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    events = look.kubectl("get", "events", "--namespace", "llama", "--field-selector", "reason=Scheduled")["items"]
    placed = [e for e in events if e["involvedObject"]["name"] == pod["metadata"]["name"]]
    assert [e.get("reportingComponent") or e["source"]["component"] for e in placed] == ["default-scheduler"]


def test_the_node_is_the_instance_that_the_plan_names(herd: Stack, look: Look) -> None:
    (node,) = look.nodes("gpu").values()
    planned = herd.outputs()["instance"]
    assert planned == f"1 x {node['metadata']['labels']['node.kubernetes.io/instance-type']}"
    assert node["status"]["capacity"]["nvidia.com/gpu"] == "1"


def test_without_a_node_the_pod_waits_so_the_claim_above_can_fail(herd: Stack, look: Look) -> None:
    cluster = herd.outputs()["cluster_name"]
    eks = look.aws("eks")
    (group,) = [name for name in eks.list_nodegroups(clusterName=cluster)["nodegroups"] if "gpu" in name]

    def scale(nodes: int) -> None:
        eks.update_nodegroup_config(clusterName=cluster, nodegroupName=group, scalingConfig={"desiredSize": nodes})

    try:
        scale(0)
        assert eventually(lambda: look.nodes("gpu") == {})
        assert eventually(lambda: [p["status"]["phase"] for p in look.pods()] == ["Pending"], 90)
    finally:
        scale(1)
    assert eventually(lambda: [is_ready(p) for p in look.pods()] == [True], 90)


def test_a_second_up_changes_nothing(herd: Stack) -> None:
    herd.up("--expect-no-changes")


def test_a_refresh_finds_nothing_changed(herd: Stack) -> None:
    herd.run("refresh", "--yes", "--skip-preview", "--suppress-progress", "--expect-no-changes")


def test_a_change_made_behind_its_back_is_seen_and_put_right(herd: Stack, look: Look) -> None:
    """The other side of the test above: were refresh blind, it would pass too."""
    (vpc,) = [r for r in herd.resources() if r["type"] == "aws:ec2/vpc:Vpc"]
    look.aws("ec2").delete_tags(Resources=[vpc["id"]], Tags=[{"Key": "paddock:stack"}])
    assert herd.run(
        "refresh", "--yes", "--skip-preview", "--suppress-progress", "--expect-no-changes", check=False
    ).returncode
    herd.up()
    herd.up("--expect-no-changes")


def test_another_model_replaces_the_pool_and_nothing_else(herd: Stack) -> None:
    herd.set_config("paddock:model", "llama-3.1-70b")
    try:
        steps = short(herd.preview())
    finally:
        herd.set_config("paddock:model", "llama-3.1-8b")
    assert steps == {
        ("replace", "aws:eks/nodeGroup:NodeGroup::llama-gpu"): 1,
        ("update", "aws:ec2/launchTemplate:LaunchTemplate::llama-gpu"): 1,
        ("update", "aws:iam/role:Role::llama-gpu-node"): 1,
        ("update", "aws:iam/rolePolicy:RolePolicy::llama-reader"): 1,
        ("update", "kubernetes:apps/v1:Deployment::llama-vllm-deployment"): 1,
    }


def test_another_stack_reads_the_endpoint(herd: Stack, cloud: LocalCloud, tmp_path: Path) -> None:
    program = Path(__file__).parent / "programs" / "reader"
    reader = Stack.of_program(
        program, "reader", {"reader:field": "organization/paddock/local"}, cloud.environment(), tmp_path / "r"
    )
    reader.up()
    assert reader.outputs()["chat_url"] == herd.outputs()["endpoint"] + "/chat/completions"


def test_destroy_leaves_nothing_in_aws_and_nothing_in_kubernetes(cloud: LocalCloud, look: Look, herd: Stack) -> None:
    """Runs last in this module: it ends the stack that the others use."""
    environment = cloud.environment()
    assert list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]) != [], "it sees what is there"
    herd.destroy()
    assert list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]) == []
    assert [
        n["metadata"]["name"] for n in look.kubectl("get", "namespaces")["items"] if n["metadata"]["name"] == "llama"
    ] == []
    assert eventually(lambda: look.kubectl("get", "nodes")["items"] == [])
    assert look.kubectl("get", "pods", "--all-namespaces")["items"] == []
    assert [r for r in herd.resources() if r["type"] != "pulumi:pulumi:Stack"] == []
