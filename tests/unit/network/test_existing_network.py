"""A VPC that is there already: what makes it unfit, and what is made in one that is fit."""

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from paddock.common.inputs import ArgumentError
from paddock.network.existing_network import ExistingNetwork, Subnet, Table, VpcDescription, problems
from tests.unit.components.cases import args_of, built_case
from tests.unit.components.recorder import ZONES, Build, endpoint_service
from tests.unit.components.variants import vpc_answers

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
SERVICE = "aws:ec2/getVpcEndpointService:getVpcEndpointService"


def subnet(id_: str, zone: str, cidr: str, **changes: Any) -> Subnet:
    known = {
        "zone_id": "use1-az1",
        "vpc_id": "vpc-1",
        "free_addresses": 100,
        "gives_public_addresses": False,
        **changes,
    }
    return Subnet(id=id_, zone=zone, cidr=IPv4Network(cidr), **known)


NODES = (subnet("subnet-n0", ZONES[0], "10.0.0.0/20"), subnet("subnet-n1", ZONES[1], "10.0.16.0/20"))
ENDPOINTS = (subnet("subnet-e0", ZONES[0], "10.0.240.0/27"), subnet("subnet-e1", ZONES[1], "10.0.240.32/27"))
TABLE = Table(id="rtb-1", is_main=True, subnet_ids=frozenset(), routes=())
FIT = VpcDescription(
    vpc_id="vpc-1", cidrs=("10.0.0.0/16",), has_dns=True, nodes=NODES, endpoints=ENDPOINTS, tables=(TABLE,)
)


def with_route(**route: str) -> VpcDescription:
    return replace(FIT, tables=(replace(TABLE, routes=({"cidr_block": "0.0.0.0/0", **route},)),))


def test_a_fit_vpc_has_no_problems() -> None:
    assert list(problems(FIT, [], ZONES)) == []


UNFIT: dict[str, tuple[VpcDescription, str]] = {
    "DNS off": (replace(FIT, has_dns=False), "turn on enableDnsSupport"),
    "a subnet of another VPC": (
        replace(FIT, nodes=(NODES[0], replace(NODES[1], vpc_id="vpc-2"))),
        "subnet-n1 is in vpc-2, not in vpc-1",
    ),
    "public addresses": (
        replace(FIT, endpoints=(ENDPOINTS[0], replace(ENDPOINTS[1], gives_public_addresses=True))),
        "subnet-e1 gives public addresses",
    ),
    "too small for pods": (
        replace(FIT, nodes=(NODES[0], replace(NODES[1], cidr=IPv4Network("10.0.16.0/26")))),
        "subnet-n1 is a /26",
    ),
    "no address free": (
        replace(FIT, nodes=(NODES[0], replace(NODES[1], free_addresses=4))),
        "subnet-n1 has 4 free addresses; it takes 5",
    ),
    "a zone that EKS refuses": (
        replace(FIT, endpoints=(ENDPOINTS[0], replace(ENDPOINTS[1], zone_id="use1-az3"))),
        "subnet-e1 is in us-east-1b (use1-az3), where EKS puts no control plane; give a subnet of another zone",
    ),
    "one zone": (replace(FIT, endpoints=ENDPOINTS[:1]), "endpoint_subnet_ids spans 1 zone"),
    "two subnets in a zone": (
        replace(FIT, nodes=(*NODES, replace(NODES[0], id="subnet-n2"))),
        f"several subnets in {ZONES[0]}",
    ),
    "internet gateway": (with_route(gateway_id="igw-1"), "rtb-1 leads 0.0.0.0/0 to an internet gateway (igw-1)"),
    "VPN gateway": (with_route(gateway_id="vgw-1"), "a VPN gateway (vgw-1)"),
    "NAT gateway": (with_route(nat_gateway_id="nat-1"), "a NAT gateway (nat-1)"),
    "egress-only gateway": (
        with_route(egress_only_gateway_id="eigw-1", cidr_block="", ipv6_cidr_block="::/0"),
        "leads ::/0 to an egress-only gateway",
    ),
    "NAT instance": (with_route(network_interface_id="eni-1"), "a network interface (eni-1)"),
    "firewall appliance": (with_route(vpc_endpoint_id="vpce-1"), "an endpoint that is no AWS service's (vpce-1)"),
    "transit gateway": (with_route(transit_gateway_id="tgw-1"), "a transit gateway (tgw-1), which is in no peer_cidrs"),
    "peering": (with_route(vpc_peering_connection_id="pcx-1"), "a peering (pcx-1), which is in no peer_cidrs"),
    "a list of peers' ranges": (
        with_route(transit_gateway_id="tgw-1", cidr_block="", destination_prefix_list_id="pl-1"),
        "leads pl-1 to a transit gateway",
    ),
}


