"""Rights, logs, failed messages, keys and registries that lead to other accounts."""

from __future__ import annotations

from typing import Any

from tests.privacy_cases.case import Case, door, fault, harmless
from tests.privacy_cases.endpoints import reader_may, s3
from tests.privacy_cases.program import Program, add, put, ref
from tests.privacy_cases.values import (
    BUCKET,
    FOREIGN,
    FOREIGN_ROOT,
    OWN,
    STRANGERS_BUCKET,
    SUBNET,
    TRUSTS_OWN_IDENTITIES,
    VPC,
    bucket_policy,
    endpoint,
    fence,
    rights,
    tls,
)
from tests.unit.privacy.proof.stacks import allow, document

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TOPIC = "aws:sns/topic:Topic"
POINT = "aws:s3/accessPoint:AccessPoint"
LOGS = ("accessLogs", "connectionLogs", "healthCheckLogs")


def balancer(**more: Any) -> Any:
    return add(more.pop("kind", BALANCER), internal=True, subnets=[SUBNET], **more)


def via_aws_service(program: Program) -> None:
    """Fence that spares what a service asks for in its caller's name, as Athena does from anywhere."""
    spares = {"StringNotEquals": {"aws:VpceAccount": OWN}, "Bool": {"aws:ViaAWSService": "false"}}
    bucket_policy(lambda bucket: [tls(bucket), fence(bucket, Condition=spares)])(program)


def to_bus(name: str, **more: Any) -> list[Any]:
    return [
        add("aws:cloudwatch/eventRule:EventRule", name, eventPattern='{"source": ["aws.ec2"]}'),
        add(
            "aws:cloudwatch/eventTarget:EventTarget",
            name,
            rule=ref("EventRule", name, "name"),
            arn=f"arn:aws:sqs:us-east-1:{OWN}:events",
            **more,
        ),
    ]


