"""Nodes of a node group. The arithmetic is compared with numbers that Karpenter and EKS publish."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from local.kubernetes.nodes import (
    Placement,
    Subnet,
    disk_gib,
    instance_type_of,
    nodes_for,
    reserved_millicores,
    resources_of,
    shown_by_device_plugin,
    waits_for_device_plugin,
)

SUBNETS = (Subnet("us-east-1a", IPv4Network("10.0.0.0/24")), Subnet("us-east-1b", IPv4Network("10.0.1.0/24")))


def node_group(**changes: Any) -> dict[str, Any]:
    return {
        "nodegroupName": "gpu",
        "nodegroupArn": "arn:aws:eks:us-east-1:123456789012:nodegroup/demo/gpu/1",
        "status": "ACTIVE",
        "amiType": "BOTTLEROCKET_x86_64_NVIDIA",
        "capacityType": "ON_DEMAND",
        "scalingConfig": {"desiredSize": 3},
        "labels": {"paddock.dev/pool": "gpu"},
        "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        **changes,
    }


def instance_type(vcpus: int, memory_mib: int, gpus: int = 0, efa: int = 0) -> dict[str, Any]:
    described: dict[str, Any] = {
        "InstanceType": "p5.48xlarge",
        "VCpuInfo": {"DefaultVCpus": vcpus},
        "MemoryInfo": {"SizeInMiB": memory_mib},
        "ProcessorInfo": {"SupportedArchitectures": ["i386", "x86_64"]},
        "NetworkInfo": {"EfaInfo": {"MaximumEfaInterfaces": efa}} if efa else {},
    }
    if gpus:
        described["GpuInfo"] = {"Gpus": [{"Manufacturer": "NVIDIA", "Count": gpus}]}
    return described


P5 = instance_type(192, 2_097_152, gpus=8, efa=32)


def nodes(group: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return nodes_for(group or node_group(), P5, Placement(SUBNETS))


def names(made: list[dict[str, Any]]) -> list[str]:
    return [node["metadata"]["name"] for node in made]


def test_a_group_has_as_many_nodes_as_it_desires_and_no_name_twice() -> None:
    assert len(set(names(nodes()))) == 3


def test_the_same_group_always_gives_the_same_names() -> None:
    assert names(nodes()) == names(nodes())


def test_scaling_down_keeps_the_first_nodes() -> None:
    assert names(nodes(node_group(scalingConfig={"desiredSize": 1}))) == names(nodes())[:1]


@pytest.mark.parametrize(
    "changes",
    [
        {"nodegroupArn": "arn:aws:eks:us-east-1:1:nodegroup/demo/gpu/2"},
        {"launchTemplate": {"version": "2"}},
        {"version": "1.36"},
        {"releaseVersion": "1.63.1-4b5a6978"},
    ],
)
def test_a_group_made_anew_or_of_another_version_has_other_nodes(changes: dict[str, Any]) -> None:
    assert not set(names(nodes())) & set(names(nodes(node_group(**changes))))


def test_amazon_linux_shows_its_gpus_once_a_device_plugin_runs_and_bottlerocket_at_once() -> None:
    al2023 = node_group(amiType="AL2023_x86_64_NVIDIA")
    assert waits_for_device_plugin(al2023)
    assert not waits_for_device_plugin(node_group())
    assert "nvidia.com/gpu" not in resources_of(al2023, P5, {})[0]
    assert resources_of(node_group(), P5, {})[0]["nvidia.com/gpu"] == "8"
    spec = {"volumes": [{"name": "it", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}]}
    assert shown_by_device_plugin(P5, [{"spec": spec, "status": {"phase": "Running"}}]) == {"nvidia.com/gpu": "8"}
    assert shown_by_device_plugin(P5, [{"spec": spec, "status": {"phase": "Pending"}}]) == {}
    assert shown_by_device_plugin(P5, [{"spec": {}, "status": {"phase": "Running"}}]) == {}


def test_a_group_that_is_being_deleted_has_no_nodes() -> None:
    assert nodes(node_group(status="DELETING")) == []


def test_nodes_alternate_over_the_zones() -> None:
    zones = [node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes()]
    assert zones == ["us-east-1a", "us-east-1b", "us-east-1a"]


def test_a_node_has_an_address_of_its_subnet_that_aws_does_not_keep() -> None:
    address = IPv4Address(nodes()[1]["status"]["addresses"][0]["address"])
    assert address in list(SUBNETS[1].cidr)[4:-1]


def test_labels_name_the_group_its_own_labels_and_the_machine() -> None:
    node = nodes()[0]
    labels = node["metadata"]["labels"]
    assert labels == {
        "paddock.dev/pool": "gpu",
        "eks.amazonaws.com/nodegroup": "gpu",
        "eks.amazonaws.com/capacityType": "ON_DEMAND",
        "node.kubernetes.io/instance-type": "p5.48xlarge",
        "topology.kubernetes.io/region": "us-east-1",
        "topology.kubernetes.io/zone": "us-east-1a",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": node["metadata"]["name"],
        "kubernetes.io/os": "linux",
    }


def test_taints_are_spelled_as_kubernetes_spells_them() -> None:
    assert nodes()[0]["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]


def test_the_provider_id_names_zone_and_instance() -> None:
    node = nodes()[0]
    instance_id = node["metadata"]["name"].split(".")[0]
    assert node["spec"]["providerID"] == f"aws:///us-east-1a/{instance_id}"
    assert node["metadata"]["name"].endswith(".ec2.internal")


def test_other_regions_have_their_own_domain() -> None:
    placement = Placement((Subnet("eu-central-1b", IPv4Network("10.0.0.0/24")),))
    assert names(nodes_for(node_group(), P5, placement))[0].endswith(".eu-central-1.compute.internal")


def test_a_p5_offers_its_gpus_and_network_interfaces() -> None:
    capacity, allocatable = resources_of(node_group(), P5, {})
    assert (capacity["nvidia.com/gpu"], capacity["vpc.amazonaws.com/efa"]) == ("8", "32")
    assert (allocatable["nvidia.com/gpu"], allocatable["vpc.amazonaws.com/efa"]) == ("8", "32")


def test_gpus_stay_dark_under_an_ami_without_a_driver() -> None:
    capacity, _ = resources_of(node_group(amiType="AL2023_x86_64_STANDARD"), P5, {})
    assert "nvidia.com/gpu" not in capacity


def test_memory_is_what_is_left_after_hypervisor_kubelet_and_eviction() -> None:
    capacity, allocatable = resources_of(node_group(), P5, {})
    # 2,097,152 MiB less 7.5 %; then 11 MiB for each of 250 pods, 255 MiB, and 100 MiB.
    assert capacity["memory"] == "1939865Mi"
    assert allocatable["memory"] == f"{1_939_865 - 2_750 - 255 - 100}Mi"


@pytest.mark.parametrize(
    ("vcpus", "millicores"),
    [(1, 60), (2, 70), (4, 80), (8, 90), (16, 110), (192, 550)],  # the last is Karpenter's 191450m of a p5.48xlarge
)
def test_reserved_cpu_shrinks_with_each_core(vcpus: int, millicores: int) -> None:
    assert reserved_millicores(vcpus) == millicores


@pytest.mark.parametrize(("vcpus", "pods"), [(2, "110"), (29, "110"), (30, "250"), (192, "250")])
def test_large_nodes_hold_more_pods(vcpus: int, pods: str) -> None:
    capacity, allocatable = resources_of(node_group(), instance_type(vcpus, 65_536), {})
    assert capacity["pods"] == allocatable["pods"] == pods


BOTTLEROCKET_DISKS = {
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 4}},
        {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 120}},
    ]
}


@pytest.mark.parametrize(
    ("changes", "template", "gib"),
    [
        ({}, BOTTLEROCKET_DISKS, 120),
        ({}, {"BlockDeviceMappings": BOTTLEROCKET_DISKS["BlockDeviceMappings"][:1]}, 20),
        (
            {"amiType": "AL2023_x86_64_NVIDIA"},
            {"BlockDeviceMappings": [BOTTLEROCKET_DISKS["BlockDeviceMappings"][1]]},
            120,
        ),
        ({"amiType": "AL2023_x86_64_NVIDIA", "diskSize": 80}, {}, 80),
        ({"amiType": "AL2023_x86_64_NVIDIA"}, {}, 20),
    ],
)
def test_scratch_space_is_that_of_the_volume_which_holds_pods(
    changes: dict[str, Any], template: dict[str, Any], gib: int
) -> None:
    assert disk_gib(node_group(**changes), template) == gib


def test_scratch_space_is_less_than_the_volume() -> None:
    capacity, allocatable = resources_of(node_group(), P5, BOTTLEROCKET_DISKS)
    assert capacity["ephemeral-storage"] == f"{120 * 1024}Mi"
    assert allocatable["ephemeral-storage"] == f"{120 * 1024 * 9 // 10 - 1024}Mi"


def test_the_instance_type_is_the_groups_first_or_the_templates() -> None:
    assert instance_type_of({"instanceTypes": ["g6.xlarge", "g5.xlarge"]}, {}) == "g6.xlarge"
    assert instance_type_of({}, {"InstanceType": "p5.48xlarge"}) == "p5.48xlarge"
    assert instance_type_of({}, {}) is None
