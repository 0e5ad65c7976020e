"""Security groups: who may come in, and where what is inside may go."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, values_at

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
"""Where each type keeps its rules; the resource may be the rule itself."""

EITHER_WAY = "aws:ec2/securityGroupRule:SecurityGroupRule"
RANGES = ("cidrBlocks[]", "ipv6CidrBlocks[]", "cidrIpv4", "cidrIpv6")
EVERYWHERE = frozenset({"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"})
"""All addresses, and the two halves by which a rule says the same in two lines."""


def open_ingress_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Rules that let every address in."""
    return list(_open(resource_type, inputs, INGRESS, "ingress", "lets every address in"))


def open_egress_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Rules that let traffic out to every address. A group that names no egress has none in this provider."""
    return list(_open(resource_type, inputs, EGRESS, "egress", "lets data out to every address"))


def _open(
    resource_type: str, inputs: Inputs, kept_at: Mapping[str, str], direction: str, what: str
) -> Iterator[Finding]:
    if resource_type == EITHER_WAY:
        if inputs.get("type") is UNKNOWN:
            yield Undecided("type")
            return
        if inputs.get("type") != direction:
            return
    elif resource_type not in kept_at:
        return
    for place, rule in values_at(inputs, kept_at.get(resource_type, "")):
        if rule is UNKNOWN:
            yield Undecided(place)
            continue
        for ranges in RANGES:
            for path, cidr in values_at(rule, ranges, place):
                if cidr is UNKNOWN:
                    yield Undecided(path)
                elif cidr in EVERYWHERE:
                    yield Problem(path, f"got {cidr}, which {what}; name the VPC's range or a security group")
