"""No internet gateway or NAT: which resources and routes are refused, let through, or left to the update.

Not proved here: that the engine blocks on it (tests/local/test_policy_pack.py).
"""

from typing import Any

import pytest

from paddock.policy import no_internet_gateway
from tests.policy.check import LATER, check

ROUTE = "aws:ec2/route:Route"
TABLE = "aws:ec2/routeTable:RouteTable"
DEFAULT_TABLE = "aws:ec2/defaultRouteTable:DefaultRouteTable"


@pytest.mark.parametrize(
    "gateway",
    [
        "aws:ec2/carrierGateway:CarrierGateway",
        "aws:ec2/defaultVpc:DefaultVpc",
        "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment",
        "aws:ec2/natGateway:NatGateway",
    ],
)
def test_a_gateway_is_refused_even_when_none_of_its_inputs_is_known(gateway: str) -> None:
    (problem,) = check(no_internet_gateway, gateway, vpcId=LATER, subnetId=LATER).problems
    assert "lets data leave the VPC" in problem
    assert "VPC endpoints" in problem


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ({"gatewayId": "igw-0a1"}, "an internet gateway (igw-0a1)"),
        ({"natGatewayId": "nat-0a1"}, "a NAT gateway (nat-0a1)"),
        ({"egressOnlyGatewayId": "eigw-0a1"}, "an egress-only internet gateway (eigw-0a1)"),
        ({"carrierGatewayId": "cagw-0a1"}, "a carrier gateway (cagw-0a1)"),
    ],
)
@pytest.mark.parametrize("destination", ["0.0.0.0/0", "52.0.0.0/8"])
def test_a_route_to_a_gateway_is_refused_whatever_its_destination(
    target: dict[str, str], named: str, destination: str
) -> None:
    alone = check(no_internet_gateway, ROUTE, destinationCidrBlock=destination, **target)
    assert alone.paths == list(target)
    assert named in alone.problems[0]
    for table in (TABLE, DEFAULT_TABLE):
        inline = check(
            no_internet_gateway, table, routes=[{"cidrBlock": "10.1.0.0/16"}, {"cidrBlock": "::/0", **target}]
        )
        assert inline.paths == [f"routes[1].{key}" for key in target]


@pytest.mark.parametrize("destination", [{"destinationCidrBlock": "0.0.0.0/0"}, {"destinationIpv6CidrBlock": "::/0"}])
def test_a_default_route_to_a_network_interface_is_refused_as_a_nat_instance(destination: dict[str, str]) -> None:
    (problem,) = check(no_internet_gateway, ROUTE, networkInterfaceId="eni-0a1", **destination).problems
    assert "NAT instance" in problem


@pytest.mark.parametrize(
    "route",
    [
        {"destinationCidrBlock": "10.1.0.0/16", "vpcPeeringConnectionId": "pcx-0a1"},
        {"destinationCidrBlock": "0.0.0.0/0", "transitGatewayId": "tgw-0a1"},
        {"destinationCidrBlock": "10.1.0.0/16", "gatewayId": "vgw-0a1"},
        {"destinationCidrBlock": "10.0.0.0/16", "gatewayId": "local"},
        {"destinationCidrBlock": "10.1.0.0/16", "networkInterfaceId": "eni-0a1"},
        # A bridged provider sends text that was not given as an empty string.
        {"destinationCidrBlock": "10.1.0.0/16", "natGatewayId": "", "gatewayId": "", "vpcEndpointId": "vpce-0a1"},
    ],
)
def test_routes_that_stay_in_private_networks_pass(route: dict[str, str]) -> None:
    assert check(no_internet_gateway, ROUTE, routeTableId=LATER, **route).passes


def test_tables_without_routes_and_other_resources_pass() -> None:
    assert check(no_internet_gateway, TABLE, vpcId=LATER).passes
    assert check(no_internet_gateway, TABLE, vpcId=LATER, routes=[]).passes
    assert check(no_internet_gateway, "aws:ec2/vpcEndpoint:VpcEndpoint", vpcId=LATER, routeTableIds=[LATER]).passes


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"gatewayId": LATER, "destinationCidrBlock": "0.0.0.0/0"}, ".gatewayId"),
        ({"natGatewayId": LATER, "destinationCidrBlock": "0.0.0.0/0"}, ".natGatewayId"),
        ({"networkInterfaceId": "eni-0a1", "destinationCidrBlock": LATER}, ".networkInterfaceId"),
    ],
)
def test_a_route_with_an_unknown_end_is_left_to_the_update(inputs: dict[str, Any], path: str) -> None:
    result = check(no_internet_gateway, ROUTE, **inputs)
    assert result.problems == []
    assert path in result.undecided


@pytest.mark.parametrize(
    ("routes", "path"),
    [(LATER, ".routes "), ([LATER], ".routes[0] "), ([{"gatewayId": LATER}], ".routes[0].gatewayId ")],
)
def test_unknown_routes_of_a_table_are_left_to_the_update_and_named_once(routes: Any, path: str) -> None:
    result = check(no_internet_gateway, TABLE, routes=routes)
    assert result.problems == []
    assert result.undecided.count(path) == 1


def test_a_known_fault_is_reported_beside_an_unknown_one() -> None:
    result = check(no_internet_gateway, TABLE, routes=[{"gatewayId": LATER}, {"gatewayId": "igw-0a1"}])
    assert result.paths == ["routes[1].gatewayId"]
    assert "routes[0].gatewayId" in result.undecided
