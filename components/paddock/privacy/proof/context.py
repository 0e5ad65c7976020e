"""Evaluation context of the checks: the graph and the remarks that they add to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_network

from paddock.privacy.predicates import documents
from paddock.privacy.predicates.documents import account_of, bucket_of
from paddock.privacy.predicates.ranges import Network
from paddock.privacy.predicates.types import BUCKETS, EKS_CLUSTER, ENDPOINT_SERVICE
from paddock.privacy.predicates.values import value_at
from paddock.privacy.proof.graph import OUTSIDE, PODS, Edge, Graph, Node, State
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.resource import Resource

EVERY_BUCKET = "every bucket"
DEFAULT, NOT_TOLD = "default", ""
"""Providers: of no name of their own, and not told."""
FEW = 20
"""Most names in a sentence."""
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
KEY = "aws:kms/key:Key"
VPC_INPUTS = {
    "subnetIds": (SUBNET,),
    "subnetId": (SUBNET,),
    "subnets": (SUBNET,),
    "routeTableId": ("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable"),
    "securityGroupId": ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
    "internetGatewayId": ("aws:ec2/internetGateway:InternetGateway",),
}
"""Types of resources in a VPC, by the input that refers to one."""


@dataclass(eq=False)
class Context:
    inventory: Inventory
    graph: Graph = field(default_factory=Graph)
    remarks: list[str] = field(default_factory=list)
    _vpcs: dict[str, list[str]] = field(default_factory=dict)

    @cached_property
    def accounts(self) -> frozenset[str]:
        """Account of the network and of the clusters; others may be another account's. In a first preview the keys'."""
        seen = self.inventory
        return _accounts(seen.of(VPC, EKS_CLUSTER)) or _accounts(seen.resources) or _makers(seen.of(KEY))

    def is_own(self, name: str) -> bool:
        """True for an account, or for what is of an account or in a bucket, of this stack."""
        named = self.inventory.named.get(bucket_of(name) or name, {}).values()
        return account_of(name) in self.accounts or any(each.type in BUCKETS or name == each.id for each in named)

    @cached_property
    def blocks(self) -> Mapping[int, Collection[tuple[int, int]]]:
        """Address ranges of the VPCs by their leading bits, and these by how many they are."""
        found: dict[int, set[tuple[int, int]]] = {}
        for each in self.inventory.of(VPC):
            if isinstance(cidr := each.values.get("cidrBlock"), str):
                network = ip_network(cidr, strict=False)
                found.setdefault(network.prefixlen, set()).add(_leading(network, network.prefixlen))
        return found

    def in_vpc(self, cidr: object) -> bool:
        """True for a range within one of the VPCs'."""
        inner = ip_network(str(cidr), strict=False)
        return any(_leading(inner, size) in self.blocks[size] for size in self.blocks if size <= inner.prefixlen)

    @cached_property
    def clusters(self) -> Mapping[object, list[Resource]]:
        """Clusters by name, and by the security group that EKS makes for each."""
        found: dict[object, list[Resource]] = {}
        for each in self.inventory.of(EKS_CLUSTER):
            for name in (each.values.get("name"), value_at(each.values, "vpcConfig.clusterSecurityGroupId")):
                found.setdefault(name, []).append(each)
        return found

    @cached_property
    def services(self) -> dict[object, Resource]:
        """PrivateLink services of the stack, by the name that AWS gives each."""
        return {each.values.get("serviceName") or each.urn: each for each in self.inventory.of(ENDPOINT_SERVICE)}

    @cached_property
    def is_settled(self) -> bool:
        """True where everything stands, so that what is not known is a secret, of which nothing tells what it is."""
        return all(each.id for each in self.inventory.resources if each.custom)

    def of_another(self, here: Resource) -> bool:
        """True for what a provider makes that is not the network's or, in Kubernetes, not the cluster's."""
        known = self._providers.get(here.type.partition(":")[0])
        return known is not None and _provider(here) not in known

    @cached_property
    def _providers(self) -> Mapping[str, set[str] | None]:
        """Providers that are known, by package: the one of the VPC and the cluster, those to a cluster of the stack."""
        seen = self.inventory
        aws = {_provider(each) for each in seen.of(VPC, EKS_CLUSTER)}
        aws |= {NOT_TOLD, DEFAULT} if NOT_TOLD in aws else {NOT_TOLD}
        clusters = {each.urn for each in seen.of(EKS_CLUSTER)}
        linked = [each for each in seen.resources if each.type == "pulumi:providers:kubernetes"]
        inside = {each.urn for each in linked if clusters & set(each.links.get("kubeconfig", ()))}
        return {"aws": aws if len(aws) > 1 else None, "kubernetes": {*inside, NOT_TOLD} if inside else None}

    def node(self, resource: Resource) -> str:
        kind = resource.type.rpartition(":")[2]
        self.graph.nodes.setdefault(resource.urn, Node(resource.urn, kind, resource.name))
        return resource.urn

    def external(self, label: str) -> str:
        """Node of somebody outside who is named."""
        self.graph.nodes.setdefault(f"who {label}", Node(f"who {label}", "Named", label))
        return f"who {label}"

    def every_bucket(self) -> str:
        """Node to which every bucket leads, for who reads them all."""
        if EVERY_BUCKET not in self.graph.nodes:
            self.graph.nodes[EVERY_BUCKET] = Node(EVERY_BUCKET, "Asset", EVERY_BUCKET)
            for each in self.inventory.of(*BUCKETS):
                text = "is one of them"
                self.edge(self.node(each), EVERY_BUCKET, State.INSIDE, "reader", each, text, both=False)
        return EVERY_BUCKET

    def vpcs(self, resource: Resource) -> list[str]:
        """VPCs of a resource; pods themselves where that cannot be known, which fails closed."""
        if resource.urn not in self._vpcs:
            self._vpcs[resource.urn] = self._found_vpcs(resource)
        return self._vpcs[resource.urn]

    def _found_vpcs(self, resource: Resource) -> list[str]:
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

    def beside_pods(self, resource: Resource, state: State, rule: str, text: str) -> None:
        """Edge between a resource, taken as within reach of every pod, and the outside."""
        self.edge(PODS, self.node(resource), State.INSIDE, rule, resource, "taken as within pods' reach")
        self.edge(resource.urn, OUTSIDE, state, rule, resource, text)

    def exit(self, resource: Resource, state: State, rule: str, text: str) -> None:
        """Edge between a resource in its VPC and the outside."""
        self.edge(self.inside_vpc(resource, rule), OUTSIDE, state, rule, resource, text)

    def declare(self, resource: Resource, who: str, rule: str, text: str) -> None:
        """Edge between a resource in its VPC and somebody outside who is named."""
        self.edge(self.inside_vpc(resource, rule), self.external(who), State.DECLARED, rule, resource, text)


