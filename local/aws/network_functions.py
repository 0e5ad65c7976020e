"""The emulated functions that look at networks which are there already."""

from __future__ import annotations

from typing import Any

from local.aws.calls import tag_map
from local.aws.cloud import Cloud, is_gone
from local.aws.resources import RESOURCES
from local.aws.values import Value, Values

_ROUTE_MEMBERS = {
    "carrierGatewayId": "CarrierGatewayId",
    "cidrBlock": "DestinationCidrBlock",
    "coreNetworkArn": "CoreNetworkArn",
    "destinationPrefixListId": "DestinationPrefixListId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "instanceId": "InstanceId",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "odbNetworkArn": "OdbNetworkArn",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}


def filters(args: Values) -> list[Values]:
    return [{"Name": each["name"], "Values": each["values"]} for each in args.get("filters", [])]


def _one(found: list[Any], what: str) -> Any:
    """A data source of the official provider is for exactly one object."""
    if len(found) != 1:
        raise ValueError(f"multiple EC2 {what}s matched" if found else f"no matching EC2 {what} found")
    return found[0]


def _described(call: Any, result: str, **arguments: Any) -> list[Any]:
    try:
        return list(call(**arguments)[result])
    except Exception as error:
        if is_gone(error):
            return []
        raise


def prefix_list(cloud: Cloud, args: Values) -> Values:
    wanted = filters(args)
    if "name" in args:
        wanted.append({"Name": "prefix-list-name", "Values": [args["name"]]})
    ids = {"PrefixListIds": [args["prefixListId"]]} if "prefixListId" in args else {}
    found = _one(_described(cloud.ec2.describe_prefix_lists, "PrefixLists", Filters=wanted, **ids), "Prefix List")
    return {
        **args,
        "cidrBlocks": found.get("Cidrs") or _entries(cloud, found["PrefixListId"]),
        "id": found["PrefixListId"],
        "name": found["PrefixListName"],
        "region": cloud.region,
    }


def _entries(cloud: Cloud, id_: str) -> list[str]:
    """moto 5.2.5 describes AWS's lists without their addresses, which it has."""
    entries = cloud.ec2.get_managed_prefix_list_entries(PrefixListId=id_)["Entries"]
    return [entry["Cidr"] for entry in entries]


def vpc(cloud: Cloud, args: Values) -> Values:
    found = _one(_described(cloud.ec2.describe_vpcs, "Vpcs", **_selection("VpcIds", args)), "VPC")
    state = _read("aws:ec2/vpc:Vpc", cloud, found["VpcId"])
    return {
        **state,
        "cidrBlockAssociations": [
            {
                "associationId": each["AssociationId"],
                "cidrBlock": each["CidrBlock"],
                "state": each["CidrBlockState"]["State"],
            }
            for each in found.get("CidrBlockAssociationSet", [])
        ],
        "default": found["IsDefault"],
        "filters": args.get("filters", []),
        "ipv6CidrBlockAssociations": [],
        "id": found["VpcId"],
        "region": cloud.region,
        "state": found["State"],
        "tags": state.pop("tagsAll"),
    }


def endpoint_service(cloud: Cloud, args: Values) -> Values:
    kind = args.get("serviceType")
    found = _one(
        [
            each
            for each in cloud.ec2.describe_vpc_endpoint_services(ServiceNames=[args["serviceName"]])["ServiceDetails"]
            if kind in (None, each["ServiceType"][0]["ServiceType"])
        ],
        "VPC Endpoint Service",
    )
    return {
        **args,
        "acceptanceRequired": found["AcceptanceRequired"],
        "availabilityZones": found["AvailabilityZones"],
        "baseEndpointDnsNames": found["BaseEndpointDnsNames"],
        "id": found["ServiceId"],
        "managesVpcEndpoints": found["ManagesVpcEndpoints"],
        "owner": found["Owner"],
        "privateDnsName": found.get("PrivateDnsName", ""),
        "privateDnsNames": [each["PrivateDnsName"] for each in found.get("PrivateDnsNames", [])],
        "region": cloud.region,
        "serviceId": found["ServiceId"],
        "serviceName": found["ServiceName"],
        "serviceRegion": cloud.region,
        "serviceType": found["ServiceType"][0]["ServiceType"],
        "vpcEndpointPolicySupported": found["VpcEndpointPolicySupported"],
    }


def subnet(cloud: Cloud, args: Values) -> Values:
    found = _one(_described(cloud.ec2.describe_subnets, "Subnets", **_selection("SubnetIds", args)), "Subnet")
    state = _read("aws:ec2/subnet:Subnet", cloud, found["SubnetId"])
    return {
        **state,
        "availableIpAddressCount": found["AvailableIpAddressCount"],
        "defaultForAz": found["DefaultForAz"],
        "filters": args.get("filters", []),
        "id": found["SubnetId"],
        "region": cloud.region,
        "state": found["State"],
        "tags": state.pop("tagsAll"),
    }


def vpcs(cloud: Cloud, args: Values) -> Values:
    found = cloud.ec2.describe_vpcs(Filters=filters(args))["Vpcs"]
    return {**args, "id": cloud.region, "ids": [each["VpcId"] for each in found], "region": cloud.region}


def subnets(cloud: Cloud, args: Values) -> Values:
    found = cloud.ec2.describe_subnets(Filters=filters(args))["Subnets"]
    return {**args, "id": cloud.region, "ids": [each["SubnetId"] for each in found], "region": cloud.region}


def route_tables(cloud: Cloud, args: Values) -> Values:
    wanted = filters(args)
    if "vpcId" in args:
        wanted.append({"Name": "vpc-id", "Values": [args["vpcId"]]})
    found = cloud.ec2.describe_route_tables(Filters=wanted)["RouteTables"]
    return {**args, "id": cloud.region, "ids": [table["RouteTableId"] for table in found], "region": cloud.region}


def route_table(cloud: Cloud, args: Values) -> Values:
    found = _one(
        _described(cloud.ec2.describe_route_tables, "RouteTables", RouteTableIds=[args["routeTableId"]]), "Route Table"
    )
    id_ = found["RouteTableId"]
    return {
        **args,
        "arn": cloud.arn("ec2", f"route-table/{id_}"),
        "associations": [
            {
                "gatewayId": each.get("GatewayId", ""),
                "main": each["Main"],
                "routeTableAssociationId": each["RouteTableAssociationId"],
                "routeTableId": id_,
                "subnetId": each.get("SubnetId", ""),
            }
            for each in found["Associations"]
        ],
        "id": id_,
        "ownerId": cloud.account_id,
        "region": cloud.region,
        "routeTableId": id_,
        "routes": [_route(each) for each in found["Routes"] if not _own(each)],
        "tags": tag_map(found.get("Tags")),
        "vpcId": found["VpcId"],
    }


def _own(route: Any) -> bool:
    """Those that the official provider leaves out: the VPC's own, of an endpoint, and learnt from a VPN."""
    gateway = str(route.get("GatewayId", ""))
    return gateway == "local" or gateway.startswith("vpce-") or route.get("Origin") == "EnableVgwRoutePropagation"


def _route(described: Any) -> Values:
    return {**{name: described.get(member, "") for name, member in _ROUTE_MEMBERS.items()}, "vpcEndpointId": ""}


def _selection(ids: str, args: Values) -> dict[str, Value]:
    return {ids: [args["id"]]} if "id" in args else {"Filters": filters(args)}


def _read(pulumi_type: str, cloud: Cloud, id_: str) -> Values:
    return dict(RESOURCES[pulumi_type].read(cloud, id_, {}))
