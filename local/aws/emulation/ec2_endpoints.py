"""VPC endpoints as EC2 makes them: moto 5.2.5 takes any service, subnet and group, and changes half of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses.vpcs import VPCs

from local.aws.emulation import Refused, teach


def install() -> None:
    """Teach every EC2 backend of this process."""
    create = EC2Backend.create_vpc_endpoint

    def create_vpc_endpoint(self: EC2Backend, vpc_id: str, service_name: str, **arguments: Any) -> Any:
        self.get_vpc(vpc_id)
        kind = arguments.pop("endpoint_type", None) or "Gateway"
        _require_service(self, service_name, kind)
        _require_subnets(self, vpc_id, service_name, arguments.get("subnet_ids") or [])
        _require_in_vpc(self, vpc_id, arguments.get("route_table_ids") or [], arguments.get("security_group_ids") or [])
        _require_policy(self, service_name, arguments.get("policy_document"))
        if kind == "Interface":
            if not arguments.get("security_group_ids"):
                default = self.get_security_group_by_name_or_id("default", vpc_id)
                arguments["security_group_ids"] = [default.id] if default else []
            if arguments.get("private_dns_enabled"):
                _require_private_dns(self, vpc_id, service_name)
        else:
            arguments["private_dns_enabled"] = False
        return create(self, vpc_id, service_name, kind, **arguments)

    teach(EC2Backend, create_vpc_endpoint)
    teach(VPCs, modify_vpc_endpoint)


def modify_vpc_endpoint(self: VPCs) -> ActionResult:
    ec2: EC2Backend = self.ec2_backend
    endpoint = ec2.describe_vpc_endpoints([self._get_param("VpcEndpointId")])[0]

    def change(member: str) -> tuple[list[str], list[str]]:
        return self._get_param(f"Add{member}", []), self._get_param(f"Remove{member}", [])

    subnets, tables, groups = change("SubnetIds"), change("RouteTableIds"), change("SecurityGroupIds")
    kept = [subnet for subnet in endpoint.subnet_ids or [] if subnet not in subnets[1]]
    _require_subnets(ec2, endpoint.vpc_id, endpoint.service_name, [*kept, *subnets[0]])
    _require_in_vpc(ec2, endpoint.vpc_id, tables[0], groups[0])
    private_dns = self._get_bool_param("PrivateDnsEnabled")
    if private_dns and not endpoint.private_dns_enabled:
        _require_private_dns(ec2, endpoint.vpc_id, endpoint.service_name)

    policy = self._get_param("PolicyDocument")
    if self._get_bool_param("ResetPolicy"):
        policy = json.dumps(endpoint.DEFAULT_POLICY)
    _require_policy(ec2, endpoint.service_name, policy)
    endpoint.modify(policy, subnets[0], subnets[1], tables[0], tables[1], groups[0], groups[1])
    if private_dns is not None:
        endpoint.private_dns_enabled = private_dns
    _reconnect(ec2, endpoint)
    for table in tables[0]:
        ec2.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=_prefix_list(endpoint))
    for table in tables[1]:
        ec2.delete_route(table, _prefix_list(endpoint))
    return ActionResult({"Return": True})


def _prefix_list(endpoint: Any) -> str:
    return str(endpoint.destination_prefix_list_id)


def _reconnect(ec2: EC2Backend, endpoint: Any) -> None:
    """One network interface in each of the endpoint's subnets."""
    interfaces = {ec2.enis[id_].subnet.id: id_ for id_ in endpoint.network_interface_ids}
    for subnet, interface in interfaces.items():
        if subnet not in endpoint.subnet_ids:
            ec2.delete_network_interface(interface)
    endpoint.network_interface_ids = [
        interfaces.get(subnet) or ec2.create_network_interface(subnet, "").id for subnet in endpoint.subnet_ids or []
    ]


def _services(ec2: EC2Backend, service_name: str) -> list[dict[str, Any]]:
    found = ec2.describe_vpc_endpoint_services(
        service_names=[], filters=[], max_results=1000, next_token=None, region=ec2.region_name
    )
    return [service for service in found["servicesDetails"] if service["ServiceName"] == service_name]


def _require_service(ec2: EC2Backend, service_name: str, kind: str) -> None:
    kinds = [offer["ServiceType"] for service in _services(ec2, service_name) for offer in service["ServiceType"]]
    if not kinds:
        raise Refused("InvalidServiceName", f"The Vpc Endpoint Service '{service_name}' does not exist")
    if kind not in kinds:
        raise Refused(
            "InvalidParameter", f"Endpoint type ({kind}) does not match available service types ({sorted(kinds)})."
        )


def _require_policy(ec2: EC2Backend, service_name: str, policy: str | None) -> None:
    supported = any(service["VpcEndpointPolicySupported"] for service in _services(ec2, service_name))
    if policy and not supported and json.loads(policy) != VPCEndPoint.DEFAULT_POLICY:
        raise Refused("InvalidParameter", f"Service {service_name} only supports the full-access endpoint policy")


def _require_subnets(ec2: EC2Backend, vpc_id: str, service_name: str, subnet_ids: Iterable[str]) -> None:
    zones: set[str] = set()
    offered = {zone for service in _services(ec2, service_name) for zone in service["AvailabilityZones"]}
    for subnet_id in subnet_ids:
        subnet = ec2.get_subnet(subnet_id)
        if subnet.vpc_id != vpc_id:
            raise Refused("InvalidParameter", f"The subnet {subnet_id} is not in VPC {vpc_id}")
        if subnet.availability_zone in zones:
            raise Refused(
                "DuplicateSubnetsInSameZone", f"Found another VPC endpoint subnet in {subnet.availability_zone}"
            )
        if subnet.availability_zone not in offered:
            raise Refused("InvalidParameter", f"{service_name} is not offered in {subnet.availability_zone}")
        zones.add(subnet.availability_zone)


def _require_in_vpc(ec2: EC2Backend, vpc_id: str, route_tables: Iterable[str], groups: Iterable[str]) -> None:
    for table_id in route_tables:
        if ec2.get_route_table(table_id).vpc_id != vpc_id:
            raise Refused("InvalidParameter", f"The route table {table_id} is not in VPC {vpc_id}")
    for group_id in groups:
        group = ec2.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != vpc_id:
            raise Refused("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist in VPC {vpc_id}")


def _require_private_dns(ec2: EC2Backend, vpc_id: str, service_name: str) -> None:
    vpc = ec2.get_vpc(vpc_id)
    if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        raise Refused(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
            f"for {vpc_id}",
        )
    for other in ec2.vpc_end_points.values():
        taken = other.vpc_id == vpc_id and other.service_name == service_name and other.private_dns_enabled
        if taken and other.state != "deleted":
            raise Refused(
                "InvalidParameter",
                f"private-dns-enabled cannot be set because {other.id} already holds the DNS domain of {service_name}",
            )
