"""Route 53 DNS Firewall: names that anything in the VPC may ask for.

Without it a resolver carries bytes out as names, gateway or not.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from paddock.catalog.endpoints import InterfaceEndpoint
from paddock.catalog.lookup import shown
from paddock.common.inputs import ArgumentError
from paddock.common.labels import NO_TAGS
from paddock.common.naming import tags

NAME = re.compile(r"(?=.{1,255}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
OLD_S3_REGION = "us-east-1"
"""Region in which S3 also answers under names without the region, and EC2 names machines without it."""
LOWEST_PRIORITY = 101
"""AWS keeps 100 for Firewall Manager."""


def allowed_names(
    region: str,
    endpoints: Iterable[InterfaceEndpoint],
    vpc_cidrs: Iterable[str],
    more: Sequence[str] = (),
) -> list[str]:
    """Names of what the VPC holds and of the AWS services that it reaches; raises `ArgumentError` for what is no name.

    All are answered by AWS's own name servers, so that no query reaches anybody else's. So too the reverse names: the
    networks of a VPC's range are delegated to nobody, where all of in-addr.arpa would be a way out.
    """
    if wrong := [name for name in more if not NAME.fullmatch(name)]:
        raise ArgumentError(
            f"dns_names must be domain names such as llama.internal.example.com or *.example.com, in lower case, "
            f"got {', '.join(map(shown, wrong))}"
        )
    names = {
        f"s3.{region}.amazonaws.com",
        f"*.s3.{region}.amazonaws.com",
        f"*.{region}.eks.amazonaws.com",  # the cluster's own API
        *(name.format(region=region) for endpoint in endpoints for name in endpoint.dns_names),
        *map(reverse_zone, vpc_cidrs),
        *more,
    }
    if region == OLD_S3_REGION:
        names |= {"s3.amazonaws.com", "*.s3.amazonaws.com", "*.ec2.internal"}
    else:
        names |= {f"*.{region}.compute.internal"}
    return sorted(names)


def reverse_zone(vpc_cidr: str) -> str:
    """The zone of addresses of a VPC, which is no larger than a /16: `10.7.0.0/20` gives `*.7.10.in-addr.arpa`.

    Bottlerocket learns a node's host name by a reverse look-up (its netdog, generate-hostname).
    """
    first, second = str(IPv4Network(vpc_cidr).network_address).split(".")[:2]
    return f"*.{second}.{first}.in-addr.arpa"


def make_dns_firewall(
    name: str,
    vpc_id: pulumi.Input[str],
    names: Sequence[str],
    extra: Mapping[str, str] = NO_TAGS,
    *,
    parent: pulumi.Resource,
) -> None:
    """The VPC's resolver answers for these names, whatever the type of query, and denies that others exist."""
    child = pulumi.ResourceOptions(parent=parent)

    def listed(purpose: str, domains: Sequence[str]) -> aws.route53.ResolverFirewallDomainList:
        called = f"{name}-dns-{purpose}"
        return aws.route53.ResolverFirewallDomainList(called, domains=domains, tags=tags(called, extra), opts=child)

    group = aws.route53.ResolverFirewallRuleGroup(f"{name}-dns", tags=tags(f"{name}-dns", extra), opts=child)
    allow = aws.route53.ResolverFirewallRule(
        f"{name}-dns-allowed",
        firewall_rule_group_id=group.id,
        firewall_domain_list_id=listed("allowed", names).id,
        priority=100,
        action="ALLOW",
        # S3 answers with a chain of names (a bucket's, then s3-r-w.<region>.amazonaws.com). Only the owner of a listed
        # zone could point a chain elsewhere, and that one has seen the query by then.
        firewall_domain_redirection_action="TRUST_REDIRECTION_DOMAIN",
        opts=child,
    )
    block = aws.route53.ResolverFirewallRule(
        f"{name}-dns-others",
        firewall_rule_group_id=group.id,
        firewall_domain_list_id=listed("others", ["*"]).id,
        priority=200,
        action="BLOCK",
        block_response="NXDOMAIN",
        opts=child,
    )
    aws.route53.ResolverFirewallRuleGroupAssociation(
        f"{name}-dns",
        firewall_rule_group_id=group.id,
        vpc_id=vpc_id,
        priority=LOWEST_PRIORITY,
        # AWS would then refuse to take it off again, `pulumi destroy` included.
        mutation_protection="DISABLED",
        tags=tags(f"{name}-dns", extra),
        # Never in force half made: without its second rule it would refuse nothing.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[allow, block]),
    )
    aws.route53.ResolverFirewallConfig(
        f"{name}-dns-fail-closed", resource_id=vpc_id, firewall_fail_open="DISABLED", opts=child
    )
