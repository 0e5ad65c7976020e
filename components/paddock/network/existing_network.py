"""A VPC that is there already, used only if it keeps the rules of ours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.catalog.lookup import shown_name
from paddock.choices import EndpointZones
from paddock.common.account import Account
from paddock.common.inputs import ArgumentError, accepted
from paddock.common.labels import NO_TAGS
from paddock.common.subnets import MIN_ZONES, SMALLEST_ENDPOINT_PREFIX, SMALLEST_NODE_PREFIX, network
from paddock.network.endpoint_services import EndpointService, describe_services_now
from paddock.network.endpoints import EndpointPlacement
from paddock.network.services import checked_services, make_services, require_in_region
from paddock.network.zones import REFUSED_BY_EKS, subnets_offering, zones_offering

FREE_ADDRESSES = 5
"""EKS takes up to five more to update the control plane. Source: EKS user guide, networking/network-reqs.adoc."""
ROUTES_OUTSIDE = {
    "carrier_gateway_id": "a carrier gateway",
    "core_network_arn": "a core network",
    "egress_only_gateway_id": "an egress-only gateway",
    "instance_id": "an instance",
    "local_gateway_id": "a local gateway",
    "nat_gateway_id": "a NAT gateway",
    "network_interface_id": "a network interface",
    "odb_network_arn": "a database network",
    "vpc_endpoint_id": "an endpoint that is no AWS service's",
}
TO_PEERS = {"transit_gateway_id": "a transit gateway", "vpc_peering_connection_id": "a peering"}
"""Let pass where the destination is one of `peer_cidrs`."""


class ExistingNetworkArgs(TypedDict):
    vpc_id: str
    """The VPC, by its id. Plain: it is looked at before anything is made."""
    node_subnet_ids: Sequence[str]
    """Its subnets for nodes and pods, one a zone."""
    endpoint_subnet_ids: Sequence[str]
    """Its subnets for the control plane and the endpoints, one a zone, in two zones or more."""
    peer_cidrs: NotRequired[Sequence[str]]
    """Ranges to which its route tables may lead by a peering or a transit gateway. Default: none."""
    instance_type: NotRequired[str]
    """A zone of the node subnets must offer it. Default: any zone will do."""
    endpoint_zones: NotRequired[str]
    """`all` or `one`: zones in which each interface endpoint has an address. Default: `all`."""
    bastion: NotRequired[bool]
    """True where an instance of the VPC is reached by Systems Manager, which takes two endpoints. Default: false."""
    services: NotRequired[Sequence[str]]
    """More interface endpoints, such as `kms`, limited to the account. Default: none but those that a cluster calls."""
    bucket_names: NotRequired[Sequence[pulumi.Input[str]]]
    """The account's buckets that are read and written through S3's endpoint. Default: none, only ECR's layers."""
    dns_names: NotRequired[Sequence[str]]
    """More names that the VPC's resolver answers for. Default: none but the VPC's own and AWS's."""
    image_accounts: NotRequired[Sequence[str]]
    """Accounts, by their 12 digits, whose registries ECR's endpoints let this account's identities read. Default: none
    but the account's own and those of AWS."""
    log_retention_days: NotRequired[int]
    """Retention of flow logs, in days. Default: 90."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything that is made. Default: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    id: str
    vpc_id: str
    zone: str
    zone_id: str
    """The zone by the name that means the same in every account."""
    cidr: IPv4Network
    free_addresses: int
    gives_public_addresses: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A route table: the subnets that it is for, and its routes but the VPC's own and those of endpoints."""

    id: str
    is_main: bool
    subnet_ids: frozenset[str]
    routes: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcDescription:
    """Description of a VPC by AWS."""

    vpc_id: str
    cidrs: tuple[str, ...]
    has_dns: bool
    nodes: tuple[Subnet, ...]
    endpoints: tuple[Subnet, ...]
    tables: tuple[Table, ...]

    def tables_of(self, subnets: Sequence[Subnet]) -> list[str]:
        """Ids of the tables that these subnets use; one that is tied to none uses the main table."""
        tied = {subnet: table.id for table in self.tables for subnet in table.subnet_ids}
        main = next((table.id for table in self.tables if table.is_main), None)
        used = [tied.get(subnet.id, main) for subnet in subnets]
        return sorted({table for table in used if table is not None})


