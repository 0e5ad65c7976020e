"""More ordinary additions, as strangers write them: what hardens, counts, names and cleans up."""

from __future__ import annotations

from typing import Any

from tests.privacy_cases.case import Case, door, harmless
from tests.privacy_cases.clusters import ENTRY
from tests.privacy_cases.harmless_aws import ADDON
from tests.privacy_cases.more_faults_aws import TOKENS, federated, of_fence
from tests.privacy_cases.objects import RBAC, box, namespace, object_, pod, policy, vllm, workload
from tests.privacy_cases.program import add, put, ref, secret
from tests.privacy_cases.values import (
    BUCKET,
    CLUSTER,
    OWN,
    POD_IDENTITY,
    VPC,
    bucket_policy,
    endpoint,
    fence,
    fenced,
    rights,
    rule,
    tls,
)
from tests.unit.privacy.proof.stacks import document

QUEUE = f"arn:aws:sqs:us-east-1:{OWN}:interruptions"
LOCKED = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
RUNNING = {"name": "TOKENIZERS_PARALLELISM", "value": "false"}


def one(says: str, type_: str, **values: Any) -> Case:
    return harmless(says, add(type_, **values))


def seen(says: str, group: str, kind: str, where: str = "", **values: Any) -> Case:
    return harmless(says, object_(group, kind, "other", where, **values))


HARDENS = [
    one("disks are encrypted by default", "aws:ebs/encryptionByDefault:EncryptionByDefault", enabled=True),
    one(
        "snapshots may not be public",
        "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
        state="block-all-sharing",
    ),
    one(
        "machines ask for tokens of metadata by default",
        "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults",
        httpTokens="required",
        httpPutResponseHopLimit=1,
    ),
    one(
        "public access is blocked for all buckets of the account",
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
        **LOCKED,
    ),
    one("analyzer of access", "aws:accessanalyzer/analyzer:Analyzer", analyzerName="outside", type="ACCOUNT"),
    one("Security Hub", "aws:securityhub/account:Account"),
    one("Inspector", "aws:inspector2/enabler:Enabler", accountIds=[OWN], resourceTypes=["EC2", "ECR"]),
    one(
        "firewall of web requests for a balancer inside",
        "aws:wafv2/webAcl:WebAcl",
        scope="REGIONAL",
        defaultAction={"allow": {}},
    ),
    one(
        "rule of a network ACL",
        "aws:ec2/networkAclRule:NetworkAclRule",
        networkAclId="acl-0a1b2c3d4e5f60718",
        ruleNumber=100,
        protocol="-1",
        ruleAction="deny",
        cidrBlock="0.0.0.0/0",
    ),
    one(
        "owner of all objects is the bucket's",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        bucket=BUCKET,
        rule={"objectOwnership": "BucketOwnerEnforced"},
    ),
    one(
        "passwords of the account are long",
        "aws:iam/accountPasswordPolicy:AccountPasswordPolicy",
        minimumPasswordLength=16,
    ),
    harmless(
        "fence with its action in small letters, which AWS reads alike",
        of_fence(Action=["s3:getobject", "s3:getobject*"]),
    ),
    harmless(
        "fence of all actions of S3 through our own VPC alone",
        bucket_policy(
            lambda bucket: [
                tls(bucket),
                fence(
                    bucket,
                    Action="s3:*",
                    Resource=[f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                ),
            ]
        ),
    ),
    harmless(
        "fence also where the request names no account, by IfExists, which denies then too",
        of_fence(Condition={"StringNotEqualsIfExists": {"aws:VpceAccount": OWN}}),
    ),
    harmless(
        "statement more that denies deletion to all but one role",
        bucket_policy(
            lambda bucket: [
                *fenced(bucket),
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": ["s3:DeleteObjectVersion", "s3:PutLifecycleConfiguration"],
                    "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                    "Condition": {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/janitor"}},
                },
            ]
        ),
    ),
    harmless(
        "key that the account and AWS's log service may use",
        add(
            "aws:kms/key:Key",
            "logs",
            enableKeyRotation=True,
            policy=document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{OWN}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                },
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
                    "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
                    "Resource": "*",
                    "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:us-east-1:{OWN}:*"}},
                },
            ),
        ),
    ),
    harmless(
        "role for one branch of one repository by GitHub's tokens",
        federated(
            "token.actions.githubusercontent.com",
            {"StringEquals": {"sub": "repo:acme/llama:ref:refs/heads/main", "aud": "sts.amazonaws.com"}},
        ),
    ),
    harmless(
        "role for all service accounts of one namespace of our cluster",
        federated(
            TOKENS,
            {"StringLike": {"sub": "system:serviceaccount:llama:*"}, "StringEquals": {"aud": "sts.amazonaws.com"}},
        ),
    ),
]

