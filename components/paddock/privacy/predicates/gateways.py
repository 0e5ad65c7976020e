"""Gateways of a VPC, and the routes that lead to them."""

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, findings_at, values_at

INTERNET_GATEWAYS: Mapping[str, str] = MappingProxyType(
    {
        "aws:ec2/carrierGateway:CarrierGateway": "a carrier gateway",
        "aws:ec2/defaultVpc:DefaultVpc": "AWS's default VPC, which comes with an internet gateway,",
        "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": "an egress-only internet gateway",
        "aws:ec2/internetGateway:InternetGateway": "an internet gateway",
        "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment": "an attached internet gateway",
        "aws:ec2/natGateway:NatGateway": "a NAT gateway",
    }
)
"""Resources that have no use but to carry traffic out of a VPC."""

ROUTES: Mapping[str, str] = MappingProxyType(
    {
        "aws:ec2/route:Route": "",
        "aws:ec2/routeTable:RouteTable": "routes[]",
        "aws:ec2/defaultRouteTable:DefaultRouteTable": "routes[]",
    }
)
"""Path of the routes in each type; the resource may be the route itself."""

GATEWAY_TARGETS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "carrierGatewayId": ("a carrier gateway", ""),
        "egressOnlyGatewayId": ("an egress-only internet gateway", ""),
        "natGatewayId": ("a NAT gateway", ""),
        "gatewayId": ("an internet gateway", "igw-"),
    }
)
"""Targets of a route that lead out, with the prefix of their ids: `gatewayId` also takes virtual private gateways
(vgw-), endpoints (vpce-) and `local`."""
EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})
DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "cidrBlock", "ipv6CidrBlock")
USE_ENDPOINTS = "remove it and reach AWS services through VPC endpoints"


def gateway_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Internet, NAT, egress-only and carrier gateways, and routes that lead to one or to a NAT instance.

    Routes to a transit gateway, a peer or a VPN are not checked: what lies behind them is not in the inputs.
    """
    if gateway := INTERNET_GATEWAYS.get(resource_type):
        return [Problem("", f"{gateway} lets data leave the VPC; {USE_ENDPOINTS}")]
    if resource_type not in ROUTES:
        return []
    return [finding for path, route in values_at(inputs, ROUTES[resource_type]) for finding in _route(path, route)]


def _route(prefix: str, route: object) -> Iterator[Finding]:
    for key, (gateway, id_prefix) in GATEWAY_TARGETS.items():
        yield from findings_at(route, key, partial(_leads_out, gateway, id_prefix), prefix)
    for path, target in values_at(route, "networkInterfaceId", prefix):
        destinations = [value for key in DESTINATIONS for _, value in values_at(route, key)]
        if target and EVERYWHERE.intersection(map(str, destinations)):
            yield Problem(
                path, f"a default route to a network interface makes a NAT instance of its owner; {USE_ENDPOINTS}"
            )
        elif target and UNKNOWN in destinations:
            yield Undecided(path)


def _leads_out(gateway: str, id_prefix: str, target: object) -> str | None:
    text = f"this route leads out through {gateway} ({target}); {USE_ENDPOINTS}"
    return text if target and str(target).startswith(id_prefix) else None
