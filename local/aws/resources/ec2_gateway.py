"""Ways out of a VPC: internet gateways, NAT gateways, elastic addresses."""

from __future__ import annotations

from local.aws.calls import ec2_tags, first, given, retag_ec2, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Resource, names
from local.aws.values import Values


def _create_internet_gateway(cloud: Cloud, inputs: Values) -> str:
    made = cloud.ec2.create_internet_gateway(TagSpecifications=ec2_tags("internet-gateway", inputs))
    return str(made["InternetGateway"]["InternetGatewayId"])


def _attach(cloud: Cloud, id_: str, inputs: Values) -> None:
    if "vpcId" in inputs:
        cloud.ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=inputs["vpcId"])


def _read_internet_gateway(cloud: Cloud, id_: str, _: Values) -> Values | None:
    gateway = first(cloud.ec2.describe_internet_gateways, "InternetGateways", InternetGatewayIds=[id_])
    if gateway is None:
        return None
    attachments = gateway.get("Attachments", [])
    return {
        "arn": cloud.arn("ec2", f"internet-gateway/{id_}"),
        "ownerId": cloud.account_id,
        "tagsAll": tag_map(gateway.get("Tags")),
        "vpcId": attachments[0]["VpcId"] if attachments else "",
    }


def _reattach(change: Change) -> None:
    if change.of("vpcId"):
        _detach(change.cloud, change.id, change.state)
        _attach(change.cloud, change.id, change.new)


def _detach(cloud: Cloud, id_: str, state: Values) -> None:
    if state.get("vpcId"):
        cloud.ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=state["vpcId"])


def _delete_internet_gateway(cloud: Cloud, id_: str, _: Values) -> None:
    now = _read_internet_gateway(cloud, id_, {})
    _detach(cloud, id_, now or {})
    cloud.ec2.delete_internet_gateway(InternetGatewayId=id_)


def _create_nat_gateway(cloud: Cloud, inputs: Values) -> str:
    made = cloud.ec2.create_nat_gateway(
        ConnectivityType=inputs["connectivityType"],
        TagSpecifications=ec2_tags("natgateway", inputs),
        **given(SubnetId=inputs.get("subnetId"), AllocationId=inputs.get("allocationId")),
    )
    return str(made["NatGateway"]["NatGatewayId"])


def _read_nat_gateway(cloud: Cloud, id_: str, _: Values) -> Values | None:
    gateway = first(cloud.ec2.describe_nat_gateways, "NatGateways", NatGatewayIds=[id_])
    if gateway is None or gateway["State"] in ("deleting", "deleted"):
        return None
    address = gateway["NatGatewayAddresses"][0]
    return {
        "allocationId": address.get("AllocationId", ""),
        "associationId": address.get("AssociationId", ""),
        "connectivityType": gateway["ConnectivityType"],
        "networkInterfaceId": address.get("NetworkInterfaceId", ""),
        "privateIp": address.get("PrivateIp", ""),
        "publicIp": address.get("PublicIp", ""),
        "secondaryAllocationIds": [],
        "secondaryPrivateIpAddresses": [],
        "secondaryPrivateIpAddressCount": 0,
        "subnetId": gateway["SubnetId"],
        "tagsAll": tag_map(gateway.get("Tags")),
        "vpcId": gateway["VpcId"],
    }


def _create_address(cloud: Cloud, inputs: Values) -> str:
    made = cloud.ec2.allocate_address(Domain=inputs["domain"], TagSpecifications=ec2_tags("elastic-ip", inputs))
    return str(made["AllocationId"])


def _read_address(cloud: Cloud, id_: str, _: Values) -> Values | None:
    address = first(cloud.ec2.describe_addresses, "Addresses", AllocationIds=[id_])
    if address is None:
        return None
    public_ip = address["PublicIp"]
    suffix = "compute-1" if cloud.region == "us-east-1" else f"{cloud.region}.compute"
    return {
        "allocationId": id_,
        "arn": cloud.arn("ec2", f"elastic-ip/{id_}"),
        "associationId": address.get("AssociationId", ""),
        "carrierIp": "",
        "customerOwnedIp": "",
        "customerOwnedIpv4Pool": "",
        "domain": address["Domain"],
        "instance": address.get("InstanceId", ""),
        "networkBorderGroup": cloud.region,
        "networkInterface": address.get("NetworkInterfaceId", ""),
        "privateIp": address.get("PrivateIpAddress", ""),
        "publicDns": f"ec2-{public_ip.replace('.', '-')}.{suffix}.amazonaws.com",
        "publicIp": public_ip,
        "publicIpv4Pool": "amazon",
        "tagsAll": tag_map(address.get("Tags")),
    }


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/internetGateway:InternetGateway",
        operation=("ec2", "CreateInternetGateway"),
        arguments=names("vpcId"),
        create=_create_internet_gateway,
        settle=_attach,
        read=_read_internet_gateway,
        update=_reattach,
        delete=_delete_internet_gateway,
        retag=retag_ec2,
    ),
    Resource(
        pulumi_type="aws:ec2/natGateway:NatGateway",
        operation=("ec2", "CreateNatGateway"),
        arguments=names("allocationId connectivityType subnetId"),
        defaults={"connectivityType": "public"},
        replace_on=names("allocationId connectivityType subnetId"),
        create=_create_nat_gateway,
        read=_read_nat_gateway,
        delete=lambda cloud, id_, _: cloud.ec2.delete_nat_gateway(NatGatewayId=id_),
        retag=retag_ec2,
        validate=lambda inputs: iter(() if "subnetId" in inputs else [("subnetId", "required, but not given")]),
    ),
    Resource(
        pulumi_type="aws:ec2/eip:Eip",
        operation=("ec2", "AllocateAddress"),
        arguments=names("domain"),
        defaults={"domain": "vpc"},
        replace_on=names("domain"),
        create=_create_address,
        read=_read_address,
        delete=lambda cloud, id_, _: cloud.ec2.release_address(AllocationId=id_),
        retag=retag_ec2,
    ),
)
