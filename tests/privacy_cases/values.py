"""Names and documents that many cases share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.privacy_cases.program import Change, Program, Value, add, put, ref
from tests.unit.privacy.proof.stacks import ACCOUNT, JsonObject, allow, document

OWN = ACCOUNT
FOREIGN = "444455556666"
FOREIGN_ROOT = {"AWS": f"arn:aws:iam::{FOREIGN}:root"}
STRANGERS_BUCKET = "somebody-elses-bucket"
EVERYWHERE = "0.0.0.0/0"
QUARTERS = ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]
"""All of IPv4, in four ranges."""
ALL_PORTS = {"protocol": "-1", "fromPort": 0, "toPort": 0}
TRANSIT = "tgw-0a1b2c3d4e5f60718"
VPN = "vgw-0a1b2c3d4e5f60718"
TABLE_ELSEWHERE = "rtb-0a1b2c3d4e5f60718"
GROUP_ELSEWHERE = "sg-0a1b2c3d4e5f60718"
SAFE_MACHINE = {
    "ami": "ami-0a1b2c3d4e5f60718",
    "instanceType": "m7i.large",
    "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    "rootBlockDevice": {"encrypted": True},
}

VPC = ref("Vpc", "llama-vpc")
SUBNET = ref("Subnet", "llama-nodes-0")
TABLE = ref("RouteTable", "llama-private")
CLUSTER = ref("Cluster", "llama-cluster", "name")
BUCKET = ref("Bucket", "llama-store", "bucket")
READER = ref("Role", "llama-reader", "name")

OWN_RESOURCES = document(allow(Condition={"StringEquals": {"aws:ResourceAccount": OWN}}))
TRUSTS_OWN_IDENTITIES = document(allow(Condition={"StringEquals": {"aws:PrincipalAccount": OWN}}))


def when(operator: str, key: str, value: Any) -> str:
    """Policy of an endpoint that allows all under one condition."""
    return document(allow(Condition={operator: {key: value}}))


def trust(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": action, **more})


def rights(action: Any, resource: Any, **more: Any) -> str:
    return document({"Effect": "Allow", "Action": action, "Resource": resource, **more})


POD_IDENTITY = trust({"Service": "pods.eks.amazonaws.com"}, ["sts:AssumeRole", "sts:TagSession"])


def tls(bucket: str, **more: Any) -> JsonObject:
    """Statement that refuses plain HTTP."""
    both = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    refused = allow(Effect="Deny", Action="s3:*", Resource=both, Condition={"Bool": {"aws:SecureTransport": "false"}})
    return {**refused, **more}


def fence(bucket: str, condition: JsonObject | None = None, **more: Any) -> JsonObject:
    """Statement that refuses to read but through the account's own endpoints."""
    but = {"StringNotEquals": condition or {"aws:VpceAccount": OWN}}
    refused = allow(Effect="Deny", Action="s3:GetObject*", Resource=f"arn:aws:s3:::{bucket}/*", Condition=but)
    return {**refused, **more}


def fenced(bucket: str) -> list[JsonObject]:
    return [tls(bucket), fence(bucket)]


def reads(bucket: str, principal: Any, *actions: str, **more: Any) -> JsonObject:
    """Statement that lets somebody into a bucket."""
    both = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return {
        "Effect": "Allow",
        "Principal": principal,
        "Action": list(actions or ("s3:GetObject",)),
        "Resource": both,
        **more,
    }


def bucket_policy(statements: Callable[[str], list[JsonObject]]) -> Change:
    """Policy of the weights' bucket, from its name."""
    return put("BucketPolicy", "llama-store", policy=lambda program: document(*statements(program.bucket)))


def endpoint(service: str, name: str = "mutant", **more: Value) -> Change:
    """Interface endpoint to a service of AWS, for the account's own resources."""
    values: JsonObject = {
        "vpcId": VPC,
        "vpcEndpointType": "Interface",
        "serviceName": f"com.amazonaws.us-east-1.{service}",
        "policy": OWN_RESOURCES,
        "subnetIds": [SUBNET],
        "securityGroupIds": [ref("SecurityGroup", "llama-endpoints")],
        "privateDnsEnabled": True,
        **more,
    }
    return add("aws:ec2/vpcEndpoint:VpcEndpoint", name, **values)


def route(target: str, to: Any, cidr: str | None = EVERYWHERE, **more: Value) -> Change:
    """Route in the pods' table."""
    values = {"routeTableId": TABLE, "destinationCidrBlock": cidr, target: to, **more}
    return add("aws:ec2/route:Route", "mutant-route", **values)


def rule(direction: str, name: str = "mutant", **more: Value) -> Change:
    """Rule of the endpoints' security group."""
    values = {"securityGroupId": ref("SecurityGroup", "llama-endpoints"), "ipProtocol": "-1", **more}
    return add(f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule", name, **values)


def second_vpc(name: str = "apart", cidr: str = "10.50.0.0/16", **more: Value) -> list[Change]:
    """VPC apart, with a subnet."""
    vpc = ref("Vpc", name)
    return [
        add("aws:ec2/vpc:Vpc", name, cidrBlock=cidr, enableDnsSupport=False, **more),
        add("aws:ec2/subnet:Subnet", name, vpcId=vpc, cidrBlock=cidr.replace("/16", "/24")),
    ]


def web_vpc() -> list[Change]:
    """VPC apart whose machines have public addresses and an internet gateway."""
    return [
        *second_vpc("web"),
        put("Subnet", "web", mapPublicIpOnLaunch=True),
        add("aws:ec2/internetGateway:InternetGateway", "web", vpcId=ref("Vpc", "web")),
    ]


def text(template: str) -> Value:
    """Text with the name of the weights' bucket in it."""
    return lambda program: template.replace("{bucket}", program.bucket)


def companions(name: str, **policy: Any) -> list[Change]:
    """Bucket with all that ours has beside it."""
    bucket = ref("Bucket", name, "bucket")

    def own_policy(program: Program) -> str:
        found = str(program.ref("Bucket", name, "bucket"))
        return document(*fenced(found), *policy.get("also", ()))

    return [
        add("aws:s3/bucket:Bucket", name, bucket=f"acme-{name}", by_engine={"id": f"acme-{name}"}),
        add(
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            name,
            bucket=bucket,
            blockPublicAcls=True,
            blockPublicPolicy=True,
            ignorePublicAcls=True,
            restrictPublicBuckets=True,
        ),
        add(
            "aws:s3/bucketVersioning:BucketVersioning",
            name,
            bucket=bucket,
            versioningConfiguration={"status": "Enabled"},
        ),
        add(
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            name,
            bucket=bucket,
            rules=[
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": ref("Key", "llama-key", "arn"),
                    }
                }
            ],
        ),
        add("aws:s3/bucketPolicy:BucketPolicy", name, bucket=bucket, policy=own_policy),
    ]
