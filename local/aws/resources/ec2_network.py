"""VPCs and subnets."""

from __future__ import annotations

from local.aws.calls import create, ec2_tags, one, retag_ec2, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Resource, names
from local.aws.values import Values

_VPC_ATTRIBUTES = ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")


def _create_vpc(cloud: Cloud, inputs: Values) -> str:
    made = create(cloud, "ec2", "CreateVpc", inputs, TagSpecifications=ec2_tags("vpc", inputs))
    return str(made["Vpc"]["VpcId"])


def _set_vpc_attributes(cloud: Cloud, id_: str, inputs: Values) -> None:
    for name in _VPC_ATTRIBUTES:  # EC2 takes one attribute a call
        if name in inputs:
            cloud.ec2.modify_vpc_attribute(VpcId=id_, **{name[0].upper() + name[1:]: {"Value": inputs[name]}})


def _read_vpc(cloud: Cloud, id_: str, _: Values) -> Values:
    ec2 = cloud.ec2
    vpc = one(ec2.describe_vpcs, "Vpcs", VpcIds=[id_])
    of_vpc = [{"Name": "vpc-id", "Values": [id_]}]
    groups = ec2.describe_security_groups(Filters=[*of_vpc, {"Name": "group-name", "Values": ["default"]}])
    tables = ec2.describe_route_tables(Filters=[*of_vpc, {"Name": "association.main", "Values": ["true"]}])
    acls = ec2.describe_network_acls(Filters=[*of_vpc, {"Name": "default", "Values": ["true"]}])
    main_table = tables["RouteTables"][0]["RouteTableId"]
    attributes = {}
    for name in _VPC_ATTRIBUTES:
        answer = ec2.describe_vpc_attribute(VpcId=id_, Attribute=name)
        attributes[name] = answer[name[0].upper() + name[1:]]["Value"]
    return {
        **attributes,
        "arn": cloud.arn("ec2", f"vpc/{id_}"),
        "assignGeneratedIpv6CidrBlock": False,
        "cidrBlock": vpc["CidrBlock"],
        "defaultNetworkAclId": acls["NetworkAcls"][0]["NetworkAclId"],
        "defaultRouteTableId": main_table,
        "defaultSecurityGroupId": groups["SecurityGroups"][0]["GroupId"],
        "dhcpOptionsId": vpc.get("DhcpOptionsId", "default"),
        "instanceTenancy": vpc["InstanceTenancy"],
        "ipv6AssociationId": "",
        "ipv6CidrBlock": "",
        "ipv6CidrBlockNetworkBorderGroup": "",
        "ipv6IpamPoolId": "",
        "ipv6NetmaskLength": 0,
        "mainRouteTableId": main_table,
        "ownerId": cloud.account_id,
        "tagsAll": tag_map(vpc.get("Tags")),
    }


def _update_vpc(change: Change) -> None:
    wanted = {name: change.new[name] for name in _VPC_ATTRIBUTES if change.of(name) and name in change.new}
    _set_vpc_attributes(change.cloud, change.id, wanted)
    if change.of("instanceTenancy"):
        change.cloud.ec2.modify_vpc_tenancy(VpcId=change.id, InstanceTenancy=change.new["instanceTenancy"])


def _create_subnet(cloud: Cloud, inputs: Values) -> str:
    made = create(cloud, "ec2", "CreateSubnet", inputs, TagSpecifications=ec2_tags("subnet", inputs))
    return str(made["Subnet"]["SubnetId"])


def _set_subnet_attributes(cloud: Cloud, id_: str, inputs: Values) -> None:
    for name in ("mapPublicIpOnLaunch", "enableResourceNameDnsARecordOnLaunch", "privateDnsHostnameTypeOnLaunch"):
        if name in inputs:
            value = {"Value": inputs[name]} if isinstance(inputs[name], bool) else inputs[name]
            cloud.ec2.modify_subnet_attribute(SubnetId=id_, **{name[0].upper() + name[1:]: value})


def _read_subnet(cloud: Cloud, id_: str, _: Values) -> Values:
    subnet = one(cloud.ec2.describe_subnets, "Subnets", SubnetIds=[id_])
    dns = subnet.get("PrivateDnsNameOptionsOnLaunch", {})
    return {
        "arn": cloud.arn("ec2", f"subnet/{id_}"),
        "assignIpv6AddressOnCreation": subnet.get("AssignIpv6AddressOnCreation", False),
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet["AvailabilityZoneId"],
        "cidrBlock": subnet["CidrBlock"],
        "customerOwnedIpv4Pool": "",
        "enableDns64": False,
        "enableLniAtDeviceIndex": 0,
        "enableResourceNameDnsARecordOnLaunch": dns.get("EnableResourceNameDnsARecord", False),
        "enableResourceNameDnsAaaaRecordOnLaunch": dns.get("EnableResourceNameDnsAAAARecord", False),
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociationId": "",
        "ipv6Native": False,
        "mapCustomerOwnedIpOnLaunch": False,
        "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
        "outpostArn": "",
        "ownerId": cloud.account_id,
        "privateDnsHostnameTypeOnLaunch": dns.get("HostnameType", "ip-name"),
        "tagsAll": tag_map(subnet.get("Tags")),
        "vpcId": subnet["VpcId"],
    }


def _update_subnet(change: Change) -> None:
    _set_subnet_attributes(change.cloud, change.id, {key: value for key, value in change.new.items() if change.of(key)})


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/vpc:Vpc",
        operation=("ec2", "CreateVpc"),
        arguments=names(
            "cidrBlock enableDnsHostnames enableDnsSupport enableNetworkAddressUsageMetrics instanceTenancy"
        ),
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        replace_on=names("cidrBlock"),
        create=_create_vpc,
        settle=_set_vpc_attributes,
        read=_read_vpc,
        update=_update_vpc,
        delete=lambda cloud, id_, _: cloud.ec2.delete_vpc(VpcId=id_),
        retag=retag_ec2,
    ),
    Resource(
        pulumi_type="aws:ec2/subnet:Subnet",
        operation=("ec2", "CreateSubnet"),
        arguments=names(
            "vpcId cidrBlock availabilityZone availabilityZoneId mapPublicIpOnLaunch "
            "enableResourceNameDnsARecordOnLaunch privateDnsHostnameTypeOnLaunch"
        ),
        defaults={"mapPublicIpOnLaunch": False, "enableResourceNameDnsARecordOnLaunch": False},
        replace_on=names("vpcId cidrBlock availabilityZone availabilityZoneId"),
        identity=names("vpcId cidrBlock"),
        create=_create_subnet,
        settle=_set_subnet_attributes,
        read=_read_subnet,
        update=_update_subnet,
        delete=lambda cloud, id_, _: cloud.ec2.delete_subnet(SubnetId=id_),
        retag=retag_ec2,
    ),
)
