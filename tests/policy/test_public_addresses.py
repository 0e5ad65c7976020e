"""No public address: which inputs ask for one, which do not, and which only the update can tell."""

from typing import Any

import pytest

from paddock.policy import no_public_ip
from tests.policy.check import LATER, check

SUBNET = "aws:ec2/subnet:Subnet"
DEFAULT_SUBNET = "aws:ec2/defaultSubnet:DefaultSubnet"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"

FLAGS: dict[str, Any] = {
    SUBNET: lambda value: {"mapPublicIpOnLaunch": value},
    DEFAULT_SUBNET: lambda value: {"mapPublicIpOnLaunch": value},
    TEMPLATE: lambda value: {"networkInterfaces": [{"associatePublicIpAddress": value}]},
    "aws:ec2/instance:Instance": lambda value: {"associatePublicIpAddress": value},
    "aws:ec2/launchConfiguration:LaunchConfiguration": lambda value: {"associatePublicIpAddress": value},
    "aws:ec2/spotFleetRequest:SpotFleetRequest": lambda value: {
        "launchSpecifications": [{"associatePublicIpAddress": value}]
    },
    "aws:ec2/spotInstanceRequest:SpotInstanceRequest": lambda value: {"associatePublicIpAddress": value},
    "aws:ecs/service:Service": lambda value: {"networkConfiguration": {"assignPublicIp": value}},
    "aws:rds/clusterInstance:ClusterInstance": lambda value: {"publiclyAccessible": value},
    "aws:rds/instance:Instance": lambda value: {"publiclyAccessible": value},
    "aws:redshift/cluster:Cluster": lambda value: {"publiclyAccessible": value},
}


@pytest.mark.parametrize("address", ["aws:ec2/eip:Eip", "aws:ec2/eipAssociation:EipAssociation"])
def test_an_elastic_ip_is_refused_even_when_none_of_its_inputs_is_known(address: str) -> None:
    (problem,) = check(no_public_ip, address, instance=LATER, allocationId=LATER).problems
    assert "public address" in problem


@pytest.mark.parametrize("resource_type", FLAGS)
def test_a_flag_that_gives_a_public_address_is_refused_private_or_left_to_the_update(resource_type: str) -> None:
    flag = FLAGS[resource_type]
    (problem,) = check(no_public_ip, resource_type, **flag(True)).problems
    assert "set it to false" in problem
    assert check(no_public_ip, resource_type, **flag(False)).passes
    unknown = check(no_public_ip, resource_type, **flag(LATER))
    assert unknown.problems == []
    assert unknown.undecided


def test_a_launch_template_spells_its_flag_as_text_and_is_read_all_the_same() -> None:
    assert check(no_public_ip, TEMPLATE, **FLAGS[TEMPLATE]("true")).paths == [
        "networkInterfaces[0].associatePublicIpAddress"
    ]
    assert check(no_public_ip, TEMPLATE, **FLAGS[TEMPLATE]("false")).passes


def test_a_subnet_that_says_nothing_is_private_but_a_default_subnet_is_public() -> None:
    assert check(no_public_ip, SUBNET, vpcId=LATER, cidrBlock="10.0.0.0/24").passes
    (problem,) = check(no_public_ip, DEFAULT_SUBNET, availabilityZone="us-east-1a").problems
    assert problem == "mapPublicIpOnLaunch: not set; a default subnet gives public addresses; set it to false"


@pytest.mark.parametrize("interfaces", [LATER, [LATER]])
def test_unknown_interfaces_of_a_launch_template_are_left_to_the_update(interfaces: Any) -> None:
    result = check(no_public_ip, TEMPLATE, networkInterfaces=interfaces)
    assert result.problems == []
    assert ".networkInterfaces" in result.undecided


@pytest.mark.parametrize("sources", [{}, {"sourceSecurityGroupIds": []}])
def test_ssh_to_nodes_from_everywhere_is_refused_and_the_way_out_named(sources: dict[str, Any]) -> None:
    (problem,) = check(no_public_ip, NODE_GROUP, remoteAccess={"ec2SshKey": "ops", **sources}).problems
    assert "port 22 of every node to 0.0.0.0/0" in problem
    assert "SSM" in problem


@pytest.mark.parametrize(
    "inputs",
    [{}, {"remoteAccess": {}}, {"remoteAccess": {"ec2SshKey": "ops", "sourceSecurityGroupIds": [LATER]}}],
)
def test_node_groups_without_ssh_or_with_named_sources_pass(inputs: dict[str, Any]) -> None:
    assert check(no_public_ip, NODE_GROUP, clusterName=LATER, **inputs).passes


@pytest.mark.parametrize("access", [LATER, {"ec2SshKey": "ops", "sourceSecurityGroupIds": LATER}])
def test_unknown_remote_access_is_left_to_the_update(access: Any) -> None:
    result = check(no_public_ip, NODE_GROUP, remoteAccess=access)
    assert result.problems == []
    assert ".remoteAccess" in result.undecided
