"""Nodes of a group that is updated: replaced one at a time, in the order of the group's strategy, within budgets."""

from __future__ import annotations

from typing import Any

import pytest

from local.kubernetes.rolling import DRAIN_SECONDS, Rolling

from .test_bridge import Kubernetes
from .test_nodes import names, node_group, nodes

OLD, NEW = node_group(launchTemplate={"version": "1"}), {"launchTemplate": {"version": "2"}, "status": "UPDATING"}


class Drained(Kubernetes):
    """Every node ready at once; a pod goes when its budget lets it, and comes back on no node."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = True
        self.asked: list[str] = []

    def create_node(self, node: dict[str, Any]) -> None:
        super().create_node({**node, "status": {**node["status"], "conditions": [{"type": "Ready", "status": "True"}]}})

    def evict(self, namespace: str, name: str) -> bool:
        self.asked.append(f"{namespace}/{name}")
        if self.budget:
            self.pods = {node: [p for p in pods if p["metadata"]["name"] != name] for node, pods in self.pods.items()}
        return self.budget


@pytest.fixture
def kubernetes() -> Drained:
    made = Drained()
    for node in nodes(OLD):
        made.create_node(node)
    return made


def roll(
    kubernetes: Drained, strategy: str, clock: list[float] | None = None
) -> tuple[list[int], list[dict[str, Any]]]:
    """Nodes that stood after each step, and what EKS was told."""
    group = {**OLD, **NEW, "updateConfig": {"updateStrategy": strategy}}
    told: list[dict[str, Any]] = []
    times = clock or [0.0]
    rolling = Rolling(kubernetes, told.append, lambda: times[0])  # type: ignore[arg-type]  # plays the API's part
    stood = []
    for _ in range(20):
        if told:
            break
        rolling.step(group, nodes(group), kubernetes.nodes(""))
        times[0] += DRAIN_SECONDS if clock else 0
        stood.append(len(kubernetes.kept))
    return stood, told


def a_pod(name: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "llama", "name": name, **metadata}}


def test_minimal_ends_a_node_before_its_successor_comes_and_never_has_one_more(kubernetes: Drained) -> None:
    stood, told = roll(kubernetes, "MINIMAL")
    assert stood == [2, 3, 2, 3, 2, 3, 3]
    assert sorted(kubernetes.kept) == sorted(names(nodes({**OLD, **NEW})))
    assert told == [{"nodegroupArn": OLD["nodegroupArn"], "error": None, "resourceIds": []}]


@pytest.mark.parametrize(("strategy", "before_new_ones"), [("MINIMAL", True), ("DEFAULT", False)])
def test_all_old_nodes_are_cordoned_by_minimal_at_the_beginning_and_by_default_once_new_ones_are_ready(
    strategy: str, before_new_ones: bool, kubernetes: Drained
) -> None:
    old = sorted(kubernetes.kept)
    kubernetes.pods[old[0]] = [a_pod("vllm-0")]
    group = {**OLD, **NEW, "updateConfig": {"updateStrategy": strategy}}
    rolling = Rolling(kubernetes, lambda _: None, lambda: 0.0)  # type: ignore[arg-type]  # plays the API's part

    def cordoned() -> list[str]:
        return sorted(name for name in kubernetes.kept if kubernetes.kept[name]["spec"].get("unschedulable"))

    rolling.step(group, nodes(group), kubernetes.nodes(""))
    assert cordoned() == (old if before_new_ones else [])
    rolling.step(group, nodes(group), kubernetes.nodes(""))
    assert cordoned() == (old[1:] if before_new_ones else old)


def test_default_makes_the_new_ones_first(kubernetes: Drained) -> None:
    stood, _ = roll(kubernetes, "DEFAULT")
    assert stood == [6, 5, 4, 3, 3]


def test_a_node_waits_for_its_pods_and_those_of_daemon_sets_do_not_count(kubernetes: Drained) -> None:
    first = min(kubernetes.kept)
    kubernetes.pods[first] = [a_pod("vllm-0"), a_pod("agent", ownerReferences=[{"kind": "DaemonSet"}])]
    roll(kubernetes, "MINIMAL")
    assert kubernetes.asked == ["llama/vllm-0"]
    assert kubernetes.deleted_pods == ["llama/agent"]


def test_a_node_that_a_budget_keeps_full_fails_the_update_and_is_opened_again(kubernetes: Drained) -> None:
    first = min(kubernetes.kept)
    kubernetes.pods[first] = [a_pod("vllm-0")]
    kubernetes.budget = False
    _, told = roll(kubernetes, "MINIMAL", [0.0])
    assert [each["error"]["errorCode"] for each in told] == ["PodEvictionFailure"]
    assert told[0]["resourceIds"] == [first]
    assert not any(node["spec"]["unschedulable"] for node in kubernetes.kept.values())
    assert sorted(kubernetes.kept) == sorted(names(nodes(OLD)))
