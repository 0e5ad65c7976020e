"""Samples of KMS, CloudWatch Logs, CodeBuild, S3 and SSM."""

from __future__ import annotations

import json

from tests.unit.local.aws.samples.sample import RETAGGED, TAGS, Sample

SAMPLES: dict[str, Sample] = {
    "aws:kms/key:Key": Sample(
        lambda _: {"description": "weights", "deletionWindowInDays": 7, "enableKeyRotation": True, **TAGS},
        lambda _: {"description": "secrets", "enableKeyRotation": False, "isEnabled": False, **RETAGGED},
        lambda _: {"multiRegion": True},
    ),
    "aws:codebuild/project:Project": Sample(
        lambda w: {
            "serviceRole": w.role("codebuild")["arn"],
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "A", "value": "b"}],
            },
            "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
            "logsConfig": {"cloudwatchLogs": {"groupName": "builds", "status": "ENABLED"}},
            **TAGS,
        },
        lambda _: {"buildTimeout": 30, "description": "copies", **RETAGGED},
        lambda _: {"name": "chosen"},
    ),
    "aws:cloudwatch/logGroup:LogGroup": Sample(
        lambda _: {"retentionInDays": 30, **TAGS},
        lambda w: {"retentionInDays": 0, "kmsKeyId": w.key_of_logs["arn"], **RETAGGED},
        lambda _: {"name": "/aws/eks/x/cluster", "logGroupClass": "INFREQUENT_ACCESS"},
    ),
    "aws:s3/bucket:Bucket": Sample(lambda _: {**TAGS}, lambda _: RETAGGED, lambda _: {"bucket": "chosen-name"}),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Sample(
        lambda w: {"bucket": w.bucket.id, "blockPublicAcls": True, "blockPublicPolicy": True},
        lambda _: {"ignorePublicAcls": True, "restrictPublicBuckets": True},
        lambda _: {"bucket": "another-bucket"},
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Sample(
        lambda w: {"bucket": w.bucket.id, "versioningConfiguration": {"status": "Enabled"}},
        lambda _: {"versioningConfiguration": {"status": "Suspended"}},
        lambda _: {"bucket": "another-bucket"},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Sample(
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "id": "it",
                    "status": "Enabled",
                    "filter": {},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                }
            ],
        },
        lambda _: {
            "rules": [
                {
                    "id": "it",
                    "status": "Disabled",
                    "filter": {},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 8},
                }
            ]
        },
        lambda _: {"bucket": "another-bucket"},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Sample(
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": w.key["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        lambda _: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        lambda _: {"bucket": "another-bucket"},
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": Sample(
        lambda w: {
            "bucket": w.versioned_bucket.id,
            "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 30}},
        },
        lambda _: {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 60}}},
        lambda _: {"bucket": "another-bucket"},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Sample(
        lambda w: {"bucket": w.bucket.id, "policy": _bucket_policy(w.bucket.id, "s3:GetObject")},
        lambda w: {"policy": _bucket_policy(w.bucket.id, "s3:PutObject")},
        lambda _: {"bucket": "another-bucket"},
    ),
    "aws:ssm/parameter:Parameter": Sample(
        lambda _: {"name": "/paddock/token", "type": "SecureString", "value": "hush", **TAGS},
        lambda _: {"value": "quiet", "description": "a secret", **RETAGGED},
        lambda _: {"name": "/paddock/other"},
    ),
}


def _bucket_policy(bucket: str, action: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
