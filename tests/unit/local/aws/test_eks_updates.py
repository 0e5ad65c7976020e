"""Updates of a living cluster and its node groups: what EKS moves beside what it is asked, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.aws.lifecycle import FailedError
from local.aws.recorded.ami_releases import releases
from local.aws.recorded.region import RECORDED
from tests.unit.local.aws.life import CheckFailed, Life, Made
from tests.unit.local.aws.world import World

AMI = "BOTTLEROCKET_x86_64"
OLDER, NEWEST = releases(AMI, "1.31")


@pytest.fixture(scope="module")
def eks(endpoint: str, session: boto3.Session) -> Any:
    return session.client("eks", endpoint_url=endpoint)


@pytest.fixture(autouse=True)
def without_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No control plane, so no nodes whose replacement an update waits for."""
    monkeypatch.setattr(RECORDED, "control_plane", None)


@pytest.fixture
def cluster(world: World, life: Life) -> Made:
    return life.make("aws:eks/cluster:Cluster", "old", **given_but_version(world), version="1.31")


def given_but_version(world: World) -> dict[str, Any]:
    return {
        "roleArn": world.role("eks")["arn"],
        "vpcConfig": {"subnetIds": world.subnet_ids},
        "accessConfig": {"authenticationMode": "API"},
    }


@pytest.fixture
def template(life: Life) -> Made:
    return life.make("aws:ec2/launchTemplate:LaunchTemplate", "template", userData="aGk=")


@pytest.fixture
def group(cluster: Made, template: Made, world: World, life: Life) -> Made:
    given = arguments(cluster, template, world, releaseVersion=OLDER)
    return life.make("aws:eks/nodeGroup:NodeGroup", "nodes", **given)


def arguments(cluster: Made, template: Made, world: World, **more: Any) -> dict[str, Any]:
    return {
        "clusterName": cluster.id,
        "nodeRoleArn": world.role("ec2")["arn"],
        "subnetIds": world.subnet_ids,
        "amiType": AMI,
        "launchTemplate": {"id": template.id, "version": str(template["latestVersion"])},
        "scalingConfig": {"desiredSize": 1, "minSize": 0, "maxSize": 2},
        "version": "1.31",
        **more,
    }


def test_a_cluster_goes_up_by_one_version_and_by_no_more(cluster: Made, eks: Any) -> None:
    with pytest.raises(ClientError, match=re.escape("Unsupported Kubernetes minor version update from 1.31 to 1.33")):
        eks.update_cluster_version(name=cluster.id, version="1.33")
    eks.update_cluster_version(name=cluster.id, version="1.32")
    assert eks.describe_cluster(name=cluster.id)["cluster"]["version"] == "1.32"


def test_a_cluster_does_not_go_back_and_by_one_version_that_is_said_to_be_the_local_clouds(
    cluster: Made, eks: Any
) -> None:
    for version in ("1.32", "1.33"):
        eks.update_cluster_version(name=cluster.id, version=version)
    with pytest.raises(ClientError, match=r"InvalidRequestException.*not emulated by the local cloud"):
        eks.update_cluster_version(name=cluster.id, version="1.32")
    with pytest.raises(ClientError, match=re.escape("Unsupported Kubernetes minor version update from 1.33 to 1.31")):
        eks.update_cluster_version(name=cluster.id, version="1.31")
    assert eks.describe_cluster(name=cluster.id)["cluster"]["version"] == "1.33"


def test_a_node_group_goes_back_before_its_cluster_does(group: Made, cluster: Made, eks: Any) -> None:
    asked = {"clusterName": cluster.id, "nodegroupName": group["nodeGroupName"]}
    eks.update_cluster_version(name=cluster.id, version="1.32")
    for version in ("1.32", "1.31"):
        eks.update_nodegroup_version(**asked, version=version)
        assert eks.describe_nodegroup(**asked)["nodegroup"]["version"] == version


def test_a_cluster_never_leaves_the_zones_of_its_birth(cluster: Made, world: World) -> None:
    refusal = (
        "Provided subnets belong to the AZs 'us-east-1a,us-east-1b,us-east-1c'. But they should belong to the exact "
        "set of AZs 'us-east-1a,us-east-1b' in which subnets were provided during cluster creation."
    )
    with pytest.raises(ClientError, match=re.escape(refusal)):
        cluster.update(
            **{**given_but_version(world), "vpcConfig": {"subnetIds": [*world.subnet_ids, world.subnet(2).id]}}
        )


def test_a_cluster_whose_program_names_no_version_any_more_has_no_difference(cluster: Made, world: World) -> None:
    assert cluster.diff(**given_but_version(world)).detailed == {}
    assert cluster.diff(**given_but_version(world), version="1.32").detailed == {"version": "update"}


def test_a_control_plane_does_not_leave_its_node_groups_behind(group: Made, cluster: Made, eks: Any) -> None:
    for version in ("1.32", "1.33", "1.34"):
        eks.update_cluster_version(name=cluster.id, version=version)
    refusal = (
        f"Nodegroups {group['nodeGroupName']} must be updated to match cluster version 1.34 before updating cluster"
    )
    with pytest.raises(ClientError, match=refusal):
        eks.update_cluster_version(name=cluster.id, version="1.35")


def test_a_new_template_takes_the_newest_ami_and_the_clusters_version_with_it(
    group: Made, cluster: Made, template: Made, world: World, eks: Any
) -> None:
    eks.update_cluster_version(name=cluster.id, version="1.32")
    template.update(userData="aGV5")
    group.update(**arguments(cluster, template, world))
    assert (group["version"], group["releaseVersion"]) == ("1.32", NEWEST)


