"""Answers to the engine beyond a plain life: names, replacement order, drift, secrets, default tags, regions."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from local.aws.cloud import NotLocalError
from local.aws.lifecycle import Provider, RefusedError
from local.aws.values import UNKNOWN, Secret
from tests.unit.local.aws.life import Life
from tests.unit.local.aws.world import World, trust

VPC, ROLE, GROUP = "aws:ec2/vpc:Vpc", "aws:iam/role:Role", "aws:ec2/securityGroup:SecurityGroup"
PARAMETER, LOG_GROUP, BUCKET = "aws:ssm/parameter:Parameter", "aws:cloudwatch/logGroup:LogGroup", "aws:s3/bucket:Bucket"


@pytest.mark.parametrize(
    ("pulumi_type", "args", "argument", "pattern"),
    [
        (LOG_GROUP, {}, "name", r"Llama-[0-9a-f]{7}"),
        (LOG_GROUP, {"namePrefix": "/aws/"}, "name", r"/aws/[0-9a-f]{26}"),
        (BUCKET, {}, "bucket", r"llama-[0-9a-f]{7}"),
    ],
)
def test_a_name_is_made_up_where_none_is_given(
    pulumi_type: str, args: dict[str, Any], argument: str, pattern: str, life: Life
) -> None:
    inputs = life.check(pulumi_type, "Llama", args)
    assert re.fullmatch(pattern, inputs[argument])


def test_a_made_up_name_is_kept_and_fits(life: Life) -> None:
    args = {"assumeRolePolicy": trust("ec2.amazonaws.com")}
    first = life.check(ROLE, "a" * 56, args)
    assert len(first["name"]) == 64
    assert life.check(ROLE, "b", args, olds=first)["name"] == first["name"]


def test_a_name_once_given_is_not_kept_when_the_program_stops_giving_it(life: Life) -> None:
    args = {"assumeRolePolicy": trust("ec2.amazonaws.com")}
    given = life.check(ROLE, "role", {**args, "name": "chosen"})
    assert life.check(ROLE, "role", args, olds=given)["name"] != "chosen"


def test_a_replacement_comes_first_unless_its_name_is_taken(life: Life, world: World) -> None:
    made_up = life.make(GROUP, "made-up", vpcId=world.vpc.id)
    assert not made_up.diff(vpcId=world.vpc.id, description="other").delete_before_replace
    chosen = life.make(GROUP, "chosen", vpcId=world.vpc.id, name="chosen")
    assert chosen.diff(vpcId=world.vpc.id, name="chosen", description="other").delete_before_replace
    assert not chosen.diff(vpcId=world.vpc.id, name="different").delete_before_replace


def test_documents_are_compared_by_what_they_say(life: Life) -> None:
    role = life.make(ROLE, assumeRolePolicy=trust("ec2.amazonaws.com"))
    document = json.loads(trust("ec2.amazonaws.com"))
    document["Statement"] = document["Statement"][0]
    assert role.diff(assumeRolePolicy=json.dumps(document, indent=4, sort_keys=True)).detailed == {}
    assert role.diff(assumeRolePolicy=trust("eks.amazonaws.com")).detailed == {"assumeRolePolicy": "update"}


def test_sets_are_compared_without_order_and_lists_with_it(life: Life, world: World) -> None:
    args: dict[str, Any] = {
        "clusterName": world.cluster.id,
        "nodeRoleArn": world.role("ec2")["arn"],
        "subnetIds": world.subnet_ids,
        "instanceTypes": ["g5.xlarge", "g6.xlarge"],
        "scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": 1},
    }
    nodes = life.make("aws:eks/nodeGroup:NodeGroup", **args)
    assert nodes.diff(**{**args, "subnetIds": list(reversed(world.subnet_ids))}).detailed == {}
    assert nodes.diff(**{**args, "instanceTypes": ["g6.xlarge", "g5.xlarge"]}).replaces == ["instanceTypes"]


def test_a_difference_is_told_at_its_path(life: Life) -> None:
    vpc = life.make(VPC, cidrBlock="10.0.0.0/16", tags={"kept": "1", "changed": "1", "gone": "1"})
    diff = vpc.diff(cidrBlock="10.0.0.0/16", tags={"kept": "1", "changed": "2", "new": "1"})
    assert {path: kind for path, kind in diff.detailed.items() if path.startswith("tags.")} == {
        "tags.changed": "update",
        "tags.gone": "delete",
        "tags.new": "add",
    }


def test_an_argument_not_known_yet_is_a_difference(life: Life) -> None:
    vpc = life.make(VPC, cidrBlock="10.0.0.0/16")
    assert vpc.diff(cidrBlock=UNKNOWN).replaces == ["cidrBlock"]


def test_drift_of_what_was_given_shows_in_a_refresh(life: Life) -> None:
    vpc = life.make(VPC, cidrBlock="10.0.0.0/16")
    ec2 = life.provider._cloud({}).ec2
    ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsSupport={"Value": False})
    assert vpc.refresh().detailed == {"enableDnsSupport": "update"}
    assert vpc["enableDnsSupport"] is False


def test_tags_set_behind_the_programs_back_show_in_a_refresh(life: Life) -> None:
    vpc = life.make(VPC, cidrBlock="10.0.0.0/16")
    life.provider._cloud({}).ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": "stray", "Value": "1"}])
    assert vpc.refresh().detailed == {"tags": "delete", "tagsAll": "delete"}
    vpc.update(cidrBlock="10.0.0.0/16")
    assert vpc["tagsAll"] == {}


def test_what_aws_adds_by_itself_is_no_drift(life: Life, world: World) -> None:
    """A rule of its own beside a group changes the group's outputs, and nothing that the group's program said."""
    group = world.group
    life.make(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        securityGroupId=group.id,
        ipProtocol="tcp",
        fromPort=1,
        toPort=1,
        cidrIpv4="10.0.0.0/8",
    )
    assert group.refresh().detailed == {}
    assert [rule["fromPort"] for rule in group["ingress"]] == [1]


def test_a_new_group_lets_nothing_out_unless_told(world: World) -> None:
    assert world.group["egress"] == []


def test_the_default_group_is_adopted_emptied_and_let_go(life: Life, world: World) -> None:
    group = life.make("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", vpcId=world.vpc.id)
    assert group.id == world.vpc["defaultSecurityGroupId"]
    assert (group["ingress"], group["egress"]) == ([], [])


def test_secrets_stay_secret_in_outputs(life: Life) -> None:
    made = life.make(PARAMETER, type="SecureString", value=Secret("hush"), description=Secret("about hush"))
    assert made.outputs["value"] == Secret("hush")
    assert made.outputs["description"] == Secret("about hush")
    assert "hush" not in repr(made.outputs)
    made.refresh()
    assert made.inputs["value"] == made.outputs["value"] == Secret("hush")


def test_a_secret_changed_behind_the_programs_back_stays_secret(life: Life) -> None:
    made = life.make(PARAMETER, name="p", type="SecureString", value=Secret("hush"))
    life.provider._cloud({}).ssm.put_parameter(Name="p", Type="SecureString", Value="loud", Overwrite=True)
    assert made.refresh().detailed == {"value": "update"}
    assert made.inputs["value"] == Secret("loud")


def test_a_parameters_value_is_secret_even_if_the_program_did_not_say_so(life: Life) -> None:
    assert life.make(PARAMETER, type="String", value="v").outputs["value"] == Secret("v")


def test_a_resource_can_be_imported_by_its_id(life: Life) -> None:
    vpc = life.make(VPC, cidrBlock="10.0.0.0/16", tags={"a": "b"})
    id_, inputs, outputs = life.provider.read(VPC, vpc.id, {}, {})
    assert (id_, inputs["cidrBlock"], inputs["tags"]) == (vpc.id, "10.0.0.0/16", {"a": "b"})
    assert outputs["arn"] == vpc["arn"]


def test_what_its_id_does_not_name_cannot_be_imported(life: Life) -> None:
    with pytest.raises(RefusedError, match="cannot be imported"):
        life.provider.read("aws:eks/podIdentityAssociation:PodIdentityAssociation", "a-1", {}, {})


def test_a_resource_may_live_in_another_region(life: Life) -> None:
    vpc = life.make(VPC, cidrBlock="10.0.0.0/16", region="us-west-2")
    assert vpc["region"] == "us-west-2"
    assert ":us-west-2:" in vpc["arn"]
    assert vpc.refresh().detailed == {}


def test_default_tags_reach_every_resource_and_are_not_its_own(life: Life) -> None:
    tagging = Life.configured(defaultTags={"tags": {"team": "llamas"}})
    vpc = tagging.make(VPC, cidrBlock="10.0.0.0/16", tags={"Name": "v"})
    assert vpc["tagsAll"] == {"team": "llamas", "Name": "v"}
    assert vpc["tags"] == {"Name": "v"}
    assert vpc.refresh().detailed == {}
    untagged = life.check(VPC, "it", {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "v"}}, olds=vpc.inputs)
    assert set(life.provider.diff(VPC, vpc.inputs, untagged, vpc.outputs).detailed) == {"tagsAll.team"}
    tagging.destroy()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"region": "us-east-1", "regoin": "x"}, "regoin: unknown argument; did you mean 'region'?"),
        ({}, "region: required, but not given: set aws:region"),
        ({"region": "us-east-1", "assumeRoles": [{"roleArn": "r"}]}, "assumeRoles: is not emulated"),
        ({"region": "us-east-1", "defaultTags": '{"tagz": {}}'}, "defaultTags.tagz: unknown argument"),
    ],
)
def test_provider_settings_are_checked(config: dict[str, Any], message: str) -> None:
    _, failures = Provider().check_config(config)
    assert message in "; ".join(f"{failure.path}: {failure.reason}" for failure in failures)


def test_settings_arrive_as_json_text() -> None:
    provider = Provider()
    config = {"region": "us-east-1", "skipCredentialsValidation": "true", "defaultTags": '{"tags": {"a": "b"}}'}
    assert provider.check_config(config)[1] == []
    provider.configure(config)
    assert provider.check(VPC, "v", {}, {"cidrBlock": "10.0.0.0/16"}, b"")[0]["tagsAll"] == {"a": "b"}


def test_an_account_that_is_not_allowed_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"123456789012 .* is not one that this provider may use"):
        Provider().configure({"region": "us-east-1", "allowedAccountIds": ["210987654321"]})


@pytest.mark.parametrize("elsewhere", ["", "https://ec2.us-east-1.amazonaws.com", "http://127.0.0.1.example.com"])
def test_an_endpoint_that_is_not_local_is_refused(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", elsewhere)
    with pytest.raises(NotLocalError, match="works only within the local cloud"):
        Provider().configure({"region": "us-east-1"})
