"""Address ranges: private, a public allow-list, or everyone."""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network

PRIVATE_RANGES: tuple[Network, ...] = tuple(
    ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10")
)
"""Ranges that the internet does not route. Source: RFC 1918, RFC 6598, RFC 4193, RFC 4291."""

WIDEST_LIST = {4: 16, 6: 32}
"""Shortest prefix of public addresses that is still an allow-list: about what one organization holds. Without a bound,
0.0.0.0/1 and 128.0.0.0/1 would pass as a list."""


IPV4_WITHIN = tuple(map(IPv6Network, ("64:ff9b::/96", "::ffff:0:0/96")))
"""IPv6 ranges of which each address is an IPv4 one: a NAT gateway behind a route takes the first to the internet.
Source: RFC 6052; VPC user guide, nat-gateway-nat64-dns64, read 2026-11-29."""


class Breadth(Enum):
    PRIVATE = "private"
    LISTED = "a list of public addresses"
    EVERYONE = "everyone"
    NO_RANGE = "no range"


def within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # versions are equal


def breadth(cidr: object) -> Breadth:
    """Addresses that a range takes in."""
    try:
        network = ip_network(str(cidr), strict=False)
    except ValueError:
        return Breadth.NO_RANGE
    for each in IPV4_WITHIN:
        if within(network, each):
            embedded = int(network.network_address) & 0xFFFF_FFFF
            return breadth(IPv4Network((embedded, network.prefixlen - each.prefixlen)))
        if within(each, network):
            return Breadth.EVERYONE
    if any(within(network, own) for own in PRIVATE_RANGES):
        return Breadth.PRIVATE
    return Breadth.LISTED if network.prefixlen >= WIDEST_LIST[network.version] else Breadth.EVERYONE
