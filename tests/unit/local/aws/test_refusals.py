"""Refusals of the official provider and of AWS, with the argument, the value and the way out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws.constraints import ConstraintError
from local.aws.lifecycle import RefusedError
from local.aws.values import UNKNOWN
from tests.unit.local.aws.life import CheckFailed, Life
from tests.unit.local.aws.world import READ_ONLY, World, trust

VPC, SUBNET, GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/securityGroup:SecurityGroup"
CLUSTER, NODE_GROUP, ADDON = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"
LOG_GROUP, BUCKET, ROLE = "aws:cloudwatch/logGroup:LogGroup", "aws:s3/bucket:Bucket", "aws:iam/role:Role"
ENDPOINT, KEY = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:kms/key:Key"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
NODES: dict[str, Any] = {
    "clusterName": "c",
    "nodeRoleArn": "arn:aws:iam::123456789012:role/nodes",
    "subnetIds": ["subnet-1"],
    "scalingConfig": {"minSize": 0, "desiredSize": 1, "maxSize": 1},
}
RULE: dict[str, Any] = {
    "securityGroupId": "sg-1",
    "ipProtocol": "tcp",
    "fromPort": 1,
    "toPort": 2,
    "cidrIpv4": "10.0.0.0/8",
}


@pytest.mark.parametrize(
    ("token", "args", "message"),
    [
        (VPC, {"cidrBlok": "10.0.0.0/16"}, "cidrBlok: unknown argument; did you mean 'cidrBlock'?"),
        (VPC, {"cidrBlock": 10}, "cidrBlock: must be of type str, got int"),
        (
            VPC,
            {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": "yes"},
            "enableDnsSupport: must be of type bool, got str",
        ),
        (VPC, {"ipv4IpamPoolId": "ipam-1"}, "ipv4IpamPoolId: is not emulated by the local cloud"),
        (VPC, {"tags": {"a": 1}}, "tags.a: must be of type str, got int"),
        (VPC, {"instanceTenancy": "dedicate"}, "instanceTenancy: is 'dedicate'; allowed: default, dedicated, host"),
        (SUBNET, {"cidrBlock": "10.0.0.0/24"}, "vpcId: required, but not given"),
        (
            NODE_GROUP,
            {**NODES, "capacityType": "SPOTT"},
            "allowed: ON_DEMAND, SPOT, CAPACITY_BLOCK; did you mean 'SPOT'?",
        ),
        (NODE_GROUP, {**NODES, "amiType": "AL2023_X86_64_NVIDIA"}, "did you mean 'AL2023_x86_64_NVIDIA'?"),
        (NODE_GROUP, {**NODES, "scalingConfig": {"minSize": 0, "desiredSize": 1}}, "scalingConfig.maxSize: required"),
        (
            NODE_GROUP,
            {**NODES, "scalingConfig": {"minSize": 2, "desiredSize": 1, "maxSize": 3}},
            "must have minSize <= desiredSize <= maxSize, got 2, 1, 3",
        ),
        (
            NODE_GROUP,
            {**NODES, "scalingConfig": {"minSize": 0, "desiredSize": 0, "maxSize": 0}},
            "scalingConfig.maxSize: is 0; allowed: at least 1",
        ),
        (
            NODE_GROUP,
            {**NODES, "taints": [{"key": "a", "effect": "NoSchedule"}]},
            "taints[0].effect: is 'NoSchedule'; allowed",
        ),
        (NODE_GROUP, {**NODES, "taints": [{"key": "a", "efect": "x"}]}, "taints[0].efect: unknown argument"),
        (NODE_GROUP, {**NODES, "launchTemplate": {"version": "1"}}, "exactly one of id and name must be given"),
        (
            NODE_GROUP,
            {**NODES, "diskSize": 100, "launchTemplate": {"id": "lt-1", "version": "1"}},
            "diskSize: must be set in the launch template",
        ),
        (CLUSTER, {"roleArn": "r", "vpcConfig": {}}, "vpcConfig.subnetIds: required, but not given"),
        (
            CLUSTER,
            {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"]}, "name": "-llama"},
            "name: is '-llama', which does not match ^[0-9A-Za-z][A-Za-z0-9\\-_]*",
        ),
        (
            CLUSTER,
            {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"]}, "name": "a" * 101},
            "has 101 characters; allowed: 1 to 100",
        ),
        (
            CLUSTER,
            {"roleArn": "r", "vpcConfig": {"subnetIds": ["s"]}, "computeConfig": {"enabled": True}},
            "computeConfig: is not emulated by the local cloud",
        ),
        (
            ADDON,
            {"clusterName": "c", "addonName": "coredns", "resolveConflictsOnCreate": "PRESERVE"},
            "PRESERVE is only for updates",
        ),
        (
            ADDON,
            {"clusterName": "c", "addonName": "coredns", "resolveConflictsOnUpdate": "KEEP"},
            "allowed: OVERWRITE, NONE, PRESERVE",
        ),
        (
            ROLE,
            {"assumeRolePolicy": trust("ec2.amazonaws.com"), "maxSessionDuration": 60},
            "is 60; allowed: 3600 to 43200",
        ),
        (ROLE, {"assumeRolePolicy": trust("ec2.amazonaws.com"), "name": "no spaces"}, "which does not match"),
        (LOG_GROUP, {"retentionInDays": 31}, "retentionInDays: is 31; allowed: 0, 1, 3"),
        (LOG_GROUP, {"name": "no spaces"}, "name: is 'no spaces', which does not match"),
        (BUCKET, {"bucket": "Weights"}, "'Weights' is no bucket name"),
        (BUCKET, {"acl": "private"}, "acl: is not emulated by the local cloud"),
        (KEY, {"rotationPeriodInDays": 90}, "rotationPeriodInDays: needs enableKeyRotation to be true"),
        (KEY, {"keyUsage": "ENCRYPT"}, "did you mean 'ENCRYPT_DECRYPT'?"),
        (ENDPOINT, {"vpcId": "vpc-1"}, "serviceName: required"),
        (
            ENDPOINT,
            {"vpcId": "v", "serviceName": "s", "subnetIds": ["s"]},
            "subnetIds: is not for an endpoint of type Gateway",
        ),
        (ENDPOINT, {"vpcId": "v", "serviceName": "s", "vpcEndpointType": "GatewayLoadBalancer"}, "are not emulated"),
        (INGRESS, {**RULE, "cidrIpv6": "::/0"}, "exactly one of cidrIpv4, cidrIpv6, prefixListId"),
        (INGRESS, {**RULE, "ipProtocol": "-1"}, "must not be given with ipProtocol '-1'"),
        (INGRESS, {**RULE, "toPort": 0}, "0 <= fromPort <= toPort <= 65535, got 1 and 0"),
        (
            GROUP,
            {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"]}]},
            "fromPort and toPort must both be 0",
        ),
        (GROUP, {"egress": [{"protocol": "tcp", "fromPort": 0, "toPort": 443}]}, "egress[0]: names no peer"),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"metadataOptions": {"httpTokens": "always"}},
            "metadataOptions.httpTokens: is 'always'; allowed: optional, required",
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"blockDeviceMappings": [{"ebs": {"volumeType": "gp4"}}]},
            "blockDeviceMappings[0].ebs.volumeType: is 'gp4'; allowed",
        ),
        (
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            {"clusterName": "c", "principalArn": "p", "policyArn": "q", "accessScope": {"type": "all"}},
            "accessScope.type: is 'all'; allowed: cluster, namespace",
        ),
        (
            "aws:ssm/parameter:Parameter",
            {"type": "Secret", "value": "x"},
            "type: is 'Secret'; allowed: String, StringList",
        ),
        ("aws:ssm/parameter:Parameter", {"type": "String"}, "exactly one of value and insecureValue must be given"),
        (
            "aws:s3/bucketVersioning:BucketVersioning",
            {"bucket": "b", "versioningConfiguration": {"status": "On"}},
            "versioningConfiguration.status: is 'On'; allowed: Enabled, Suspended, Disabled",
        ),
        ("aws:ec2/flowLog:FlowLog", {"vpcId": "v", "logDestination": "l"}, "trafficType: required"),
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            {"bucket": "b", "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES"}}]},
            "sseAlgorithm: is 'AES'; allowed: AES256",
        ),
    ],
)
def test_a_preview_refuses(token: str, args: dict[str, Any], message: str, life: Life) -> None:
    with pytest.raises(CheckFailed, match=re.escape(message)):
        life.check(token, "it", args)


def test_a_name_that_pulumi_would_have_to_shorten_is_refused(life: Life) -> None:
    """Pulumi's providers add a hyphen and seven digits, and shorten nothing; ELB takes 32 characters."""
    args = {"port": 8000, "protocol": "TCP", "vpcId": "vpc-1"}
    refusal = (
        "'aws:lb/targetGroup:TargetGroup': name 'a-name-of-twenty-five-let-' plus 7 random chars is longer than maximum"
    )
    with pytest.raises(CheckFailed, match=refusal):
        life.check("aws:lb/targetGroup:TargetGroup", "a-name-of-twenty-five-let", args)
    assert life.check("aws:lb/targetGroup:TargetGroup", "a-name-of-24-letters-abc", args)["name"].startswith("a-name")


