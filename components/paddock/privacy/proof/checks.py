"""Check of each resource type. A type without one is not let pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from paddock.privacy.predicates.types import (
    BUCKETS,
    EKS_CLUSTER,
    ENDPOINT,
    INGRESS,
    NETWORK_POLICY,
    SERVICE,
)
from paddock.privacy.proof import access_checks, build_checks, dns_checks, kubernetes_checks, network_checks
from paddock.privacy.proof.context import VPC, Context
from paddock.privacy.proof.facts import table
from paddock.privacy.proof.graph import OUTSIDE, PODS, State
from paddock.privacy.proof.shape_checks import by_shape
from paddock.privacy.resource import Resource

Check = Callable[[Context, Resource], None]


def _carries_nothing(context: Context, here: Resource) -> None:
    """Node alone. What only narrows is never counted in favor: a network policy binds no pod on its node's network, and
    a group that EKS makes lets all out. A right is read where an endpoint trusts the account's identities."""
    context.node(here)


RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"
BY_SHAPE = tuple(
    f"aws:{each}"
    for each in (
        "ec2/carrierGateway:CarrierGateway",
        "ec2/defaultRouteTable:DefaultRouteTable",
        "ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "ec2/defaultVpc:DefaultVpc",
        "ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        "ec2/eip:Eip",
        "ec2/eipAssociation:EipAssociation",
        "ec2/internetGateway:InternetGateway",
        "ec2/internetGatewayAttachment:InternetGatewayAttachment",
        "ec2/launchTemplate:LaunchTemplate",
        "ec2/natGateway:NatGateway",
        "ec2/route:Route",
        "ec2/routeTable:RouteTable",
        "ec2/securityGroup:SecurityGroup",
        "ec2/securityGroupRule:SecurityGroupRule",
        "ec2/subnet:Subnet",
        "ec2/vpcEndpointPolicy:VpcEndpointPolicy",
        "ec2/vpcEndpointService:VpcEndpointService",
        "ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple",
        "eks/accessEntry:AccessEntry",
        "eks/accessPolicyAssociation:AccessPolicyAssociation",
        "eks/podIdentityAssociation:PodIdentityAssociation",
        "alb/loadBalancer:LoadBalancer",
        "alb/targetGroup:TargetGroup",
        "elb/loadBalancer:LoadBalancer",
        "iam/openIdConnectProvider:OpenIdConnectProvider",
        "iam/role:Role",
        "iam/rolePolicy:RolePolicy",
        "iam/rolePolicyAttachment:RolePolicyAttachment",
        "lb/loadBalancer:LoadBalancer",
        "lb/targetGroup:TargetGroup",
        "s3/accessPoint:AccessPoint",
        "s3/accountPublicAccessBlock:AccountPublicAccessBlock",
        "s3/bucketAcl:BucketAcl",
        "s3/bucketAclV2:BucketAclV2",
        "s3/bucketObject:BucketObject",
        "s3/bucketObjectv2:BucketObjectv2",
        "s3/bucketPolicy:BucketPolicy",
        "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "s3/objectCopy:ObjectCopy",
        "secretsmanager/secret:Secret",
        "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    )
)
"""Types whose values alone tell, by their shapes, what they do with bytes."""
CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        **dict.fromkeys((*BY_SHAPE, NETWORK_POLICY), _carries_nothing),
        **dict.fromkeys(BUCKETS, access_checks.bucket),
        **dict.fromkeys(kubernetes_checks.NODE_TYPES, kubernetes_checks.node_group),
        **dict.fromkeys(table("open"), network_checks.open_type),
        **dict.fromkeys(table("unclear"), network_checks.unclear_type),
        **dict.fromkeys((SERVICE, INGRESS), kubernetes_checks.service),
        **dict.fromkeys((f"{RBAC}ClusterRoleBinding", f"{RBAC}RoleBinding"), kubernetes_checks.binding),
        **dict.fromkeys((f"{RBAC}ClusterRole", f"{RBAC}Role"), kubernetes_checks.role),
        "kubernetes:core/v1:ConfigMap": kubernetes_checks.config_map,
        "kubernetes:core/v1:ServiceAccount": kubernetes_checks.service_account,
        "aws:route53/zone:Zone": network_checks.zone,
        VPC: dns_checks.vpc,
        "aws:ec2/instance:Instance": network_checks.instance,
        ENDPOINT: network_checks.endpoint,
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": network_checks.peering,
        "aws:codebuild/project:Project": build_checks.project,
        EKS_CLUSTER: kubernetes_checks.cluster,
    }
)


MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors of reading values that have not the shape of their type."""


def check(context: Context, resource: Resource) -> None:
    """Check one resource. Components and providers carry nothing themselves: what they make is listed beside them."""
    found = CHECKS.get(resource.type)
    if not resource.custom and found:
        text = f"it calls itself a {resource.type} and is a component, which makes nothing"
        _within_reach(context, resource, "incomplete", text)
        return
    if not resource.custom or resource.type.startswith("pulumi:providers:"):
        return
    if context.of_another(resource):
        text = "is made by a second provider, whose account, region or cluster is not seen here"
        _within_reach(context, resource, "provider", text)
    if found or resource.type in table("inert"):
        try:
            by_shape(context, resource)
            if found:
                found(context, resource)
        except MALFORMED:
            # The values are from a file: whatever shape they have, they must not end the proof, nor help it.
            _within_reach(context, resource, "incomplete", f"its values are not those of a {resource.type}")
        return
    text = f"the proof does not know what a {resource.type} can do with bytes"
    _within_reach(context, resource, "unknown-type", text)


def _within_reach(context: Context, resource: Resource, rule: str, text: str) -> None:
    node = context.node(resource)
    context.edge(PODS, node, State.INSIDE, rule, resource, "taken as within pods' reach")
    context.edge(node, OUTSIDE, State.UNCLEAR, rule, resource, text)
