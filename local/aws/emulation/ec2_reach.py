"""Reachability within a VPC, by the security groups of both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from moto.ec2.models import EC2Backend


@dataclass(frozen=True)
class NetworkPeer:
    """An address, or a subnet with an address somewhere in it, and the security groups there."""

    addresses: IPv4Network
    groups: tuple[Any, ...]

    @classmethod
    def of_interface(cls, interface: Any) -> NetworkPeer:
        return cls(IPv4Network(interface.private_ip_address), tuple(interface.group_set))


def peers_of_endpoint(ec2: EC2Backend, endpoint: Any) -> Iterator[NetworkPeer]:
    """One for each subnet: moto gives an endpoint's interfaces addresses and groups of their own."""
    groups = tuple(ec2.get_security_group_from_id(id_) for id_ in endpoint.security_group_ids)
    for subnet_id in endpoint.subnet_ids:
        yield NetworkPeer(IPv4Network(ec2.get_subnet(subnet_id).cidr_block), groups)


def may_connect(source: NetworkPeer, target: NetworkPeer, port: int) -> bool:
    """Over TCP, within one VPC, whose own routes lead everywhere in it."""
    out = (rule for group in source.groups for rule in group.egress_rules)
    into = (rule for group in target.groups for rule in group.ingress_rules)
    return _allows(out, target, port) and _allows(into, source, port)


def _allows(rules: Iterable[Any], peer: NetworkPeer, port: int) -> bool:
    groups = {group.id for group in peer.groups}
    return any(
        (rule.ip_protocol == "-1" or (rule.ip_protocol == "tcp" and rule.from_port <= port <= rule.to_port))
        and (
            (rule.cidr_ipv4 and peer.addresses.subnet_of(IPv4Network(rule.cidr_ipv4)))
            or rule.source_group.get("GroupId") in groups
        )
        for rule in rules
    )