def test_all_mistakes_are_told_at_once(life: Life) -> None:
    with pytest.raises(CheckFailed) as refused:
        life.check(SUBNET, "it", {"cidr": "10.0.0.0/24", "mapPublicIpOnLaunch": "no"})
    assert [failure.path for failure in refused.value.failures] == ["cidr", "mapPublicIpOnLaunch", "vpcId"]


def test_a_sensitive_value_is_not_repeated_in_its_refusal(life: Life) -> None:
    with pytest.raises(CheckFailed) as refused:
        life.check(
            "aws:ssm/parameter:Parameter", "it", {"type": "SecureString", "value": "hush", "insecureValue": "hush"}
        )
    assert "hush" not in str(refused.value)


def test_an_unknown_type_is_refused_with_the_nearest(life: Life) -> None:
    with pytest.raises(RefusedError, match=re.escape("aws:ec2/vpcs:Vpc; did you mean aws:ec2/vpc:Vpc?")):
        life.check("aws:ec2/vpcs:Vpc", "it", {})


def test_an_unknown_function_is_refused_with_the_nearest(life: Life) -> None:
    with pytest.raises(RefusedError, match="did you mean aws:index/getRegion:getRegion"):
        life.provider.invoke("aws:index/getRegions:getRegions", {})


def test_what_only_the_call_shows_is_refused_by_the_model_too(life: Life) -> None:
    """Constraints hold for every outgoing call, not only for arguments that a preview could check."""
    with pytest.raises(ConstraintError, match="eks:CreateAddon: clusterName has 0 characters; allowed: 1 to 100"):
        life.provider._cloud({}).eks.create_addon(clusterName="", addonName="coredns")