def problems(found: VpcDescription, peer_cidrs: Sequence[str], offering: Sequence[str]) -> Iterator[str]:
    """Everything that makes the VPC unfit, each with the resource and the way out."""
    if not found.has_dns:
        yield (
            f"{found.vpc_id} has a DNS switch off, without which endpoints do not answer under AWS's names; turn on "
            "enableDnsSupport and enableDnsHostnames"
        )
    for argument, subnets, longest in (
        ("node_subnet_ids", found.nodes, SMALLEST_NODE_PREFIX),
        ("endpoint_subnet_ids", found.endpoints, SMALLEST_ENDPOINT_PREFIX),
    ):
        for subnet in subnets:
            yield from _subnet_problems(found, argument, subnet, longest)
        zones = [subnet.zone for subnet in subnets]
        if repeated := sorted({zone for zone in zones if zones.count(zone) > 1}):
            yield f"{argument} has several subnets in {', '.join(repeated)}; give one a zone"
        if len(set(zones)) < MIN_ZONES:
            yield f"{argument} spans {len(set(zones))} zone ({', '.join(zones)}); EKS needs {MIN_ZONES}"
    for subnet in found.endpoints:
        if subnet.zone_id in REFUSED_BY_EKS:
            yield (
                f"endpoint_subnet_ids: {subnet.id} is in {subnet.zone} ({subnet.zone_id}), where EKS puts no control "
                f"plane; give a subnet of another zone"
            )
    if not {subnet.zone for subnet in found.nodes} & set(offering):
        yield (
            f"the instance type is offered in {', '.join(offering) or 'no zone'}, but node_subnet_ids are in "
            f"{', '.join(subnet.zone for subnet in found.nodes)}; add a subnet there or choose another type"
        )
    peers = [network("peer_cidrs", cidr) for cidr in peer_cidrs]
    for table in found.tables:
        for route in table.routes:
            if target := _route_outside(route, peers):
                to = route.get("cidr_block") or route.get("ipv6_cidr_block") or route.get("destination_prefix_list_id")
                yield f"{table.id} leads {to} to {target}; remove the route or use a VPC that nothing leaves"


def service_problems(placed: Sequence[Subnet], services: Iterable[EndpointService]) -> Iterator[str]:
    """Endpoint services that AWS has not in the zones of these subnets."""
    for subnet in placed:
        if missing := [each.name for each in services if subnet.zone not in each.zones]:
            yield (
                f"endpoint_subnet_ids: {subnet.id} is in {subnet.zone}, where AWS has no endpoint of "
                f"{', '.join(missing)}; give a subnet of another zone"
            )


def _subnet_problems(found: VpcDescription, argument: str, subnet: Subnet, longest: int) -> Iterator[str]:
    if subnet.vpc_id != found.vpc_id:
        yield f"{argument}: {subnet.id} is in {subnet.vpc_id}, not in {found.vpc_id}"
    if subnet.gives_public_addresses:
        yield f"{argument}: {subnet.id} gives public addresses; turn mapPublicIpOnLaunch off"
    if subnet.cidr.prefixlen > longest:
        yield f"{argument}: {subnet.id} is a /{subnet.cidr.prefixlen} ({subnet.cidr}); it takes a /{longest} or larger"
    elif subnet.free_addresses < FREE_ADDRESSES:
        yield f"{argument}: {subnet.id} has {subnet.free_addresses} free addresses; it takes {FREE_ADDRESSES}"


def _route_outside(route: Mapping[str, str], peers: Sequence[IPv4Network]) -> str | None:
    """Target of a route, if that is neither in the VPC nor a peer that was named."""
    for key, what in ROUTES_OUTSIDE.items():
        if route.get(key):
            return f"{what} ({route[key]})"
    if gateway := route.get("gateway_id"):
        return f"{'an internet' if gateway.startswith('igw-') else 'a VPN'} gateway ({gateway})"
    for key, what in TO_PEERS.items():
        if route.get(key):
            cidr = route.get("cidr_block")
            if not cidr or not any(IPv4Network(cidr).subnet_of(peer) for peer in peers):
                return f"{what} ({route[key]}), which is in no peer_cidrs"
    return None


