"""Ordinary additions on AWS by which nothing leaves."""

from __future__ import annotations

from tests.privacy_cases.case import harmless
from tests.privacy_cases.network import NODE_GROUP, NODES
from tests.privacy_cases.program import Program, add, merged, put, ref, secret
from tests.privacy_cases.values import (
    ALL_PORTS,
    BUCKET,
    CLUSTER,
    OWN,
    POD_IDENTITY,
    VPC,
    bucket_policy,
    companions,
    endpoint,
    fence,
    rights,
    text,
    tls,
    trust,
)
from tests.unit.privacy.proof.stacks import allow, document

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
CPU = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 1,
    "metricName": "CPUUtilization",
    "namespace": "AWS/EC2",
    "period": 60,
    "statistic": "Average",
    "threshold": 90,
}
ADDON = "aws:eks/addon:Addon"
SSO = f"arn:aws:iam::{OWN}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Platform_0a1b2c3d4e5f6071"
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/0A1B2C3D"


def everything_tagged(program: Program) -> None:
    for each in program.resources:
        if each["type"].startswith("aws:") and "tags" in (each.get("inputs") or {}):
            program.given(each, {"tags": {**(each["inputs"]["tags"] or {}), "team": "search"}})


CASES = [
    harmless("nothing is changed"),
    harmless("nothing is changed, with every door", base="doors"),
    harmless("nothing is changed, in a first preview", base="preview"),
    harmless("tag on all that takes tags", everything_tagged),
    harmless(
        "tags with signs of other languages",
        put("Vpc", "llama-vpc", tags=merged(Eigentümer="Müller & Söhne")),
        put("Bucket", "llama-store", tags=merged(**{"cost-center": "42"})),
    ),
    harmless(
        "administrators of our own account by single sign-on",
        add("aws:eks/accessEntry:AccessEntry", clusterName=CLUSTER, principalArn=SSO),
        add(
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            clusterName=CLUSTER,
            principalArn=SSO,
            policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy",
            accessScope={"type": "cluster"},
        ),
    ),
    harmless("logs are kept for longer", put("LogGroup", "llama-logs", retentionInDays=400)),
    harmless("alarm on a metric", add(ALARM, **CPU)),
    harmless(
        "alarm that tells a topic of the account, which pods cannot reach",
        add("aws:sns/topic:Topic", "alerts", kmsMasterKeyId="alias/aws/sns"),
        add(ALARM, **CPU, alarmActions=[ref("Topic", "alerts", "arn")]),
    ),
    harmless(
        "node group for CPUs, with a template as the others have",
        add(
            "aws:ec2/launchTemplate:LaunchTemplate",
            "cpu",
            metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 1},
            blockDeviceMappings=[{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true", "volumeSize": 20}}],
        ),
        add(
            NODE_GROUP,
            "cpu",
            **{
                **NODES,
                "clusterName": CLUSTER,
                "nodeRoleArn": ref("Role", "llama-system-node", "arn"),
                "instanceTypes": ["m7i.large"],
                "launchTemplate": {"id": ref("LaunchTemplate", "cpu"), "version": "1"},
            },
        ),
    ),
    harmless(
        "alias of a key",
        add("aws:kms/alias:Alias", name="alias/llama-weights", targetKeyId=ref("Key", "llama-key")),
    ),
    harmless(
        "old versions of weights go after a month",
        add(
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            bucket=BUCKET,
            rules=[{"id": "old", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 30}}],
        ),
    ),
    harmless(
        "add-on for disks, with its role by Pod Identity",
        add("aws:iam/role:Role", "disks", assumeRolePolicy=POD_IDENTITY),
        add(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "disks",
            role=ref("Role", "disks", "name"),
            policyArn="arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy",
        ),
        add(
            ADDON,
            "disks",
            clusterName=CLUSTER,
            addonName="aws-ebs-csi-driver",
            podIdentityAssociations=[
                {"roleArn": ref("Role", "disks", "arn"), "serviceAccount": "ebs-csi-controller-sa"}
            ],
        ),
    ),
    harmless(
        "private zone with a name for the service",
        add("aws:route53/zone:Zone", "inside", name="ai.internal", vpcs=[{"vpcId": VPC}]),
        add(
            "aws:route53/record:Record",
            zoneId=ref("Zone", "inside"),
            name="llama",
            type="CNAME",
            ttl=60,
            records=["x.ai.internal"],
        ),
    ),
    harmless(
        "flow logs into a bucket of the account, to which AWS's log delivery may write",
        *companions(
            "flows",
            also=[
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "delivery.logs.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": "arn:aws:s3:::acme-flows/*",
                    "Condition": {"StringEquals": {"aws:SourceAccount": OWN}},
                }
            ],
        ),
        add(
            "aws:ec2/flowLog:FlowLog",
            "flows",
            vpcId=VPC,
            trafficType="ALL",
            logDestinationType="s3",
            logDestination="arn:aws:s3:::acme-flows",
        ),
    ),
    harmless(
        "backup of the bucket into a vault of the account",
        add("aws:backup/vault:Vault", "vault", kmsKeyArn=ref("Key", "llama-key", "arn")),
        add(
            "aws:backup/plan:Plan",
            "daily",
            rules=[{"ruleName": "daily", "targetVaultName": "vault", "schedule": "cron(0 5 * * ? *)"}],
        ),
        add(
            "aws:backup/selection:Selection",
            iamRoleArn=f"arn:aws:iam::{OWN}:role/backup",
            planId=ref("Plan", "daily"),
            resources=[ref("Bucket", "llama-store", "arn")],
        ),
    ),
    harmless(
        "budget",
        add(
            "aws:budgets/budget:Budget",
            budgetType="COST",
            limitAmount="1000",
            limitUnit="USD",
            timeUnit="MONTHLY",
        ),
    ),
    harmless("GuardDuty", add("aws:guardduty/detector:Detector", enable=True)),
    harmless(
        "trail of API calls into the bucket of the organization",
        add(
            "aws:cloudtrail/trail:Trail",
            s3BucketName="org-trail",
            eventSelectors=[
                {
                    "readWriteType": "All",
                    "includeManagementEvents": True,
                    "dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}],
                }
            ],
        ),
    ),
    harmless(
        "registry of the stack, whose tags stay and whose images are scanned",
        add(
            "aws:ecr/repository:Repository",
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
            encryptionConfigurations=[{"encryptionType": "KMS"}],
        ),
    ),
    harmless(
        "identity provider of our own cluster, and a role for one service account",
        add(
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            url=f"https://{ISSUER}",
            clientIdLists=["sts.amazonaws.com"],
        ),
        add(
            "aws:iam/role:Role",
            "by-token",
            assumeRolePolicy=trust(
                {"Federated": f"arn:aws:iam::{OWN}:oidc-provider/{ISSUER}"},
                "sts:AssumeRoleWithWebIdentity",
                Condition={
                    "StringEquals": {
                        f"{ISSUER}:sub": "system:serviceaccount:llama:vllm",
                        f"{ISSUER}:aud": "sts.amazonaws.com",
                    }
                },
            ),
        ),
    ),
    harmless("random password", add("random:index/randomPassword:RandomPassword", length=32)),
    harmless(
        "reserved capacity for the GPUs",
        add(
            "aws:ec2/capacityReservation:CapacityReservation",
            availabilityZone="us-east-1a",
            instanceCount=1,
            instancePlatform="Linux/UNIX",
            instanceType="g6.xlarge",
        ),
    ),
    harmless(
        "key of the API in Secrets Manager, by an endpoint for the account alone",
        add("aws:secretsmanager/secret:Secret", kmsKeyId=ref("Key", "llama-secrets", "arn")),
        endpoint(
            "secretsmanager",
            policy=document(
                allow(Condition={"StringEquals": {"aws:ResourceAccount": OWN, "aws:PrincipalAccount": OWN}})
            ),
        ),
    ),
    harmless(
        "endpoints for logs and metrics of the account", endpoint("logs", "logs"), endpoint("monitoring", "metrics")
    ),
    harmless(
        "AWS's own add-on for observability, which writes to the account's CloudWatch",
        add(ADDON, clusterName=CLUSTER, addonName="amazon-cloudwatch-observability"),
    ),
    harmless(
        "access log of the bucket into a bucket of the account",
        add(
            "aws:s3/bucketLogging:BucketLogging",
            bucket=BUCKET,
            targetBucket="acme-access-logs",
            targetPrefix="llama/",
        ),
    ),
    harmless(
        "policy of a key as AWS writes it by default",
        put(
            "Key",
            "llama-key",
            policy=document(
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{OWN}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ),
        ),
    ),
    harmless(
        "S3 endpoint for the resources and identities of one named organization",
        put(
            "VpcEndpoint",
            "llama-s3",
            policy=document(
                allow(
                    Condition={
                        "StringEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5", "aws:PrincipalOrgID": "o-a1b2c3d4e5"}
                    }
                )
            ),
        ),
    ),
    harmless(
        "fence that spares one named role of the account, as the pack's own message says",
        bucket_policy(
            lambda bucket: [
                tls(bucket),
                fence(bucket)
                | {
                    "Condition": {
                        "StringNotEquals": {"aws:VpceAccount": OWN},
                        "ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/weights-operator"},
                    }
                },
            ]
        ),
    ),
    harmless(
        "dashboard",
        add("aws:cloudwatch/dashboard:Dashboard", dashboardName="llama", dashboardBody='{"widgets":[]}'),
    ),
    harmless(
        "object in our own bucket",
        add(
            "aws:s3/bucketObjectv2:BucketObjectv2",
            bucket=BUCKET,
            key="README",
            content="weights",
            serverSideEncryption="aws:kms",
        ),
    ),
    harmless(
        "AWS's own add-ons for metrics and for mounting S3",
        add(ADDON, "metrics", clusterName=CLUSTER, addonName="metrics-server"),
        add(ADDON, "mounts", clusterName=CLUSTER, addonName="aws-mountpoint-s3-csi-driver"),
    ),
    harmless(
        "component of another package that makes nothing",
        add("acme:index:Naming", "names", by_engine={"custom": False}),
    ),
    harmless(
        "reference to the outputs of another stack",
        add("pulumi:pulumi:StackReference", "network", name="acme/network/prod", by_engine={"external": True}),
    ),
    harmless("network ACL, which can only narrow", add("aws:ec2/networkAcl:NetworkAcl", vpcId=VPC)),
    harmless(
        "group for EFA: everything from and to itself",
        add(
            "aws:ec2/securityGroup:SecurityGroup",
            "efa",
            vpcId=VPC,
            ingress=[{**ALL_PORTS, "self": True}],
            egress=[{**ALL_PORTS, "self": True}],
        ),
    ),
    harmless(
        "parameter that is encrypted",
        add("aws:ssm/parameter:Parameter", name="/llama/key", type="SecureString", value=secret("x" * 20)),
    ),
    harmless("bucket for logs with all that ours has", *companions("logs")),
    harmless(
        "role of a job with named actions on the named bucket",
        add("aws:iam/role:Role", "job", assumeRolePolicy=POD_IDENTITY),
        add(
            "aws:iam/rolePolicy:RolePolicy",
            role=ref("Role", "job", "name"),
            policy=text(rights(["s3:GetObject"], "arn:aws:s3:::{bucket}/*")),
        ),
    ),
    harmless(
        "role with actions for which AWS takes no resource but *",
        add("aws:iam/role:Role", "reads", assumeRolePolicy=POD_IDENTITY),
        add(
            "aws:iam/rolePolicy:RolePolicy",
            role=ref("Role", "reads", "name"),
            policy=rights(["ec2:DescribeInstances", "cloudwatch:PutMetricData", "xray:PutTraceSegments"], "*"),
        ),
    ),
    harmless(
        "managed Prometheus, by an endpoint for the account alone",
        add("aws:amp/workspace:Workspace", alias="llama"),
        endpoint("aps-workspaces"),
    ),
]
