"""GpuNodePool: one node group of GPU nodes that nothing else lands on."""

from typing import Any

import pytest

from paddock.catalog.lookup import RefusedError
from paddock.cluster.gpu_node_pool import GpuNodePool, plan_gpu_pool
from paddock.common.inputs import ArgumentError
from tests.unit.components.cases import args_of, built_case
from tests.unit.components.recorder import Build

GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def test_instances_and_volumes_carry_the_tags_that_the_bill_is_read_by() -> None:
    template = built_case("GpuNodePool").one(TEMPLATE)
    assert {each["resourceType"] for each in template["tagSpecifications"]} == {"instance", "volume"}
    assert all(each["tags"]["paddock:stack"] == "paddock/test" for each in template["tagSpecifications"])


def test_another_model_or_tag_makes_no_new_version_of_the_template_and_so_no_new_nodes() -> None:
    got = built_case("GpuNodePool", every=True)
    template, group = got.one(TEMPLATE), got.one(GROUP)
    assert group["tags"]["paddock:model"] == "llama"
    assert not [each for each in template["tagSpecifications"] if "paddock:model" in each["tags"]]
    assert got.options[TEMPLATE, "p-gpu-g6-xlarge"]["ignore_changes"] == ["tagSpecifications", "tags"]


def test_another_type_is_another_group_and_another_zone_that_offers_it_is_not() -> None:
    got = built_case("GpuNodePool")
    assert set(got.of(GROUP)) == {"p-gpu-g6-xlarge"}
    assert got.options[GROUP, "p-gpu-g6-xlarge"]["ignore_changes"] == ["subnetIds"]


def test_nodes_are_replaced_in_the_place_of_old_ones_as_no_quota_holds_more() -> None:
    group = built_case("GpuNodePool").one(GROUP)
    assert group["updateConfig"] == {"maxUnavailable": 1, "updateStrategy": "MINIMAL"}


def test_the_disk_of_images_has_the_iops_that_its_throughput_needs(built: Build) -> None:
    def disks(**change: Any) -> dict[str, tuple[Any, Any]]:
        made = built(lambda opts: GpuNodePool("p", args_of("GpuNodePool", **change), opts)).one(TEMPLATE)
        volumes = {each["deviceName"]: each["ebs"] for each in made["blockDeviceMappings"]}
        return {device: (volume.get("throughput"), volume.get("iops")) for device, volume in volumes.items()}

    assert disks() == {"/dev/xvdb": (None, None), "/dev/xvda": (None, None)}
    assert disks(disk_throughput_mib_s=500) == {"/dev/xvdb": (500, None), "/dev/xvda": (None, None)}
    assert disks(disk_throughput_mib_s=1000) == {"/dev/xvdb": (1000, 4000), "/dev/xvda": (None, None)}


def test_a_group_that_never_came_up_is_not_taken_for_done(built: Build) -> None:
    with pytest.raises(
        Exception, match=r"node group p-gpu-g6-xlarge-0a1b2c3 is CREATE_FAILED(.|\n)*pulumi up --replace"
    ):
        built(
            lambda opts: GpuNodePool("p", args_of("GpuNodePool"), opts),
            answers={GROUP: {"status": "CREATE_FAILED"}},
        )


def test_a_node_that_is_broken_is_replaced() -> None:
    assert built_case("GpuNodePool").one(GROUP)["nodeRepairConfig"] == {"enabled": True}


def test_nodes_have_the_version_of_the_control_plane_and_the_release_that_is_named() -> None:
    assert built_case("GpuNodePool").one(GROUP)["version"] == "1.35"
    assert "releaseVersion" not in built_case("GpuNodePool").one(GROUP)
    assert built_case("GpuNodePool", every=True).one(GROUP)["releaseVersion"] == "1.35.3-20260714"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes": -1}, "nodes must be 0 or more, got -1"),
        ({"disk_gib": 8}, "disk_gib must be 20 or more, got 8"),
        ({"disk_throughput_mib_s": 2000}, "disk_throughput_mib_s must be 125 to 1000, as gp3 takes, got 2000"),
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


def test_a_name_that_is_too_long_for_eks_with_its_type_and_digits_is_refused(built: Build) -> None:
    with pytest.raises(RefusedError, match=r"EKS takes no node group named 'aaaa.* 55 together"):
        built(lambda opts: GpuNodePool(45 * "a", args_of("GpuNodePool"), opts))
    built(lambda opts: GpuNodePool(41 * "a", args_of("GpuNodePool"), opts))


def test_a_name_that_no_label_of_kubernetes_can_hold_is_refused(built: Build) -> None:
    with pytest.raises(RefusedError, match="Kubernetes takes no node label 'aaaa"):
        built(lambda opts: GpuNodePool(60 * "a", args_of("GpuNodePool"), opts))