@pytest.mark.parametrize(
    ("token", "args", "code"),
    [
        (VPC, lambda _: {"cidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"),
        (SUBNET, lambda w: {"vpcId": w.vpc.id, "cidrBlock": w.subnet(0)["cidrBlock"]}, "InvalidSubnet.Conflict"),
        (SUBNET, lambda w: {"vpcId": w.vpc.id, "cidrBlock": "172.16.0.0/24"}, "InvalidSubnet.Range"),
        (SUBNET, lambda _: {"vpcId": "vpc-0", "cidrBlock": "10.0.0.0/24"}, "InvalidVpcID.NotFound"),
        (GROUP, lambda w: {"vpcId": w.vpc.id, "name": w.group["name"]}, "InvalidGroup.Duplicate"),
        (ENDPOINT, lambda w: {"vpcId": w.vpc.id, "serviceName": "com.amazonaws.us-east-1.s4"}, "InvalidServiceName"),
        (ENDPOINT, lambda w: {"vpcId": w.vpc.id, "serviceName": "com.amazonaws.us-east-1.sts"}, "InvalidParameter"),
        (
            ENDPOINT,
            lambda w: {
                "vpcId": w.other_vpc.id,
                "serviceName": "com.amazonaws.us-east-1.sts",
                "vpcEndpointType": "Interface",
                "privateDnsEnabled": True,
            },
            "enableDnsHostnames",
        ),
        (
            ENDPOINT,
            lambda w: {
                "vpcId": w.other_vpc.id,
                "serviceName": "com.amazonaws.us-east-1.sts",
                "vpcEndpointType": "Interface",
                "subnetIds": [w.subnet(0).id],
            },
            "is not in VPC",
        ),
        (
            ENDPOINT,
            lambda w: {
                "vpcId": w.vpc.id,
                "serviceName": "com.amazonaws.us-east-1.cloudformation",
                "vpcEndpointType": "Interface",
                "subnetIds": [w.subnet(0).id],
                "policy": READ_ONLY.replace("s3:GetObject", "cloudformation:ListStacks"),
            },
            "Service com.amazonaws.us-east-1.cloudformation only supports the full-access endpoint policy",
        ),
        (
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            lambda w: {"role": w.role("ec2").id, "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerPolicy"},
            "NoSuchEntity",
        ),
        (
            "aws:iam/rolePolicy:RolePolicy",
            lambda w: {"role": w.role("ec2").id, "policy": '{"Version": "2012-10-17"}'},
            "MalformedPolicyDocument",
        ),
        (ROLE, lambda _: {"assumeRolePolicy": READ_ONLY}, "MalformedPolicyDocument"),
        (LOG_GROUP, lambda _: {"kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/none"}, "does not exist"),
        (LOG_GROUP, lambda w: {"kmsKeyId": w.key["arn"]}, "not allowed to be used with Arn"),
        ("aws:s3/bucketPolicy:BucketPolicy", lambda _: {"bucket": "none", "policy": READ_ONLY}, "NoSuchBucket"),
    ],
)
def test_aws_refuses_to_make(token: str, args: Any, code: str, life: Life, world: World) -> None:
    with pytest.raises(ClientError, match=re.escape(code)):
        life.make(token, "refused", **args(world))


def test_a_bucket_with_objects_stays_unless_it_may_be_emptied(life: Life) -> None:
    kept = life.make(BUCKET, "kept", forceDestroy=False)
    s3 = life.provider._cloud({}).s3
    s3.put_bucket_versioning(Bucket=kept.id, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket=kept.id, Key="weights", Body=b"0")
    s3.delete_object(Bucket=kept.id, Key="weights")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        kept.delete()
    kept.update(forceDestroy=True)
    kept.delete()


@pytest.mark.parametrize("user", ["subnet", "group", "gateway"])
def test_a_vpc_in_use_stays(user: str, world: World) -> None:
    used = world.subnet(0) if user == "subnet" else getattr(world, user)
    with pytest.raises(ClientError, match=f"DependencyViolation.*{used.id}"):
        world.vpc.delete()


def test_a_nat_gateway_keeps_the_way_out_attached_and_leaves_nothing_behind(life: Life, world: World) -> None:
    """Made by hand in a network that a program finds, as no program makes one here."""
    ec2, gateway, subnet = life.provider._cloud({}).ec2, world.gateway, world.subnet(0)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet.id, AllocationId=address)["NatGateway"]["NatGatewayId"]
    with pytest.raises(ClientError, match=f"DependencyViolation.*{nat}"):
        ec2.detach_internet_gateway(InternetGatewayId=gateway.id, VpcId=world.vpc.id)
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.release_address(AllocationId=address)


