"""The emulated functions answer as AWS, or Pulumi's official provider, would."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.aws.life import Life
from tests.unit.local.aws.world import World


def _call(life: Life, function: str, **args: Any) -> Any:
    values, failures = life.provider.invoke(function, args)
    assert failures == []
    return values


def test_who_and_where(life: Life) -> None:
    assert _call(life, "aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert _call(life, "aws:index/getRegion:getRegion")["description"] == "US East (N. Virginia)"
    assert _call(life, "aws:index/getPartition:getPartition")["dnsSuffix"] == "amazonaws.com"
    with pytest.raises(ValueError, match="AWS has no region 'us-east-9'"):
        _call(life, "aws:index/getRegion:getRegion", name="us-east-9")


def test_zones_are_sorted_filtered_and_excluded(life: Life) -> None:
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    all_zones = _call(life, token, state="available")
    assert all_zones["names"] == [f"us-east-1{letter}" for letter in "abcdef"]
    assert len(all_zones["zoneIds"]) == 6
    fewer = _call(
        life,
        token,
        excludeNames=["us-east-1a"],
        filters=[{"name": "zone-name", "values": ["us-east-1a", "us-east-1b"]}],
    )
    assert fewer["names"] == ["us-east-1b"]


def test_instance_offerings_are_aws_own(life: Life) -> None:
    found = _call(
        life,
        "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings",
        locationType="availability-zone",
        filters=[{"name": "instance-type", "values": ["p6-b200.48xlarge"]}],
    )
    assert found["locations"] == ["us-east-1c"]
    assert found["instanceTypes"] == ["p6-b200.48xlarge"]


def test_an_endpoint_service_says_whether_it_takes_policies_and_where_it_is(life: Life) -> None:
    token = "aws:ec2/getVpcEndpointService:getVpcEndpointService"

    def asked(service: str, **args: str) -> tuple[Any, ...]:
        found = _call(life, token, serviceName=f"com.amazonaws.us-east-1.{service}", **args)
        return found["serviceType"], found["vpcEndpointPolicySupported"], len(found["availabilityZones"])

    assert asked("eks-auth") == ("Interface", True, 6)
    assert asked("cloudformation") == ("Interface", False, 6)
    assert asked("s3", serviceType="Gateway") == ("Gateway", True, 6)
    with pytest.raises(ValueError, match="multiple EC2 VPC Endpoint Services matched"):
        asked("s3")


def test_an_argument_that_a_function_does_not_have_is_refused(life: Life) -> None:
    _, failures = life.provider.invoke("aws:index/getRegion:getRegion", {"nam": "x"})
    assert [failure.path for failure in failures] == ["nam"]


def test_the_addresses_of_s3_are_those_of_awss_list(life: Life) -> None:
    token = "aws:ec2/getPrefixList:getPrefixList"
    assert "52.216.0.0/15" in _call(life, token, name="com.amazonaws.us-east-1.s3")["cidrBlocks"]
    with pytest.raises(ValueError, match="no matching EC2 Prefix List found"):
        _call(life, token, name="com.amazonaws.us-east-1.sqs")


def test_a_vpc_its_subnets_and_its_routes_are_shown_as_they_are(life: Life) -> None:
    vpc = life.make("aws:ec2/vpc:Vpc", "vpc", cidrBlock="10.0.0.0/16", enableDnsHostnames=True)
    subnet = life.make(
        "aws:ec2/subnet:Subnet", "s", vpcId=vpc.id, cidrBlock="10.0.0.0/24", availabilityZone="us-east-1b"
    )
    gateway = life.make("aws:ec2/internetGateway:InternetGateway", "igw", vpcId=vpc.id)
    table = life.make("aws:ec2/routeTable:RouteTable", "table", vpcId=vpc.id)
    life.make(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        vpcId=vpc.id,
        serviceName="com.amazonaws.us-east-1.s3",
        routeTableIds=[table.id],
    )
    ec2 = life.provider._cloud({}).ec2
    ec2.create_route(RouteTableId=table.id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway.id)

    seen = _call(life, "aws:ec2/getVpc:getVpc", id=vpc.id)
    assert (seen["cidrBlock"], seen["enableDnsHostnames"], seen["default"]) == ("10.0.0.0/16", True, False)
    assert [each["cidrBlock"] for each in seen["cidrBlockAssociations"]] == ["10.0.0.0/16"]
    seen = _call(life, "aws:ec2/getSubnet:getSubnet", id=subnet.id)
    assert (seen["availabilityZone"], seen["availableIpAddressCount"]) == ("us-east-1b", 251)
    main = vpc["mainRouteTableId"]
    assert set(_call(life, "aws:ec2/getRouteTables:getRouteTables", vpcId=vpc.id)["ids"]) == {main, table.id}
    (route,) = _call(life, "aws:ec2/getRouteTable:getRouteTable", routeTableId=table.id)["routes"]
    assert (route["cidrBlock"], route["gatewayId"], route["natGatewayId"]) == ("0.0.0.0/0", gateway.id, "")
    assert [
        each["main"] for each in _call(life, "aws:ec2/getRouteTable:getRouteTable", routeTableId=main)["associations"]
    ]


def test_clusters_and_node_groups_are_listed_before_one_is_looked_at(life: Life, world: World) -> None:
    cluster, group = world.cluster, world.node_group
    assert _call(life, "aws:eks/getClusters:getClusters")["names"] == [cluster.id]
    listed = _call(life, "aws:eks/getNodeGroups:getNodeGroups", clusterName=cluster.id)
    assert listed["names"] == [group["nodeGroupName"]]
    seen = _call(
        life,
        "aws:eks/getNodeGroup:getNodeGroup",
        clusterName=cluster.id,
        nodeGroupName=group["nodeGroupName"],
    )
    assert (seen["instanceTypes"], seen["status"]) == (group["instanceTypes"], "ACTIVE")
    assert seen["scalingConfigs"][0]["desiredSize"] == 1
    with pytest.raises(ClientError, match="No cluster found for name: none"):
        _call(life, "aws:eks/getNodeGroups:getNodeGroups", clusterName="none")


def test_what_is_not_there_is_an_empty_list_or_a_failure_as_the_function_promises(life: Life) -> None:
    wanted = [{"name": "vpc-id", "values": ["vpc-none"]}]
    assert _call(life, "aws:ec2/getVpcs:getVpcs", filters=wanted)["ids"] == []
    assert _call(life, "aws:ec2/getSubnets:getSubnets", filters=wanted)["ids"] == []
    with pytest.raises(ValueError, match="no matching EC2 VPC found"):
        _call(life, "aws:ec2/getVpc:getVpc", id="vpc-none")
