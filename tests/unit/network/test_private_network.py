"""PrivateNetwork: what is made from a subnet plan and in which zones. Its arithmetic is proved in unit/subnets."""

import pytest

from paddock.catalog.endpoints import interface_endpoints
from paddock.common.inputs import ArgumentError
from paddock.network.private_network import PrivateNetwork
from paddock.network.zones import next_zone, ranked_zones, subnets_offering
from tests.unit.components.cases import built_case
from tests.unit.components.recorder import ZONES, Build, endpoint_service

SUBNET = "aws:ec2/subnet:Subnet"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
GATEWAYS = ("InternetGateway", "NatGateway", "EgressOnlyInternetGateway", "Eip", "Route:")


def test_nothing_that_leads_out_is_made() -> None:
    got = built_case("PrivateNetwork", every=True)
    assert [token for token, _, _ in got.made if any(token_part in token for token_part in GATEWAYS)] == []
    assert {subnet["mapPublicIpOnLaunch"] for subnet in got.of(SUBNET).values()} == {False}


def test_every_subnet_is_tied_to_the_route_table_without_routes() -> None:
    got = built_case("PrivateNetwork")
    ties = got.of("aws:ec2/routeTableAssociation:RouteTableAssociation").values()
    assert {tie["routeTableId"] for tie in ties} == {"net-private-id"}
    assert {tie["subnetId"] for tie in ties} == {f"{name}-id" for name in got.of(SUBNET)}
    assert "routes" not in got.one("aws:ec2/routeTable:RouteTable")


def test_s3_by_gateway_and_each_other_service_by_private_interface() -> None:
    got = built_case("PrivateNetwork").of(ENDPOINT)
    assert got["net-s3"]["vpcEndpointType"] == "Gateway"
    interfaces = {e["serviceName"]: e for e in got.values() if e["vpcEndpointType"] == "Interface"}
    assert set(interfaces) == {f"com.amazonaws.us-east-1.{each.service}" for each in interface_endpoints(bastion=False)}
    assert all(each["privateDnsEnabled"] for each in interfaces.values())


def test_the_default_security_group_is_emptied() -> None:
    group = built_case("PrivateNetwork").one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert "ingress" not in group
    assert "egress" not in group


def test_zones_that_offer_the_gpu_come_first_and_only_they_hold_gpus(built: Build) -> None:
    got = built(lambda opts: PrivateNetwork("net", {"instance_type": "p5en.48xlarge"}, opts), offering=["us-east-1c"])
    assert got.of(SUBNET)["net-nodes-0"]["availabilityZone"] == "us-east-1c"
    assert got.outputs["gpu_subnet_ids"] == ["net-nodes-0-id"]
    assert got.outputs["node_subnet_ids"] == ["net-nodes-0-id", "net-nodes-1-id"]


def test_zones_that_eks_refuses_are_not_asked_for() -> None:
    """Ids, not names, since each account has names of its own."""
    asked = dict(built_case("PrivateNetwork", every=True).asked)
    assert asked["aws:index/getAvailabilityZones:getAvailabilityZones"]["excludeZoneIds"] == [
        "use1-az3",
        "usw1-az2",
        "cac1-az3",
    ]


def test_a_zone_more_is_one_that_no_subnet_is_in_whatever_aws_answers_today() -> None:
    """Made when only b and c offered the type; today a does too, and comes first."""
    assert next_zone(["us-east-1a", "us-east-1b", "us-east-1c"], ZONES, ["us-east-1b", "us-east-1a"]) == "us-east-1c"
    with pytest.raises(ArgumentError, match="lower number_of_availability_zones"):
        next_zone(ZONES, ZONES[:2], ZONES[:2])


def test_both_subnets_of_a_zone_are_in_it_and_keep_it() -> None:
    got = built_case("PrivateNetwork", every=True)
    zones = {name: subnet["availabilityZone"] for name, subnet in got.of(SUBNET).items()}
    assert [zones[f"net-nodes-{i}"] for i in range(3)] == [zones[f"net-endpoints-{i}"] for i in range(3)] == ZONES
    kept = {name: got.options[SUBNET, name].get("ignore_changes") for name in zones}
    assert all(each == ["availabilityZone"] for each in kept.values())


def test_zones_without_an_endpoint_service_are_passed_over(built: Build) -> None:
    service = "aws:ec2/getVpcEndpointService:getVpcEndpointService"
    here = {service: lambda asked: endpoint_service(asked) | {"availabilityZones": ZONES[1:]}}
    got = built(lambda opts: PrivateNetwork("net", {}, opts), answers=here).of(SUBNET)
    assert {each["availabilityZone"] for each in got.values()} == set(ZONES[1:])


def test_a_network_keeps_its_zones_and_only_its_right_subnets_hold_another_gpu() -> None:
    """A subnet made in zone b stays there; the position in today's choice of zones says nothing about it."""
    placed = [("subnet-a", "us-east-1a"), ("subnet-b", "us-east-1b")]
    assert subnets_offering(placed, ["us-east-1a", "us-east-1c"]) == ["subnet-a"]


def test_a_network_in_none_of_the_right_zones_is_refused_with_both_lists() -> None:
    with pytest.raises(ArgumentError, match=r"offered in us-east-1c, but this network is in us-east-1a, us-east-1b"):
        subnets_offering([("subnet-a", "us-east-1a"), ("subnet-b", "us-east-1b")], ["us-east-1c"])


def test_an_instance_type_that_no_zone_offers_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"no zone of this account .* choose another region or instance type"):
        ranked_zones(ZONES, [], 2)


def test_more_zones_than_the_region_has_are_refused_with_those_it_has() -> None:
    with pytest.raises(ArgumentError, match=r"number_of_availability_zones is 4 but this region has 3 .us-east-1a"):
        ranked_zones(ZONES, ZONES, 4)


def test_the_callers_tags_never_win_over_ours(built: Build) -> None:
    got = built(lambda opts: PrivateNetwork("net", {"tags": {"Name": "mine", "team": "ml"}}, opts))
    tags = got.one("aws:ec2/vpc:Vpc")["tags"]
    assert tags == {"Name": "net-vpc", "team": "ml", "paddock:stack": "paddock/test"}


def test_an_unknown_argument_is_refused_with_the_nearest_real_one(built: Build) -> None:
    nearest = "unknown argument 'number_of_zones'; did you mean 'number_of_availability_zones'"
    with pytest.raises(ArgumentError, match=nearest):
        built(lambda opts: PrivateNetwork("net", {"number_of_zones": 2}, opts))  # type: ignore[typeddict-unknown-key]