RIGHTS: list[Case] = [
    door(
        "S3 endpoint for our identities, and pods may write into the bucket of a stranger, by its name",
        s3(TRUSTS_OWN_IDENTITIES),
        reader_may("s3:PutObject", f"arn:aws:s3:::{STRANGERS_BUCKET}/*"),
    ),
    door(
        "STS endpoint for our identities, and pods may take a role of another account, by its name",
        put("VpcEndpoint", "llama-sts", policy=TRUSTS_OWN_IDENTITIES),
        reader_may("sts:AssumeRole", f"arn:aws:iam::{FOREIGN}:role/sink"),
    ),
    door(
        "S3 endpoint for our identities, and pods may write wherever another account owns the bucket",
        s3(TRUSTS_OWN_IDENTITIES),
        add(
            "aws:iam/rolePolicy:RolePolicy",
            role=ref("Role", "llama-reader", "name"),
            policy=rights("s3:PutObject", "*", Condition={"StringEquals": {"aws:ResourceAccount": FOREIGN}}),
        ),
    ),
    harmless(
        "S3 endpoint for our identities, and pods may read and write our own bucket",
        s3(TRUSTS_OWN_IDENTITIES),
        lambda program: reader_may(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{program.bucket}/*")(program),
    ),
    harmless(
        "S3 endpoint for our identities, and pods may read images of AWS's own registry",
        s3(TRUSTS_OWN_IDENTITIES),
        reader_may("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:602401143452:repository/eks/*"),
    ),
    fault(
        "endpoint of managed Prometheus for our identities, and a policy of AWS to write into any workspace",
        endpoint("aps-workspaces", policy=TRUSTS_OWN_IDENTITIES),
        add(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            role=ref("Role", "llama-reader", "name"),
            policyArn="arn:aws:iam::aws:policy/AmazonPrometheusRemoteWriteAccess",
        ),
    ),
    door("fence that spares whatever a service of AWS asks for in its caller's name", via_aws_service),
    door(
        "another account may pull images of our registry",
        add(
            "aws:ecr/repositoryPolicy:RepositoryPolicy",
            repository="vllm",
            policy=document({"Effect": "Allow", "Principal": FOREIGN_ROOT, "Action": ["ecr:BatchGetImage"]}),
        ),
    ),
    fault(
        "anyone may pull images of our registry",
        add("aws:ecr/repositoryPolicy:RepositoryPolicy", repository="vllm", policy=document(allow(Action="ecr:*"))),
    ),
    harmless(
        "roles of our account alone may push images",
        add(
            "aws:ecr/repositoryPolicy:RepositoryPolicy",
            repository="vllm",
            policy=document(
                {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWN}:role/ci"}, "Action": ["ecr:PutImage"]}
            ),
        ),
    ),
    fault(
        "copy of a key in another region, for anyone",
        add("aws:kms/replicaKey:ReplicaKey", primaryKeyArn=ref("Key", "llama-key", "arn"), policy=document(allow())),
    ),
    harmless(
        "copy of a key in another region, for the account alone",
        add(
            "aws:kms/replicaKey:ReplicaKey",
            primaryKeyArn=ref("Key", "llama-key", "arn"),
            policy=document(allow(Principal={"AWS": f"arn:aws:iam::{OWN}:root"}, Action="kms:*")),
        ),
    ),
    fault("topic that anyone may subscribe to, by its own policy", add(TOPIC, policy=document(allow(Action="sns:*")))),
    door(
        "topic that another account may subscribe to, by its own policy",
        add(TOPIC, policy=document(allow(Principal=FOREIGN_ROOT, Action="sns:Subscribe"))),
    ),
    harmless(
        "topic into which AWS's alarms alone publish, by its own policy",
        add(
            TOPIC,
            policy=document(allow(Principal={"Service": "cloudwatch.amazonaws.com"}, Action="sns:Publish")),
        ),
    ),
    harmless(
        "access point of our bucket in our VPC, as a state tells it",
        add(POINT, bucket=BUCKET, accountId=OWN, bucketAccountId=OWN, vpcConfiguration={"vpcId": VPC}),
    ),
    fault(
        "access point that another account owns",
        add(POINT, bucket=BUCKET, accountId=FOREIGN, vpcConfiguration={"vpcId": VPC}),
    ),
]

COPIES: list[Case] = [
    *[
        fault(
            f"internal balancer writes its {key} into the bucket of a stranger",
            balancer(**{key: {"bucket": STRANGERS_BUCKET, "enabled": True}}),
        )
        for key in LOGS
    ],
    fault(
        "internal balancer of the old kind writes its log into the bucket of a stranger",
        balancer(
            kind="aws:elb/loadBalancer:LoadBalancer",
            listeners=[{"lbProtocol": "SSL", "instanceProtocol": "SSL", "lbPort": 443, "instancePort": 443}],
            accessLogs={"bucket": STRANGERS_BUCKET, "enabled": True},
        ),
    ),
    harmless(
        "internal balancer writes its logs into a bucket of the stack",
        balancer(**{key: {"bucket": BUCKET, "enabled": True, "prefix": key} for key in LOGS}),
    ),
    harmless("internal balancer whose logs are off, as a state tells it", balancer(accessLogs={"bucket": ""})),
    fault(
        "names that pods ask for are logged by a configuration of another account",
        add(
            "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
            resolverQueryLogConfigId="rqlc-0a1b2c3d4e5f6071",
            resourceId=VPC,
        ),
    ),
    fault(
        "collector of metrics writes into a workspace of another account",
        add(
            "aws:amp/scraper:Scraper",
            destination={"amp": {"workspaceArn": f"arn:aws:aps:us-east-1:{FOREIGN}:workspace/ws-1"}},
        ),
    ),
    fault(
        "policy of the organization copies backups to wherever it says",
        add("aws:organizations/policy:Policy", type="BACKUP_POLICY", content="{}"),
    ),
    door(
        "trail of API calls into the bucket of a stranger",
        add("aws:cloudtrail/trail:Trail", s3BucketName=STRANGERS_BUCKET),
    ),
    fault(
        "trail of API calls tells a topic of another account",
        add(
            "aws:cloudtrail/trail:Trail",
            s3BucketName=BUCKET,
            snsTopicName=f"arn:aws:sns:us-east-1:{FOREIGN}:calls",
        ),
    ),
    harmless(
        "trail of API calls into a bucket of the stack, told to a topic of the account",
        add("aws:cloudtrail/trail:Trail", s3BucketName=BUCKET, snsTopicName="calls", isMultiRegionTrail=True),
    ),
    fault(
        "pack of rules whose template is not seen",
        add("aws:cfg/conformancePack:ConformancePack", templateBody="Resources: {}"),
    ),
    fault(
        "settings of all resources are told to a function of another account",
        add(
            "aws:cfg/rule:Rule",
            source={"owner": "CUSTOM_LAMBDA", "sourceIdentifier": f"arn:aws:lambda:us-east-1:{FOREIGN}:function:f"},
        ),
    ),
    harmless(
        "rule of AWS's own about settings",
        add("aws:cfg/rule:Rule", source={"owner": "AWS", "sourceIdentifier": "INCOMING_SSH_DISABLED"}),
    ),
    fault(
        "events that failed go to a queue of another account",
        *to_bus("failed", deadLetterConfig={"arn": f"arn:aws:sqs:us-east-1:{FOREIGN}:failed"}),
    ),
    harmless(
        "events that failed go to a queue of the account",
        *to_bus("failed", deadLetterConfig={"arn": f"arn:aws:sqs:us-east-1:{OWN}:failed"}),
    ),
    fault(
        "bus whose failed events go to a queue of another account",
        add("aws:cloudwatch/eventBus:EventBus", deadLetterConfig={"arn": f"arn:aws:sqs:us-east-1:{FOREIGN}:failed"}),
    ),
    harmless("bus of the account", add("aws:cloudwatch/eventBus:EventBus", description="of the platform")),
    harmless(
        "bucket that logs who reads it into itself, as a state tells it",
        put("Bucket", "llama-store", logging={"targetBucket": BUCKET, "targetPrefix": "logs/"}),
    ),
]

CASES = [*RIGHTS, *COPIES]