class ExistingNetwork(pulumi.ComponentResource):
    """A VPC of yours with its subnets, read and checked; endpoints, DNS firewall and flow logs are made in it.

    Raises one `ArgumentError` that lists all that is wrong, before anything is made. The DNS firewall is for the whole
    VPC, so it is for whatever else lives there too. Endpoints that are there already are not seen.
    """

    vpc_id: pulumi.Output[str]
    vpc_cidr: pulumi.Output[str]
    vpc_cidrs: pulumi.Output[list[str]]
    """All of the VPC's ranges, the secondary ones too."""
    node_subnet_ids: pulumi.Output[list[str]]
    """One a zone, for nodes and pods."""
    gpu_subnet_ids: pulumi.Output[list[str]]
    """Those of the node subnets whose zone offers `instance_type`."""
    endpoint_subnet_ids: pulumi.Output[list[str]]
    """One a zone, for the control plane and the service endpoints."""
    endpoint_cidrs: pulumi.Output[list[str]]
    """Ranges of the interface endpoints' addresses."""
    s3_endpoint_id: pulumi.Output[str]
    s3_cidrs: pulumi.Output[list[str]]
    """Addresses of S3 in the region, for NetworkPolicies."""

    def __init__(self, name: str, args: ExistingNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("ExistingNetwork", args, ExistingNetworkArgs)
        chosen = checked_services("ExistingNetwork", args)
        super().__init__("paddock:index:ExistingNetwork", name, {}, opts)
        account = Account.of(self)
        require_in_region("ExistingNetwork", chosen, account.region)
        found = look(args["vpc_id"], args["node_subnet_ids"], args["endpoint_subnet_ids"], self)
        _, offering = zones_offering(args.get("instance_type"), self)
        known = describe_services_now(chosen.endpoints, account.region, self)
        placed = found.endpoints if chosen.zones is EndpointZones.ALL else found.endpoints[:1]
        wrong = [
            *problems(found, args.get("peer_cidrs", ()), offering),
            *service_problems(placed, known.values()),
        ]
        if wrong:
            raise ArgumentError(f"ExistingNetwork: {found.vpc_id} cannot be used:\n  " + "\n  ".join(wrong))

        self._show(name, found)
        placement = EndpointPlacement(
            vpc_id=found.vpc_id,
            vpc_cidrs=found.cidrs,
            subnet_ids=[subnet.id for subnet in found.endpoints],
            route_table_ids=found.tables_of([*found.nodes, *found.endpoints]),
        )
        described = {service: pulumi.Output.from_input(each) for service, each in known.items()}
        services = make_services(name, chosen, described, placement, account, args.get("tags", NO_TAGS), parent=self)
        offered = subnets_offering([(subnet.id, subnet.zone) for subnet in found.nodes], offering)
        self.vpc_id = pulumi.Output.from_input(found.vpc_id)
        self.vpc_cidr = pulumi.Output.from_input(found.cidrs[0])
        self.vpc_cidrs = pulumi.Output.from_input(list(found.cidrs))
        self.node_subnet_ids = pulumi.Output.from_input([subnet.id for subnet in found.nodes])
        self.gpu_subnet_ids = pulumi.Output.from_input(offered)
        self.endpoint_subnet_ids = pulumi.Output.from_input([subnet.id for subnet in found.endpoints])
        self.endpoint_cidrs = pulumi.Output.from_input([str(subnet.cidr) for subnet in found.endpoints])
        self.s3_endpoint_id = services.s3_endpoint_id
        self.s3_cidrs = services.s3_cidrs
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "vpc_cidr": self.vpc_cidr,
                "vpc_cidrs": self.vpc_cidrs,
                "node_subnet_ids": self.node_subnet_ids,
                "gpu_subnet_ids": self.gpu_subnet_ids,
                "endpoint_subnet_ids": self.endpoint_subnet_ids,
                "endpoint_cidrs": self.endpoint_cidrs,
                "s3_endpoint_id": self.s3_endpoint_id,
                "s3_cidrs": self.s3_cidrs,
            }
        )

    def _show(self, name: str, found: VpcDescription) -> None:
        """Read into the stack what the proof must see of the VPC; nothing of it is ever changed or deleted.

        A preview shows of what it reads only what it is told, so it is told what was found.
        """
        child = pulumi.ResourceOptions(parent=self)
        aws.ec2.Vpc.get(
            f"{name}-vpc",
            found.vpc_id,
            cidr_block=found.cidrs[0],
            enable_dns_support=found.has_dns,
            enable_dns_hostnames=found.has_dns,
            opts=child,
        )
        for purpose, subnets in (("nodes", found.nodes), ("endpoints", found.endpoints)):
            for i, subnet in enumerate(subnets):
                aws.ec2.Subnet.get(
                    f"{name}-{purpose}-{i}",
                    subnet.id,
                    vpc_id=subnet.vpc_id,
                    cidr_block=str(subnet.cidr),
                    availability_zone=subnet.zone,
                    map_public_ip_on_launch=subnet.gives_public_addresses,
                    opts=child,
                )
        for table in found.tables:
            routes: Any = [{key: value for key, value in route.items() if value} for route in table.routes]
            aws.ec2.RouteTable.get(f"{name}-{table.id}", table.id, vpc_id=found.vpc_id, routes=routes, opts=child)


