"""The emulated functions (Pulumi's invokes, Terraform's data sources)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.aws import eks_functions, network_functions
from local.aws.cloud import Cloud
from local.aws.definition import names
from local.aws.network_functions import filters
from local.aws.schema import Failure, failures, function_schema
from local.aws.values import Values


@dataclass(frozen=True)
class Function:
    sdk: str
    """The pulumi_aws function, which says what arguments there are."""
    call: Callable[[Cloud, Values], Values]
    not_emulated: frozenset[str] = frozenset()

    def failures(self, args: Values) -> Iterator[Failure]:
        yield from failures(function_schema(self.sdk), args)
        for name in sorted(self.not_emulated & args.keys()):
            yield Failure(name, "is not emulated by the local cloud")


def _caller_identity(cloud: Cloud, _: Values) -> Values:
    caller = cloud.client("sts").get_caller_identity()
    account = caller["Account"]
    return {"accountId": account, "arn": caller["Arn"], "id": account, "userId": caller["UserId"]}


def _region(cloud: Cloud, args: Values) -> Values:
    name = args.get("region") or args.get("name") or cloud.region
    description = cloud.region_description(name)
    if description is None:
        raise ValueError(f"AWS has no region {name!r}")
    return {
        "description": description,
        "endpoint": f"ec2.{name}.amazonaws.com",
        "id": name,
        "name": name,
        "region": name,
    }


def _partition(_: Cloud, __: Values) -> Values:
    return {"dnsSuffix": "amazonaws.com", "id": "aws", "partition": "aws", "reverseDnsPrefix": "com.amazonaws"}


def _availability_zones(cloud: Cloud, args: Values) -> Values:
    found = cloud.ec2.describe_availability_zones(Filters=filters(args))["AvailabilityZones"]
    zones = [
        zone
        for zone in found
        if zone["State"] == args.get("state", zone["State"])
        and zone["ZoneName"] not in args.get("excludeNames", [])
        and zone["ZoneId"] not in args.get("excludeZoneIds", [])
    ]
    zones.sort(key=lambda zone: str(zone["ZoneName"]))
    return {
        **args,
        "groupNames": sorted({zone.get("GroupName", cloud.region) for zone in zones}),
        "id": cloud.region,
        "names": [zone["ZoneName"] for zone in zones],
        "region": cloud.region,
        "zoneIds": [zone["ZoneId"] for zone in zones],
    }


def _instance_type_offerings(cloud: Cloud, args: Values) -> Values:
    location_type = args.get("locationType", "region")
    pages = cloud.ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType=location_type, Filters=filters(args)
    )
    offerings = [offering for page in pages for offering in page["InstanceTypeOfferings"]]
    return {
        **args,
        "id": cloud.region,
        "instanceTypes": [offering["InstanceType"] for offering in offerings],
        "locations": [offering["Location"] for offering in offerings],
        "locationTypes": [offering["LocationType"] for offering in offerings],
        "region": cloud.region,
    }


def _ssm_parameter(cloud: Cloud, args: Values) -> Values:
    decrypted = args.get("withDecryption", True)
    try:
        found = cloud.ssm.get_parameter(Name=args["name"], WithDecryption=decrypted)["Parameter"]
    except cloud.ssm.exceptions.ParameterNotFound:
        raise ValueError(f"there is no SSM parameter {args['name']!r} in {cloud.region}") from None
    return {
        "arn": found["ARN"],
        "id": found["Name"],
        "insecureValue": "" if found["Type"] == "SecureString" else found["Value"],
        "name": found["Name"],
        "region": cloud.region,
        "type": found["Type"],
        "value": found["Value"],
        "version": found["Version"],
        "withDecryption": decrypted,
    }


def _public_key(cloud: Cloud, args: Values) -> Values:
    found = cloud.kms.get_public_key(KeyId=args["keyId"])
    key = cloud.kms.describe_key(KeyId=args["keyId"])["KeyMetadata"]
    text = base64.b64encode(found["PublicKey"]).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return {
        **args,
        "arn": key["Arn"],
        "customerMasterKeySpec": found["CustomerMasterKeySpec"],
        "encryptionAlgorithms": found.get("EncryptionAlgorithms", []),
        "id": key["Arn"],
        "keyUsage": found["KeyUsage"],
        "publicKey": text,
        "publicKeyPem": "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]),
        "region": cloud.region,
        "signingAlgorithms": found.get("SigningAlgorithms", []),
    }


FUNCTIONS: dict[str, Function] = {
    "aws:index/getCallerIdentity:getCallerIdentity": Function("pulumi_aws.get_caller_identity", _caller_identity),
    "aws:index/getRegion:getRegion": Function("pulumi_aws.get_region", _region, frozenset({"endpoint"})),
    "aws:index/getPartition:getPartition": Function("pulumi_aws.get_partition", _partition),
    "aws:index/getAvailabilityZones:getAvailabilityZones": Function(
        "pulumi_aws.get_availability_zones", _availability_zones, frozenset({"allAvailabilityZones"})
    ),
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": Function(
        "pulumi_aws.ec2.get_instance_type_offerings", _instance_type_offerings
    ),
    "aws:ec2/getPrefixList:getPrefixList": Function("pulumi_aws.ec2.get_prefix_list", network_functions.prefix_list),
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": Function(
        "pulumi_aws.ec2.get_vpc_endpoint_service",
        network_functions.endpoint_service,
        names("filters service serviceRegions tags"),
    ),
    "aws:ec2/getVpc:getVpc": Function(
        "pulumi_aws.ec2.get_vpc", network_functions.vpc, names("cidrBlock default dhcpOptionsId state tags")
    ),
    "aws:ec2/getVpcs:getVpcs": Function("pulumi_aws.ec2.get_vpcs", network_functions.vpcs, names("tags")),
    "aws:ec2/getSubnets:getSubnets": Function("pulumi_aws.ec2.get_subnets", network_functions.subnets, names("tags")),
    "aws:ec2/getSubnet:getSubnet": Function(
        "pulumi_aws.ec2.get_subnet",
        network_functions.subnet,
        names(
            "availabilityZone availabilityZoneId cidrBlock defaultForAz ipv6CidrBlock state tags vpcId",
        ),
    ),
    "aws:ec2/getRouteTables:getRouteTables": Function(
        "pulumi_aws.ec2.get_route_tables", network_functions.route_tables, names("tags")
    ),
    "aws:ec2/getRouteTable:getRouteTable": Function(
        "pulumi_aws.ec2.get_route_table", network_functions.route_table, names("filters gatewayId subnetId tags vpcId")
    ),
    "aws:eks/getClusters:getClusters": Function("pulumi_aws.eks.get_clusters", eks_functions.clusters),
    "aws:eks/getNodeGroups:getNodeGroups": Function("pulumi_aws.eks.get_node_groups", eks_functions.node_groups),
    "aws:eks/getNodeGroup:getNodeGroup": Function(
        "pulumi_aws.eks.get_node_group", eks_functions.node_group, names("tags")
    ),
    "aws:kms/getPublicKey:getPublicKey": Function("pulumi_aws.kms.get_public_key", _public_key, names("grantTokens")),
    "aws:ssm/getParameter:getParameter": Function("pulumi_aws.ssm.get_parameter", _ssm_parameter),
}
