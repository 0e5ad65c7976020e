"""Check of each resource type. A type without one is not let pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from paddock.privacy.predicates.addresses import PUBLIC_ADDRESSES
from paddock.privacy.predicates.bucket_policies import BUCKET_POLICY
from paddock.privacy.predicates.buckets import ACCESS_POINT, ACLS, BLOCKS, BUCKETS
from paddock.privacy.predicates.clusters import EKS_CLUSTER
from paddock.privacy.predicates.endpoint_services import ALLOWED_PRINCIPAL, ENDPOINT, ENDPOINT_POLICY, ENDPOINT_SERVICE
from paddock.privacy.predicates.gateways import INTERNET_GATEWAYS, ROUTES
from paddock.privacy.predicates.load_balancers import LOAD_BALANCERS
from paddock.privacy.predicates.stack import NETWORK_POLICY
from paddock.privacy.proof import access_checks, build_checks, kubernetes_checks, network_checks
from paddock.privacy.proof.context import SUBNET, VPC, Context
from paddock.privacy.proof.facts import table
from paddock.privacy.proof.graph import OUTSIDE, PODS, State
from paddock.privacy.proof.rights import ATTACHMENTS, ROLE
from paddock.privacy.resource import Resource

Check = Callable[[Context, Resource], None]

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
"""Type with a public flag that has no other exit; of the others a database, for one, may replicate."""


def _carries_nothing(context: Context, here: Resource) -> None:
    """Node alone. What only narrows is never counted in favor: a network policy binds no pod on its node's network, and
    a group that EKS makes lets all out. A right is read where an endpoint trusts the account's identities."""
    context.node(here)


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        **dict.fromkeys(INTERNET_GATEWAYS, network_checks.gateway),
        **dict.fromkeys(ROUTES, network_checks.routes),
        **dict.fromkeys([*PUBLIC_ADDRESSES, LAUNCH_TEMPLATE, SUBNET], network_checks.address),
        **dict.fromkeys(network_checks.INGRESS, network_checks.security_group),
        **dict.fromkeys([*BLOCKS, *ACLS, ACCESS_POINT], access_checks.bucket_access),
        **dict.fromkeys(BUCKETS, access_checks.bucket),
        **dict.fromkeys(kubernetes_checks.NODE_TYPES, kubernetes_checks.node_group),
        **dict.fromkeys(LOAD_BALANCERS, network_checks.load_balancer),
        **dict.fromkeys(
            ("aws:lb/targetGroup:TargetGroup", "aws:alb/targetGroup:TargetGroup"), network_checks.target_group
        ),
        "aws:route53/zone:Zone": network_checks.zone,
        **dict.fromkeys(table("open"), network_checks.open_type),
        **dict.fromkeys(table("unclear"), network_checks.unclear_type),
        VPC: network_checks.vpc,
        "aws:ec2/instance:Instance": network_checks.instance,
        ENDPOINT: network_checks.endpoint,
        ENDPOINT_SERVICE: network_checks.endpoint_service,
        ALLOWED_PRINCIPAL: network_checks.endpoint_service,
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": network_checks.peering,
        BUCKET_POLICY: access_checks.bucket_policy,
        "aws:codebuild/project:Project": build_checks.project,
        ROLE: access_checks.role,
        "aws:eks/accessEntry:AccessEntry": access_checks.access_entry,
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": access_checks.access_entry,
        EKS_CLUSTER: access_checks.cluster,
        "kubernetes:core/v1:Service": kubernetes_checks.service,
        "kubernetes:networking.k8s.io/v1:Ingress": kubernetes_checks.ingress,
        **dict.fromkeys(
            (
                "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
                ENDPOINT_POLICY,
                "aws:iam/rolePolicy:RolePolicy",
                *ATTACHMENTS,
                "aws:eks/podIdentityAssociation:PodIdentityAssociation",
                NETWORK_POLICY,
            ),
            _carries_nothing,
        ),
    }
)


MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors of reading values that have not the shape of their type."""


def check(context: Context, resource: Resource) -> None:
    """Check one resource. Components and providers carry nothing themselves: what they make is listed beside them."""
    if not resource.custom or resource.type.startswith("pulumi:providers:") or resource.type in table("inert"):
        return
    if found := CHECKS.get(resource.type):
        try:
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
