"""Downtime of the model by what happens to its pods: a pure reckoning from the probes and the replicas."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from paddock.catalog import engine, instance, newest_version
from paddock.operations.day_two.facts import Facts
from paddock.sizing.placement.pod_shape import PULL_SAFETY_FACTOR, pull_seconds


@dataclass(frozen=True, slots=True)
class Seconds:
    """An estimate, the least and the most that it may come to."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def times(self, count: int) -> Seconds:
        return Seconds(count * self.low, count * self.expected, count * self.high)


NO_TIME = Seconds(0, 0, 0)
NODE_REPLACED = Seconds(90, 240, 600)
"""Time from an empty node to its ready successor: EKS waits 60 seconds before it ends the node (EKS user guide,
managed-node-update-behavior, read 2026-11-28); AWS states no figure for launch and joining: this is a guess."""
EVICTION_SECONDS = 15 * 60
"""Time after which EKS gives up a node that its pods do not leave. Source: the same page."""


class Pods(StrEnum):
    """Fate of the pods of the model."""

    STAY = "stay"
    ADDED = "are added"
    REMOVED = "are removed"
    ROLLED = "restart one at a time, by the Deployment's rollout"
    WITH_NODES = "restart node by node, each with its node"
    MOVED = "move one at a time to new nodes, by the Deployment's rollout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """Replicas that answer meanwhile, and for how long fewer do."""

    pods: Pods
    ready_at_least: int
    """Replicas that are ready at every moment."""
    without_replica: Seconds
    """Time in which none is ready."""
    one_less: Seconds
    """Time in which one is missing; those of a whole node where replicas share it."""


def pull() -> Seconds:
    """Pull of the image by a node that has not got it."""
    longest = pull_seconds()
    return _band(longest / PULL_SAFETY_FACTOR, longest, PULL_SAFETY_FACTOR)


def _band(expected: float, longest: float, factor: float) -> Seconds:
    """Band as far below the expected time as the safety factor of the budget goes above it."""
    return Seconds(expected / factor, expected, longest)


def downtime(pods: Pods, before: Facts, after: Facts) -> Downtime:
    """Downtime of one such event on its own."""
    if pods in (Pods.STAY, Pods.ADDED, Pods.REMOVED):
        ready = min(before.replicas, after.replicas)
        return Downtime(pods=pods, ready_at_least=ready, without_replica=NO_TIME, one_less=NO_TIME)
    if pods is Pods.WITH_NODES:
        # Before the Deployment changes, so it is the standing pods that start again; one node after the other.
        each = successor(before) + NODE_REPLACED
        ready, times = before.replicas - replicas_per_node(before), before.nodes
    else:
        # The rollout keeps all but one of the replicas that are asked for, out of those that there were.
        each = start(after)
        if pods is Pods.MOVED or before.vllm_image != after.vllm_image:
            each += pull()
        ready, times = min(before.replicas, after.replicas - 1), after.replicas
    return Downtime(
        pods=pods,
        ready_at_least=ready,
        without_replica=NO_TIME if ready else each,
        one_less=each.times(times),
    )


def start(facts: Facts) -> Seconds:
    """Time from the end of one pod's readiness to its successor's: it drains, and the model starts."""
    factor = engine(newest_version()).startup.safety_factor
    longest = facts.start_budget_seconds
    return _band(longest / factor, facts.grace_seconds + longest, factor)


def successor(facts: Facts) -> Seconds:
    """Time to a ready pod on a new node, for which the disruption budget keeps the next node's pod where it is."""
    return pull() + start(facts)


def replicas_per_node(facts: Facts) -> int:
    """Replicas that may be on one node: as many as its GPUs hold, which is what the scheduler looks at."""
    return min(facts.replicas, max(1, instance(facts.instance_type).gpus // facts.gpus))
