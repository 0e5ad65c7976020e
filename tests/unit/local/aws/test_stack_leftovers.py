"""`paddock leftovers` against the emulated AWS: what a stack left is named, what is another's is not, nothing goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.session import get_session

from local.aws.leftovers import list_leftovers
from paddock.operations.leftovers import account
from paddock.operations.leftovers.account import look
from paddock.operations.leftovers.found import Leftover, Owner
from tests.unit.cli.running import Paddock
from tests.unit.local.aws.life import REGION, Life, Made
from tests.unit.local.aws.world import World

OWNER = Owner(project="paddock", stack="dev", name="llama", retain_weights=True)
CLUSTER_STATUSES = get_session().get_service_model("eks").shape_for("ClusterStatus").enum
OURS = {"paddock:stack": "paddock/dev"}
THEIRS = {"paddock:stack": "paddock/prod"}


def seen() -> dict[str, Leftover]:
    return {each.id: each for each in look(boto3.Session(region_name=REGION), OWNER).objects}


def one_of_each(life: Life, world: World, tags: dict[str, str], name: str) -> list[Made]:
    """One object of every kind that paddock makes outside of a cluster."""
    vpc = life.make("aws:ec2/vpc:Vpc", name, cidrBlock="10.7.0.0/16", tags=tags)
    subnet = life.make(
        "aws:ec2/subnet:Subnet",
        name,
        vpcId=vpc.id,
        cidrBlock="10.7.0.0/24",
        availabilityZone="us-east-1a",
        tags=tags,
    )
    table = life.make("aws:ec2/routeTable:RouteTable", name, vpcId=vpc.id, tags=tags)
    group = life.make("aws:ec2/securityGroup:SecurityGroup", name, vpcId=vpc.id, tags=tags)
    rule = life.make(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        name,
        securityGroupId=group.id,
        cidrIpv4="10.7.0.0/16",
        ipProtocol="tcp",
        fromPort=443,
        toPort=443,
        tags=tags,
    )
    endpoint = life.make(
        "aws:ec2/vpcEndpoint:VpcEndpoint", name, vpcId=vpc.id, serviceName=f"com.amazonaws.{REGION}.s3", tags=tags
    )
    template = life.make("aws:ec2/launchTemplate:LaunchTemplate", name, tags=tags)
    role = life.make("aws:iam/role:Role", name, assumeRolePolicy=world.pod_role["assumeRolePolicy"], tags=tags)
    key = life.make("aws:kms/key:Key", name, tags={**tags, "Name": "llama-key"})
    bucket = life.make("aws:s3/bucket:Bucket", name, tags={**tags, "Name": "llama-store"})
    logs = life.make("aws:cloudwatch/logGroup:LogGroup", name, tags=tags)
    zone = life.make("aws:route53/zone:Zone", name, name=f"{name}.internal", vpcs=[{"vpcId": vpc.id}], tags=tags)
    profile = life.make("aws:iam/instanceProfile:InstanceProfile", name, role=role.id, tags=tags)
    return [vpc, subnet, table, group, rule, endpoint, template, role, key, bucket, logs, zone, profile]


def test_each_kind_that_a_stack_leaves_is_named_and_what_is_kept_is_told_apart(life: Life, world: World) -> None:
    made = one_of_each(life, world, OURS, "left")
    found = seen()
    rule = next(each for each in made if "IngressRule" in each.token)
    # A rule's ARN ends in its id, and so does the ARN of every other kind.
    assert {each.id for each in made} - {rule.id} <= set(found)
    assert found.keys() - {each.id for each in made} == {each.id for each in found.values() if "rule" in each.kind}
    assert {each.kind for each in found.values() if each.kept} == {"bucket", "key"}


def test_what_is_in_no_region_is_found_from_every_region(life: Life, world: World) -> None:
    """Roles, instance profiles and hosted zones, for which the tagging API answers in us-east-1 at most."""
    one_of_each(life, world, OURS, "left")
    found = {each.kind for each in look(boto3.Session(region_name="eu-west-1"), OWNER).objects}
    assert {"role", "instance profile", "hosted zone"} <= found


def test_what_is_deleted_is_not_left_though_aws_still_lists_it(life: Life, world: World) -> None:
    for each in reversed(one_of_each(life, world, OURS, "gone")):
        each.delete()
    assert seen() == {}


def test_another_stacks_objects_and_untagged_ones_are_never_listed(life: Life, world: World) -> None:
    one_of_each(life, world, THEIRS, "theirs")
    assert world.vpc.id
    assert seen() == {}


@pytest.fixture
def ec2() -> Any:
    return boto3.client("ec2", region_name=REGION)


@pytest.fixture
def from_a_cluster(world: World, ec2: Any) -> Iterator[dict[str, str]]:
    """Leftovers of EKS, its CNI and its EBS driver, which Pulumi never knew of; by kind."""
    made = ec2.create_network_interface(SubnetId=world.subnet(0).id)["NetworkInterface"]["NetworkInterfaceId"]
    ec2.create_tags(Resources=[made], Tags=[{"Key": "cluster.k8s.amazonaws.com/name", "Value": "llama-dev"}])
    plane = ec2.create_network_interface(SubnetId=world.subnet(0).id, Description="Amazon EKS llama-dev")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "kubernetes.io/cluster/llama-dev", "Value": "owned"}])
    logs = boto3.client("logs", region_name=REGION)
    logs.create_log_group(logGroupName="/aws/eks/llama-dev/cluster")
    plane_id = plane["NetworkInterface"]["NetworkInterfaceId"]
    yield {"cni": made, "plane": plane_id, "volume": volume, "logs": "/aws/eks/llama-dev/cluster"}
    logs.delete_log_group(logGroupName="/aws/eks/llama-dev/cluster")
    ec2.delete_volume(VolumeId=volume)
    for each in (made, plane_id):
        ec2.delete_network_interface(NetworkInterfaceId=each)


def test_what_eks_made_is_found_by_the_clusters_name_unless_the_cluster_is_another_stacks(
    from_a_cluster: dict[str, str], life: Life, world: World, ec2: Any
) -> None:
    neighbour = ec2.create_network_interface(SubnetId=world.subnet(0).id, Description="Amazon EKS llama-dev2")
    logs = life.make("aws:cloudwatch/logGroup:LogGroup", "other", name="/aws/eks/llama-dev2/cluster")
    assert set(seen()) == set(from_a_cluster.values())
    assert "the VPC CNI" in seen()[from_a_cluster["cni"]].why
    ec2.delete_network_interface(NetworkInterfaceId=neighbour["NetworkInterface"]["NetworkInterfaceId"])
    logs.delete()
    life.make(
        "aws:eks/cluster:Cluster",
        "theirs",
        name="llama-dev",
        roleArn=world.role("eks")["arn"],
        vpcConfig={"subnetIds": world.subnet_ids},
        tags=THEIRS,
    )
    assert seen() == {}


def test_the_command_says_it_all_deletes_nothing_and_exits_1_only_if_something_unexpected_is_left(
    life: Life,
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    paddock = Paddock(monkeypatch, capsys)
    stack_file = tmp_path / "Pulumi.dev.yaml"
    stack_file.write_text(f"config: {{aws:region: {REGION}}}\n")
    arguments = ("leftovers", "--stack-file", str(stack_file))
    empty = paddock(*arguments)
    assert (empty.status, empty.err) == (0, "")
    assert "nothing is left of paddock/dev in us-east-1" in empty.out

    key = life.make("aws:kms/key:Key", "kept", tags={**OURS, "Name": "llama-key"})
    kept = paddock(*arguments)
    assert kept.status == 0
    assert "nothing is left of paddock/dev in us-east-1 but what is kept" in kept.out
    assert f"key   {key.id[:20]}" in kept.out

    vpc = life.make("aws:ec2/vpc:Vpc", "left", cidrBlock="10.7.0.0/16", tags=OURS)
    before = list_leftovers(endpoint, REGION)
    left = paddock(*arguments)
    assert left.status == 1
    assert "1 left of paddock/dev in us-east-1" in left.out
    assert f"aws ec2 delete-vpc --vpc-id {vpc.id} --region us-east-1" in left.out
    data = json.loads(paddock(*arguments, "--json").out)
    assert [each["id"] for each in data["left"]] == [vpc.id]
    assert [each["id"] for each in data["kept"]] == [key.id]
    assert list_leftovers(endpoint, REGION) == before

    stack_file.write_text(f"config: {{aws:region: {REGION}, 'paddock:retain_weights': 'false'}}\n")
    assert "2 left of" in paddock(*arguments).out


def test_a_stack_that_lives_is_named_first_and_has_no_command_to_delete_it(
    life: Life,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    life.make(
        "aws:eks/cluster:Cluster",
        "ours",
        name="llama-dev",
        roleArn=world.role("eks")["arn"],
        vpcConfig={"subnetIds": world.subnet_ids},
        tags=OURS,
    )
    stack_file = tmp_path / "Pulumi.dev.yaml"
    stack_file.write_text(f"config: {{aws:region: {REGION}}}\n")
    paddock = Paddock(monkeypatch, capsys)
    alive = paddock("leftovers", "--stack-file", str(stack_file))
    assert alive.status == 1
    assert alive.out.startswith("paddock/dev in us-east-1 lives: its cluster llama-dev is ACTIVE; `pulumi destroy`")
    assert "aws eks delete" not in alive.out
    data = json.loads(paddock("leftovers", "--stack-file", str(stack_file), "--json").out)
    assert data["living_cluster"] == "llama-dev"
    assert {each["delete"] for each in data["left"]} == {""}


@pytest.mark.usefixtures("life")
@pytest.mark.parametrize("status", CLUSTER_STATUSES)
def test_a_stack_lives_with_any_status_of_its_cluster_but_deleting(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    described = {"status": status, "tags": OURS}
    monkeypatch.setattr(account._Account, "cluster", lambda _self, _name: described)
    found = look(boto3.Session(region_name=REGION), OWNER)
    lives = status != "DELETING"
    assert (found.living_cluster, found.cluster_status) == (("llama-dev", status) if lives else (None, None))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("stack.yaml", "config: {aws:region: us-east-1}", "its name is Pulumi.<stack>.yaml"),
        ("Pulumi.dev.yaml", "config: {}", "no usable aws:region"),
        ("Pulumi.dev.yaml", "config: {aws:region: moon-1}", "got 'moon-1'"),
    ],
)
def test_a_file_that_names_no_stack_or_no_region_is_one_message(
    name: str,
    content: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / name
    file.write_text(content)
    ran = Paddock(monkeypatch, capsys)("leftovers", "--stack-file", str(file))
    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err
