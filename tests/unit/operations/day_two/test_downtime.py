"""Downtime of the model: by replicas, by what happens to their pods, and never less than it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from paddock.operations.day_two.changes import Change, How, Transition, compare
from paddock.operations.day_two.downtime import NODE_REPLACED, Pods, successor
from paddock.operations.day_two.facts import Facts, facts_that_stand
from paddock.operations.day_two.state import read_state
from paddock.plan.plan import make_plan
from paddock.serving.weights_check import CHECK_SECONDS
from paddock.settings import parse_settings
from tests.unit.operations.day_two.stands import SETTINGS, compared, export, transition

IMAGE = {"vllm_image": str(SETTINGS["vllm_image"]).replace("a" * 64, "b" * 64)}


def of(found: Transition, key: str) -> Change:
    (change,) = [each for each in found.changes if each.key == key]
    return change


@pytest.mark.parametrize(("replicas", "ready"), [(1, 0), (2, 1), (3, 2)])
def test_a_rollout_keeps_all_replicas_but_one(replicas: int, ready: int) -> None:
    found = transition({"replicas": replicas}, {"replicas": replicas, **IMAGE}).downtime
    assert found.ready_at_least == ready
    assert (found.without_replica.high == 0) == (ready > 0)
    assert found.one_less.expected == replicas * found.one_less.expected / replicas > 0


def test_with_one_replica_a_rollout_is_a_downtime_of_one_start_with_its_band() -> None:
    found = transition({"replicas": 1}, {"replicas": 1, "max_model_len": 4096}).downtime.without_replica
    given = {**SETTINGS, "replicas": 1}
    probes = make_plan(parse_settings(given, region=given.pop("region"))).model.probes
    assert found.high == probes.startup_seconds + probes.termination_grace_seconds
    assert 0 < found.low < found.expected < found.high


@pytest.mark.parametrize("revision", [{}, {"weights_revision": "bf16-0a1b2c3d4e5f"}], ids=["unchecked", "checked"])
def test_a_rollout_of_pods_that_copy_their_weights_waits_for_the_copy_too(revision: dict[str, str]) -> None:
    copied = {"replicas": 1, "weights_loading": "nvme", **revision}
    given = {**SETTINGS, **copied}
    model = make_plan(parse_settings(given, region=given.pop("region"))).model
    found = transition(copied, {**copied, "max_model_len": 4096}).downtime.without_replica
    longest = model.loading.copy_seconds + (CHECK_SECONDS if revision else 0)
    assert longest > 0
    assert found.high == longest + model.probes.startup_seconds + model.probes.termination_grace_seconds


def test_a_new_image_and_new_nodes_take_a_pull_more() -> None:
    def expected(**changed: Any) -> float:
        return transition({"replicas": 1}, {"replicas": 1, **changed}).downtime.without_replica.expected

    start = expected(max_model_len=4096)
    assert start < expected(**IMAGE) < expected(node_release_version="1.63.1-4b5a6978")


def test_a_second_replica_that_is_asked_for_in_the_same_up_bridges_the_rollout() -> None:
    found = transition({"replicas": 1}, {"replicas": 2, **IMAGE}).downtime
    assert (found.ready_at_least, found.without_replica.high) == (1, 0)


def test_a_second_replica_that_is_given_up_in_the_same_up_bridges_nothing() -> None:
    found = transition({"replicas": 2}, {"replicas": 1, **IMAGE}).downtime
    assert found.ready_at_least == 0
    assert found.without_replica.high > 0


def test_new_nodes_and_a_new_image_start_each_replica_twice_and_a_new_pool_once() -> None:
    upgraded = {"kubernetes_version": "1.36"}
    twice = transition({"replicas": 1}, {"replicas": 1, **upgraded, **IMAGE})
    assert twice.restarts == 2
    once = transition({"replicas": 1}, {"replicas": 1, **upgraded, **IMAGE, "instance_type": "g6.2xlarge"})
    assert once.restarts == 1
    assert once.downtime.without_replica.expected < twice.downtime.without_replica.expected


def test_a_new_pool_counts_against_the_quota_beside_the_old_one() -> None:
    found = transition({}, {"instance_type": "g6.2xlarge"})
    assert (found.extra_vcpus, found.quota) == (16, "Running On-Demand G and VT instances")
    assert transition({}, IMAGE).extra_vcpus == 0
    spot = transition({}, {"instance_type": "g6.2xlarge", "capacity_type": "spot"})
    assert spot.quota == "All G and VT Spot Instance Requests"


@pytest.mark.parametrize(
    ("before", "after", "instead"),
    [
        ("1.34", "1.36", "set paddock:kubernetes_version to 1.35, run `pulumi up`, then the next"),
        (
            "1.36",
            "1.35",
            (
                "within the 7 days, with the AWS CLI: update-nodegroup-version --kubernetes-version 1.35 on each node "
                "group, then update-cluster-version; then `pulumi refresh`, and name 1.35 here; else leave it at 1.36"
            ),
        ),
        ("1.36", "1.34", "leave it at 1.36"),
    ],
)
def test_two_minors_and_a_way_back_are_refused_with_the_step_to_take(before: str, after: str, instead: str) -> None:
    state = read_state(export().replace('"version": "1.35"', f'"version": "{before}"'))
    standing = facts_that_stand(state)
    assert standing.kubernetes_version == before
    found = compare(standing, replace(standing, kubernetes_version=after), ["kubernetes_version"])
    change = of(found, "paddock:kubernetes_version")
    assert (change.how, change.instead) == (How.REFUSED, instead)
    assert change.downtime.pods is Pods.STAY


def test_one_minor_can_be_undone_for_seven_days() -> None:
    change = of(transition({}, {"kubernetes_version": "1.36"}), "paddock:kubernetes_version")
    assert change.how is How.ROLLING
    assert "by one minor version, within 7 days of its upgrade, after its node groups" in change.not_undone


def standing_with(**changed: Any) -> Facts:
    return replace(facts_that_stand(read_state(export())), **changed)


def test_an_older_ami_release_is_not_refused_and_said_to_be_uncertain() -> None:
    standing = standing_with(node_release_version="1.63.1-4b5a6978")
    older = compare(standing, replace(standing, node_release_version="1.62.0-0f1e2d3c"), ["node_release_version"])
    change = of(older, "paddock:node_release_version")
    assert change.how is How.ROLLING
    assert change.downtime.pods is Pods.WITH_NODES
    assert "AWS's pages disagree" in change.does
    newer = compare(standing, replace(standing, node_release_version="1.64.0-0f1e2d3c"), ["node_release_version"])
    assert "AWS's pages disagree" not in of(newer, "paddock:node_release_version").does


def with_start_budget(seconds: int, replicas: int) -> Change:
    """An upgrade of Kubernetes where a start takes up to so long; half of it is expected."""
    standing = standing_with(start_budget_seconds=seconds, replicas=replicas, nodes=replicas)
    found = compare(standing, replace(standing, kubernetes_version="1.36"), ["kubernetes_version"])
    return of(found, "paddock:kubernetes_version")


def test_a_start_that_outlasts_the_eviction_of_the_next_node_is_refused_or_warned_of() -> None:
    short = with_start_budget(240, 2)
    assert short.how is How.ROLLING
    assert "PodEvictionFailure" not in short.does
    possible = with_start_budget(900, 2)
    assert possible.how is How.ROLLING
    assert "24 at most), EKS gives the next node up (PodEvictionFailure)" in possible.does
    expected = with_start_budget(1800, 2)
    assert expected.how is How.REFUSED
    assert "about 18 minutes" in expected.does
    assert expected.instead.startswith("set paddock:replicas to 1 and run `pulumi up`")
    assert expected.downtime.pods is Pods.STAY


def test_with_one_replica_no_start_is_too_long_for_an_eviction() -> None:
    change = with_start_budget(7200, 1)
    assert change.how is How.ROLLING
    assert "PodEvictionFailure" not in change.does


def test_nodes_that_go_are_ended_at_once_and_replicas_that_share_theirs_are_not() -> None:
    fewer = of(transition({"replicas": 3}, {}), "paddock:replicas")
    assert "GPU nodes: 3 → 2" in fewer.does
    assert "requests on them may be cut off" in fewer.does
    assert "finish their requests" not in fewer.does
    shared: dict[str, Any] = {"instance_type": "g6.12xlarge"}
    on_one_node = of(transition({**shared, "replicas": 2}, {**shared, "replicas": 1}), "paddock:replicas")
    assert "GPU nodes: 1 → 1; the pods that end finish their requests" in on_one_node.does


@pytest.mark.parametrize(("replicas", "nodes", "ready"), [(2, 1, 0), (4, 1, 0), (5, 2, 1)])
def test_replicas_that_share_a_node_go_with_it_together(replicas: int, nodes: int, ready: int) -> None:
    shared: dict[str, Any] = {"instance_type": "g6.12xlarge", "replicas": replicas}
    found = transition(shared, {**shared, "kubernetes_version": "1.36"})
    change = of(found, "paddock:kubernetes_version")
    assert (change.how, change.downtime.ready_at_least) == (How.ROLLING, ready)
    a_node = successor(facts_that_stand(read_state(export(**shared)))) + NODE_REPLACED
    assert change.downtime.one_less == a_node.times(nodes)
    assert (change.downtime.without_replica.high > 0) == (nodes == 1)


def test_a_disruption_budget_below_a_nodes_worth_keeps_eks_from_emptying_it_and_is_widened_first() -> None:
    shared: dict[str, Any] = {"instance_type": "g6.12xlarge", "replicas": 2}
    older = export(**shared).replace('"maxUnavailable": 2', '"maxUnavailable": 1')
    assert older != export(**shared)
    change = of(compared(older, {**shared, "kubernetes_version": "1.36"}), "paddock:kubernetes_version")
    assert change.how is How.REFUSED
    assert "2 replicas may share a node, and the disruption budget that stands lets 1 go" in change.does
    assert change.instead.startswith("run `pulumi up` without this change first")
    assert compared(older, shared).refused == ()


@pytest.mark.parametrize("replicas", [2, 4])
def test_fewer_replicas_on_a_node_replace_no_node_so_that_the_way_out_is_open(replicas: int) -> None:
    shared: dict[str, Any] = {"instance_type": "g6.12xlarge", "replicas": replicas}
    found = transition(shared, {**shared, "replicas": 1})
    assert found.refused == ()
    assert Pods.WITH_NODES not in {each.downtime.pods for each in found.changes}


@pytest.mark.parametrize(
    ("after", "key"),
    [
        ({"number_of_availability_zones": 2}, "paddock:number_of_availability_zones"),
        ({"vpc_cidr": "10.8.0.0/16"}, "paddock:vpc_cidr"),
        ({"region": "us-west-2", "vllm_image": IMAGE["vllm_image"].replace("us-east-1", "us-west-2")}, "aws:region"),
    ],
)
def test_what_would_rebuild_the_network_is_refused(after: dict[str, Any], key: str) -> None:
    change = of(transition({"number_of_availability_zones": 3}, {"number_of_availability_zones": 3, **after}), key)
    assert change.how is How.REFUSED
    assert "second stack" in change.instead
