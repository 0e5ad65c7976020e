"""Buckets of weights: their policies, their access lists, and what else reads or copies them."""

from __future__ import annotations

from tests.privacy_cases.case import door, fault, rule_only
from tests.privacy_cases.program import Change, Program, add, drop, put, ref
from tests.privacy_cases.values import (
    BUCKET,
    FOREIGN,
    FOREIGN_ROOT,
    OWN,
    OWN_RESOURCES,
    STRANGERS_BUCKET,
    bucket_policy,
    companions,
    endpoint,
    fence,
    fenced,
    reads,
    text,
    tls,
    web_vpc,
)
from tests.unit.privacy.proof.stacks import document

POLICY = "aws:s3/bucketPolicy:BucketPolicy"
STRANGER = "f" * 64
NOBODY = f"arn:aws:iam::{OWN}:role/nobody"
OTHER_PROVIDER = {"provider": "urn:pulumi:local::paddock::pulumi:providers:aws::partner::0123abcd"}


def _by_partner(change: Change) -> Change:
    def made(program: Program) -> None:
        change(program)
        program.resources[-1].update(OTHER_PROVIDER)

    return made


def web_s3() -> list[Change]:
    """Second VPC of the stack, which has the internet, with an S3 endpoint of its own."""
    s3 = add(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "web-s3",
        vpcId=ref("Vpc", "web"),
        serviceName="com.amazonaws.us-east-1.s3",
        policy=OWN_RESOURCES,
    )
    return [*web_vpc(), s3]


