"""Which judge looks at which resource type. A type that nobody looks at is not let pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from paddock.privacy.predicates.addresses import PUBLIC_ADDRESS_FLAGS, PUBLIC_ADDRESSES
from paddock.privacy.predicates.buckets import ACCESS_POINT, ACLS, BLOCKS, BUCKETS
from paddock.privacy.predicates.gateways import INTERNET_GATEWAYS, ROUTES
from paddock.privacy.proof import access_judges, build_judges, kubernetes_judges, network_judges
from paddock.privacy.proof.facts import table
from paddock.privacy.proof.graph import OUTSIDE, PODS, State
from paddock.privacy.proof.resources import Resource
from paddock.privacy.proof.scene import SUBNET, VPC, Scene

Judge = Callable[[Scene, Resource], None]

ALLOWED_PRINCIPAL = "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple"
"""So spelled by AWS's provider."""

FLAGGED = {"aws:ec2/launchTemplate:LaunchTemplate"} & set(PUBLIC_ADDRESS_FLAGS)
"""Of the types with a public flag, those that have no other way out: a database may replicate, so it is not one."""


def _only_narrows(scene: Scene, here: Resource) -> None:
    """Never counted in favour: a network policy binds no pod on its node's network, and a group that EKS makes lets
    all out. `pod_egress` remarks on the first."""
    scene.node(here)


JUDGES: Mapping[str, Judge] = MappingProxyType(
    {
        **dict.fromkeys(INTERNET_GATEWAYS, network_judges.gateway),
        **dict.fromkeys(ROUTES, network_judges.routes),
        **dict.fromkeys([*PUBLIC_ADDRESSES, *FLAGGED, SUBNET], network_judges.address),
        **dict.fromkeys(network_judges.INGRESS, network_judges.security_group),
        **dict.fromkeys([*BLOCKS, *ACLS, ACCESS_POINT], access_judges.bucket_access),
        **dict.fromkeys(BUCKETS, access_judges.bucket),
        **dict.fromkeys(kubernetes_judges.NODE_HOLDERS, kubernetes_judges.node_holder),
        **dict.fromkeys(
            (
                "aws:lb/loadBalancer:LoadBalancer",
                "aws:alb/loadBalancer:LoadBalancer",
                "aws:elb/loadBalancer:LoadBalancer",
            ),
            network_judges.load_balancer,
        ),
        **dict.fromkeys(
            ("aws:lb/targetGroup:TargetGroup", "aws:alb/targetGroup:TargetGroup"), network_judges.target_group
        ),
        "aws:route53/zone:Zone": network_judges.zone,
        **dict.fromkeys(table("open"), network_judges.lead_out),
        **dict.fromkeys(table("unclear"), network_judges.lead_unseen),
        VPC: network_judges.vpc,
        "aws:ec2/instance:Instance": network_judges.instance,
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _only_narrows,
        "aws:ec2/vpcEndpoint:VpcEndpoint": network_judges.endpoint,
        "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy": access_judges.attachment,
        "aws:ec2/vpcEndpointService:VpcEndpointService": network_judges.endpoint_service,
        ALLOWED_PRINCIPAL: network_judges.endpoint_service,
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": network_judges.peering,
        "aws:s3/bucketPolicy:BucketPolicy": access_judges.bucket_policy,
        "aws:codebuild/project:Project": build_judges.project,
        "aws:iam/role:Role": access_judges.role,
        "aws:iam/rolePolicy:RolePolicy": access_judges.attachment,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": access_judges.attachment,
        "aws:eks/podIdentityAssociation:PodIdentityAssociation": access_judges.attachment,
        "aws:eks/accessEntry:AccessEntry": access_judges.access_entry,
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": access_judges.access_entry,
        "aws:eks/cluster:Cluster": access_judges.cluster,
        "kubernetes:core/v1:Service": kubernetes_judges.service,
        "kubernetes:networking.k8s.io/v1:Ingress": kubernetes_judges.ingress,
        "kubernetes:networking.k8s.io/v1:NetworkPolicy": _only_narrows,
    }
)


def judge(scene: Scene, resource: Resource) -> None:
    """Components and providers carry nothing themselves: what they make is listed beside them."""
    if not resource.custom or resource.type.startswith("pulumi:providers:") or resource.type in table("inert"):
        return
    if found := JUDGES.get(resource.type):
        try:
            found(scene, resource)
        except (AttributeError, KeyError, TypeError, ValueError):
            # The values are from a file: whatever shape they have, they must not end the proof, nor help it.
            unlike = f"its values are not those of a {resource.type}"
            scene.way(PODS, scene.node(resource), State.INSIDE, "incomplete", resource, "taken as within pods' reach")
            scene.way(resource.urn, OUTSIDE, State.UNCLEAR, "incomplete", resource, unlike)
        return
    node = scene.node(resource)
    text = f"the proof does not know what a {resource.type} can do with bytes"
    scene.way(PODS, node, State.INSIDE, "unknown-type", resource, "taken as within pods' reach")
    scene.way(node, OUTSIDE, State.UNCLEAR, "unknown-type", resource, text)
