"""Address ranges: private, a public allow-list, or everyone."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from paddock.privacy.proof.graph import State

PRIVATE_RANGES: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10")
)
"""Ranges that the internet does not route. Source: RFC 1918, RFC 6598, RFC 4193, RFC 4291."""

WIDEST_LIST = {4: 16, 6: 32}
"""Shortest prefix of public addresses that is still an allow-list: about what one organization holds. Without a bound,
0.0.0.0/1 and 128.0.0.0/1 would pass as a list."""


def range_state(cidr: object) -> State:
    """INSIDE for a range that the internet does not route, DECLARED for a public allow-list, OPEN, or UNCLEAR."""
    try:
        network = ip_network(str(cidr), strict=False)
    except ValueError:
        return State.UNCLEAR
    if any(network.version == own.version and network.subnet_of(own) for own in PRIVATE_RANGES):  # type: ignore[arg-type]  # versions are equal
        return State.INSIDE
    return State.DECLARED if network.prefixlen >= WIDEST_LIST[network.version] else State.OPEN
