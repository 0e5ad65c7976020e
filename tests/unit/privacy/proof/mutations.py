"""Faults, each with the rule that must name it, and harmless changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paddock.cluster.bastion import agent_policy
from tests.unit.privacy.proof.stacks import ACCOUNT, OWN, Stack, account_fence, allow, document, fence

Change = Callable[[Stack], object]
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
EVERYWHERE = "0.0.0.0/0"
OTHER_ACCOUNT = "210987654321"
ROLE_X = "arn:aws:iam::123456789012:role/x"


def added(type_: str, in_vpc: bool = True, **values: Any) -> Change:
    return lambda stack: stack.add(type_, "mutant", **({"vpcId": stack.vpc_id} if in_vpc else {}), **values)


def changed(kind: str, name: str = "", **values: Any) -> Change:
    return lambda stack: stack.change(kind, name, **values)


def route(**target: Any) -> Change:
    return lambda stack: stack.add(
        "aws:ec2/route:Route",
        "mutant",
        routeTableId=stack.one("RouteTable", "llama-private")["id"],
        destinationCidrBlock=EVERYWHERE,
        **target,
    )


def gateway_with_route(stack: Stack) -> None:
    stack.add("aws:ec2/internetGateway:InternetGateway", "igw-mutant", vpcId=stack.vpc_id)
    route(gatewayId="igw-mutant-id")(stack)


def nat(stack: Stack) -> None:
    subnet = stack.one("Subnet")["id"]
    stack.add("aws:ec2/natGateway:NatGateway", "mutant", subnetId=subnet)


def bucket_policy(statements: Callable[[str, str], list[Any]]) -> Change:
    """Policy of the bucket, from its name and the id of its endpoint."""

    def change(stack: Stack) -> None:
        bucket, endpoint = stack.one("Bucket")["id"], stack.one("VpcEndpoint", "llama-s3")["id"]
        stack.change("BucketPolicy", policy=document(*statements(bucket, endpoint)))

    return change


def cluster(**values: Any) -> Change:
    def change(stack: Stack) -> None:
        for side in ("inputs", "outputs"):
            stack.one("Cluster", "llama-cluster")[side]["vpcConfig"].update(values)

    return change


def bastion(stack: Stack) -> None:
    """Bastion as paddock makes it, beside endpoints that trust the account's identities."""
    stack.add(
        "aws:ec2/instance:Instance",
        "bastion",
        subnetId=stack.one("Subnet")["id"],
        iamInstanceProfile="bastion-profile",
        associatePublicIpAddress=False,
    )
    policy = agent_policy("aws", "us-east-1", "123456789012")
    stack.add("aws:iam/rolePolicy:RolePolicy", "bastion-agent", policy=policy)
    stack.add("aws:iam/instanceProfile:InstanceProfile", "bastion-profile", role="bastion-role")
    own = document(allow(Condition={"StringEquals": {"aws:PrincipalAccount": "123456789012"}}))
    stack.change("VpcEndpoint", "llama-sts", policy=own)


def service(**spec: Any) -> Change:
    return lambda stack: stack.change("Service", spec={**stack.one("Service")["inputs"]["spec"], **spec})


INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GUARD = "aws:ec2/vpcEndpointService:VpcEndpointService"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"

OPEN_BUCKET_POLICIES: dict[str, Callable[[str, str], list[Any]]] = {
    "without its network": lambda _bucket, _endpoint: [],
    "with a second condition": lambda bucket, endpoint: [fence(bucket, endpoint, **{"aws:PrincipalTag/x": "y"})],
    "that leaves old versions": lambda bucket, endpoint: [fence(bucket, endpoint) | {"Action": "s3:GetObject"}],
    "for one folder": lambda bucket, endpoint: [fence(f"{bucket}/other", endpoint)],
    "with an endpoint elsewhere": lambda bucket, _: [fence(bucket, "vpce-else")],
    "for another account's endpoints": lambda bucket, _: [account_fence(bucket, OTHER_ACCOUNT)],
    "for two accounts' endpoints": lambda bucket, _: [account_fence(bucket, ACCOUNT, OTHER_ACCOUNT)],
    "for any account's endpoints": lambda bucket, _: [account_fence(bucket, "*")],
}

