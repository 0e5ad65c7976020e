"""What judges write to: the graph, remarks, and where in it a resource stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from paddock.privacy.proof.graph import OUTSIDE, PODS, Graph, Node, State, Way
from paddock.privacy.proof.resources import Inventory, Resource

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"


@dataclass
class Scene:
    inventory: Inventory
    graph: Graph = field(default_factory=Graph)
    remarks: list[str] = field(default_factory=list)

    def node(self, resource: Resource) -> str:
        kind = resource.type.rpartition(":")[2]
        self.graph.nodes.setdefault(resource.urn, Node(resource.urn, kind, resource.name))
        return resource.urn

    def outsider(self, label: str) -> str:
        self.graph.nodes.setdefault(f"who {label}", Node(f"who {label}", "Allowed", label))
        return f"who {label}"

    def vpcs(self, resource: Resource) -> list[str]:
        """The VPCs that a resource stands in; pods themselves where that cannot be known, which fails closed."""
        found = {} if resource.type != VPC else {resource.urn: None}
        for key in ("vpcId", "vpc"):
            found |= {self.node(each): None for each in self.inventory.targets(resource, key) if each.type == VPC}
        for key, kind in HOLDERS.items():
            for each in self.inventory.targets(resource, key):
                if each.type in kind and each is not resource:
                    found |= dict.fromkeys(self.vpcs(each))
        return list(found) or [PODS]

    def way(self, source: str, target: str, state: State, rule: str, by: Resource | None, text: str) -> None:
        self.graph.add(Way(source, target, state, rule, by.urn if by else "", text))

    def out(self, resource: Resource, state: State, rule: str, text: str) -> None:
        """A way between the resource and the outside; the resource stands in its VPC."""
        here = self.node(resource)
        for vpc in self.vpcs(resource):
            if vpc != here:
                self.way(vpc, here, State.INSIDE, rule, resource, f"{resource.name} stands in it")
        self.way(here, OUTSIDE, state, rule, resource, text)

    def door(self, resource: Resource, who: str, rule: str, text: str) -> None:
        here = self.node(resource)
        for vpc in self.vpcs(resource):
            if vpc != here:
                self.way(vpc, here, State.INSIDE, rule, resource, f"{resource.name} stands in it")
        self.way(here, self.outsider(who), State.DOOR, rule, resource, text)


HOLDERS = {
    "subnetIds": (SUBNET,),
    "subnetId": (SUBNET,),
    "subnets": (SUBNET,),
    "routeTableId": ("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable"),
    "securityGroupId": ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
    "internetGatewayId": ("aws:ec2/internetGateway:InternetGateway",),
}
"""By input: what it refers to that itself stands in a VPC."""