def test_an_ami_release_goes_up_and_back(group: Made, cluster: Made, template: Made, world: World) -> None:
    assert group["releaseVersion"] == OLDER
    group.update(**arguments(cluster, template, world, releaseVersion=NEWEST))
    assert group["releaseVersion"] == NEWEST
    group.update(**arguments(cluster, template, world, releaseVersion=OLDER))
    assert group["releaseVersion"] == OLDER


def test_an_update_to_a_release_of_another_minor_is_refused(cluster: Made, eks: Any, world: World) -> None:
    given = {"clusterName": cluster.id, "nodegroupName": "al2023", "amiType": "AL2023_x86_64_STANDARD"}
    eks.create_nodegroup(**given, nodeRole=world.role("ec2")["arn"], subnets=world.subnet_ids, version="1.31")
    refusal = "Requested release version 1.30.2-20260714 is not valid for kubernetes version 1.31."
    try:
        with pytest.raises(ClientError, match=re.escape(refusal)):
            eks.update_nodegroup_version(
                clusterName=cluster.id, nodegroupName="al2023", version="1.31", releaseVersion="1.30.2-20260714"
            )
    finally:
        eks.delete_nodegroup(clusterName=cluster.id, nodegroupName="al2023")


def test_a_release_that_no_program_names_stays_and_is_no_difference(
    group: Made, cluster: Made, template: Made, world: World
) -> None:
    assert group.diff(**arguments(cluster, template, world)).detailed == {}
    scaling = {"desiredSize": 2, "minSize": 0, "maxSize": 2}
    group.update(**arguments(cluster, template, world, scalingConfig=scaling))
    assert group["releaseVersion"] == OLDER


@pytest.mark.parametrize(
    ("ami", "release"),
    [(AMI, "v1.62.0"), (AMI, "9.0.0-0f1e2d3c"), ("AL2023_x86_64_STANDARD", "1.32.3-20260714")],
)
def test_a_release_of_another_system_or_version_is_refused(
    ami: str, release: str, cluster: Made, template: Made, world: World, life: Life
) -> None:
    given = arguments(cluster, template, world, amiType=ami, releaseVersion=release)
    with pytest.raises(ClientError, match=f"Requested release version {release} is not valid for kubernetes version"):
        life.make("aws:eks/nodeGroup:NodeGroup", "odd", **given)


def test_a_group_whose_instances_do_not_start_is_kept_as_failed_and_takes_no_change(
    cluster: Made, world: World, life: Life, eks: Any
) -> None:
    disk = {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 2, "volumeType": "gp3"}}
    small = life.make("aws:ec2/launchTemplate:LaunchTemplate", "small", blockDeviceMappings=[disk])
    given = arguments(cluster, small, world, amiType="BOTTLEROCKET_x86_64_NVIDIA", instanceTypes=["g6.xlarge"])
    with pytest.raises(
        FailedError, match=r"CREATE_FAILED.*Volume of size 2GB is smaller than snapshot .* size>= 4GB"
    ) as failed:
        life.make("aws:eks/nodeGroup:NodeGroup", "failed", **given)
    assert failed.value.outputs["status"] == "CREATE_FAILED"
    where = {"clusterName": cluster.id, "nodegroupName": failed.value.id.split(":")[1]}
    with pytest.raises(eks.exceptions.ResourceInUseException, match="currently not in Active State"):
        eks.update_nodegroup_config(**where, scalingConfig={"minSize": 0, "desiredSize": 0, "maxSize": 1})
    eks.delete_nodegroup(**where)


def test_throughput_beyond_the_iops_of_a_volume_starts_no_instance(
    cluster: Made, world: World, life: Life, eks: Any
) -> None:
    disk = {"deviceName": "/dev/xvdb", "ebs": {"volumeSize": 40, "volumeType": "gp3", "throughput": 1000}}
    fast = life.make("aws:ec2/launchTemplate:LaunchTemplate", "fast", blockDeviceMappings=[disk])
    with pytest.raises(FailedError, match=r"iops ratio of 0\.333333 is too high; maximum is 0\.25") as failed:
        life.make("aws:eks/nodeGroup:NodeGroup", "failed", **arguments(cluster, fast, world))
    eks.delete_nodegroup(clusterName=cluster.id, nodegroupName=failed.value.id.split(":")[1])


@pytest.mark.parametrize("name", ["a" * 64, "with.dots", "-first"])
def test_names_that_eks_takes_for_no_node_group_are_refused(name: str, cluster: Made, world: World, eks: Any) -> None:
    with pytest.raises(ClientError, match="must have 1 to 63 letters, digits, hyphens and underscores"):
        eks.create_nodegroup(
            clusterName=cluster.id, nodegroupName=name, nodeRole=world.role("ec2")["arn"], subnets=world.subnet_ids
        )


def test_a_name_that_pulumi_would_make_too_long_is_refused_and_not_shortened(
    cluster: Made, template: Made, world: World, life: Life
) -> None:
    with pytest.raises(CheckFailed, match=r"node_group_name to be in the range \(0 - 63\)"):
        life.make("aws:eks/nodeGroup:NodeGroup", 60 * "a", **arguments(cluster, template, world))
    with pytest.raises(CheckFailed, match="plus 7 random chars is longer than maximum length 100"):
        life.make("aws:eks/cluster:Cluster", 100 * "a", **given_but_version(world))