def _leading(network: Network, size: int) -> tuple[int, int]:
    """Version and leading bits of its addresses."""
    return network.version, int(network.network_address) >> (network.max_prefixlen - size)


def _accounts(resources: Iterable[Resource]) -> frozenset[str]:
    """Accounts of these resources, by their ARNs."""
    return frozenset(filter(None, (account_of(str(each.values.get("arn"))) for each in resources)))


def _makers(keys: Iterable[Resource]) -> frozenset[str]:
    """Account of whoever makes these keys: KMS takes no policy that does not let its caller change it again.

    Source: CreateKey of the KMS API Reference, Policy (botocore 1.44.5), read 2026-11-28.
    """
    kept = [each.values for each in keys if each.values.get("bypassPolicyLockoutSafetyCheck") in (None, False)]
    may = [statement for each in kept for statement in documents.allows(each.get("policy"), "kms:putkeypolicy")]
    found = {account_of(who) for statement in may for _, who in documents.principals(statement)}
    return frozenset(found) if len(found) == 1 and "" not in found else frozenset()


def _provider(resource: Resource) -> str:
    """URN of its provider; the defaults of several versions are one."""
    is_default = "::default_" in resource.provider or resource.provider.endswith("::default")
    return DEFAULT if is_default else resource.provider


def some(names: Iterable[str]) -> str:
    """Names for a sentence: a few, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - FEW} more" if len(listed) > FEW else ""
    return ", ".join(listed[:FEW]) + more
