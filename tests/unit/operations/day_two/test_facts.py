"""Facts that a state has: each that an `up` acts on is read, and a state in another form is refused in one message."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.operations.day_two.changes import How, Transition
from paddock.operations.day_two.downtime import Pods
from paddock.operations.day_two.facts import facts_that_stand
from paddock.operations.day_two.state import SPECIAL, read_state
from tests.unit.operations.day_two.stands import IMAGE, compared, export, transition

Edit = Callable[[dict[str, Any]], None]
KEPT = {"weights_bucket": "kept-weights", "weights_key_arn": "arn:aws:kms:us-east-1:123456789012:key/a-b"}
RELEASE = {"node_release_version": "1.63.1-4b5a6978"}
THIS_VPC, OTHER_VPC = "vpc-" + "a" * 17, "vpc-" + "b" * 17
NODE_GROUP, CLUSTER = "aws:eks/nodeGroup:NodeGroup", "aws:eks/cluster:Cluster"
DEPLOYMENT, TEMPLATE = "kubernetes:apps/v1:Deployment", "aws:ec2/launchTemplate:LaunchTemplate"


def edited(kind: str, edit: Edit, **changed: Any) -> str:
    """An export in which each resource of a type, or whose URN ends so, is edited."""
    content = json.loads(export(**changed))
    found = [each for each in content["deployment"]["resources"] if f"{kind}::" in each["urn"] or _ends(each, kind)]
    assert found
    for each in found:
        edit(each)
    return json.dumps(content)


def _ends(resource: dict[str, Any], name: str) -> bool:
    return str(resource["urn"]).endswith(name)


def put(key: str, value: Any) -> Edit:
    return lambda resource: resource["inputs"].update({key: value})


def keys(found: Transition) -> dict[str, Pods]:
    return {each.key: each.downtime.pods for each in found.changes}


@pytest.mark.parametrize(
    ("group", "told"),
    [
        ("llama-gpu-g6-xlarge", {"GPU nodes' Kubernetes": Pods.WITH_NODES}),
        ("llama-system", {"system nodes' Kubernetes": Pods.STAY}),
    ],
)
def test_nodes_behind_the_control_plane_are_replaced(group: str, told: dict[str, Pods]) -> None:
    behind = edited(f"NodeGroup::{group}", put("version", "1.34"))
    assert keys(compared(behind, {})) == told
    # With a newer control plane its own change says it all.
    assert keys(compared(behind, {"kubernetes_version": "1.36"})).keys() & told.keys() == set()


@pytest.mark.parametrize(("before", "after"), [({}, KEPT), (KEPT, {}), (KEPT, {**KEPT, "weights_bucket": "other"})])
def test_another_bucket_restarts_the_pods_and_must_hold_the_weights(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    (change,) = transition(before, after).changes
    assert (change.key, change.downtime.pods) == ("paddock:weights_bucket", Pods.ROLLED)
    assert "must be in the bucket first" in change.does
    assert transition(after, after).changes == ()


def test_another_network_is_refused_and_the_same_one_is_no_change() -> None:
    content = json.loads(edited(CLUSTER, _in_existing_network))
    resources = content["deployment"]["resources"]
    content["deployment"]["resources"] = [
        each for each in resources if not any(f":{kind}::" in each["urn"] for kind in ("Vpc", "Subnet"))
    ]
    subnets = {
        kind: [f"subnet-{letter}{i:016}" for i in range(2)]
        for kind, letter in (("node_subnet_ids", "a"), ("endpoint_subnet_ids", "b"))
    }
    same = {"vpc_id": THIS_VPC, **subnets}
    assert keys(compared(json.dumps(content), same)) == {}
    (change,) = compared(json.dumps(content), {**same, "vpc_id": OTHER_VPC}).changes
    assert (change.key, change.how, change.before, change.after) == ("paddock:vpc_id", How.REFUSED, THIS_VPC, OTHER_VPC)
    assert How.REFUSED in {each.how for each in transition({}, same).changes}


def _in_existing_network(cluster: dict[str, Any]) -> None:
    cluster["outputs"]["vpcConfig"] = {**cluster["inputs"]["vpcConfig"], "vpcId": THIS_VPC}


@pytest.mark.parametrize(
    "after",
    [
        {"node_os": "al2023", "device_plugin_image": IMAGE, "node_release_version": "1.35.3-20260714"},
        {"instance_type": "g6.12xlarge"},
    ],
)
def test_a_new_pool_is_no_update_of_release_and_disks(after: dict[str, Any]) -> None:
    found = transition({"node_release_version": "1.64.0-0f1e2d3c"}, {**RELEASE, **after, "replicas": 2})
    assert "GPU nodes' disks" not in keys(found)
    assert Pods.WITH_NODES not in keys(found).values()
    assert found.refused == ()


def test_a_new_pool_is_the_way_out_for_replicas_that_share_a_node() -> None:
    shared = {"instance_type": "g6.12xlarge", "replicas": 2}
    assert transition(shared, {**shared, "instance_type": "g6.48xlarge", **RELEASE}).refused == ()


def _second(key: str, value: Any) -> Edit:
    def edit(deployment: dict[str, Any]) -> None:
        pod = deployment["inputs"]["spec"]["template"]["spec"]
        if key == "containers":
            pod[key].append(value)
        else:
            pod[key].update(value)

    return edit


def _no_startup_probe(deployment: dict[str, Any]) -> None:
    del deployment["inputs"]["spec"]["template"]["spec"]["containers"][0]["startupProbe"]


ODD: dict[str, tuple[str, Edit]] = {
    "no cluster ARN": (CLUSTER, lambda each: each["outputs"].clear()),
    "unknown AMI type": (NODE_GROUP, put("amiType", "WINDOWS_CORE_2025_x86_64")),
    "no version": (NODE_GROUP, put("version", None)),
    "no scaling": (NODE_GROUP, put("scalingConfig", {})),
    "two node selectors": (DEPLOYMENT, _second("nodeSelector", {"a": "b"})),
    "second container": (DEPLOYMENT, _second("containers", {"name": "sidecar"})),
    "no startup probe": (DEPLOYMENT, _no_startup_probe),
    "secret spec": (DEPLOYMENT, put("spec", {SPECIAL: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"})),
    "secret version": (CLUSTER, put("version", {SPECIAL: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"})),
    "no volumes": (TEMPLATE, put("blockDeviceMappings", None)),
}


@pytest.mark.parametrize("name", ODD)
def test_a_state_in_another_form_is_refused_and_says_of_which_platform(name: str) -> None:
    state = read_state(edited(*ODD[name]))
    with pytest.raises(RefusedError, match=r"llama.*(in a form that paddock does not make|is a secret)"):
        facts_that_stand(state)


@pytest.mark.parametrize("key", ["inputs", "outputs"])
def test_a_resource_whose_properties_are_no_mapping_is_no_state(key: str) -> None:
    with pytest.raises(RefusedError, match="no state of a Pulumi stack"):
        read_state(edited(CLUSTER, lambda each: each.update({key: ["a"]})))


@pytest.mark.parametrize("more", [{}, {"weights_revision": "bf16-0a1b2c3d4e5f"}], ids=["unchecked", "checked"])
def test_another_adapter_restarts_the_pods_and_is_said_by_its_name(more: dict[str, Any]) -> None:
    one, two = {"sql": "lora-1"}, {"sql": "lora-1", "tone": "support-tone/lora-2"}
    found = transition({**more, "adapters": one}, {**more, "adapters": two})
    (change,) = [each for each in found.changes if each.key == "paddock:adapters"]
    assert (change.before, change.after) == ("none", "tone support-tone/lora-2")
    assert (change.how, change.downtime.pods, found.restarts) == (How.ROLLING, Pods.ROLLED, 1)
    assert {each.downtime.pods for each in found.changes} == {Pods.ROLLED}
    assert transition({**more, "adapters": two}, {**more, "adapters": two}).changes == ()


def test_a_model_beside_adapters_is_still_read_as_itself() -> None:
    stands = facts_that_stand(read_state(export(adapters={"tone": "support-tone/lora-2"})))
    assert (stands.model, stands.quantization, stands.weights_revision) == ("llama-3.1-8b", "bf16", None)
    assert stands.adapters == {"tone": "support-tone/lora-2"}
