"""DependencyViolation: EC2 keeps what something still uses, of which moto 5.2.5 deletes most without asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeAlias

from moto.ec2.models import EC2Backend

from local.aws.emulation import Refused, teach

Users: TypeAlias = Callable[[EC2Backend, str], Iterator[str]]


def install() -> None:
    """Teach every EC2 backend of this process to refuse as AWS does."""
    _guard("delete_vpc", "vpc_id", _users_of_vpc)
    _guard("delete_subnet", "subnet_id", _users_of_subnet)
    _guard("delete_security_group", "group_id", _users_of_security_group)
    _guard("detach_internet_gateway", "vpc_id", _users_of_internet_gateway)
    _release_with_nat_gateway()


def _guard(method_name: str, argument: str, users: Users) -> None:
    method = getattr(EC2Backend, method_name)
    position = method.__code__.co_varnames.index(argument) - 1

    @wraps(method)
    def guarded(self: EC2Backend, *args: Any, **kwargs: Any) -> Any:
        id_ = kwargs.get(argument, args[position] if len(args) > position else None)
        found = sorted(users(self, id_)) if id_ else []
        if found:
            raise Refused("DependencyViolation", f"{id_} has dependencies and cannot be deleted: {', '.join(found)}")
        return method(self, *args, **kwargs)

    teach(EC2Backend, guarded)


def _release_with_nat_gateway() -> None:
    """moto keeps the network interface of a deleted NAT gateway, and with it the subnet and the address."""
    delete = EC2Backend.delete_nat_gateway

    def delete_nat_gateway(self: EC2Backend, nat_gateway_id: str) -> Any:
        gateway = delete(self, nat_gateway_id)
        for address in gateway.address_set:
            if address.get("associationId"):
                self.disassociate_address(association_id=address["associationId"])
        self.enis.pop(gateway._eni.id, None)
        return gateway

    teach(EC2Backend, delete_nat_gateway)


def _users_of_vpc(ec2: EC2Backend, vpc_id: str) -> Iterator[str]:
    yield from (id_ for zone in ec2.subnets.values() for id_, subnet in zone.items() if subnet.vpc_id == vpc_id)
    yield from (id_ for id_, group in ec2.groups[vpc_id].items() if group.name != "default")
    yield from (id_ for id_, gateway in ec2.internet_gateways.items() if gateway.vpc and gateway.vpc.id == vpc_id)
    yield from (
        endpoint.id for endpoint in ec2.vpc_end_points.values() if _lives(endpoint) and endpoint.vpc_id == vpc_id
    )


def _users_of_subnet(ec2: EC2Backend, subnet_id: str) -> Iterator[str]:
    yield from (id_ for id_, interface in ec2.enis.items() if interface.subnet.id == subnet_id)
    yield from (
        gateway.id
        for gateway in ec2.nat_gateways.values()
        if gateway.subnet_id == subnet_id and gateway.state != "deleted"
    )
    yield from (
        endpoint.id
        for endpoint in ec2.vpc_end_points.values()
        if _lives(endpoint) and subnet_id in (endpoint.subnet_ids or [])
    )


def _users_of_security_group(ec2: EC2Backend, group_id: str) -> Iterator[str]:
    for id_, interface in ec2.enis.items():
        if group_id in {group.id for group in interface.group_set or []}:
            yield id_
    for endpoint in ec2.vpc_end_points.values():
        if _lives(endpoint) and group_id in endpoint.security_group_ids:
            yield endpoint.id
    for groups in ec2.groups.values():
        for other in groups.values():
            rules = [*other.ingress_rules, *other.egress_rules]
            if other.id != group_id and any(_refers_to(rule, group_id) for rule in rules):
                yield other.id


def _refers_to(rule: Any, group_id: str) -> bool:
    return bool((rule.source_group or {}).get("GroupId") == group_id)


def _users_of_internet_gateway(ec2: EC2Backend, vpc_id: str) -> Iterator[str]:
    """Public addresses in the VPC keep its gateway attached."""
    yield from (
        gateway.id
        for gateway in ec2.nat_gateways.values()
        if gateway.vpc_id == vpc_id and gateway.state != "deleted" and gateway.connectivity_type != "private"
    )


def _lives(endpoint: Any) -> bool:
    return bool(endpoint.state != "deleted")
