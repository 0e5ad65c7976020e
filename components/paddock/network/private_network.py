"""The private network: subnets with no way out, and endpoints of AWS's own services."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.choices import DEFAULT_VPC_CIDR, DEFAULT_ZONES
from paddock.common.account import Account
from paddock.common.inputs import ArgumentError, accepted
from paddock.common.labels import NO_TAGS
from paddock.common.naming import tags
from paddock.common.subnets import plan_subnets
from paddock.network.endpoint_services import common_zones, describe_services
from paddock.network.endpoints import EndpointPlacement
from paddock.network.services import checked_services, make_services, require_in_region
from paddock.network.zones import next_zone, ranked_zones, subnets_offering, zones_offering


class PrivateNetworkArgs(TypedDict):
    vpc_cidr: NotRequired[str]
    """The VPC's IPv4 range, /16 to /22. Default: `10.0.0.0/16`. Plain: it decides the subnets."""
    number_of_availability_zones: NotRequired[int]
    """Number of availability zones to span, 2 to 4. Default: 2, the fewest that EKS takes."""
    peer_cidrs: NotRequired[Sequence[str]]
    """Ranges of networks that will be peered; the VPC must not overlap them. Default: none."""
    instance_type: NotRequired[str]
    """Zones that offer this instance type are chosen first. Default: any zone will do."""
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
    """Extra tags on everything. Default: none."""


class PrivateNetwork(pulumi.ComponentResource):
    """A VPC that nothing leaves: no internet gateway, no NAT, no public address.

    Nodes and pods live in one large subnet a zone; the control plane's interfaces and the endpoints of AWS services
    in one small subnet a zone. S3 is reached through a gateway endpoint, the services that a cluster calls through
    interface endpoints, all limited to the account; the resolver answers for their names and the VPC's alone.
    """

    vpc_id: pulumi.Output[str]
    vpc_cidr: pulumi.Output[str]
    vpc_cidrs: pulumi.Output[list[str]]
    """That range alone."""
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

    def __init__(self, name: str, args: PrivateNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("PrivateNetwork", args, PrivateNetworkArgs)
        cidr = args.get("vpc_cidr", DEFAULT_VPC_CIDR)
        chosen = checked_services("PrivateNetwork", args)
        try:
            plan = plan_subnets(
                cidr, args.get("number_of_availability_zones", DEFAULT_ZONES), args.get("peer_cidrs", ())
            )
        except ValueError as error:
            raise ArgumentError(f"PrivateNetwork: {error}") from None
        super().__init__("paddock:index:PrivateNetwork", name, {}, opts)
        account = Account.of(self)
        require_in_region("PrivateNetwork", chosen, account.region)
        available, offering = zones_offering(args.get("instance_type"), self)
        ranked = ranked_zones(available, offering, plan.zones)
        described = describe_services(chosen.endpoints, account.region, self)
        served = common_zones(described)
        extra = args.get("tags", NO_TAGS)
        child = pulumi.ResourceOptions(parent=self)

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=cidr,
            enable_dns_support=True,
            # Interface endpoints answer under AWS's public names only with both DNS switches on.
            enable_dns_hostnames=True,
            tags=tags(f"{name}-vpc", extra),
            opts=child,
        )
        # Adopted and emptied: a resource that forgets its security group can reach nothing.
        aws.ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, tags=tags(f"{name}-default", extra), opts=child)
        routes = aws.ec2.RouteTable(f"{name}-private", vpc_id=vpc.id, tags=tags(f"{name}-private", extra), opts=child)

        def subnet(called: str, zone: pulumi.Output[str], cidr: object) -> aws.ec2.Subnet:
            made = aws.ec2.Subnet(
                called,
                vpc_id=vpc.id,
                cidr_block=str(cidr),
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=tags(called, extra),
                # A zone chosen once stays, whatever AWS answers later: another one would rebuild the network.
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["availabilityZone"]),
            )
            aws.ec2.RouteTableAssociation(called, subnet_id=made.id, route_table_id=routes.id, opts=child)
            return made

        nodes: list[aws.ec2.Subnet] = []
        endpoints: list[aws.ec2.Subnet] = []
        for i, (node_cidr, endpoint_cidr) in enumerate(zip(plan.node_cidrs, plan.endpoint_cidrs, strict=True)):
            # Beside the zones that the subnets before are really in, so that one more never meets one of them again.
            taken = [each.availability_zone for each in nodes]
            zone = pulumi.Output.all(served, *taken).apply(lambda it: next_zone(ranked, it[0], it[1:]))
            nodes.append(subnet(f"{name}-nodes-{i}", zone, node_cidr))
            endpoints.append(subnet(f"{name}-endpoints-{i}", nodes[i].availability_zone, endpoint_cidr))
        services = make_services(
            name,
            chosen,
            described,
            EndpointPlacement(
                vpc_id=vpc.id,
                vpc_cidrs=[cidr],
                subnet_ids=[each.id for each in endpoints],
                route_table_ids=[routes.id],
            ),
            account,
            extra,
            parent=self,
        )

        self.vpc_id = vpc.id
        self.vpc_cidr = vpc.cidr_block
        self.vpc_cidrs = vpc.cidr_block.apply(lambda cidr: [cidr])
        self.node_subnet_ids = pulumi.Output.all(*[each.id for each in nodes])
        # By the zone that each subnet really is in: it stays there when another instance type would choose others.
        self.gpu_subnet_ids = pulumi.Output.all(
            *[pulumi.Output.all(each.id, each.availability_zone) for each in nodes]
        ).apply(lambda placed: subnets_offering([(id_, zone) for id_, zone in placed], offering))
        self.endpoint_subnet_ids = pulumi.Output.all(*[each.id for each in endpoints])
        self.endpoint_cidrs = pulumi.Output.from_input([str(cidr) for cidr in plan.endpoint_cidrs])
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
