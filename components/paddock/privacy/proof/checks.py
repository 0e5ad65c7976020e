"""Check of each resource type. A type without one is not let pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from paddock.privacy.predicates.facts import Can, fact
from paddock.privacy.predicates.types import BUCKETS, EKS_CLUSTER, ENDPOINT, INGRESS, SERVICE
from paddock.privacy.proof import access_checks, build_checks, dns_checks, kubernetes_checks, network_checks
from paddock.privacy.proof.context import VPC, Context
from paddock.privacy.proof.graph import State
from paddock.privacy.proof.shape_checks import by_shape
from paddock.privacy.resource import Resource

Check = Callable[[Context, Resource], None]
RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"
CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(BUCKETS, access_checks.bucket),
    **dict.fromkeys(kubernetes_checks.NODE_TYPES, kubernetes_checks.node_group),
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
MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors of reading values that have not the shape of their type."""


def check(context: Context, resource: Resource) -> None:
    """Check one resource. Components and providers carry nothing themselves: what they make is listed beside them."""
    if resource.type.startswith("pulumi:providers:"):
        return
    found, known = CHECKS.get(resource.type), fact(resource.type)
    if not resource.custom:
        if found or (known and known.can in (Can.CHECKED, Can.CARRIES, Can.OUT)):
            text = f"it calls itself a {resource.type} and is a component, which makes nothing"
            context.beside_pods(resource, State.UNCLEAR, "incomplete", text)
        return
    if context.of_another(resource):
        text = "is made by a second provider, whose account, region or cluster is not seen here"
        context.beside_pods(resource, State.UNCLEAR, "provider", text)
    try:
        by_shape(context, resource)
        if found:
            found(context, resource)
        elif known is None:
            text = f"the proof does not know what a {resource.type} can do with bytes"
            context.beside_pods(resource, State.UNCLEAR, "unknown-type", text)
        elif known.can is Can.OUT:
            context.exit(resource, State.OPEN, "way-out", known.why)
        elif known.can is Can.CARRIES:
            context.exit(resource, State.UNCLEAR, "unseen", known.why)
    except MALFORMED:
        # The values are from a file: whatever shape they have, they must not end the proof, nor help it.
        context.beside_pods(resource, State.UNCLEAR, "incomplete", f"its values are not those of a {resource.type}")
