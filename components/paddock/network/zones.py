"""Availability zones that a network spans, and those of them that offer its GPUs."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from paddock.common.inputs import ArgumentError

REFUSED_BY_EKS = ("use1-az3", "usw1-az2", "cac1-az3")
"""Zones, by the ids that mean the same in every account, in which a cluster has no subnets. Source: EKS user guide,
networking/network-reqs.adoc, read 2026-11-28."""


def ranked_zones(available: Sequence[str], offering: Sequence[str], wanted: int) -> list[str]:
    """All zones, those that offer the instance type first.

    Raises `ArgumentError` when there are too few zones or none of them offers the instance type.
    """
    if len(available) < wanted:
        raise ArgumentError(
            f"PrivateNetwork: number_of_availability_zones is {wanted} but this region has {len(available)} "
            f"({', '.join(available)}); lower it or choose another region"
        )
    first = [zone for zone in available if zone in set(offering)]
    if not first:
        raise ArgumentError(
            f"PrivateNetwork: no zone of this account ({', '.join(available)}) offers the instance type; "
            f"choose another region or instance type"
        )
    return first + [zone for zone in available if zone not in set(offering)]


def next_zone(ranked: Sequence[str], served: Sequence[str], taken: Sequence[str]) -> str:
    """The first zone with all endpoint services in which the network has no subnet yet; `ArgumentError` if none is."""
    for zone in ranked:
        if zone in served and zone not in taken:
            return zone
    raise ArgumentError(
        f"PrivateNetwork: every endpoint service is in {', '.join(served) or 'no zone'}, which is too few beside "
        f"{', '.join(taken) or 'none'}; lower number_of_availability_zones or choose another region"
    )


def subnets_offering(subnets: Sequence[tuple[str, str]], offering: Sequence[str]) -> list[str]:
    """Ids of the subnets, given as (id, zone), whose zone offers the instance type; `ArgumentError` if none does."""
    if found := [subnet for subnet, zone in subnets if zone in set(offering)]:
        return found
    raise ArgumentError(
        f"the instance type is offered in {', '.join(offering)}, but this network is in "
        f"{', '.join(zone for _, zone in subnets)}; choose another instance type, or more zones"
    )


def zones_offering(instance_type: str | None, component: pulumi.Resource) -> tuple[Sequence[str], Sequence[str]]:
    """The account's zones in this region that EKS takes, and zones that offer the instance type."""
    asked = pulumi.InvokeOptions(parent=component)
    # Without the filter AWS also lists Local Zones, in which EKS cannot place a control plane.
    standard = aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])
    available = aws.get_availability_zones(
        state="available", filters=[standard], exclude_zone_ids=list(REFUSED_BY_EKS), opts=asked
    ).names
    if instance_type is None:
        return available, available
    offers = aws.ec2.get_instance_type_offerings(
        location_type="availability-zone",
        filters=[{"name": "instance-type", "values": [instance_type]}],
        opts=asked,
    )
    return available, offers.locations
