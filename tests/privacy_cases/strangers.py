"""State files of other people's programs: common ones of the web, and careful ones that are still not seen whole."""

from __future__ import annotations

from typing import Any

from tests.privacy_cases.case import Case, fault
from tests.privacy_cases.objects import object_
from tests.privacy_cases.program import Change, add, each_of
from tests.privacy_cases.values import ALL_PORTS, EVERYWHERE, OWN, trust
from tests.unit.privacy.proof.stacks import allow, document

REGION = "eu-central-1"
ZONES = (1, 2)


def aws(token: str, name: str, id_: str = "", **values: Any) -> Change:
    return add(f"aws:{token}", name, by_engine={"id": id_ or f"{name}-0a1b"}, **values)


def apart(name: str) -> Change:
    """Component, which groups others."""
    return add(name, name.rpartition(":")[2], by_engine={"custom": False})


VPC_OF_TWO_TIERS = [
    aws("ec2/vpc:Vpc", "main", "vpc-1", cidrBlock="10.0.0.0/16", enableDnsSupport=True),
    *[
        aws("ec2/subnet:Subnet", f"public-{zone}", f"subnet-p{zone}", vpcId="vpc-1", mapPublicIpOnLaunch=True)
        for zone in ZONES
    ],
    *[aws("ec2/subnet:Subnet", f"private-{zone}", f"subnet-i{zone}", vpcId="vpc-1") for zone in ZONES],
    aws("ec2/internetGateway:InternetGateway", "igw", "igw-1", vpcId="vpc-1"),
    aws("ec2/eip:Eip", "nat", "eipalloc-1", domain="vpc"),
    aws("ec2/natGateway:NatGateway", "nat", "nat-1", subnetId="subnet-p1", allocationId="eipalloc-1"),
    aws(
        "ec2/routeTable:RouteTable",
        "public",
        "rtb-p",
        vpcId="vpc-1",
        routes=[{"cidrBlock": EVERYWHERE, "gatewayId": "igw-1"}],
    ),
    aws(
        "ec2/routeTable:RouteTable",
        "private",
        "rtb-i",
        vpcId="vpc-1",
        routes=[{"cidrBlock": EVERYWHERE, "natGatewayId": "nat-1"}],
    ),
    aws("ec2/routeTableAssociation:RouteTableAssociation", "p", subnetId="subnet-p1", routeTableId="rtb-p"),
    aws("ec2/routeTableAssociation:RouteTableAssociation", "i", subnetId="subnet-i1", routeTableId="rtb-i"),
]
POD = {"template": {"spec": {"containers": [{"name": "web", "image": "nginx"}]}}}


def careful(*, dns: bool, table: bool) -> list[Change]:
    """VPC without a way out that is seen, and a private cluster in it."""
    return [
        aws("ec2/vpc:Vpc", "main", "vpc-1", cidrBlock="10.0.0.0/16", enableDnsSupport=dns),
        *[aws("ec2/subnet:Subnet", f"private-{zone}", f"subnet-i{zone}", vpcId="vpc-1") for zone in ZONES],
        *([aws("ec2/routeTable:RouteTable", "private", "rtb-i", vpcId="vpc-1", routes=[])] if table else []),
        aws(
            "eks/cluster:Cluster",
            "eks",
            vpcConfig={"subnetIds": ["subnet-i1"], "endpointPublicAccess": False, "endpointPrivateAccess": True},
        ),
        aws("eks/nodeGroup:NodeGroup", "nodes", clusterName="eks", subnetIds=["subnet-i1", "subnet-i2"]),
        object_("apps/v1", "Deployment", "app", "default", spec=POD),
    ]


def endpoints() -> list[Change]:
    names = ("ecr.api", "ecr.dkr", "sts", "logs", "ec2", "s3")
    everything = document(allow())
    return [
        aws(
            "ec2/vpcEndpoint:VpcEndpoint",
            f"to-{name}",
            vpcId="vpc-1",
            serviceName=f"com.amazonaws.{REGION}.{name}",
            **({"policy": everything} if name == "s3" else {"vpcEndpointType": "Interface"}),
        )
        for name in names
    ]


def of(says: str, *changes: Change | list[Change]) -> Case:
    """State of a program of its own: never private."""
    flat = [change if callable(change) else each_of(change) for change in changes]
    return fault(says, *flat, base="empty")


