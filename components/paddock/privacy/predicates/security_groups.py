"""Security groups: ingress from every address, egress to every address."""

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Undecided, findings_at, values_at

INGRESS: Mapping[str, str] = MappingProxyType(
    {
        "aws:ec2/securityGroup:SecurityGroup": "ingress[]",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "ingress[]",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "",
    }
)
EGRESS: Mapping[str, str] = MappingProxyType(
    {
        "aws:ec2/securityGroup:SecurityGroup": "egress[]",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "egress[]",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "",
    }
)
"""Path of the rules in each type; the resource may be the rule itself."""

SECURITY_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
RANGES = ("cidrBlocks[]", "ipv6CidrBlocks[]", "cidrIpv4", "cidrIpv6")
EVERYWHERE = frozenset({"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"})
"""Ranges of all addresses, and the two halves by which a rule says the same in two lines."""


def open_ingress_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Rules that let every address in."""
    return list(_open(resource_type, inputs, INGRESS, "ingress", "lets every address in"))


def open_egress_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Rules that let traffic out to every address. A group that names no egress has none in this provider."""
    return list(_open(resource_type, inputs, EGRESS, "egress", "lets data out to every address"))


def _open(
    resource_type: str, inputs: Inputs, kept_at: Mapping[str, str], direction: str, what: str
) -> Iterator[Finding]:
    if resource_type == SECURITY_GROUP_RULE:
        if inputs.get("type") is UNKNOWN:
            yield Undecided("type")
            return
        if inputs.get("type") != direction:
            return
    elif resource_type not in kept_at:
        return
    for path, rule in values_at(inputs, kept_at.get(resource_type, "")):
        if rule is UNKNOWN:
            yield Undecided(path)
            continue
        for ranges in RANGES:
            yield from findings_at(rule, ranges, partial(_everywhere, what), path)


def _everywhere(what: str, cidr: object) -> str | None:
    return f"got {cidr}, which {what}; name the VPC's range or a security group" if cidr in EVERYWHERE else None
