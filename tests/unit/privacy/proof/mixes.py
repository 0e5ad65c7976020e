"""Large stacks of one mix of resources each, as `pulumi stack export` would print them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.unit.privacy.proof.stacks import ACCOUNT, OWN, Stack, account_fence, allow, document

Made = tuple[str, str, dict[str, Any]]
"""Type, name and values; the id is the name with `-id`."""
TRUST = document({"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"})
READS_ALL = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
S3 = "com.amazonaws.us-east-1.s3"


def networks(i: int) -> Iterator[Made]:
    """VPC with a subnet, its routes and a DNS firewall."""
    yield "aws:ec2/vpc:Vpc", f"v{i}", {"cidrBlock": f"10.{i // 256 % 256}.{i % 256}.0/24"}
    yield "aws:ec2/subnet:Subnet", f"s{i}", {"vpcId": f"v{i}-id", "tags": {"team": "ml"}}
    yield "aws:ec2/routeTable:RouteTable", f"t{i}", {"vpcId": f"v{i}-id", "routes": []}
    yield "aws:ec2/vpcEndpoint:VpcEndpoint", f"e{i}", {"vpcId": f"v{i}-id", "serviceName": S3, "policy": OWN}
    yield "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup", f"g{i}", {}
    yield "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", f"l{i}", {"domains": [f"{i}.acme.com"]}
    yield (
        "aws:route53/resolverFirewallRule:ResolverFirewallRule",
        f"r{i}",
        {"firewallRuleGroupId": f"g{i}-id", "firewallDomainListId": f"l{i}-id", "priority": 1, "action": "ALLOW"},
    )
    yield (
        "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
        f"a{i}",
        {"firewallRuleGroupId": f"g{i}-id", "vpcId": f"v{i}-id", "priority": 101},
    )
    yield "aws:route53/zone:Zone", f"z{i}", {"name": f"{i}.internal", "vpcs": [{"vpcId": f"v{i}-id"}]}


def firewall(i: int) -> Iterator[Made]:
    """VPC with the one rule group of all VPCs, and a rule of that group."""
    if i == 0:
        yield "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup", "g", {}
        domains = ["*.amazonaws.com", "a.acme.com"]
        yield "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList", "l", {"domains": domains}
    yield "aws:ec2/vpc:Vpc", f"v{i}", {"cidrBlock": f"10.{i // 256 % 256}.{i % 256}.0/24"}
    yield (
        "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation",
        f"a{i}",
        {"firewallRuleGroupId": "g-id", "vpcId": f"v{i}-id", "priority": 101},
    )
    yield (
        "aws:route53/resolverFirewallRule:ResolverFirewallRule",
        f"r{i}",
        {"firewallRuleGroupId": "g-id", "firewallDomainListId": "l-id", "priority": i, "action": "ALLOW"},
    )


def groups(i: int) -> Iterator[Made]:
    """Security group of one VPC, with rules of its own and beside it."""
    if i == 0:
        yield "aws:ec2/vpc:Vpc", "v", {"cidrBlock": "10.0.0.0/8"}
    ranges = [f"10.{i % 256}.0.0/16", f"192.168.{i % 256}.0/24"]
    inside = [{"protocol": "tcp", "fromPort": 1, "toPort": 2, "cidrBlocks": ranges}]
    yield "aws:ec2/securityGroup:SecurityGroup", f"g{i}", {"vpcId": "v-id", "ingress": inside}
    of = {"securityGroupId": f"g{i}-id", "ipProtocol": "tcp"}
    yield "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", f"i{i}", {**of, "cidrIpv4": ranges[1]}
    yield "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", f"e{i}", {**of, "cidrIpv4": ranges[0]}


def buckets(i: int) -> Iterator[Made]:
    """Bucket with its policy, and a role that may read all."""
    if i == 0:
        yield "aws:ec2/vpc:Vpc", "v", {"arn": f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/v-id"}
    policy = document(
        allow(Effect="Deny", Action="s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
        account_fence(f"b{i}", ACCOUNT),
    )
    yield "aws:ec2/vpcEndpoint:VpcEndpoint", f"e{i}", {"vpcId": "v-id", "serviceName": S3, "policy": OWN}
    yield "aws:s3/bucket:Bucket", f"b{i}", {"bucket": f"b{i}"}
    yield "aws:s3/bucketPolicy:BucketPolicy", f"p{i}", {"bucket": f"b{i}", "policy": policy}
    yield "aws:iam/role:Role", f"r{i}", {"assumeRolePolicy": TRUST}
    yield "aws:iam/rolePolicy:RolePolicy", f"rp{i}", {"role": f"r{i}-id", "policy": READS_ALL}


def pods(i: int) -> Iterator[Made]:
    """Deployment with its Service, NetworkPolicy, account and text."""
    metadata = {"name": f"p{i}", "namespace": f"n{i % 50}"}
    spec = {"containers": [{"name": "it", "image": "x", "env": [{"name": f"E{n}", "value": f"{i}"} for n in range(9)]}]}
    yield "kubernetes:apps/v1:Deployment", f"d{i}", {"metadata": metadata, "spec": {"template": {"spec": spec}}}
    yield "kubernetes:core/v1:Service", f"s{i}", {"metadata": metadata, "spec": {"type": "ClusterIP"}}
    egress = [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]
    policy = {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}
    yield "kubernetes:networking.k8s.io/v1:NetworkPolicy", f"n{i}", {"metadata": metadata, "spec": policy}
    yield "kubernetes:core/v1:ServiceAccount", f"a{i}", {"metadata": metadata}
    yield "kubernetes:core/v1:ConfigMap", f"c{i}", {"metadata": metadata, "data": {"text": "x" * 300}}


def strangers(i: int) -> Iterator[Made]:
    """Type that nobody knows, in a VPC of its own account."""
    yield f"acme:x/y{i}:Thing", f"u{i}", {"vpcId": "v-id", "inner": {"values": [1, 2, "x" * 50]}}


MIXES: dict[str, Callable[[int], Iterator[Made]]] = {
    each.__name__: each for each in (networks, firewall, groups, buckets, pods, strangers)
}


def text(mix: str, count: int) -> str:
    """Export of `count` resources of a mix; `ours` is the recorded stack, copied."""
    stack = Stack("doors")
    whole, i = json.dumps(stack.resources), 0
    if mix != "ours":
        stack.resources.clear()
    while len(stack.resources) < count:
        if mix == "ours":
            copied = whole.replace("llama", f"llama{i}").replace("vpc-", f"vpc-{i}x").replace("subnet-", f"subnet-{i}x")
            stack.resources.extend(json.loads(copied))
        else:
            for type_, name, values in MIXES[mix](i):
                stack.add(type_, name).update(inputs=values, outputs=values)
        i += 1
    del stack.resources[count:]
    return json.dumps(stack.data, indent=4)
