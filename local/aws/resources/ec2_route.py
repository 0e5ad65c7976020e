"""Route tables, routes and the associations of tables with subnets."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from local.aws.calls import ec2_tags, first, retag_ec2, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Resource, names
from local.aws.values import Value, Values

# Argument of aws.ec2.Route, the parameter that sets it, the member of a described route that shows it.
_TARGETS = {
    "gatewayId": ("GatewayId", "GatewayId"),
    "natGatewayId": ("NatGatewayId", "NatGatewayId"),
    "networkInterfaceId": ("NetworkInterfaceId", "NetworkInterfaceId"),
    "transitGatewayId": ("TransitGatewayId", "TransitGatewayId"),
    "vpcPeeringConnectionId": ("VpcPeeringConnectionId", "VpcPeeringConnectionId"),
}
_DESTINATIONS = {"destinationCidrBlock": "DestinationCidrBlock", "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock"}


def _create_table(cloud: Cloud, inputs: Values) -> str:
    made = cloud.ec2.create_route_table(VpcId=inputs["vpcId"], TagSpecifications=ec2_tags("route-table", inputs))
    return str(made["RouteTable"]["RouteTableId"])


def _table(cloud: Cloud, id_: str) -> Any:
    return first(cloud.ec2.describe_route_tables, "RouteTables", RouteTableIds=[id_])


def _read_table(cloud: Cloud, id_: str, _: Values) -> Values | None:
    table = _table(cloud, id_)
    if table is None:
        return None
    return {
        "arn": cloud.arn("ec2", f"route-table/{id_}"),
        "ownerId": cloud.account_id,
        "propagatingVgws": [],
        "routes": [
            {
                "cidrBlock": route.get("DestinationCidrBlock", ""),
                "destinationPrefixListId": route.get("DestinationPrefixListId", ""),
                "ipv6CidrBlock": route.get("DestinationIpv6CidrBlock", ""),
                **{name: route[shown] for name, (_, shown) in _TARGETS.items() if route.get(shown)},
            }
            for route in table["Routes"]
            # Those that the VPC and its endpoints have by themselves do not count as the table's.
            if route.get("GatewayId") != "local" and not route.get("GatewayId", "").startswith("vpce-")
        ],
        "tagsAll": tag_map(table.get("Tags")),
        "vpcId": table["VpcId"],
    }


def _create_association(cloud: Cloud, inputs: Values) -> str:
    made = cloud.ec2.associate_route_table(RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"])
    return str(made["AssociationId"])


def _read_association(cloud: Cloud, id_: str, _: Values) -> Values | None:
    filters = [{"Name": "association.route-table-association-id", "Values": [id_]}]
    table = first(cloud.ec2.describe_route_tables, "RouteTables", Filters=filters)
    if table is None:
        return None
    association = next(each for each in table["Associations"] if each["RouteTableAssociationId"] == id_)
    return {"routeTableId": table["RouteTableId"], "subnetId": association["SubnetId"]}


def _route_arguments(inputs: Values) -> dict[str, Value]:
    known = {**_DESTINATIONS, **{name: parameter for name, (parameter, _) in _TARGETS.items()}}
    return {known[name]: value for name, value in inputs.items() if name in known}


def _create_route(cloud: Cloud, inputs: Values) -> str:
    table = inputs["routeTableId"]
    destination = inputs.get("destinationCidrBlock") or inputs["destinationIpv6CidrBlock"]
    if _route(cloud, table, destination) is not None:
        raise ValueError(f"the route table {table} already has a route to {destination}")  # moto would replace it
    cloud.ec2.create_route(RouteTableId=table, **_route_arguments(inputs))
    return f"r-{table}{zlib.crc32(destination.encode())}"


def _route(cloud: Cloud, table_id: str, destination: str) -> Any:
    table = _table(cloud, table_id)
    for route in table["Routes"] if table else ():
        if destination in (route.get("DestinationCidrBlock"), route.get("DestinationIpv6CidrBlock")):
            return route
    return None


def _read_route(cloud: Cloud, _: str, known: Values) -> Values | None:
    destination = known.get("destinationCidrBlock") or known["destinationIpv6CidrBlock"]
    route = _route(cloud, known["routeTableId"], destination)
    if route is None:
        return None
    return {
        "routeTableId": known["routeTableId"],
        **{name: route[member] for name, member in _DESTINATIONS.items() if route.get(member)},
        **{name: route.get(shown, "") for name, (_, shown) in _TARGETS.items()},
        "instanceId": route.get("InstanceId", ""),
        "instanceOwnerId": route.get("InstanceOwnerId", ""),
        "origin": route.get("Origin", "CreateRoute"),
        "state": route.get("State", "active"),
    }


def _update_route(change: Change) -> None:
    change.cloud.ec2.replace_route(RouteTableId=change.new["routeTableId"], **_route_arguments(change.new))


def _delete_route(cloud: Cloud, _: str, state: Values) -> None:
    destination = {member: state[name] for name, member in _DESTINATIONS.items() if state.get(name)}
    cloud.ec2.delete_route(RouteTableId=state["routeTableId"], **destination)


def _one_target(inputs: Values) -> Iterator[tuple[str, str]]:
    for choices in (tuple(_DESTINATIONS), tuple(_TARGETS)):
        chosen = [name for name in choices if name in inputs]
        if len(chosen) != 1:
            yield choices[0], f"exactly one of {', '.join(choices)} must be given, got {len(chosen)}"


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/routeTable:RouteTable",
        operation=("ec2", "CreateRouteTable"),
        arguments=names("vpcId"),
        replace_on=names("vpcId"),
        create=_create_table,
        read=_read_table,
        delete=lambda cloud, id_, _: cloud.ec2.delete_route_table(RouteTableId=id_),
        retag=retag_ec2,
    ),
    Resource(
        pulumi_type="aws:ec2/routeTableAssociation:RouteTableAssociation",
        operation=("ec2", "AssociateRouteTable"),
        arguments=names("routeTableId subnetId"),
        replace_on=names("routeTableId subnetId"),
        identity=names("subnetId"),
        create=_create_association,
        read=_read_association,
        delete=lambda cloud, id_, _: cloud.ec2.disassociate_route_table(AssociationId=id_),
        validate=lambda inputs: iter(() if "subnetId" in inputs else [("subnetId", "required, but not given")]),
    ),
    Resource(
        pulumi_type="aws:ec2/route:Route",
        operation=("ec2", "CreateRoute"),
        arguments=frozenset({"routeTableId", *_DESTINATIONS, *_TARGETS}),
        replace_on=frozenset({"routeTableId", *_DESTINATIONS}),
        identity=frozenset({"routeTableId", *_DESTINATIONS}),
        create=_create_route,
        read=_read_route,
        update=_update_route,
        delete=_delete_route,
        validate=_one_target,
        importable=False,
    ),
)