COUNTS = [
    one("filter that counts errors in a log", "aws:cloudwatch/logMetricFilter:LogMetricFilter", name="errors"),
    one("query kept for the console", "aws:cloudwatch/queryDefinition:QueryDefinition", queryString="fields @message"),
    one("alarm of alarms", "aws:cloudwatch/compositeAlarm:CompositeAlarm", alarmName="any", alarmRule="ALARM(a)"),
    one("metric of requests to the bucket", "aws:s3/bucketMetric:BucketMetric", bucket=BUCKET, name="all"),
    one(
        "objects move to cheaper storage by themselves",
        "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration",
        bucket=BUCKET,
        tierings=[{"accessTier": "ARCHIVE_ACCESS", "days": 125}],
    ),
    one("monitor of unusual costs", "aws:costexplorer/anomalyMonitor:AnomalyMonitor", monitorType="DIMENSIONAL"),
    one(
        "tag that is counted in the bill",
        "aws:costexplorer/costAllocationTag:CostAllocationTag",
        tagKey="team",
        status="Active",
    ),
    one("group of resources by tag", "aws:resourcegroups/group:Group", resourceQuery={"query": "{}"}),
    one(
        "application in the catalog of the account",
        "aws:servicecatalog/appregistryApplication:AppregistryApplication",
        name="llama",
    ),
    one("machines close to each other", "aws:ec2/placementGroup:PlacementGroup", strategy="cluster"),
    one("quota of GPUs is asked for", "aws:servicequotas/serviceQuota:ServiceQuota", serviceCode="ec2", value=96),
    one(
        "nodes are fewer at night",
        "aws:autoscaling/schedule:Schedule",
        autoscalingGroupName="eks-llama-gpu",
        recurrence="0 20 * * *",
        desiredCapacity=0,
    ),
    one(
        "role that AWS's own service wants in the account",
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
        awsServiceName="spot.amazonaws.com",
    ),
    harmless(
        "warnings of spot interruptions into a queue of the account, as Karpenter's page says",
        add("aws:sqs/queue:Queue", "interruptions", name="interruptions", sqsManagedSseEnabled=True),
        add(
            "aws:sqs/queuePolicy:QueuePolicy",
            queueUrl=ref("Queue", "interruptions"),
            policy=document(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]},
                    "Action": "sqs:SendMessage",
                    "Resource": QUEUE,
                }
            ),
        ),
        add("aws:cloudwatch/eventRule:EventRule", "spot", eventPattern='{"source": ["aws.ec2"]}'),
        add("aws:cloudwatch/eventTarget:EventTarget", rule=ref("EventRule", "spot", "name"), arn=QUEUE),
    ),
    door(
        "alarm that mails the operators",
        add("aws:sns/topic:Topic", "alerts", kmsMasterKeyId="alias/aws/sns"),
        add(
            "aws:sns/topicSubscription:TopicSubscription",
            topic=ref("Topic", "alerts", "arn"),
            protocol="email",
            endpoint="oncall@acme.example",
        ),
    ),
    one("log of API calls kept longer", "aws:cloudwatch/logGroup:LogGroup", name="/acme/audit", retentionInDays=3653),
    harmless(
        "log of names that pods ask for, into the account's own log group",
        add(
            "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig",
            "queries",
            destinationArn=ref("LogGroup", "llama-flows", "arn"),
        ),
        add(
            "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation",
            resolverQueryLogConfigId=ref("ResolverQueryLogConfig", "queries"),
            resourceId=VPC,
        ),
    ),
    harmless(
        "version of a secret",
        add("aws:secretsmanager/secret:Secret", "api-key", kmsKeyId=ref("Key", "llama-secrets", "arn")),
        add(
            "aws:secretsmanager/secretVersion:SecretVersion",
            secretId=ref("Secret", "api-key"),
            secretString=secret("x" * 32),
        ),
    ),
    harmless(
        "policy of the stack with named actions, attached to a role of its own",
        add("aws:iam/role:Role", "job", assumeRolePolicy=POD_IDENTITY),
        add(
            "aws:iam/policy:Policy",
            "job",
            policy=rights(["s3:GetObject"], "arn:aws:s3:::acme-datasets/*"),
        ),
        add(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            role=ref("Role", "job", "name"),
            policyArn=ref("Policy", "job", "arn"),
        ),
    ),
    harmless(
        "second range of the VPC for pods",
        add("aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation", vpcId=VPC, cidrBlock="100.64.0.0/16"),
    ),
    harmless(
        "ingress from the company's private range",
        rule("Ingress", cidrIpv4="10.20.0.0/16", fromPort=443, toPort=443, ipProtocol="tcp"),
    ),
    harmless("endpoint for calls of KMS by our identities for our keys", endpoint("kms")),
    harmless(
        "nodes that Karpenter starts may join the cluster",
        add(ENTRY, clusterName=CLUSTER, principalArn=ref("Role", "llama-system-node", "arn"), type="EC2_LINUX"),
    ),
    harmless("AWS's own add-on for snapshots", add(ADDON, clusterName=CLUSTER, addonName="snapshot-controller")),
    harmless(
        "AWS's own agent for health of nodes", add(ADDON, clusterName=CLUSTER, addonName="eks-node-monitoring-agent")
    ),
    harmless(
        "cluster and its logs may not be deleted by mistake", put("Cluster", "llama-cluster", deletionProtection=True)
    ),
    one("random end of a name", "random:index/randomId:RandomId", byteLength=4),
    one("pause of a minute", "time:index/sleep:Sleep", createDuration="60s"),
    one("key and certificate made in the state", "tls:index/privateKey:PrivateKey", algorithm="ECDSA"),
]

