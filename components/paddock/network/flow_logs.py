"""VPC flow logs: addresses, ports and sizes of all traffic, encrypted with a key of their own."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from paddock.common.account import Account
from paddock.common.iam import policy_document
from paddock.common.labels import NO_TAGS
from paddock.common.log_groups import log_key
from paddock.common.naming import cluster_name, tags


def delivery_trust(account: Account) -> str:
    """Flow logs of this account alone may act in the role. Source: VPC user guide, flow-logs-iam-role."""
    return policy_document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account.id},
                "ArnLike": {"aws:SourceArn": account.arn("ec2", "vpc-flow-log/*")},
            },
        }
    )


def delivery_policy(log_group_name: str, account: Account) -> str:
    """The right to write into one log group. AWS's own text also lets the role make groups, in all of the account; as
    the group is there already it need not (so does terraform-aws-modules/terraform-aws-vpc, vpc-flow-logs.tf)."""
    group = account.arn("logs", f"log-group:{log_group_name}")
    return policy_document(
        {
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogStream",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            "Resource": [group, f"{group}:*"],
        }
    )


def make_flow_logs(
    name: str,
    vpc_id: pulumi.Input[str],
    retention_days: int,
    account: Account,
    extra: Mapping[str, str] = NO_TAGS,
    *,
    parent: pulumi.Resource,
) -> None:
    """All traffic of the VPC, accepted and refused, kept for so many days."""
    child = pulumi.ResourceOptions(parent=parent)
    called = f"{name}-flows"
    # Spelled out, since the key's policy must name the group before there is one.
    group_name = f"/paddock/{cluster_name(name)}/flows"
    key = log_key(called, group_name, account, extra, parent=parent)
    group = aws.cloudwatch.LogGroup(
        called,
        name=group_name,
        retention_in_days=retention_days,
        kms_key_id=key.arn,
        tags=tags(called, extra),
        opts=child,
    )
    role = aws.iam.Role(called, assume_role_policy=delivery_trust(account), tags=tags(called, extra), opts=child)
    right = aws.iam.RolePolicy(called, role=role.name, policy=delivery_policy(group_name, account), opts=child)
    aws.ec2.FlowLog(
        called,
        vpc_id=vpc_id,
        traffic_type="ALL",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        tags=tags(called, extra),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[right]),
    )
