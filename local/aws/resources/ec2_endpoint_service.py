"""Endpoint services: a load balancer offered to other VPCs and accounts by PrivateLink."""

from __future__ import annotations

from collections.abc import Iterator

from local.aws.calls import changed_items, create, ec2_tags, one, retag_ec2, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Resource, names
from local.aws.values import Values


def _create(cloud: Cloud, inputs: Values) -> str:
    tags = ec2_tags("vpc-endpoint-service", inputs)
    made = create(cloud, "ec2", "CreateVpcEndpointServiceConfiguration", inputs, TagSpecifications=tags)
    return str(made["ServiceConfiguration"]["ServiceId"])


def _settle(cloud: Cloud, id_: str, inputs: Values) -> None:
    if principals := inputs.get("allowedPrincipals"):
        cloud.ec2.modify_vpc_endpoint_service_permissions(ServiceId=id_, AddAllowedPrincipals=principals)


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    service = one(cloud.ec2.describe_vpc_endpoint_service_configurations, "ServiceConfigurations", ServiceIds=[id_])
    allowed = cloud.ec2.describe_vpc_endpoint_service_permissions(ServiceId=id_)["AllowedPrincipals"]
    return {
        "acceptanceRequired": service["AcceptanceRequired"],
        "allowedPrincipals": sorted(each["Principal"] for each in allowed),
        "arn": cloud.arn("ec2", f"vpc-endpoint-service/{id_}"),
        "availabilityZones": sorted(set(service["AvailabilityZones"])),
        "baseEndpointDnsNames": service["BaseEndpointDnsNames"],
        "managesVpcEndpoints": service["ManagesVpcEndpoints"],
        "networkLoadBalancerArns": service["NetworkLoadBalancerArns"],
        "serviceName": service["ServiceName"],
        "serviceType": service["ServiceType"][0]["ServiceType"],
        "state": service["ServiceState"],
        "supportedIpAddressTypes": ["ipv4"],
        "tagsAll": tag_map(service.get("Tags")),
    }


def _update(change: Change) -> None:
    ec2 = change.cloud.ec2
    if change.of("acceptanceRequired"):
        ec2.modify_vpc_endpoint_service_configuration(
            ServiceId=change.id, AcceptanceRequired=change.new["acceptanceRequired"]
        )
    gained, lost = changed_items(change.state.get("allowedPrincipals"), change.new.get("allowedPrincipals"))
    if gained or lost:
        ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=change.id, AddAllowedPrincipals=gained, RemoveAllowedPrincipals=lost
        )


def _delete(cloud: Cloud, id_: str, _: Values) -> None:
    refused = cloud.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[id_]).get("Unsuccessful", [])
    if refused and "NotFound" not in refused[0]["Error"]["Code"]:
        raise RuntimeError(f"{id_}: {refused[0]['Error']['Message']}")


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    if not inputs.get("networkLoadBalancerArns"):
        yield (
            "networkLoadBalancerArns",
            "required by the local cloud: services of Gateway Load Balancers are not emulated",
        )


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/vpcEndpointService:VpcEndpointService",
        operation=("ec2", "CreateVpcEndpointServiceConfiguration"),
        arguments=names("acceptanceRequired allowedPrincipals networkLoadBalancerArns"),
        replace_on=names("networkLoadBalancerArns"),
        sets=names("allowedPrincipals networkLoadBalancerArns"),
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=_delete,
        retag=retag_ec2,
        validate=_validate,
    ),
)
