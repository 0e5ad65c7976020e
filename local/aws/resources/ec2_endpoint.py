"""VPC endpoints, interface and gateway."""

from __future__ import annotations

from collections.abc import Iterator

from local.aws.calls import changed_items, create, ec2_tags, first, one, retag_ec2, tag_map
from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Change, Resource, names
from local.aws.values import UNKNOWN, Values

_MEMBERS = {"subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds", "routeTableIds": "RouteTableIds"}


def _create(cloud: Cloud, inputs: Values) -> str:
    private_dns = inputs.get("privateDnsEnabled", False) if inputs["vpcEndpointType"] == "Interface" else None
    made = create(
        *(cloud, "ec2", "CreateVpcEndpoint", inputs),
        TagSpecifications=ec2_tags("vpc-endpoint", inputs),
        PolicyDocument=inputs.get("policy"),
        privateDnsEnabled=private_dns,
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    endpoint = one(cloud.ec2.describe_vpc_endpoints, "VpcEndpoints", VpcEndpointIds=[id_])
    if endpoint["State"] in ("deleting", "deleted"):
        raise GoneError(f"{id_} is deleted")
    prefix_list = None
    if endpoint["VpcEndpointType"] == "Gateway":
        filters = [{"Name": "prefix-list-name", "Values": [endpoint["ServiceName"]]}]
        prefix_list = first(cloud.ec2.describe_managed_prefix_lists, "PrefixLists", Filters=filters)
    return {
        "arn": cloud.arn("ec2", f"vpc-endpoint/{id_}"),
        "cidrBlocks": [],
        "dnsEntries": [
            {"dnsName": entry.get("DnsName", ""), "hostedZoneId": entry.get("HostedZoneId", "")}
            for entry in endpoint.get("DnsEntries", [])
        ],
        "ipAddressType": "ipv4",
        "networkInterfaceIds": endpoint.get("NetworkInterfaceIds", []),
        "ownerId": cloud.account_id,
        "policy": endpoint["PolicyDocument"],
        "prefixListId": prefix_list["PrefixListId"] if prefix_list else "",
        "privateDnsEnabled": endpoint.get("PrivateDnsEnabled", False),
        "requesterManaged": False,
        "routeTableIds": endpoint.get("RouteTableIds", []),
        "securityGroupIds": [group["GroupId"] for group in endpoint.get("Groups", [])],
        "serviceName": endpoint["ServiceName"],
        "serviceRegion": cloud.region,
        "state": "available",
        "subnetIds": endpoint.get("SubnetIds", []),
        "tagsAll": tag_map(endpoint.get("Tags")),
        "vpcEndpointType": endpoint["VpcEndpointType"],
        "vpcId": endpoint["VpcId"],
    }


def _update(change: Change) -> None:
    arguments: Values = {}
    for name, member in _MEMBERS.items():
        # Against what AWS has: a group that AWS added by itself (the VPC's default) goes when others are named.
        gained, lost = changed_items(change.state.get(name), change.new.get(name, change.state.get(name)))
        arguments |= {f"Add{member}": gained} if gained else {}
        arguments |= {f"Remove{member}": lost} if lost else {}
    if change.of("policy"):
        if "policy" in change.new:
            arguments["PolicyDocument"] = change.new["policy"]
        else:
            arguments["ResetPolicy"] = True
    if change.of("privateDnsEnabled"):
        arguments["PrivateDnsEnabled"] = change.new.get("privateDnsEnabled", False)
    if arguments:
        change.cloud.ec2.modify_vpc_endpoint(VpcEndpointId=change.id, **arguments)


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    kind = inputs.get("vpcEndpointType")
    if kind is UNKNOWN:
        return
    if kind not in ("Interface", "Gateway"):
        yield "vpcEndpointType", f"{kind} endpoints are not emulated by the local cloud; emulated: Gateway, Interface"
    foreign = {"Gateway": ("subnetIds", "securityGroupIds", "privateDnsEnabled"), "Interface": ("routeTableIds",)}
    for name in foreign.get(str(kind), ()):
        if inputs.get(name):
            yield name, f"is not for an endpoint of type {kind}"


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/vpcEndpoint:VpcEndpoint",
        operation=("ec2", "CreateVpcEndpoint"),
        arguments=names(
            "vpcId serviceName vpcEndpointType policy privateDnsEnabled routeTableIds securityGroupIds subnetIds"
        ),
        defaults={"vpcEndpointType": "Gateway"},
        required=names("serviceName"),
        replace_on=names("vpcId serviceName vpcEndpointType"),
        documents=names("policy"),
        sets=names("routeTableIds securityGroupIds subnetIds"),
        create=_create,
        read=_read,
        update=_update,
        delete=lambda cloud, id_, _: cloud.ec2.delete_vpc_endpoints(VpcEndpointIds=[id_]),
        retag=retag_ec2,
        changing=names("networkInterfaceIds"),
        validate=_validate,
    ),
)
