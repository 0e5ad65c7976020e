"""Shared VPC services: interface and gateway endpoints, Route 53 DNS Firewall, flow logs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pulumi
import pulumi_aws as aws

from paddock.catalog.endpoints import InterfaceEndpoint, interface_endpoints
from paddock.catalog.lookup import shown
from paddock.choices import ACCOUNT_ID, DEFAULT_LOG_RETENTION_DAYS, EndpointZones
from paddock.common.account import Account
from paddock.common.inputs import ArgumentError
from paddock.common.labels import NO_TAGS
from paddock.network.dns_firewall import allowed_names, make_dns_firewall
from paddock.network.endpoint_services import Described
from paddock.network.endpoints import EndpointPlacement, make_endpoints, require_bucket_names
from paddock.network.flow_logs import make_flow_logs

SERVICE = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcServices:
    """The arguments that all networks share, checked."""

    endpoints: tuple[InterfaceEndpoint, ...]
    zones: EndpointZones
    bucket_names: tuple[pulumi.Input[str], ...]
    dns_names: tuple[str, ...]
    image_accounts: tuple[str, ...]
    log_retention_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOutputs:
    """Outputs of the services that components need."""

    s3_endpoint_id: pulumi.Output[str]
    s3_cidrs: pulumi.Output[list[str]]


def checked_services(component: str, args: Mapping[str, Any]) -> VpcServices:
    """Raises `ArgumentError` before anything is registered."""
    zones = args.get("endpoint_zones", EndpointZones.ALL)
    if zones not in list(EndpointZones):
        raise ArgumentError(f"{component}: endpoint_zones must be all or one, got {shown(zones)}")
    require_bucket_names(each for each in args.get("bucket_names", ()) if isinstance(each, str))
    image_accounts = tuple(args.get("image_accounts", ()))
    if wrong := [each for each in image_accounts if not ACCOUNT_ID.fullmatch(each)]:
        raise ArgumentError(
            f"{component}: image_accounts must be of 12 digits each, got {', '.join(map(shown, wrong))}"
        )
    called = interface_endpoints(bastion=args.get("bastion", False))
    known = {each.service for each in called}
    return VpcServices(
        endpoints=(*called, *(_added(component, each) for each in args.get("services", ()) if each not in known)),
        zones=EndpointZones(zones),
        bucket_names=tuple(args.get("bucket_names", ())),
        dns_names=tuple(args.get("dns_names", ())),
        image_accounts=image_accounts,
        log_retention_days=args.get("log_retention_days", DEFAULT_LOG_RETENTION_DAYS),
    )


def _added(component: str, service: str) -> InterfaceEndpoint:
    """An endpoint that the caller asks for, under the name that AWS gives most of them: `a.b` answers as `b.a`."""
    if not isinstance(service, str) or not SERVICE.fullmatch(service):
        raise ArgumentError(
            f"{component}: services must be names of endpoints as after com.amazonaws.<region>. in AWS's list, such as "
            f"kms, got {shown(service)}"
        )
    host = ".".join(reversed(service.split("."))) + ".{region}.amazonaws.com"
    return InterfaceEndpoint(
        service=service,
        called_by="what the network's maker puts into it",
        actions=(),
        dns_names=(host, f"*.{host}"),
        source="given",
        as_of=date.min,
    )


def require_in_region(component: str, chosen: VpcServices, region: str) -> None:
    """Raises `ArgumentError` where AWS has no endpoint that the platform cannot do without."""
    if missing := [each.service for each in chosen.endpoints if region in each.not_in]:
        raise ArgumentError(
            f"{component}: AWS has no interface endpoint of {', '.join(missing)} in {region}, without which nodes that "
            "cannot reach the internet join no cluster; choose another region"
        )


def make_services(
    name: str,
    chosen: VpcServices,
    described: Described,
    placement: EndpointPlacement,
    account: Account,
    extra: Mapping[str, str] = NO_TAGS,
    *,
    parent: pulumi.Resource,
) -> ServiceOutputs:
    """Make the shared services. With one zone, every endpoint stands in the first subnet of `placement`."""
    if chosen.zones is EndpointZones.ONE:
        placement = replace(placement, subnet_ids=placement.subnet_ids[:1])
    s3 = make_endpoints(
        name,
        placement,
        chosen.endpoints,
        described,
        chosen.bucket_names,
        chosen.image_accounts,
        account,
        extra,
        parent=parent,
    )
    names = allowed_names(account.region, chosen.endpoints, placement.vpc_cidrs, chosen.dns_names)
    make_dns_firewall(name, placement.vpc_id, names, extra, parent=parent)
    make_flow_logs(name, placement.vpc_id, chosen.log_retention_days, account, extra, parent=parent)
    return ServiceOutputs(s3_endpoint_id=s3.id, s3_cidrs=pulumi.Output.from_input(s3_cidrs(account.region, parent)))


def s3_cidrs(region: str, component: pulumi.Resource) -> list[str]:
    """Addresses of S3 in the region, by AWS's own list: what a NetworkPolicy can name of a gateway endpoint."""
    asked = pulumi.InvokeOptions(parent=component)
    return sorted(aws.ec2.get_prefix_list(name=f"com.amazonaws.{region}.s3", opts=asked).cidr_blocks)