FAULTS: dict[str, tuple[Change, str]] = {
    "internet gateway with a route": (gateway_with_route, "route"),
    "internet gateway": (added("aws:ec2/internetGateway:InternetGateway"), "gateway"),
    "an instance with a public address": (
        added("aws:ec2/instance:Instance", associatePublicIpAddress=True),
        "public-address",
    ),
    "NAT gateway": (nat, "gateway"),
    "egress-only gateway": (added("aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"), "gateway"),
    "carrier gateway": (added("aws:ec2/carrierGateway:CarrierGateway"), "gateway"),
    "route to a NAT gateway": (route(natGatewayId="nat-1"), "route"),
    "route to a transit gateway": (route(transitGatewayId="tgw-1"), "route"),
    "route to a NAT instance": (route(networkInterfaceId="eni-1"), "route"),
    "route to a VPN gateway": (route(gatewayId="vgw-1"), "route"),
    "route to a peering elsewhere": (route(vpcPeeringConnectionId="pcx-1"), "route"),
    "route not known yet": (route(gatewayId=UNKNOWN), "route"),
    "peering": (added("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", peerVpcId="vpc-other"), "peering"),
    "transit gateway": (added("aws:ec2transitgateway/vpcAttachment:VpcAttachment"), "route"),
    "VPN gateway": (added("aws:ec2/vpnGateway:VpnGateway"), "way-out"),
    "subnet with public addresses": (changed("Subnet", "llama-nodes-0", mapPublicIpOnLaunch=True), "public-address"),
    "Elastic IP": (added("aws:ec2/eip:Eip", in_vpc=False), "public-address"),
    "launch template with public addresses": (
        changed("LaunchTemplate", "llama-gpu-g6-xlarge", networkInterfaces=[{"associatePublicIpAddress": "true"}]),
        "public-address",
    ),
    "node SSH open": (changed("NodeGroup", "llama-gpu-g6-xlarge", remoteAccess={"ec2SshKey": "key"}), "public-address"),
    "node group in subnets elsewhere": (
        changed("NodeGroup", "llama-gpu-g6-xlarge", subnetIds=["subnet-else"]),
        "nodes",
    ),
    "public EKS endpoint": (cluster(endpointPublicAccess=True), "cluster-endpoint"),
    "half of the internet listed": (
        cluster(endpointPublicAccess=True, publicAccessCidrs=["0.0.0.0/1", "128.0.0.0/1"]),
        "cluster-endpoint",
    ),
    "security group open": (added(INGRESS_RULE, cidrIpv4=EVERYWHERE), "security-group"),
    "security group open to IPv6": (added(INGRESS_RULE, cidrIpv6="::/0"), "security-group"),
    "security group rules inline": (
        changed("SecurityGroup", ingress=[{"cidrBlocks": [EVERYWHERE]}]),
        "security-group",
    ),
    "prefix list let in": (added(INGRESS_RULE, prefixListId="pl-1"), "security-group"),
    "endpoint policy to everyone": (changed("VpcEndpoint", "llama-s3", policy=document(allow())), "endpoint-policy"),
    "no endpoint policy": (changed("VpcEndpoint", "llama-sts", policy=None), "endpoint-policy"),
    "endpoint policy not known": (changed("VpcEndpoint", "llama-sts", policy=UNKNOWN), "endpoint-policy"),
    "endpoint policy that holds only where the key is": (
        changed(
            "VpcEndpoint",
            "llama-s3",
            policy=document(allow(Condition={"StringEqualsIfExists": {"aws:ResourceAccount": "123456789012"}})),
        ),
        "endpoint-policy",
    ),
    "endpoint to another's service": (
        changed("VpcEndpoint", "llama-sts", serviceName="com.amazonaws.vpce.us-east-1.vpce-svc-1"),
        "endpoint",
    ),
    "endpoint to a service that sends mail": (
        changed("VpcEndpoint", "llama-sts", serviceName="com.amazonaws.us-east-1.email-smtp"),
        "endpoint",
    ),
    "bucket policy to everyone": (
        bucket_policy(lambda bucket, endpoint: [fence(bucket, endpoint), allow(Action="s3:GetObject")]),
        "bucket-policy",
    ),
    **{
        f"bucket policy {says}": (bucket_policy(statements), "bucket-network")
        for says, statements in OPEN_BUCKET_POLICIES.items()
    },
    "bucket policy for an account not known yet": (changed("BucketPolicy", policy=UNKNOWN), "bucket-policy"),
    "no bucket policy": (lambda stack: stack.remove("BucketPolicy"), "bucket-network"),
    "no public access block": (lambda stack: stack.remove("BucketPublicAccessBlock"), "bucket-access"),
    "a gap in the public access block": (changed("BucketPublicAccessBlock", blockPublicPolicy=False), "bucket-access"),
    "internet-facing load balancer": (added(BALANCER, in_vpc=False, internal=False), "load-balancer"),
    "load balancer that does not say": (added(BALANCER, in_vpc=False), "load-balancer"),
    "endpoint service for everyone": (added(GUARD, allowedPrincipals=["*"]), "endpoint-service"),
    "service of type LoadBalancer": (service(type="LoadBalancer"), "service"),
    "service with external addresses not known": (service(externalIPs=UNKNOWN), "service"),
    "a VPC of no range": (
        lambda stack: (changed("Vpc", cidrBlock="x")(stack), added(INGRESS_RULE, cidrIpv4="10.9.0.0/16")(stack)),
        "incomplete",
    ),
    "service with an external address": (service(externalIPs=["203.0.113.9"]), "service"),
    "internet-facing ingress": (
        added(
            "kubernetes:networking.k8s.io/v1:Ingress",
            in_vpc=False,
            metadata={"annotations": {"alb.ingress.kubernetes.io/scheme": "internet-facing"}},
        ),
        "ingress",
    ),
    "role that anyone may assume": (
        changed("Role", "llama-reader", assumeRolePolicy=document({**allow(), "Action": "sts:AssumeRole"})),
        "role-trust",
    ),
    "DNS firewall gone": (lambda stack: stack.remove("ResolverFirewallRuleGroupAssociation"), "dns"),
    "DNS firewall that alerts": (changed("ResolverFirewallRule", "llama-dns-others", action="ALERT"), "dns"),
    "DNS firewall for one type of query": (changed("ResolverFirewallRule", "llama-dns-others", qType="A"), "dns"),
    "endpoint policy with a wildcard account": (
        changed(
            "VpcEndpoint", "llama-s3", policy=document(allow(Condition={"StringLike": {"aws:ResourceAccount": "1*"}}))
        ),
        "endpoint-policy",
    ),
    "a website": (changed("Bucket", websites=[{"indexDocument": "index.html"}]), "bucket-access"),
    "a function": (added("aws:lambda/function:Function"), "unseen"),
    "unknown type": (added("aws:new/thing:Thing"), "unknown-type"),
    "unknown Kubernetes kind": (added("kubernetes:example.com/v1:Tunnel", in_vpc=False), "unknown-type"),
    "Helm release": (added("kubernetes:helm.sh/v3:Release", in_vpc=False), "unseen"),
}

