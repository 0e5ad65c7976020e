"""GpuNodePool: one node group of GPU nodes that nothing else lands on."""

import pytest

from paddock.cluster.gpu_node_pool import GpuNodePool, GpuNodePoolArgs, plan_gpu_pool
from paddock.cluster.node_group import BOTTLEROCKET_DATA_VOLUME
from paddock.common.inputs import ArgumentError
from tests.unit.components.recorder import Build

ARGS: GpuNodePoolArgs = {
    "cluster_name": "llama",
    "subnet_ids": ["subnet-1"],
    "instance_type": "g6.xlarge",
    "accelerator": "l4",
    "nodes": 2,
    "disk_gib": 100,
}
GROUP = "aws:eks/nodeGroup:NodeGroup"


def test_no_child_escapes_the_component(built: Build) -> None:
    assert built(lambda opts: GpuNodePool("p", ARGS, opts)).loose == set()


def test_exactly_the_planned_nodes_of_the_planned_type(built: Build) -> None:
    group = built(lambda opts: GpuNodePool("p", ARGS, opts)).one(GROUP)
    assert group["instanceTypes"] == ["g6.xlarge"]
    assert group["scalingConfig"] == {"desiredSize": 2, "minSize": 0, "maxSize": 2}
    assert group["subnetIds"] == ["subnet-1"]


def test_load_balancers_can_be_attached_to_the_group_that_eks_makes(built: Build) -> None:
    assert built(lambda opts: GpuNodePool("p", ARGS, opts)).outputs["autoscaling_group_name"] == "eks-p-gpu"


def test_only_pods_that_tolerate_gpus_land_on_the_pool(built: Build) -> None:
    group = built(lambda opts: GpuNodePool("p", ARGS, opts)).one(GROUP)
    assert group["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}]
    assert group["labels"] == {"paddock.dev/pool": "gpu", "k8s.amazonaws.com/accelerator": "l4"}


def test_images_have_room_on_an_encrypted_data_volume(built: Build) -> None:
    template = built(lambda opts: GpuNodePool("p", ARGS, opts)).one("aws:ec2/launchTemplate:LaunchTemplate")
    volumes = {each["deviceName"]: each["ebs"] for each in template["blockDeviceMappings"]}
    assert volumes[BOTTLEROCKET_DATA_VOLUME]["volumeSize"] == 100
    assert {volume["encrypted"] for volume in volumes.values()} == {"true"}


def test_amazon_linux_has_the_driver_and_everything_on_its_root_volume(built: Build) -> None:
    got = built(lambda opts: GpuNodePool("p", {**ARGS, "node_os": "al2023"}, opts))
    assert got.one(GROUP)["amiType"] == "AL2023_x86_64_NVIDIA"
    (root,) = got.one("aws:ec2/launchTemplate:LaunchTemplate")["blockDeviceMappings"]
    assert (root["deviceName"], root["ebs"]["volumeSize"], root["ebs"]["encrypted"]) == ("/dev/xvda", 120, "true")


def test_instances_and_volumes_carry_the_tags_that_the_bill_is_read_by(built: Build) -> None:
    template = built(lambda opts: GpuNodePool("p", ARGS, opts)).one("aws:ec2/launchTemplate:LaunchTemplate")
    assert {each["resourceType"] for each in template["tagSpecifications"]} == {"instance", "volume"}
    assert all(each["tags"]["paddock:stack"] == "paddock/test" for each in template["tagSpecifications"])


def test_spot_is_asked_for_in_the_words_of_eks() -> None:
    assert plan_gpu_pool({**ARGS, "capacity_type": "spot"}).capacity_type == "SPOT"  # type: ignore[typeddict-item]


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
        plan_gpu_pool({**ARGS, **change})  # type: ignore[typeddict-item]


def test_a_pool_switched_off_keeps_a_legal_maximum(built: Build) -> None:
    group = built(lambda opts: GpuNodePool("p", {**ARGS, "nodes": 0}, opts)).one(GROUP)
    assert group["scalingConfig"] == {"desiredSize": 0, "minSize": 0, "maxSize": 1}
