"""Names that leave the VPC: the DNS firewall, resolver rules and endpoints, profiles."""

from __future__ import annotations

from typing import Any

from tests.privacy_cases.case import door, fault
from tests.privacy_cases.program import UNKNOWN, Change, add, drop, more, put, ref, secret
from tests.privacy_cases.values import SUBNET, VPC

LIST = "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList"
RULE = "aws:route53/resolverFirewallRule:ResolverFirewallRule"
ASSOCIATION = "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation"
OUR_GROUP = ref("ResolverFirewallRuleGroup", "llama-dns")


def rule_for_all(priority: Any, group: Any = OUR_GROUP) -> list[Change]:
    """Rule that lets every name pass."""
    return [
        add(LIST, "all-names", domains=["*"]),
        add(
            RULE,
            "all-names",
            firewallRuleGroupId=group,
            firewallDomainListId=ref("ResolverFirewallDomainList", "all-names"),
            priority=priority,
            action="ALLOW",
        ),
    ]


def allowed(*domains: str) -> Change:
    return put("ResolverFirewallDomainList", "llama-dns-allowed", domains=more(*domains))


GROUP_BEFORE_OURS = [
    put("ResolverFirewallRuleGroupAssociation", "llama-dns", priority=500),
    add("aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup", "shared"),
    *rule_for_all(900, ref("ResolverFirewallRuleGroup", "shared")),
    add(
        ASSOCIATION,
        "shared",
        firewallRuleGroupId=ref("ResolverFirewallRuleGroup", "shared"),
        vpcId=VPC,
        priority=101,
    ),
]

CASES = [
    fault(
        "outbound resolver endpoint forwards every name to a server on the internet",
        add(
            "aws:route53/resolverEndpoint:ResolverEndpoint",
            "out",
            direction="OUTBOUND",
            securityGroupIds=[ref("SecurityGroup", "llama-endpoints")],
            ipAddresses=[{"subnetId": SUBNET}, {"subnetId": ref("Subnet", "llama-nodes-1")}],
        ),
        add(
            "aws:route53/resolverRule:ResolverRule",
            "out",
            domainName=".",
            ruleType="FORWARD",
            resolverEndpointId=ref("ResolverEndpoint", "out"),
            targetIps=[{"ip": "8.8.8.8"}],
        ),
        add(
            "aws:route53/resolverRuleAssociation:ResolverRuleAssociation",
            resolverRuleId=ref("ResolverRule", "out"),
            vpcId=VPC,
        ),
    ),
    fault(
        "resolver rule of another account on the VPC: its endpoint receives the names",
        add(
            "aws:route53/resolverRuleAssociation:ResolverRuleAssociation",
            resolverRuleId="rslvr-rr-0a1b2c3d4e5f60718",
            vpcId=VPC,
        ),
    ),
    fault(
        "Route 53 profile shared by others on the VPC: it may carry rules and firewall groups",
        add(
            "aws:route53/profilesAssociation:ProfilesAssociation",
            profileId="rp-0a1b2c3d4e5f6071",
            resourceId=VPC,
        ),
    ),
    fault("firewall allows all names under .com and .net, where anybody may buy one", allowed("*.com", "*.net")),
    fault("firewall allows all names under .com", allowed("*.com")),
    fault(
        "firewall group before ours allows every name: the order of associations counts, not of rules",
        *GROUP_BEFORE_OURS,
    ),
    fault("rule for every name in our group, whose priority is secret", *rule_for_all(secret(1))),
    fault(
        "rule for every name in our group, whose priority only the update will know",
        *rule_for_all(UNKNOWN),
        base="preview",
    ),
    door("firewall allows the names under one domain of a stranger", allowed("*.tunnel-of-a-stranger.net")),
    fault(
        "firewall fails open, and the VPC that it says so for is secret",
        put("ResolverFirewallConfig", firewallFailOpen="ENABLED", resourceId=secret("vpc-0a1b2c3d")),
    ),
    fault(
        "component of the firewall association's type stands in for it: nothing is made on AWS",
        drop("ResolverFirewallRuleGroupAssociation"),
        add(
            ASSOCIATION,
            "looks-so",
            vpcId=VPC,
            firewallRuleGroupId=OUR_GROUP,
            priority=101,
            by_engine={"custom": False},
        ),
    ),
]
