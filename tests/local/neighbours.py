"""Objects made by hand in the same account and region as a stack, and what AWS says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.local.look import Look

BY_HAND = {"Key": "made-by", "Value": "hand"}
ANOTHER_STACK = {"Key": "paddock:stack", "Value": "paddock/another"}


def make_neighbours(look: Look) -> dict[str, str]:
    """One of most kinds that a stack makes, by kind; some tagged as another stack's."""
    ec2, kms, iam, logs, s3 = (look.aws(service) for service in ("ec2", "kms", "iam", "logs", "s3"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="llama-endpoints", Description="by hand", VpcId=vpc)["GroupId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]["NetworkInterfaceId"]
    made = {
        "vpc": vpc,
        "subnet": subnet,
        "security group": group,
        "vpc endpoint": endpoint["VpcEndpoint"]["VpcEndpointId"],
        "network interface": interface,
        "key": kms.create_key(Description="Model weights")["KeyMetadata"]["KeyId"],
    }
    ec2.create_tags(Resources=[vpc, subnet], Tags=[BY_HAND])
    ec2.create_tags(Resources=[group, interface], Tags=[ANOTHER_STACK])
    trusted = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="llama-reader", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    )
    logs.create_log_group(logGroupName="/aws/eks/llama-local2/cluster", tags={"made-by": "hand"})
    s3.create_bucket(Bucket="llama-store")
    s3.put_object(Bucket="llama-store", Key="models/llama-3.1-8b/bf16/config.json", Body=b"{}")
    look.kubectl("create", "namespace", "by-hand")
    return made


def described(look: Look, made: Mapping[str, str]) -> dict[str, Any]:
    """Everything that AWS and Kubernetes say of them that time alone does not change."""
    ec2, kms, iam, logs, s3 = (look.aws(service) for service in ("ec2", "kms", "iam", "logs", "s3"))
    stored = s3.get_object(Bucket="llama-store", Key="models/llama-3.1-8b/bf16/config.json")
    return {
        "vpc": ec2.describe_vpcs(VpcIds=[made["vpc"]])["Vpcs"],
        "subnet": ec2.describe_subnets(SubnetIds=[made["subnet"]])["Subnets"],
        "security group": ec2.describe_security_groups(GroupIds=[made["security group"]])["SecurityGroups"],
        "vpc endpoint": ec2.describe_vpc_endpoints(VpcEndpointIds=[made["vpc endpoint"]])["VpcEndpoints"],
        "network interface": ec2.describe_network_interfaces(NetworkInterfaceIds=[made["network interface"]])[
            "NetworkInterfaces"
        ],
        "key": kms.describe_key(KeyId=made["key"])["KeyMetadata"],
        "role": iam.get_role(RoleName="llama-reader")["Role"],
        "log group": logs.describe_log_groups(logGroupNamePrefix="/aws/eks/llama-local2/")["logGroups"],
        "bucket": s3.get_bucket_location(Bucket="llama-store")["LocationConstraint"],
        "object": (stored["Body"].read(), stored["ETag"]),
        "namespace": look.kubectl("get", "namespace", "by-hand")["metadata"]["uid"],
    }
