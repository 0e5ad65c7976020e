"""The way in for operators: an instance that Systems Manager reaches, and that reaches the cluster's API."""

import re
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.catalog.footprint import BASTION_DISK_GIB, bastion_instance
from paddock.catalog.lookup import shown
from paddock.choices import HTTPS_PORT
from paddock.common.account import Account
from paddock.common.iam import policy_document, trust
from paddock.common.inputs import ArgumentError, accepted
from paddock.common.labels import BASTION, CLUSTER_TAG, NO_TAGS
from paddock.common.naming import tags

AMI_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
"""Amazon Linux 2023 for ARM; it comes with the SSM agent. Source: Systems Manager user guide, AMIs with SSM Agent
preinstalled, read 2026-11-24."""

REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")


class BastionArgs(TypedDict):
    cluster_name: str
    """The cluster that it leads to; plain, so that the instance need not wait for the cluster."""
    cluster_security_group_id: pulumi.Input[str]
    """The group of the cluster's API, which lets the bastion in."""
    vpc_id: pulumi.Input[str]
    endpoint_cidrs: Sequence[pulumi.Input[str]]
    """All that it may reach, a range a subnet: the cluster's API and the endpoints of Systems Manager."""
    subnet_id: pulumi.Input[str]
    region: str
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Default: none."""


def agent_policy(partition: str, region: str, account: str) -> str:
    """The least with which an instance takes part in Session Manager.

    Narrower than AmazonSSMManagedInstanceCore, which also reads every parameter of the account. Source: Systems Manager
    user guide, "Create a custom IAM role for Session Manager", read 2026-11-24.
    """
    return policy_document(
        {
            "Effect": "Allow",
            "Action": ["ssm:UpdateInstanceInformation"],
            # Its own id is not known before it is there.
            "Resource": [f"arn:{partition}:ec2:{region}:{account}:instance/*"],
        },
        {
            "Effect": "Allow",
            "Action": [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            # These actions have no resource (Service Authorization Reference, list_ssmmessages).
            "Resource": ["*"],
        },
    )


class Bastion(pulumi.ComponentResource):
    """One small instance with no public address, no key and no way in but Systems Manager.

    Nothing runs on it but the SSM agent, and nothing is kept on it, so it may be terminated at any time: the next
    `pulumi up --refresh` makes another.
    """

    instance_id: pulumi.Output[str]

    def __init__(self, name: str, args: BastionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("Bastion", args, BastionArgs)
        if not REGION.fullmatch(args["region"]):
            raise ArgumentError(f"Bastion: region must be one of AWS's, such as us-east-1, got {shown(args['region'])}")
        super().__init__("paddock:index:Bastion", name, {}, opts)
        extra = args.get("tags", NO_TAGS)
        child = pulumi.ResourceOptions(parent=self)
        guard = self._guard(name, args, extra)
        profile, rights = self._identity(name, args["region"], extra)
        image = aws.ssm.get_parameter(name=AMI_PARAMETER, opts=pulumi.InvokeOptions(parent=self))
        mine = {**extra, **BASTION, CLUSTER_TAG: args["cluster_name"]}
        instance = aws.ec2.Instance(
            f"{name}-instance",
            # The value is public; `value` would be a secret in the state.
            ami=image.insecure_value,
            instance_type=bastion_instance(args["region"]).instance_type,
            subnet_id=args["subnet_id"],
            vpc_security_group_ids=[guard.id],
            iam_instance_profile=profile.name,
            associate_public_ip_address=False,
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            root_block_device={
                "encrypted": True,
                "volume_type": "gp3",
                "volume_size": BASTION_DISK_GIB,
                "delete_on_termination": True,
                "tags": tags(name, mine),
            },
            tags=tags(name, mine),
            # The parameter moves every few weeks, and each time it would replace the instance under an open tunnel.
            # For a newer image: `pulumi up --replace` with its URN.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["ami"], depends_on=rights),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-api",
            security_group_id=args["cluster_security_group_id"],
            description="Kubernetes API from the bastion",
            referenced_security_group_id=guard.id,
            ip_protocol="tcp",
            from_port=HTTPS_PORT,
            to_port=HTTPS_PORT,
            tags=tags(f"{name}-api", extra),
            opts=child,
        )
        self.instance_id = instance.id
        self.register_outputs({"instance_id": self.instance_id})

    def _guard(self, name: str, args: BastionArgs, extra: Mapping[str, str]) -> aws.ec2.SecurityGroup:
        child = pulumi.ResourceOptions(parent=self)
        guard = aws.ec2.SecurityGroup(
            f"{name}-guard",
            description="Lets nobody in, and HTTPS out to the VPC",
            vpc_id=args["vpc_id"],
            tags=tags(f"{name}-guard", extra),
            opts=child,
        )
        for i, cidr in enumerate(args["endpoint_cidrs"]):
            rule = f"{name}-https" + (f"-{i}" if i else "")
            aws.vpc.SecurityGroupEgressRule(
                rule,
                security_group_id=guard.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=HTTPS_PORT,
                to_port=HTTPS_PORT,
                tags=tags(rule, extra),
                opts=child,
            )
        return guard

    def _identity(
        self, name: str, region: str, extra: Mapping[str, str]
    ) -> tuple[aws.iam.InstanceProfile, list[pulumi.Resource]]:
        child = pulumi.ResourceOptions(parent=self)
        account = Account.of(self)
        policy = agent_policy(account.partition, region, account.id)
        role = aws.iam.Role(
            f"{name}-role", assume_role_policy=trust("ec2.amazonaws.com"), tags=tags(f"{name}-role", extra), opts=child
        )
        rights = aws.iam.RolePolicy(f"{name}-agent", role=role.name, policy=policy, opts=child)
        profile = aws.iam.InstanceProfile(
            f"{name}-profile", role=role.name, tags=tags(f"{name}-profile", extra), opts=child
        )
        return profile, [rights]
