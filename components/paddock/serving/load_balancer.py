"""Internal Network Load Balancer of a vLLM service: TLS termination, private hosted zone, optional endpoint service."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.choices import HTTPS_PORT
from paddock.common.inputs import ArgumentError, accepted
from paddock.common.labels import NO_TAGS
from paddock.common.naming import tags
from paddock.serving.vllm_service import READY_PATH
from paddock.sizing.placement.shutdown import CONNECTIONS_SECONDS, TARGET_CHECK_SECONDS, TARGET_CHECKS

NODE_PORT = 30080
"""NodePort of the range 30000 to 30085, which Kubernetes gives services that name no port only when all others are
taken. Source: calculateRangeOffset in pkg/registry/core/service/portallocator/allocator.go of Kubernetes 1.36.1,
read 2026-11-24."""

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""TLS 1.3, and 1.2 with forward secrecy; hybrid post-quantum key exchange for clients that know it. AWS recommends it.
Source: docs.aws.amazon.com/elasticloadbalancing/latest/network/describe-ssl-policies.html,
read 2026-11-24."""


class ServiceLoadBalancerArgs(TypedDict):
    vpc_id: pulumi.Input[str]
    vpc_cidr: pulumi.Input[str]
    """The VPC's range, from which clients are let in."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Subnets of the load balancer's addresses, one a zone; targets in other zones get nothing."""
    node_security_group_id: pulumi.Input[str]
    """The group of the nodes: it is opened to the load balancer, at the node port, and to nobody else."""
    autoscaling_group_name: pulumi.Input[str]
    """The GPU pool's; its instances become targets as they come and go."""
    domain_name: str
    """DNS name that clients call. Gets a private hosted zone of its own, which leaves the names beside it alone."""
    certificate_arn: NotRequired[str]
    """A certificate in ACM for `domain_name`; needed if there is no `certificate_authority_arn`. Default: none."""
    certificate_authority_arn: NotRequired[str]
    """A private CA in ACM that issues the certificate. Default: none."""
    node_port: NotRequired[int]
    """The service's port on the nodes. Default: 30080."""
    client_cidrs: NotRequired[Sequence[str]]
    """Private networks beyond the VPC from which clients are let in. Default: none."""
    allowed_principals: NotRequired[Sequence[str]]
    """ARNs of principals that may ask for a connection from their VPC. Default: none, and no endpoint service."""
    deletion_protection: NotRequired[bool]
    """True: the load balancer refuses to be deleted. Default: false."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Default: none."""