CLUSTER_OBJECTS = [
    seen("priority of pods", "scheduling.k8s.io/v1", "PriorityClass", value=1000),
    seen("kind of container runtime", "node.k8s.io/v1", "RuntimeClass", handler="nvidia"),
    seen(
        "rule of Prometheus",
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        "llama",
        spec={"groups": [{"name": "vllm", "rules": []}]},
    ),
    seen(
        "what Prometheus reads of pods",
        "monitoring.coreos.com/v1",
        "PodMonitor",
        "llama",
        spec={"selector": {}, "podMetricsEndpoints": [{"port": "http"}]},
    ),
    seen(
        "claim for a disk",
        "core/v1",
        "PersistentVolumeClaim",
        "llama",
        spec={"storageClassName": "gp3", "accessModes": ["ReadWriteOnce"]},
    ),
    seen(
        "certificate of the cluster's own authority", "cert-manager.io/v1", "Issuer", "llama", spec={"selfSigned": {}}
    ),
    seen(
        "rule for what may be made, decided in the API itself",
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        spec={"validations": [{"expression": "object.spec.replicas <= 5"}]},
    ),
    harmless(
        "people of one group may look at the namespace",
        object_(
            f"{RBAC}/v1",
            "RoleBinding",
            "look",
            "llama",
            roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"},
            subjects=[{"kind": "Group", "name": "acme:ml", "apiGroup": RBAC}],
        ),
    ),
    harmless("variable of the model that is no secret", vllm(env=[RUNNING])),
    harmless(
        "pods of another namespace may call the model",
        policy(
            "from-apps",
            policyTypes=["Ingress"],
            ingress=[
                {
                    "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "apps"}}}],
                    "ports": [{"port": 8000}],
                }
            ],
        ),
    ),
    harmless(
        "app beside the model, in a namespace that keeps every rule",
        *namespace("apps"),
        workload("Deployment", "apps"),
        object_("core/v1", "Service", "app", "apps", spec={"type": "ClusterIP", "ports": [{"port": 80}]}),
    ),
    harmless(
        "pod that shows its own processes to its containers, with a profile of AppArmor",
        pod("tools", shareProcessNamespace=True, securityContext={"appArmorProfile": {"type": "RuntimeDefault"}}),
    ),
    harmless(
        "pod with safe sysctls and a level of SELinux",
        pod(
            "tools",
            securityContext={
                "sysctls": [{"name": "net.ipv4.ip_local_port_range", "value": "1024 65535"}],
                "seLinuxOptions": {"type": "container_t", "level": "s0:c1,c2"},
            },
        ),
    ),
    harmless(
        "sidecar that stays, with limits",
        pod("tools", initContainers=[box(name="side", restartPolicy="Always")]),
    ),
]

CASES = [*HARDENS, *COUNTS, *CLUSTER_OBJECTS]
