"""Route tables, and their associations with subnets."""

from __future__ import annotations

from local.aws.calls import ec2_tags, one, retag_ec2, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Resource, names
from local.aws.values import Values

_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}


def _create_table(cloud: Cloud, inputs: Values) -> str:
    made = cloud.ec2.create_route_table(VpcId=inputs["vpcId"], TagSpecifications=ec2_tags("route-table", inputs))
    return str(made["RouteTable"]["RouteTableId"])


def _read_table(cloud: Cloud, id_: str, _: Values) -> Values:
    table = one(cloud.ec2.describe_route_tables, "RouteTables", RouteTableIds=[id_])
    return {
        "arn": cloud.arn("ec2", f"route-table/{id_}"),
        "ownerId": cloud.account_id,
        "propagatingVgws": [],
        "routes": [
            {
                "cidrBlock": route.get("DestinationCidrBlock", ""),
                "destinationPrefixListId": route.get("DestinationPrefixListId", ""),
                "ipv6CidrBlock": route.get("DestinationIpv6CidrBlock", ""),
                **{name: route[shown] for name, shown in _TARGETS.items() if route.get(shown)},
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


def _read_association(cloud: Cloud, id_: str, _: Values) -> Values:
    filters = [{"Name": "association.route-table-association-id", "Values": [id_]}]
    table = one(cloud.ec2.describe_route_tables, "RouteTables", Filters=filters)
    association = next(each for each in table["Associations"] if each["RouteTableAssociationId"] == id_)
    return {"routeTableId": table["RouteTableId"], "subnetId": association["SubnetId"]}


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
        required=names("subnetId"),
        replace_on=names("routeTableId subnetId"),
        identity=names("subnetId"),
        create=_create_association,
        read=_read_association,
        delete=lambda cloud, id_, _: cloud.ec2.disassociate_route_table(AssociationId=id_),
    ),
)
