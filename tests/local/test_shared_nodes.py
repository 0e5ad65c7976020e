"""Replicas that share a node: an update of the nodes takes a whole node's worth away at once, as the plan says."""

from pathlib import Path

from local.processes.cloud import LocalCloud
from tests.local.look import eventually
from tests.local.stack import Stack
from tests.local.test_upgrades import BEGIN, CHANGES, StandingStack
from tests.local.watch import watching

REPLICAS = 5
SHARED = {**BEGIN, "instance_type": "g6.12xlarge", "replicas": REPLICAS}
"""Four GPUs a node: four replicas on the first, one on the second."""


def test_an_update_of_nodes_that_replicas_share_ends_and_keeps_as_many_ready_as_the_plan_says(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    stack = Stack.of_llama("local", cloud.environment(), tmp_path / "program", **SHARED)
    stack.up()
    standing = StandingStack(stack)
    standing.set(**{**SHARED, **CHANGES["AMI release"]})
    told = standing.against()
    with watching(cloud, REPLICAS) as watch:
        stack.up()
        assert eventually(lambda: watch.count == REPLICAS, 60), f"{watch.count} of {REPLICAS} replicas are ready"
    assert told["downtime"]["ready_at_least"] == 1
    assert watch.fewest >= 1
    assert stack.preview() == []
    stack.destroy()
