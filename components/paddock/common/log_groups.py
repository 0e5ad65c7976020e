"""Keys that encrypt log groups: CloudWatch Logs uses such a key for one group, and people only administer it."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from paddock.common.account import Account
from paddock.common.iam import policy_document
from paddock.common.labels import NO_TAGS
from paddock.common.naming import tags

KEY_DELETION_WINDOW_DAYS = 7

ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
"""Actions to make, change and remove the key, and no use of it: whoever may read the group reads through Logs."""

USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""Source: CloudWatch Logs user guide, "Encrypt log data using AWS KMS", its wildcards spelled out."""


def log_key(
    name: str,
    log_group_name: str,
    account: Account,
    extra_tags: Mapping[str, str] = NO_TAGS,
    *,
    parent: pulumi.Resource,
) -> aws.kms.Key:
    """A rotating key for one log group, which needs not exist yet."""
    return aws.kms.Key(
        name,
        description=f"Log group {log_group_name}",
        policy=log_key_policy(log_group_name, account),
        enable_key_rotation=True,
        deletion_window_in_days=KEY_DELETION_WINDOW_DAYS,
        tags=tags(name, extra_tags),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def log_key_policy(log_group_name: str, account: Account) -> str:
    """A key policy; the `*` of its statements is the key itself, which a key policy cannot name otherwise."""
    return policy_document(
        {
            "Sid": "AdministeredByTheAccount",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{account.partition}:iam::{account.id}:root"},
            "Action": list(ADMINISTRATION),
            "Resource": "*",
        },
        {
            "Sid": "UsedForOneLogGroup",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{account.region}.amazonaws.com"},
            "Action": list(USE),
            "Resource": "*",
            "Condition": {
                "ArnEquals": {"kms:EncryptionContext:aws:logs:arn": account.arn("logs", f"log-group:{log_group_name}")}
            },
        },
    )
