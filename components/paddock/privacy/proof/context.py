"""Evaluation context of the checks: the graph and the remarks that they add to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_network

from paddock.privacy.predicates import Problem, Undecided
from paddock.privacy.predicates.documents import account_of, bucket_of
from paddock.privacy.predicates.findings import value_at
from paddock.privacy.predicates.ranges import Network
from paddock.privacy.predicates.types import BUCKETS, EKS_CLUSTER
from paddock.privacy.proof.graph import OUTSIDE, PODS, Edge, Graph, Node, State
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.resource import Resource

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
VPC_INPUTS = {
    "subnetIds": (SUBNET,),
    "subnetId": (SUBNET,),
    "subnets": (SUBNET,),
    "routeTableId": ("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable"),
    "securityGroupId": ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
    "internetGatewayId": ("aws:ec2/internetGateway:InternetGateway",),
}
"""Types of resources in a VPC, by the input that refers to one."""


@dataclass
class Context:
    inventory: Inventory
    graph: Graph = field(default_factory=Graph)
    remarks: list[str] = field(default_factory=list)

    @cached_property
    def accounts(self) -> frozenset[str]:
        """Account of the network and of the clusters; others may be another account's. None in a first preview."""
        arns = [str(each.values.get("arn")) for each in self.inventory.of(VPC, EKS_CLUSTER)]
        return frozenset(filter(None, map(account_of, arns))) or self.inventory.accounts

    def is_own(self, name: str) -> bool:
        """True for an account, or for what is of an account or in a bucket, of this stack."""
        bucket = self.inventory.by_identity.get(bucket_of(name) or name)
        return account_of(name) in self.accounts or (
            bucket is not None and (bucket.type in BUCKETS or name == bucket.id)
        )

    @cached_property
    def blocks(self) -> tuple[Network, ...]:
        """Address ranges of the VPCs."""
        found = (each.values.get("cidrBlock") for each in self.inventory.of(VPC))
        return tuple(ip_network(each, strict=False) for each in found if isinstance(each, str))

    @cached_property
    def clusters(self) -> dict[object, Resource]:
        """Clusters by name, and by the security group that EKS makes for each."""
        found = list(self.inventory.of(EKS_CLUSTER))
        groups = ((value_at(each.values, "vpcConfig.clusterSecurityGroupId"), each) for each in found)
        return {**dict(groups), **{each.values.get("name"): each for each in found}}

    def node(self, resource: Resource) -> str:
        kind = resource.type.rpartition(":")[2]
        self.graph.nodes.setdefault(resource.urn, Node(resource.urn, kind, resource.name))
        return resource.urn

    def external(self, label: str) -> str:
        """Node of somebody outside who is named."""
        self.graph.nodes.setdefault(f"who {label}", Node(f"who {label}", "Allowed", label))
        return f"who {label}"

    def vpcs(self, resource: Resource) -> list[str]:
        """VPCs of a resource; pods themselves where that cannot be known, which fails closed."""
        found = {} if resource.type != VPC else {resource.urn: None}
        for key in ("vpcId", "vpc"):
            found |= {self.node(each): None for each in self.inventory.targets(resource, key) if each.type == VPC}
        for key, kinds in VPC_INPUTS.items():
            for each in self.inventory.targets(resource, key):
                if each.type in kinds and each is not resource:
                    found |= dict.fromkeys(self.vpcs(each))
        return list(found) or [PODS]

    def edge(
        self, source: str, target: str, state: State, rule: str, by: Resource | None, text: str, *, both: bool = True
    ) -> None:
        self.graph.add(Edge(source, target, state, rule, by.urn if by else "", text, both))

    def inside_vpc(self, resource: Resource, rule: str) -> str:
        """Node of a resource, with an edge from each of its VPCs."""
        here = self.node(resource)
        for vpc in self.vpcs(resource):
            if vpc != here:
                self.edge(vpc, here, State.INSIDE, rule, resource, f"{resource.name} stands in it")
        return here

    def exit(self, resource: Resource, state: State, rule: str, text: str) -> None:
        """Edge between a resource in its VPC and the outside."""
        self.edge(self.inside_vpc(resource, rule), OUTSIDE, state, rule, resource, text)

    def declare(self, resource: Resource, who: str, rule: str, text: str) -> None:
        """Edge between a resource in its VPC and somebody outside who is named."""
        self.edge(self.inside_vpc(resource, rule), self.external(who), State.DECLARED, rule, resource, text)


def exit_of(finding: Problem | Undecided) -> tuple[State, str]:
    """State and text of the edge that a finding makes."""
    return State.OPEN if isinstance(finding, Problem) else State.UNCLEAR, str(finding)
