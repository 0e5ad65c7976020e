"""The subnets of a VPC: arithmetic only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import islice

from paddock.catalog.lookup import shown

MIN_ZONES = 2
MAX_ZONES = 4
MIN_VPC_PREFIX = 16
MAX_VPC_PREFIX = 22
"""A /22 is the smallest that leaves four zones a /25 for nodes and pods beside a /27 for endpoints."""
SMALLEST_NODE_PREFIX = 25
LARGEST_ENDPOINT_PREFIX = 24
SMALLEST_ENDPOINT_PREFIX = 27
"""EKS wants six free addresses for the control plane; the endpoints and AWS's own five need the rest of a /27."""
ENDPOINT_SHARE_BITS = 3
"""Endpoint subnets together take at most an eighth of the VPC."""
PRIVATE_RANGES = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetPlan:
    """One subnet of each kind a zone, in the order of the zones."""

    zones: int
    node_cidrs: tuple[IPv4Network, ...]
    """Nodes and pods: as large as the VPC allows, the fourth half as large as the others."""
    endpoint_cidrs: tuple[IPv4Network, ...]
    """The control plane's interfaces and the interface endpoints."""


def plan_subnets(vpc_cidr: str, zones: int, peer_cidrs: Sequence[str] = ()) -> SubnetPlan:
    """Divide the VPC; raises `ValueError` naming the argument, the value and the way out.

    Three zones get a quarter of the VPC each for nodes, the fourth an eighth; endpoints come out of the last eighth.
    One more zone so moves no subnet that is there already, with nodes in it.
    """
    vpc = vpc_network(vpc_cidr)
    if not MIN_ZONES <= zones <= MAX_ZONES:
        raise ValueError(f"number_of_availability_zones must be {MIN_ZONES} to {MAX_ZONES}, got {zones}; EKS needs two")
    for peer_cidr in peer_cidrs:
        peer = network("peer_cidrs", peer_cidr)
        if peer.prefixlen == 0:
            raise ValueError(f"peer_cidrs {peer} is every network; name the peered one alone, such as 10.9.0.0/16")
        if vpc.overlaps(peer):
            raise ValueError(
                f"vpc_cidr {vpc} overlaps peer_cidrs {peer}; peered networks cannot share addresses, "
                f"choose a VPC range outside it"
            )
    *_, fourth_zone, last_eighth = vpc.subnets(prefixlen_diff=ENDPOINT_SHARE_BITS)
    quarter = last_eighth.prefixlen + 2
    endpoint_prefix = min(max(quarter, LARGEST_ENDPOINT_PREFIX), SMALLEST_ENDPOINT_PREFIX)
    quarters = list(vpc.subnets(prefixlen_diff=2))[: MAX_ZONES - 1]
    return SubnetPlan(
        zones=zones,
        node_cidrs=(*quarters, fourth_zone)[:zones],
        endpoint_cidrs=tuple(islice(last_eighth.subnets(new_prefix=endpoint_prefix), zones)),
    )


def vpc_network(vpc_cidr: str) -> IPv4Network:
    """The VPC's range, of a size that can be divided; raises `ValueError`."""
    vpc = network("vpc_cidr", vpc_cidr)
    if not MIN_VPC_PREFIX <= vpc.prefixlen <= MAX_VPC_PREFIX:
        raise ValueError(
            f"vpc_cidr must be /{MIN_VPC_PREFIX} to /{MAX_VPC_PREFIX}, got {vpc}; "
            f"{'AWS allows no larger VPC' if vpc.prefixlen < MIN_VPC_PREFIX else 'smaller leaves no room for pods'}"
        )
    if not any(vpc.subnet_of(private) for private in PRIVATE_RANGES):
        inside = ", ".join(str(private) for private in PRIVATE_RANGES)
        raise ValueError(f"vpc_cidr must be a private range, got {vpc}; use one inside {inside}")
    return vpc


def network(name: str, cidr: str) -> IPv4Network:
    """An IPv4 range in CIDR notation; raises `ValueError` naming the argument."""
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        hint = ""
        if "host bits" in str(error):
            hint = f"; the range that holds it is {IPv4Network(cidr, strict=False)}"
        raise ValueError(f"{name} must be an IPv4 range such as 10.0.0.0/16, got {shown(cidr)}{hint}") from None


SERVICE_RANGES = tuple(
    IPv4Network(cidr) for cidr in ("172.20.0.0/16", "10.100.0.0/16", "192.168.192.0/18", "10.228.0.0/16")
)
"""Ranges of the addresses of Kubernetes Services; EKS takes one of the first two by itself, clear of the VPC alone."""


def service_range(routed: Sequence[str]) -> str:
    """The first range that overlaps none of these networks, to whose addresses a pod could not speak otherwise.

    Raises `ValueError` where all do.
    """
    networks = [network("routed_cidrs", cidr) for cidr in routed]
    for candidate in SERVICE_RANGES:
        if not any(candidate.overlaps(each) for each in networks):
            return str(candidate)
    raise ValueError(
        f"every range for Kubernetes Services ({', '.join(map(str, SERVICE_RANGES))}) overlaps one of "
        f"{', '.join(routed)}; name smaller networks"
    )