class ServiceLoadBalancer(pulumi.ComponentResource):
    """An internal Network Load Balancer with TLS in front of a service's node port, under a private name.

    Nothing in the cluster makes or changes it: everything that can carry bytes is in the preview. With principals also
    an endpoint service, each connection to which is accepted by hand.
    """

    endpoint: pulumi.Output[str]
    """Base URL for OpenAI clients that resolve the name and are let in."""
    load_balancer_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    endpoint_service_name: pulumi.Output[str]
    """Service name for interface endpoints in clients' VPCs; empty without principals."""

    def __init__(self, name: str, args: ServiceLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("ServiceLoadBalancer", args, ServiceLoadBalancerArgs)
        if ("certificate_arn" in args) == ("certificate_authority_arn" in args):
            raise ArgumentError(
                "ServiceLoadBalancer: TLS needs exactly one of certificate_arn and certificate_authority_arn"
            )
        super().__init__("paddock:index:ServiceLoadBalancer", name, {}, opts)
        extra, port = args.get("tags", NO_TAGS), args.get("node_port", NODE_PORT)
        principals = list(args.get("allowed_principals", ()))
        child = pulumi.ResourceOptions(parent=self)

        guard = self._guard(name, args, port, extra)
        balancer = aws.lb.LoadBalancer(
            f"{name}-lb",
            load_balancer_type="network",
            internal=True,
            subnets=args["subnet_ids"],
            security_groups=[guard.id],
            # A client comes in at its own zone, and the model may stand in another.
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=args.get("deletion_protection", False),
            # A client's address by PrivateLink is one of its own VPC, which no rule here could name: who may connect is
            # said by the principals and the acceptance of each connection.
            enforce_security_group_inbound_rules_on_private_link_traffic="off" if principals else "on",
            tags=tags(f"{name}-lb", extra),
            opts=child,
        )
        targets = self._targets(name, args, port, extra)
        listener = aws.lb.Listener(
            f"{name}-tls",
            load_balancer_arn=balancer.arn,
            port=HTTPS_PORT,
            protocol="TLS",
            ssl_policy=TLS_POLICY,
            certificate_arn=self._certificate_arn(name, args, extra),
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            tags=tags(f"{name}-tls", extra),
            opts=child,
        )
        attachment = aws.autoscaling.Attachment(
            f"{name}-tg",
            autoscaling_group_name=args["autoscaling_group_name"],
            lb_target_group_arn=targets.arn,
            opts=child,
        )
        record = self._record(name, args, balancer, extra)

        ready = pulumi.Output.all(listener.arn, attachment.id, record.fqdn)
        self.endpoint = ready.apply(lambda _: f"https://{args['domain_name']}/v1")
        self.load_balancer_arn = balancer.arn
        self.security_group_id = guard.id
        self.endpoint_service_name = pulumi.Output.from_input("")
        if principals:
            service = aws.ec2.VpcEndpointService(
                f"{name}-lb",
                acceptance_required=True,
                allowed_principals=principals,
                network_load_balancer_arns=[balancer.arn],
                # No private DNS name: AWS asks for proof by a record in the public DNS, which a private name has not.
                tags=tags(f"{name}-lb", extra),
                opts=child,
            )
            self.endpoint_service_name = service.service_name
        self.register_outputs(
            {
                "endpoint": self.endpoint,
                "load_balancer_arn": self.load_balancer_arn,
                "security_group_id": self.security_group_id,
                "endpoint_service_name": self.endpoint_service_name,
            }
        )

    def _guard(
        self, name: str, args: ServiceLoadBalancerArgs, port: int, extra: Mapping[str, str]
    ) -> aws.ec2.SecurityGroup:
        """Security group of the load balancer: its clients, and the nodes that it reaches."""
        child = pulumi.ResourceOptions(parent=self)
        guard = aws.ec2.SecurityGroup(
            f"{name}-lb",
            description="HTTPS from clients to the model, and from here to its node port",
            vpc_id=args["vpc_id"],
            tags=tags(f"{name}-lb", extra),
            opts=child,
        )
        clients = {"vpc": args["vpc_cidr"], **{str(i): cidr for i, cidr in enumerate(args.get("client_cidrs", ()))}}
        for key, cidr in clients.items():
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-lb-from-{key}",
                security_group_id=guard.id,
                description="HTTPS from clients",
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=HTTPS_PORT,
                to_port=HTTPS_PORT,
                tags=tags(f"{name}-lb-from-{key}", extra),
                opts=child,
            )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-lb-to-nodes",
            security_group_id=guard.id,
            description="Requests and health checks to the node port",
            referenced_security_group_id=args["node_security_group_id"],
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            tags=tags(f"{name}-lb-to-nodes", extra),
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-nodes-from-lb",
            security_group_id=args["node_security_group_id"],
            description="Requests and health checks from the load balancer",
            referenced_security_group_id=guard.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            tags=tags(f"{name}-nodes-from-lb", extra),
            opts=child,
        )
        return guard

    def _targets(
        self, name: str, args: ServiceLoadBalancerArgs, port: int, extra: Mapping[str, str]
    ) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            f"{name}-tg",
            vpc_id=args["vpc_id"],
            target_type="instance",
            protocol="TCP",
            port=port,
            # With it, two nodes of the balancer may use one client's address and port at once, and connections collide;
            # without it, pods need to let in nothing but the balancer's subnets.
            preserve_client_ip="false",
            deregistration_delay=CONNECTIONS_SECONDS,
            # By default a target that fails its check loses its connections at once, and a pod that stops fails it
            # while it still finishes answers.
            target_health_states=[
                {"enable_unhealthy_connection_termination": False, "unhealthy_draining_interval": CONNECTIONS_SECONDS}
            ],
            # At the node port itself: the service's traffic policy is Local, so a node answers only through a pod of
            # its own, and only once that is ready. Kubernetes has a health port for type LoadBalancer alone.
            health_check={
                "protocol": "HTTP",
                "port": "traffic-port",
                "path": READY_PATH,
                "matcher": "200",
                "interval": TARGET_CHECK_SECONDS,
                "timeout": TARGET_CHECK_SECONDS - 1,
                "healthy_threshold": TARGET_CHECKS,
                "unhealthy_threshold": TARGET_CHECKS,
            },
            tags=tags(f"{name}-tg", extra),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _certificate_arn(self, name: str, args: ServiceLoadBalancerArgs, extra: Mapping[str, str]) -> pulumi.Input[str]:
        if "certificate_authority_arn" not in args:
            return args["certificate_arn"]
        return aws.acm.Certificate(
            f"{name}-lb",
            domain_name=args["domain_name"],
            certificate_authority_arn=args["certificate_authority_arn"],
            tags=tags(f"{name}-lb", extra),
            opts=pulumi.ResourceOptions(parent=self),
        ).arn

    def _record(
        self, name: str, args: ServiceLoadBalancerArgs, balancer: aws.lb.LoadBalancer, extra: Mapping[str, str]
    ) -> aws.route53.Record:
        """A zone of exactly the name: one of its parent would hide every other name of that parent from the VPC."""
        child = pulumi.ResourceOptions(parent=self)
        zone = aws.route53.Zone(
            f"{name}-lb",
            name=args["domain_name"],
            comment="Where clients reach the model",
            vpcs=[{"vpc_id": args["vpc_id"]}],
            tags=tags(f"{name}-lb", extra),
            # Other VPCs are associated from outside (docs/clients.md); an update here must not part them again.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["vpcs"]),
        )
        return aws.route53.Record(
            f"{name}-lb",
            zone_id=zone.zone_id,
            name=args["domain_name"],
            type="A",
            aliases=[{"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": False}],
            opts=child,
        )
