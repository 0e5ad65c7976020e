"""Whether one network interface may connect to another: what their security groups say, both ways."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import Any


def may_connect(source: Any, target: Any, port: int) -> bool:
    """Over TCP; both are moto's interfaces in one VPC, whose own routes lead everywhere in it."""
    out = (rule for group in source.group_set for rule in group.egress_rules)
    into = (rule for group in target.group_set for rule in group.ingress_rules)
    return _allows(out, target, port) and _allows(into, source, port)


def _allows(rules: Iterable[Any], peer: Any, port: int) -> bool:
    groups = {group.id for group in peer.group_set}
    address = IPv4Address(peer.private_ip_address)
    return any(
        (rule.ip_protocol == "-1" or (rule.ip_protocol == "tcp" and rule.from_port <= port <= rule.to_port))
        and ((rule.cidr_ipv4 and address in IPv4Network(rule.cidr_ipv4)) or rule.source_group.get("GroupId") in groups)
        for rule in rules
    )