CASES = [
    fault(
        "access point on the bucket, whose policy lets another account read",
        add(
            "aws:s3/accessPoint:AccessPoint",
            bucket=BUCKET,
            policy=document(
                reads("x", FOREIGN_ROOT) | {"Resource": f"arn:aws:s3:us-east-1:{OWN}:accesspoint/mutant/object/*"}
            ),
        ),
    ),
    fault(
        "multi-region access point: one more name by which the bucket is read from the internet",
        add(
            "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint",
            details={"name": "weights", "regions": [{"bucket": BUCKET}]},
        ),
    ),
    fault(
        "replication to the bucket of another account",
        add(
            "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
            bucket=BUCKET,
            role=f"arn:aws:iam::{OWN}:role/copies",
            rules=[
                {
                    "id": "all",
                    "status": "Enabled",
                    "destination": {"bucket": f"arn:aws:s3:::{STRANGERS_BUCKET}", "account": FOREIGN},
                }
            ],
        ),
    ),
    fault(
        "inventory of the bucket to another account: names and sizes of what is in it",
        add(
            "aws:s3/inventory:Inventory",
            bucket=BUCKET,
            includedObjectVersions="All",
            schedule={"frequency": "Daily"},
            destination={
                "bucket": {
                    "bucketArn": f"arn:aws:s3:::{STRANGERS_BUCKET}",
                    "format": "CSV",
                    "accountId": FOREIGN,
                }
            },
        ),
    ),
    fault(
        "each new object is told to a function that may copy it",
        add(
            "aws:s3/bucketNotification:BucketNotification",
            bucket=BUCKET,
            lambdaFunctions=[
                {
                    "lambdaFunctionArn": f"arn:aws:lambda:us-east-1:{OWN}:function:copy",
                    "events": ["s3:ObjectCreated:*"],
                }
            ],
        ),
    ),
    fault(
        "access list gives another account full control: it writes poisoned weights",
        add(
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
            bucket=BUCKET,
            rule={"objectOwnership": "ObjectWriter"},
        ),
        add(
            "aws:s3/bucketAcl:BucketAcl",
            bucket=BUCKET,
            accessControlPolicy={
                "owner": {"id": "a" * 64},
                "grants": [{"permission": "FULL_CONTROL", "grantee": {"type": "CanonicalUser", "id": STRANGER}}],
            },
        ),
    ),
    fault(
        "grants inside the bucket give another account reading and writing",
        put(
            "Bucket",
            "llama-store",
            grants=[{"type": "CanonicalUser", "id": STRANGER, "permissions": ["READ", "WRITE", "WRITE_ACP"]}],
        ),
    ),
    fault(
        "update itself copies the weights into the bucket of a stranger",
        add(
            "aws:s3/objectCopy:ObjectCopy",
            bucket=STRANGERS_BUCKET,
            key="llama.safetensors",
            source=text("{bucket}/models/llama-3.1-8b/bf16/model.safetensors"),
        ),
    ),
    fault(
        "fence spares AWS's services, and CloudFront may read without a word on whose distribution",
        bucket_policy(
            lambda bucket: [
                tls(bucket),
                fence(bucket)
                | {
                    "Condition": {
                        "StringNotEquals": {"aws:VpceAccount": OWN},
                        "Bool": {"aws:PrincipalIsAWSService": "false"},
                    }
                },
                reads(bucket, {"Service": "cloudfront.amazonaws.com"}),
            ]
        ),
    ),
    fault(
        "fence of one folder that is called any",
        bucket_policy(lambda bucket: [tls(bucket), fence(bucket, Resource=f"arn:aws:s3:::{bucket}/any/*")]),
    ),
    fault(
        "second policy of the bucket, whose fence binds one role: AWS keeps the one written last",
        add(
            POLICY,
            "later",
            bucket=BUCKET,
            policy=lambda program: document(
                tls(program.bucket),
                fence(program.bucket)
                | {
                    "Condition": {
                        "StringNotEquals": {"aws:VpceAccount": OWN},
                        "ArnLike": {"aws:PrincipalArn": NOBODY},
                    }
                },
            ),
        ),
    ),
    fault(
        "second policy of the bucket lets a partner read, and fences one folder",
        add(
            POLICY,
            "partner",
            bucket=BUCKET,
            policy=lambda program: document(
                tls(program.bucket),
                fence(program.bucket, Resource=f"arn:aws:s3:::{program.bucket}/private/*"),
                reads(program.bucket, FOREIGN_ROOT),
            ),
        ),
    ),
    rule_only(
        "plain HTTP is refused to one role and to nobody else",
        bucket_policy(
            lambda bucket: [
                tls(
                    bucket,
                    Condition={
                        "Bool": {"aws:SecureTransport": "false"},
                        "ArnEquals": {"aws:PrincipalArn": NOBODY},
                    },
                ),
                fence(bucket),
            ]
        ),
    ),
    fault(
        "fence names the endpoints of another account, which may read",
        bucket_policy(
            lambda bucket: [
                tls(bucket),
                fence(bucket, {"aws:VpceAccount": FOREIGN}),
                reads(bucket, FOREIGN_ROOT),
            ]
        ),
    ),
    fault(
        "fence names the endpoints of another account, in a first preview, which knows no account",
        bucket_policy(
            lambda bucket: [
                tls(bucket),
                fence(bucket, {"aws:VpceAccount": FOREIGN}),
                reads(bucket, FOREIGN_ROOT),
            ]
        ),
        base="preview",
    ),
    door(
        "another account may read through our endpoints, and write from anywhere",
        bucket_policy(
            lambda bucket: [
                *fenced(bucket),
                reads(bucket, FOREIGN_ROOT, "s3:GetObject", "s3:PutObject", "s3:PutBucketPolicy", "s3:DeleteObject"),
            ]
        ),
    ),
    fault(
        "everyone of any organization may read and write",
        bucket_policy(
            lambda bucket: [
                *fenced(bucket),
                reads(
                    bucket,
                    "*",
                    "s3:GetObject",
                    "s3:PutObject",
                    Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}},
                ),
            ]
        ),
    ),
    fault(
        "fence spares a stranger by NotPrincipal",
        bucket_policy(
            lambda bucket: [
                tls(bucket),
                {key: value for key, value in fence(bucket, NotPrincipal=FOREIGN_ROOT).items() if key != "Principal"},
            ]
        ),
    ),
    fault(
        "bucket may be read through a second VPC of this stack, which has the internet",
        *web_s3(),
        put(
            "BucketPolicy",
            "llama-store",
            policy=lambda program: document(
                tls(program.bucket),
                fence(program.bucket, {"aws:SourceVpce": program.ref("VpcEndpoint", "web-s3")}),
            ),
        ),
    ),
    fault(
        "fence names our endpoint and one of a second VPC of this stack, which has the internet",
        *web_s3(),
        put(
            "BucketPolicy",
            "llama-store",
            policy=lambda program: document(
                tls(program.bucket),
                fence(
                    program.bucket,
                    {
                        "aws:SourceVpce": [
                            program.ref("VpcEndpoint", "llama-s3"),
                            program.ref("VpcEndpoint", "web-s3"),
                        ]
                    },
                ),
            ),
        ),
    ),
    fault(
        "fence names an endpoint of nobody here; a log group of the stack is called as it is",
        add(
            "aws:cloudwatch/logGroup:LogGroup",
            "alike",
            name="vpce-0a1b2c3d4e5f60718",
            by_engine={"id": "vpce-0a1b2c3d4e5f60718"},
        ),
        bucket_policy(lambda bucket: [tls(bucket), fence(bucket, {"aws:SourceVpce": "vpce-0a1b2c3d4e5f60718"})]),
    ),
    fault(
        "fence names another account, in which a second provider made a log group",
        add(
            "aws:cloudwatch/logGroup:LogGroup",
            "archive",
            arn=f"arn:aws:logs:us-east-1:{FOREIGN}:log-group:archive",
            by_engine=OTHER_PROVIDER,
        ),
        bucket_policy(lambda bucket: [tls(bucket), fence(bucket, {"aws:VpceAccount": FOREIGN})]),
    ),
    fault(
        "component of the bucket policy's type stands in for it: nothing is made on AWS",
        drop("BucketPolicy", "llama-store"),
        add(
            POLICY,
            "looks-so",
            bucket=BUCKET,
            policy=lambda program: document(*fenced(program.bucket)),
            by_engine={"custom": False},
        ),
    ),
    fault(
        "weights are copied to a bucket that a provider of another account makes, with all that ours has",
        add("pulumi:providers:aws", "partner", region="us-east-1", by_engine={"id": "0123abcd"}),
        *[_by_partner(change) for change in companions("backup")],
        add(
            "aws:s3/objectCopy:ObjectCopy",
            bucket=ref("Bucket", "backup", "bucket"),
            key="model",
            source=text("{bucket}/models/llama-3.1-8b/bf16/model.safetensors"),
            by_engine=OTHER_PROVIDER,
        ),
    ),
    fault(
        "directory bucket: a kind of bucket without our fences",
        add(
            "aws:s3/directoryBucket:DirectoryBucket",
            bucket="w--use1-az4--x-s3",
            location={"name": "use1-az4"},
        ),
    ),
    fault(
        "public access block of the whole account is taken away",
        add(
            "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
            blockPublicAcls=False,
            blockPublicPolicy=False,
            ignorePublicAcls=False,
            restrictPublicBuckets=False,
        ),
    ),
    fault(
        "access grant for identities outside of IAM",
        add(
            "aws:s3control/accessGrant:AccessGrant",
            accessGrantsLocationId="default",
            permission="READ",
            grantee={"granteeType": "DIRECTORY_USER", "granteeIdentifier": "x"},
        ),
    ),
    rule_only(
        "object that redirects its readers to a host outside",
        add(
            "aws:s3/bucketObjectv2:BucketObjectv2",
            bucket=BUCKET,
            key="models/llama-3.1-8b/bf16/config.json",
            content="{}",
            websiteRedirect="https://somewhere.example/",
        ),
    ),
    rule_only(
        "default encryption by KMS without a key of our own: the policy of AWS's key is not ours to set",
        put(
            "BucketServerSideEncryptionConfiguration",
            rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}],
        ),
    ),
    fault(
        "SNS topic hands on to a web address, and pods reach SNS",
        add("aws:sns/topic:Topic", "out"),
        add(
            "aws:sns/topicSubscription:TopicSubscription",
            topic=ref("Topic", "out", "arn"),
            protocol="https",
            endpoint="https://somewhere.example/in",
        ),
        endpoint("sns"),
    ),
]
