"""Public addresses, and the inputs that ask for one."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from paddock.privacy.predicates.findings import (
    UNKNOWN,
    Finding,
    Inputs,
    Problem,
    Undecided,
    findings_at,
    is_true,
    required,
    values_at,
)

PUBLIC_ADDRESSES: Mapping[str, str] = MappingProxyType(
    {
        "aws:ec2/eip:Eip": "an Elastic IP is a public address",
        "aws:ec2/eipAssociation:EipAssociation": "this gives an instance or interface a public address",
    }
)

PUBLIC_ADDRESS_FLAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aws:ec2/instance:Instance": ("associatePublicIpAddress",),
        "aws:ec2/launchConfiguration:LaunchConfiguration": ("associatePublicIpAddress",),
        "aws:ec2/launchTemplate:LaunchTemplate": (
            "networkInterfaces[].associatePublicIpAddress",
            "networkInterfaces[].associateCarrierIpAddress",
        ),
        "aws:ec2/spotFleetRequest:SpotFleetRequest": ("launchSpecifications[].associatePublicIpAddress",),
        "aws:ec2/spotInstanceRequest:SpotInstanceRequest": ("associatePublicIpAddress",),
        "aws:ec2/subnet:Subnet": ("mapPublicIpOnLaunch",),
        "aws:ecs/service:Service": ("networkConfiguration.assignPublicIp",),
        "aws:rds/clusterInstance:ClusterInstance": ("publiclyAccessible",),
        "aws:rds/instance:Instance": ("publiclyAccessible",),
        "aws:redshift/cluster:Cluster": ("publiclyAccessible",),
    }
)
"""Inputs that give a public address when true; false or absent is private, as absent means false or the subnet's."""

DEFAULT_SUBNET = "aws:ec2/defaultSubnet:DefaultSubnet"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"


def public_address_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Elastic IPs, inputs that ask for a public address, and node groups whose SSH port is open to everyone."""
    if reason := PUBLIC_ADDRESSES.get(resource_type):
        return [Problem("", f"{reason}; remove it and reach the resource from inside the VPC")]
    if resource_type == DEFAULT_SUBNET:
        return required(inputs, "mapPublicIpOnLaunch", wanted=False, why="a default subnet gives public addresses")
    if resource_type == NODE_GROUP:
        return list(_ssh_open_to_everyone(inputs))
    flags = PUBLIC_ADDRESS_FLAGS.get(resource_type, ())
    return [finding for flag in flags for finding in findings_at(inputs, flag, _public)]


def _public(value: object) -> str | None:
    return f"got {value}, which gives a public address; set it to false" if is_true(value) else None


def _ssh_open_to_everyone(inputs: Inputs) -> Iterator[Finding]:
    for path, access in values_at(inputs, "remoteAccess"):
        if not isinstance(access, Mapping):
            yield Undecided(path)
            continue
        sources = access.get("sourceSecurityGroupIds")
        if sources is UNKNOWN:
            yield Undecided(f"{path}.sourceSecurityGroupIds")
        elif access.get("ec2SshKey") and not sources:
            yield Problem(
                path,
                "an SSH key without sourceSecurityGroupIds opens port 22 of every node to 0.0.0.0/0; "
                "name the security groups that may connect, or remove remoteAccess and use SSM",
            )