@pytest.mark.parametrize("fault", UNFIT)
def test_an_unfit_vpc_is_refused_with_the_resource_named(fault: str) -> None:
    found, message = UNFIT[fault]
    (said,) = problems(found, ["192.168.0.0/16"], ZONES)
    assert message in said


def test_zones_without_the_instance_type_are_named() -> None:
    (said,) = problems(FIT, [], ["us-east-1c"])
    assert "offered in us-east-1c, but node_subnet_ids are in us-east-1a, us-east-1b" in said


def test_a_route_to_a_peer_that_was_named_is_let_pass_and_to_a_wider_range_is_not() -> None:
    near = with_route(vpc_peering_connection_id="pcx-1", cidr_block="192.168.4.0/24")
    assert list(problems(near, ["192.168.0.0/16"], ZONES)) == []
    wide = with_route(vpc_peering_connection_id="pcx-1", cidr_block="192.0.0.0/8")
    assert len(list(problems(wide, ["192.168.0.0/16"], ZONES))) == 1


def test_a_subnet_uses_its_own_table_or_the_main_one() -> None:
    own = Table(id="rtb-2", is_main=False, subnet_ids=frozenset({"subnet-n0"}), routes=())
    idle = Table(id="rtb-3", is_main=False, subnet_ids=frozenset({"subnet-other"}), routes=())
    found = replace(FIT, tables=(TABLE, own, idle))
    assert found.tables_of(NODES) == ["rtb-1", "rtb-2"]
    assert found.tables_of(NODES[:1]) == ["rtb-2"]


ARGS = args_of("ExistingNetwork")


def answers(routes: list[dict[str, str]], unknown: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Answers of AWS about a VPC with these routes, some of whose subnets it does not know."""
    fit = vpc_answers(ARGS)
    table, subnets = "aws:ec2/getRouteTable:getRouteTable", "aws:ec2/getSubnets:getSubnets"
    known = [id_ for id_ in fit[subnets]["ids"] if id_ not in unknown]
    return {**fit, table: {**fit[table], "routes": routes}, subnets: {"ids": known}}


def test_in_a_fit_vpc_the_same_is_made_as_in_one_of_ours_but_no_vpc_subnet_or_route_table() -> None:
    got = built_case("ExistingNetwork")
    endpoints = got.of(ENDPOINT)
    assert endpoints["net-s3"]["routeTableIds"] == ["rtb-1"]
    assert endpoints["net-sts"]["subnetIds"] == ["subnet-e0", "subnet-e1"]
    assert len(got.of("aws:ec2/flowLog:FlowLog")) == 1
    assert len(got.of("aws:route53/resolverFirewallConfig:ResolverFirewallConfig")) == 1
    # Read, not made, and with what the proof asks of them.
    assert got.one("aws:ec2/vpc:Vpc")["cidrBlock"] == "10.0.0.0/16"
    assert {each["vpcId"] for each in got.of("aws:ec2/subnet:Subnet").values()} == {"vpc-1"}
    assert got.one("aws:ec2/routeTable:RouteTable") == {"vpcId": "vpc-1", "routes": []}
    assert got.outputs["gpu_subnet_ids"] == ["subnet-n0", "subnet-n1"]
    assert got.outputs["vpc_cidr"] == "10.0.0.0/16"


def test_all_problems_come_in_one_message_and_nothing_is_made(built: Build) -> None:
    routes_outside = [
        {"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"},
        {"cidrBlock": "1.0.0.0/8", "gatewayId": "igw-1"},
    ]
    with pytest.raises(ArgumentError, match=r"vpc-1 cannot be used:\n.*nat-1.*\n.*igw-1") as refused:
        built(lambda opts: ExistingNetwork("net", ARGS, opts), answers=answers(routes_outside))
    assert len(str(refused.value).splitlines()) == 3


def test_a_zone_without_an_endpoint_service_is_refused_unless_no_endpoint_stands_there(
    built: Build,
) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        return endpoint_service(asked) | {"availabilityZones": ZONES[:1] if "sts" in asked["serviceName"] else ZONES}

    here = answers([]) | {SERVICE: answer}
    with pytest.raises(
        ArgumentError,
        match=r"subnet-e1 is in us-east-1b, where AWS has no endpoint of com.amazonaws.us-east-1.sts; give",
    ):
        built(lambda opts: ExistingNetwork("net", ARGS, opts), answers=here)
    one = built(
        lambda opts: ExistingNetwork("net", args_of("ExistingNetwork", endpoint_zones="one"), opts), answers=here
    )
    assert one.of(ENDPOINT)["net-sts"]["subnetIds"] == ["subnet-e0"]


def test_ids_that_aws_does_not_know_are_listed(built: Build) -> None:
    gone = frozenset({"subnet-n1", "subnet-e0"})
    with pytest.raises(ArgumentError, match="AWS knows no subnet-n1, subnet-e0 in this account"):
        built(lambda opts: ExistingNetwork("net", ARGS, opts), answers=answers([], gone))
