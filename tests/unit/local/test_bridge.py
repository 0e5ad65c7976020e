"""The bridge makes Kubernetes follow AWS; both are played here by objects that record what they are told."""

from __future__ import annotations

import copy
import logging
from typing import Any

import pytest

from local.kubernetes.bridge import Bridge, NodeGroups, changes
from local.kubernetes.nodes import GIVEN_ANNOTATION
from local.kubernetes.rolling import Rolling

from .test_nodes import P5, node_group, nodes


class Kubernetes:
    """Keeps nodes as the API server does."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, list[dict[str, Any]]] = {}
        self.deleted_pods: list[str] = []

    def nodes(self, _label: str) -> list[dict[str, Any]]:
        return list(self.kept.values())

    def pods_on(self, node: str) -> list[dict[str, Any]]:
        return self.pods.get(node, [])

    def create_node(self, node: dict[str, Any]) -> None:
        self.kept[node["metadata"]["name"]] = copy.deepcopy(node)

    def patch_node(self, name: str, change: dict[str, Any]) -> None:
        self.kept[name]["spec"] |= change.get("spec", {})
        for key, value in change.get("metadata", {}).get("labels", {}).items():
            if value is None:
                self.kept[name]["metadata"]["labels"].pop(key, None)
            else:
                self.kept[name]["metadata"]["labels"][key] = value
        self.kept[name]["metadata"]["annotations"] |= change.get("metadata", {}).get("annotations", {})

    def delete_node(self, name: str) -> None:
        assert self.kept[name]["spec"].get("unschedulable"), "a node is closed before it goes"
        del self.kept[name]

    def delete_pod(self, namespace: str, name: str) -> None:
        self.deleted_pods.append(f"{namespace}/{name}")


class Eks:
    def __init__(self, group: dict[str, Any] | None) -> None:
        self.group = group
        self.ended: list[dict[str, Any]] = []

    def list_clusters(self) -> dict[str, Any]:
        return {"clusters": ["demo"]}

    def list_nodegroups(self, clusterName: str) -> dict[str, Any]:  # noqa: N803 - boto3's spelling
        assert clusterName == "demo"
        return {"nodegroups": [self.group["nodegroupName"]] if self.group else []}

    def describe_nodegroup(self, **_: str) -> dict[str, Any]:
        return {"nodegroup": self.group}


class Ec2:
    def describe_subnets(self, **_: Any) -> dict[str, Any]:
        return {"Subnets": [{"AvailabilityZone": "us-east-1a", "CidrBlock": "10.0.0.0/24"}]}

    def describe_instance_types(self, **_: Any) -> dict[str, Any]:
        return {"InstanceTypes": [P5]}


def group(**changes: Any) -> dict[str, Any]:
    return node_group(clusterName="demo", instanceTypes=["p5.48xlarge"], subnets=["subnet-1"], **changes)


@pytest.fixture
def kubernetes() -> Kubernetes:
    return Kubernetes()


@pytest.fixture
def eks() -> Eks:
    return Eks(group())


@pytest.fixture
def bridge(kubernetes: Kubernetes, eks: Eks) -> Bridge:
    return Bridge(NodeGroups(eks, Ec2()), kubernetes, Rolling(kubernetes, eks.ended.append))  # type: ignore[arg-type]  # play the APIs' parts


def test_a_node_group_becomes_nodes_and_a_second_pass_changes_nothing(bridge: Bridge, kubernetes: Kubernetes) -> None:
    bridge.pass_once()
    made = copy.deepcopy(kubernetes.kept)
    assert len(made) == 3
    bridge.pass_once()
    assert kubernetes.kept == made


def test_scaling_removes_nodes_after_their_pods(bridge: Bridge, kubernetes: Kubernetes, eks: Eks) -> None:
    bridge.pass_once()
    last = list(kubernetes.kept)[-1]
    kubernetes.pods[last] = [{"metadata": {"namespace": "llama", "name": "vllm-0"}}]
    eks.group = group(scalingConfig={"desiredSize": 2})
    bridge.pass_once()
    assert len(kubernetes.kept) == 2
    assert last not in kubernetes.kept
    assert kubernetes.deleted_pods == ["llama/vllm-0"]


def test_a_deleted_group_leaves_no_node(bridge: Bridge, kubernetes: Kubernetes, eks: Eks) -> None:
    bridge.pass_once()
    eks.group = None
    bridge.pass_once()
    assert kubernetes.kept == {}


def test_labels_and_taints_follow_the_group_and_leave_those_of_others(
    bridge: Bridge, kubernetes: Kubernetes, eks: Eks
) -> None:
    bridge.pass_once()
    name = next(iter(kubernetes.kept))
    kubernetes.kept[name]["metadata"]["labels"]["mine"] = "yes"
    mine = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    kubernetes.kept[name]["spec"]["taints"].append(mine)
    eks.group = group(labels={"team": "b"}, taints=[])
    bridge.pass_once()
    labels = kubernetes.kept[name]["metadata"]["labels"]
    assert (labels["team"], labels["mine"]) == ("b", "yes")
    assert "paddock.dev/pool" not in labels
    assert kubernetes.kept[name]["spec"]["taints"] == [mine]


def test_a_group_of_an_unknown_type_is_reported_once_and_has_no_nodes(
    bridge: Bridge, kubernetes: Kubernetes, eks: Eks, caplog: pytest.LogCaptureFixture
) -> None:
    eks.group = group() | {"instanceTypes": []}
    with caplog.at_level(logging.INFO):
        bridge.pass_once()
        bridge.pass_once()
    assert kubernetes.kept == {}
    assert [record.message for record in caplog.records] == [
        "node group demo/gpu has no nodes: EC2 does not describe its instance type None"
    ]


def test_comparing_equal_nodes_finds_nothing_to_do() -> None:
    todo = changes(nodes(), nodes())
    assert (todo.create, todo.patch, todo.delete) == ([], {}, [])


def test_a_node_that_nobody_annotated_is_given_what_its_group_says() -> None:
    bare = nodes()[:1]
    del bare[0]["metadata"]["annotations"][GIVEN_ANNOTATION]
    assert list(changes(nodes()[:1], bare).patch) == [bare[0]["metadata"]["name"]]
