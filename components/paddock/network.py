"""The private network: subnets with no way out, and the doors to AWS's own services."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.arguments import ArgumentError, accepted
from paddock.catalog.footprint import INTERFACE_ENDPOINTS
from paddock.naming import NO_TAGS, tags
from paddock.subnets import plan_subnets

DEFAULT_VPC_CIDR = "10.0.0.0/16"
DEFAULT_ZONES = 2


class PrivateNetworkArgs(TypedDict):
    vpc_cidr: NotRequired[str]
    """The VPC's IPv4 range, /16 to /22. Default: `10.0.0.0/16`. Plain: it decides the subnets."""
    zones: NotRequired[int]
    """How many availability zones to span, 2 to 4. Default: 2, the fewest that EKS takes."""
    peer_cidrs: NotRequired[Sequence[str]]
    """Ranges of networks that will be peered; the VPC must not overlap them. Default: none."""
    instance_type: NotRequired[str]
    """Zones that offer this instance type are chosen first. Default: any zone will do."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Default: none."""


def choose_zones(available: Sequence[str], offering: Sequence[str], wanted: int) -> list[str]:
    """Pick `wanted` zones, those that offer the instance type first.

    Raises `ArgumentError` when there are too few zones or none of them offers the instance type.
    """
    if len(available) < wanted:
        raise ArgumentError(
            f"PrivateNetwork: zones is {wanted} but this region has {len(available)} ({', '.join(available)}); "
            f"lower zones or choose another region"
        )
    first = [zone for zone in available if zone in set(offering)]
    if not first:
        raise ArgumentError(
            f"PrivateNetwork: no zone of this account ({', '.join(available)}) offers the instance type; "
            f"choose another region or instance type"
        )
    return (first + [zone for zone in available if zone not in set(offering)])[:wanted]


def subnets_offering(subnets: Sequence[tuple[str, str]], offering: Sequence[str]) -> list[str]:
    """Ids of the subnets, given as (id, zone), whose zone offers the instance type; `ArgumentError` if none does."""
    if found := [subnet for subnet, zone in subnets if zone in set(offering)]:
        return found
    raise ArgumentError(
        f"PrivateNetwork: the instance type is offered in {', '.join(offering)}, but this network was made in "
        f"{', '.join(zone for _, zone in subnets)}; choose another instance type, or more zones"
    )