def test_a_subnet_and_a_group_in_use_stay(life: Life, world: World) -> None:
    endpoint = life.make(
        ENDPOINT,
        vpcId=world.vpc.id,
        serviceName="com.amazonaws.us-east-1.sts",
        vpcEndpointType="Interface",
        subnetIds=[world.subnet(0).id],
        securityGroupIds=[world.group.id],
    )
    for used in (world.subnet(0), world.group):
        with pytest.raises(ClientError, match=f"DependencyViolation.*{endpoint.id}"):
            used.delete()


def test_a_role_with_policies_of_others_stays(life: Life, world: World) -> None:
    role = world.role("ec2")
    arn = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    life.make("aws:iam/rolePolicyAttachment:RolePolicyAttachment", role=role.id, policyArn=arn)
    with pytest.raises(ClientError, match="DeleteConflict"):
        role.delete()


def test_half_made_objects_are_not_left_behind(life: Life, world: World) -> None:
    """The fixture finds the security group, should it survive its second rule."""
    rule = {"protocol": "tcp", "fromPort": 1, "toPort": 1, "securityGroups": ["sg-none"]}
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        life.make(GROUP, vpcId=world.vpc.id, ingress=[rule])


def test_an_unknown_argument_value_is_not_held_against_the_model(life: Life) -> None:
    inputs = life.check(NODE_GROUP, "it", {**NODES, "capacityType": UNKNOWN, "scalingConfig": UNKNOWN})
    assert inputs["capacityType"] is UNKNOWN


def test_while_a_node_lives_its_subnet_stays_and_with_the_group_it_goes(life: Life, world: World) -> None:
    def interfaces() -> int:
        cloud = life.provider._cloud({"region": "us-east-1"})
        found = cloud.ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [subnet.id]}])
        return len(found["NetworkInterfaces"])

    # Without a zone moto picks one at random, and not all offer the default instance type.
    subnet_inputs = {"vpcId": world.vpc.id, "cidrBlock": "10.0.77.0/24", "availabilityZone": "us-east-1a"}
    subnet = life.make("aws:ec2/subnet:Subnet", "nodes", **subnet_inputs)
    scaling = {"minSize": 0, "desiredSize": 2, "maxSize": 2}
    args = {
        "clusterName": world.cluster.id,
        "nodeRoleArn": world.role("ec2")["arn"],
        "subnetIds": [subnet.id],
        "scalingConfig": scaling,
    }
    group = life.make(NODE_GROUP, "group", **args)
    assert interfaces() == 2
    with pytest.raises(ClientError, match="DependencyViolation"):
        subnet.delete()
    group.update(**args | {"scalingConfig": {**scaling, "desiredSize": 1}})
    assert interfaces() == 1
    group.delete()
    assert interfaces() == 0
    subnet.delete()