HARMLESS: dict[str, Change] = {
    "a bastion that Systems Manager reaches": bastion,
    "an internal load balancer": added(BALANCER, in_vpc=False, internal=True),
    "a log group": added("aws:cloudwatch/logGroup:LogGroup", in_vpc=False),
    "a security group for the VPC alone": added(INGRESS_RULE, in_vpc=False, cidrIpv4="10.0.5.0/24"),
    "a local route": route(gatewayId="local"),
    "an endpoint service with named principals": added(
        GUARD, in_vpc=False, acceptanceRequired=True, allowedPrincipals=["arn:aws:iam::210987654321:root"]
    ),
    "an allow-list at the API": cluster(endpointPublicAccess=True, publicAccessCidrs=["203.0.113.0/24"]),
    "a network of operators": added(INGRESS_RULE, in_vpc=False, cidrIpv4="10.99.0.0/16"),
    "a gateway in a VPC apart": lambda stack: (
        stack.add("aws:ec2/vpc:Vpc", "apart", enableDnsSupport=False),
        stack.add("aws:ec2/internetGateway:InternetGateway", "igw", vpcId="apart-id"),
    ),
    "the VPC without DNS": changed("Vpc", enableDnsSupport=False),
    "a network ACL": added("aws:ec2/networkAcl:NetworkAcl"),
    "an internal service": lambda stack: stack.change(
        "Service",
        spec={"type": "LoadBalancer"},
        metadata={"annotations": {"service.beta.kubernetes.io/aws-load-balancer-internal": "true"}},
    ),
    "an endpoint policy by Deny": changed(
        "VpcEndpoint",
        "llama-sts",
        policy=document(
            allow(), allow(Effect="Deny", Condition={"StringNotEquals": {"aws:ResourceAccount": "123456789012"}})
        ),
    ),
    "an endpoint policy by principal": changed(
        "VpcEndpoint",
        "llama-sts",
        policy=document(allow(Condition={"StringEquals": {"aws:PrincipalAccount": "123456789012"}})),
    ),
    "a bucket policy by endpoint": bucket_policy(lambda bucket, endpoint: [fence(bucket, endpoint)]),
    "a second endpoint": added(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        serviceName="com.amazonaws.us-east-1.kms",
        vpcEndpointType="Interface",
        policy=document(OWN),
    ),
    "a network policy": added(
        "kubernetes:networking.k8s.io/v1:NetworkPolicy", in_vpc=False, spec={"policyTypes": ["Egress"]}
    ),
}
