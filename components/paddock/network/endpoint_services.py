"""Endpoint services of AWS in one region: which take a policy, and in which zones they can be reached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from paddock.catalog.endpoints import InterfaceEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointService:
    """A service as AWS describes it to the account."""

    name: str
    takes_policy: bool
    zones: tuple[str, ...]


Described = Mapping[str, pulumi.Output[EndpointService]]
"""Services by the names of the catalog; known at a first preview, as AWS is asked."""


def describe_services(endpoints: Iterable[InterfaceEndpoint], region: str, component: pulumi.Resource) -> Described:
    """Ask AWS, for all services at once."""
    asked = pulumi.InvokeOutputOptions(parent=component)
    return {
        each.service: aws.ec2.get_vpc_endpoint_service_output(
            service_name=service_name(region, each.service), service_type="Interface", opts=asked
        ).apply(_described)
        for each in endpoints
    }


def describe_services_now(
    endpoints: Iterable[InterfaceEndpoint], region: str, component: pulumi.Resource
) -> dict[str, EndpointService]:
    """Ask AWS, for one service after the other, and wait: what is wrong can be said before anything is made."""
    asked = pulumi.InvokeOptions(parent=component)
    return {
        each.service: _described(
            aws.ec2.get_vpc_endpoint_service(
                service_name=service_name(region, each.service), service_type="Interface", opts=asked
            )
        )
        for each in endpoints
    }


def _described(found: aws.ec2.GetVpcEndpointServiceResult) -> EndpointService:
    return EndpointService(
        name=found.service_name,
        takes_policy=found.vpc_endpoint_policy_supported,
        zones=tuple(found.availability_zones),
    )


def service_name(region: str, service: str) -> str:
    return f"com.amazonaws.{region}.{service}"


def common_zones(described: Described) -> pulumi.Output[list[str]]:
    """Zones in which every service can be reached."""
    return pulumi.Output.all(*described.values()).apply(
        lambda services: sorted(set.intersection(*(set(each.zones) for each in services)))
    )
