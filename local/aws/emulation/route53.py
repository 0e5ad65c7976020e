"""Private zones: moto 5.2.5 takes any VPC, a second zone of one name in it, and an alias that leads nowhere."""

from __future__ import annotations

import re
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.route53.models import Route53Backend

from local.aws.emulation import Refused, teach

_BALANCER = re.compile(r"\.(?P<region>[a-z0-9-]+)\.elb\.amazonaws\.com\.?$")


def install() -> None:
    """Teach every Route 53 backend of this process."""
    create, associate, change = (
        Route53Backend.create_hosted_zone,
        Route53Backend.associate_vpc_with_hosted_zone,
        Route53Backend.change_resource_record_sets,
    )

    def create_hosted_zone(self: Route53Backend, name: str, private_zone: bool, **rest: Any) -> Any:
        if rest.get("vpcid"):
            _require_free(self, name, rest["vpcid"], rest["vpcregion"])
        return create(self, name, private_zone, **rest)

    def associate_vpc_with_hosted_zone(self: Route53Backend, zone_id: str, vpcid: str, vpcregion: str) -> Any:
        _require_free(self, self.get_hosted_zone(zone_id).name, vpcid, vpcregion)
        return associate(self, zone_id, vpcid, vpcregion)

    def change_resource_record_sets(self: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        for each in change_list:
            if each["Action"] != "DELETE" and (alias := each["ResourceRecordSet"].get("AliasTarget")):
                _require_target(self, alias)
        change(self, zoneid, change_list)

    teach(Route53Backend, create_hosted_zone, associate_vpc_with_hosted_zone, change_resource_record_sets)


def _require_free(backend: Route53Backend, name: str, vpc_id: str, region: str) -> None:
    if vpc_id not in ec2_backends[backend.account_id][region].vpcs:
        raise Refused("InvalidVPCId", f"The VPC {vpc_id} in region {region} was not found")
    for zone in backend.zones.values():
        if zone.name.rstrip(".") == name.rstrip(".") and vpc_id in [vpc.get("vpc_id") for vpc in zone.vpcs]:
            raise Refused("ConflictingDomainExists", f"{vpc_id} is already associated with a hosted zone of {name}")


def _require_target(backend: Route53Backend, alias: dict[str, Any]) -> None:
    name = alias["DNSName"].rstrip(".")
    if found := _BALANCER.search(name):
        for balancer in elbv2_backends[backend.account_id][found["region"]].load_balancers.values():
            if balancer.dns_name == name and balancer.canonical_hosted_zone_id == alias["HostedZoneId"]:
                return
    raise Refused("InvalidChangeBatch", f"The alias target {name} does not lie within zone {alias['HostedZoneId']}")