CASES = [
    of(
        "web machine and database in a VPC with NAT",
        VPC_OF_TWO_TIERS,
        aws(
            "ec2/securityGroup:SecurityGroup",
            "web",
            "sg-w",
            vpcId="vpc-1",
            ingress=[{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [EVERYWHERE]}],
            egress=[{**ALL_PORTS, "cidrBlocks": [EVERYWHERE]}],
        ),
        aws(
            "ec2/instance:Instance",
            "web",
            "i-1",
            subnetId="subnet-p1",
            vpcSecurityGroupIds=["sg-w"],
            associatePublicIpAddress=True,
        ),
        aws("rds/instance:Instance", "db", engine="postgres"),
        aws("s3/bucket:Bucket", "assets", bucket="assets-0a1b"),
        aws("iam/role:Role", "web", assumeRolePolicy=trust({"Service": "ec2.amazonaws.com"})),
    ),
    of(
        "cluster of the EKS component in a VPC of the AWSX component, its API public",
        apart("awsx:ec2:Vpc"),
        VPC_OF_TWO_TIERS,
        apart("eks:index:Cluster"),
        aws(
            "eks/cluster:Cluster",
            "eks",
            vpcConfig={
                "subnetIds": ["subnet-i1"],
                "endpointPublicAccess": True,
                "endpointPrivateAccess": False,
                "publicAccessCidrs": [EVERYWHERE],
            },
            arn=f"arn:aws:eks:{REGION}:{OWN}:cluster/eks",
        ),
        add("eks:index:VpcCni", "eks-cni"),
        aws("ec2/launchTemplate:LaunchTemplate", "nodes", "lt-1"),
        aws("autoscaling/group:Group", "nodes", launchTemplate={"id": "lt-1"}, vpcZoneIdentifiers=["subnet-i1"]),
        object_("core/v1", "Service", "app", "default", spec={"type": "LoadBalancer"}),
        object_("apps/v1", "Deployment", "app", "default", spec=POD),
        object_("core/v1", "ConfigMap", "aws-auth", "kube-system"),
    ),
    of(
        "functions behind an API, with a table",
        aws("lambda/function:Function", "api"),
        aws("apigatewayv2/api:Api", "api"),
        aws("dynamodb/table:Table", "rows"),
        aws("iam/role:Role", "run", assumeRolePolicy=trust({"Service": "lambda.amazonaws.com"})),
    ),
    of(
        "networks of other clouds",
        add("azure-native:resources:ResourceGroup", "group"),
        add("azure-native:network:VirtualNetwork", "network"),
        add("gcp:compute/network:Network", "network"),
        add("cloudflare:index/record:Record", "www"),
    ),
    of(
        "site from a bucket that all may read",
        aws("s3/bucket:Bucket", "site", "site-0a1b", bucket="site-0a1b", website={"indexDocument": "index.html"}),
        aws(
            "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "site",
            bucket="site-0a1b",
            blockPublicAcls=False,
            blockPublicPolicy=False,
            ignorePublicAcls=False,
            restrictPublicBuckets=False,
        ),
        aws(
            "s3/bucketPolicy:BucketPolicy",
            "site",
            bucket="site-0a1b",
            policy=document(allow(Action="s3:GetObject", Resource="arn:aws:s3:::site-0a1b/*")),
        ),
    ),
    of(
        "private cluster with endpoints for everybody, a transit gateway and a database",
        careful(dns=True, table=True),
        endpoints(),
        aws("ec2transitgateway/vpcAttachment:VpcAttachment", "hub", vpcId="vpc-1", transitGatewayId="tgw-1"),
        aws("rds/instance:Instance", "db", engine="postgres"),
    ),
    of(
        "private cluster whose nodes have no launch template and whose pods are of a public image",
        careful(dns=False, table=True),
    ),
    of(
        "private cluster in subnets whose route table the network team made",
        careful(dns=False, table=False),
        aws(
            "ec2/routeTableAssociation:RouteTableAssociation",
            "a",
            subnetId="subnet-i1",
            routeTableId="rtb-0a1b2c3d4e5f60718",
        ),
    ),
    of("private cluster in subnets without any route table that is seen", careful(dns=False, table=False)),
    of(
        "network and cluster by the other AWS provider",
        add("aws-native:ec2:Vpc", "v"),
        add("aws-native:ec2:InternetGateway", "i"),
        add("aws-native:ec2:VpcGatewayAttachment", "a"),
        add("aws-native:eks:Cluster", "c"),
    ),
]