class PrivateNetwork(pulumi.ComponentResource):
    """A VPC that nothing leaves: no internet gateway, no NAT, no public address.

    Nodes and pods live in one large subnet a zone; the control plane's interfaces and the endpoints of AWS services
    in one small subnet a zone. S3 is reached through a gateway endpoint, other services through interface endpoints.
    """

    vpc_id: pulumi.Output[str]
    vpc_cidr: pulumi.Output[str]
    node_subnet_ids: pulumi.Output[list[str]]
    """One a zone, for nodes and pods."""
    gpu_subnet_ids: pulumi.Output[list[str]]
    """Those of the node subnets whose zone offers `instance_type`."""
    endpoint_subnet_ids: pulumi.Output[list[str]]
    """One a zone, for the control plane and the service endpoints."""
    s3_endpoint_id: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("PrivateNetwork", args, PrivateNetworkArgs)
        cidr = args.get("vpc_cidr", DEFAULT_VPC_CIDR)
        try:
            plan = plan_subnets(cidr, args.get("zones", DEFAULT_ZONES), args.get("peer_cidrs", ()))
        except ValueError as error:
            raise ArgumentError(f"PrivateNetwork: {error}") from None
        super().__init__("paddock:index:PrivateNetwork", name, {}, opts)
        available, offering = self._zones(args.get("instance_type"))
        zones = choose_zones(available, offering, plan.zones)
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

        def subnets(purpose: str, cidrs: Sequence[object]) -> list[aws.ec2.Subnet]:
            made = []
            for i, (zone, block) in enumerate(zip(zones, cidrs, strict=True)):
                subnet = aws.ec2.Subnet(
                    f"{name}-{purpose}-{i}",
                    vpc_id=vpc.id,
                    cidr_block=str(block),
                    availability_zone=zone,
                    map_public_ip_on_launch=False,
                    tags=tags(f"{name}-{purpose}-{i}", extra),
                    # A zone chosen once stays: another account's or a new zone must not rebuild the network.
                    opts=pulumi.ResourceOptions(parent=self, ignore_changes=["availabilityZone"]),
                )
                aws.ec2.RouteTableAssociation(
                    f"{name}-{purpose}-{i}", subnet_id=subnet.id, route_table_id=routes.id, opts=child
                )
                made.append(subnet)
            return made

        nodes = subnets("nodes", plan.node_cidrs)
        doors = subnets("endpoints", plan.endpoint_cidrs)
        s3 = self._endpoints(name, vpc, routes, doors, cidr, extra)

        self.vpc_id = vpc.id
        self.vpc_cidr = vpc.cidr_block
        self.node_subnet_ids = pulumi.Output.all(*[subnet.id for subnet in nodes])
        # By the zone that each subnet really is in: it stays there when another instance type would choose others.
        self.gpu_subnet_ids = pulumi.Output.all(
            *[pulumi.Output.all(subnet.id, subnet.availability_zone) for subnet in nodes]
        ).apply(lambda placed: subnets_offering([(subnet, zone) for subnet, zone in placed], offering))
        self.endpoint_subnet_ids = pulumi.Output.all(*[subnet.id for subnet in doors])
        self.s3_endpoint_id = s3.id
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "vpc_cidr": self.vpc_cidr,
                "node_subnet_ids": self.node_subnet_ids,
                "gpu_subnet_ids": self.gpu_subnet_ids,
                "endpoint_subnet_ids": self.endpoint_subnet_ids,
                "s3_endpoint_id": self.s3_endpoint_id,
            }
        )

    def _zones(self, instance_type: str | None) -> tuple[Sequence[str], Sequence[str]]:
        """The account's zones in this region, and those of them that offer the instance type."""
        asked = pulumi.InvokeOptions(parent=self)
        # Without the filter AWS also lists Local Zones, in which EKS cannot place a control plane.
        standard = aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])
        available = aws.get_availability_zones(state="available", filters=[standard], opts=asked).names
        if instance_type is None:
            return available, available
        offers = aws.ec2.get_instance_type_offerings(
            location_type="availability-zone",
            filters=[{"name": "instance-type", "values": [instance_type]}],
            opts=asked,
        )
        return available, offers.locations

    def _endpoints(
        self,
        name: str,
        vpc: aws.ec2.Vpc,
        routes: aws.ec2.RouteTable,
        subnets: Sequence[aws.ec2.Subnet],
        cidr: str,
        extra: Mapping[str, str],
    ) -> aws.ec2.VpcEndpoint:
        child = pulumi.ResourceOptions(parent=self)
        region = aws.get_region(opts=pulumi.InvokeOptions(parent=self)).region
        s3 = aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.id],
            tags=tags(f"{name}-s3", extra),
            opts=child,
        )
        guard = aws.ec2.SecurityGroup(
            f"{name}-endpoints",
            description="HTTPS from inside the VPC to the endpoints of AWS services",
            vpc_id=vpc.id,
            tags=tags(f"{name}-endpoints", extra),
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-endpoints-https",
            security_group_id=guard.id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            tags=tags(f"{name}-endpoints-https", extra),
            opts=child,
        )
        for service in INTERFACE_ENDPOINTS:
            aws.ec2.VpcEndpoint(
                f"{name}-{service.replace('.', '-')}",
                vpc_id=vpc.id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[guard.id],
                tags=tags(f"{name}-{service.replace('.', '-')}", extra),
                opts=child,
            )
        return s3
