"""GpuNodePool: one node group of GPU nodes that nothing else lands on."""

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.cluster.gpu_node_pool import GpuNodePool, plan_gpu_pool
from paddock.common.inputs import ArgumentError
from tests.unit.components.cases import args_of, built_case
from tests.unit.components.recorder import Build

GROUP = "aws:eks/nodeGroup:NodeGroup"


def test_instances_and_volumes_carry_the_tags_that_the_bill_is_read_by() -> None:
    template = built_case("GpuNodePool").one("aws:ec2/launchTemplate:LaunchTemplate")
    assert {each["resourceType"] for each in template["tagSpecifications"]} == {"instance", "volume"}
    assert all(each["tags"]["paddock:stack"] == "paddock/test" for each in template["tagSpecifications"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes": -1}, "nodes must be 0 or more, got -1"),
        ({"disk_gib": 8}, "disk_gib must be 20 or more, got 8"),
        ({"node_os": "al2"}, "node_os must be one of bottlerocket, al2023, got 'al2'"),
        ({"capacity_type": "spott"}, "capacity_type must be one of on_demand, spot, got 'spott'"),
    ],
)
def test_what_cannot_be_a_pool_is_refused_before_anything_is_made(change: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        plan_gpu_pool(args_of("GpuNodePool", **change))


def test_a_pool_switched_off_keeps_a_legal_maximum(built: Build) -> None:
    group = built(lambda opts: GpuNodePool("p", args_of("GpuNodePool", nodes=0), opts)).one(GROUP)
    assert group["scalingConfig"] == {"desiredSize": 0, "minSize": 0, "maxSize": 1}


def test_a_name_that_no_label_of_kubernetes_can_hold_is_refused(built: Build) -> None:
    with pytest.raises(RefusedError, match="Kubernetes takes no node label 'aaaa"):
        built(lambda opts: GpuNodePool(60 * "a", args_of("GpuNodePool"), opts))