def look(
    vpc_id: str, node_subnet_ids: Sequence[str], endpoint_subnet_ids: Sequence[str], component: pulumi.Resource
) -> VpcDescription:
    """Ask AWS; what it does not know is an `ArgumentError` that lists all such ids.

    First by functions that answer with a list: a function for one object fails where there is none, and the SDK then
    ends the program with that failure, caught or not.
    """
    asked = pulumi.InvokeOptions(parent=component)
    subnet_ids = [*node_subnet_ids, *endpoint_subnet_ids]
    known = {
        *aws.ec2.get_vpcs(filters=[{"name": "vpc-id", "values": [vpc_id]}], opts=asked).ids,
        *aws.ec2.get_subnets(filters=[{"name": "subnet-id", "values": subnet_ids}], opts=asked).ids,
    }
    if unknown := [id_ for id_ in (vpc_id, *subnet_ids) if id_ not in known]:
        names = ", ".join(map(shown_name, dict.fromkeys(unknown)))
        raise ArgumentError(f"ExistingNetwork: AWS knows no {names} in this account and region")
    vpc = aws.ec2.get_vpc(id=vpc_id, opts=asked)
    nodes, endpoints = (
        tuple(_subnet(aws.ec2.get_subnet(id=id_, opts=asked)) for id_ in ids)
        for ids in (node_subnet_ids, endpoint_subnet_ids)
    )
    tables = [
        aws.ec2.get_route_table(route_table_id=id_, opts=asked)
        for id_ in sorted(aws.ec2.get_route_tables(vpc_id=vpc_id, opts=asked).ids)
    ]
    return VpcDescription(
        vpc_id=vpc_id,
        cidrs=tuple(each.cidr_block for each in vpc.cidr_block_associations) or (vpc.cidr_block,),
        has_dns=vpc.enable_dns_support and vpc.enable_dns_hostnames,
        nodes=nodes,
        endpoints=endpoints,
        tables=tuple(map(_table, tables)),
    )


def _subnet(found: aws.ec2.GetSubnetResult) -> Subnet:
    return Subnet(
        id=found.id,
        vpc_id=found.vpc_id,
        zone=found.availability_zone,
        zone_id=found.availability_zone_id,
        cidr=IPv4Network(found.cidr_block),
        free_addresses=found.available_ip_address_count,
        gives_public_addresses=found.map_public_ip_on_launch,
    )


def _table(found: aws.ec2.GetRouteTableResult) -> Table:
    keys = ("cidr_block", "ipv6_cidr_block", "destination_prefix_list_id", "gateway_id", *ROUTES_OUTSIDE, *TO_PEERS)
    return Table(
        id=found.route_table_id,
        is_main=any(each.main for each in found.associations),
        subnet_ids=frozenset(each.subnet_id for each in found.associations if each.subnet_id),
        routes=tuple({key: getattr(route, key) or "" for key in keys} for route in found.routes),
    )
