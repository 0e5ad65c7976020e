"""Doors in front of the pods: balancers, listeners, target groups, PrivateLink, and what AWS puts before them."""

from __future__ import annotations

from tests.privacy_cases.case import fault, rule_only
from tests.privacy_cases.program import Change, add, put, ref
from tests.privacy_cases.values import (
    FOREIGN,
    OWN,
    OWN_RESOURCES,
    VPC,
    web_vpc,
)

OUTSIDE = {"type": "redirect", "redirect": {"host": "llama.somewhere.example", "statusCode": "HTTP_302"}}
BALANCER = ref("LoadBalancer", "llama-lb", "arn")
PRINCIPAL = "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple"
SERVICE = ref("VpcEndpointService", "llama-lb")


def principal(arn: str) -> Change:
    return add(PRINCIPAL, vpcEndpointServiceId=SERVICE, principalArn=arn)


def way_back(service_name: str) -> list[Change]:
    """VPC with the internet in this stack, and an endpoint there to our own PrivateLink service."""
    return [
        *web_vpc(),
        add(
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            "to-llama",
            vpcId=ref("Vpc", "web"),
            vpcEndpointType="Interface",
            serviceName=ref("VpcEndpointService", "llama-lb", service_name),
            subnetIds=[ref("Subnet", "web")],
            policy=OWN_RESOURCES,
        ),
        principal(f"arn:aws:iam::{OWN}:root"),
    ]


CASES = [
    fault(
        "PrivateLink leads back into the stack: a VPC with an internet gateway has an endpoint to our pods",
        *way_back("serviceName"),
        base="doors",
    ),
    fault(
        "PrivateLink leads back into the stack, behind a public balancer",
        *way_back("serviceName"),
        add("aws:lb/loadBalancer:LoadBalancer", "public", internal=False, subnets=[ref("Subnet", "web")]),
        base="doors",
    ),
    fault(
        "Global Accelerator before the internal balancer: public addresses for it",
        add("aws:globalaccelerator/accelerator:Accelerator", "front"),
        add(
            "aws:globalaccelerator/listener:Listener",
            "front",
            acceleratorArn=ref("Accelerator", "front"),
            protocol="TCP",
            portRanges=[{"fromPort": 443, "toPort": 443}],
        ),
        add(
            "aws:globalaccelerator/endpointGroup:EndpointGroup",
            listenerArn="front-id",
            endpointConfigurations=[{"endpointId": BALANCER, "weight": 100}],
        ),
        base="doors",
    ),
    fault(
        "CloudFront has the internal balancer as an origin in the VPC",
        add(
            "aws:cloudfront/vpcOrigin:VpcOrigin",
            vpcOriginEndpointConfig={
                "name": "o",
                "arn": BALANCER,
                "httpPort": 80,
                "httpsPort": 443,
                "originProtocolPolicy": "https-only",
            },
        ),
        base="doors",
    ),
    fault(
        "public API of API Gateway before the internal balancer, by a VPC link",
        add("aws:apigateway/vpcLink:VpcLink", targetArn=BALANCER),
        base="doors",
    ),
    fault(
        "listener sends clients, with prompt and key, to a host on the internet",
        put("Listener", protocol="HTTPS", defaultActions=[OUTSIDE]),
        base="doors",
    ),
    fault(
        "listener rule sends clients to a host on the internet",
        add(
            "aws:lb/listenerRule:ListenerRule",
            listenerArn=ref("Listener", "llama-tls", "arn"),
            conditions=[{"pathPattern": {"values": ["/*"]}}],
            actions=[OUTSIDE],
        ),
        base="doors",
    ),
    fault(
        "target group of addresses with one that is not in the VPC",
        add("aws:lb/targetGroup:TargetGroup", "by-address", vpcId=VPC, targetType="ip", port=443, protocol="TCP"),
        add(
            "aws:lb/targetGroupAttachment:TargetGroupAttachment",
            targetGroupArn=ref("TargetGroup", "by-address", "arn"),
            targetId="192.0.2.10",
            availabilityZone="all",
        ),
        base="doors",
    ),
    rule_only(
        "PrivateLink for a whole account, and nobody accepts the connections",
        put("VpcEndpointService", acceptanceRequired=False),
        principal(f"arn:aws:iam::{FOREIGN}:root"),
        base="doors",
    ),
]
