"""One fault each, and harmless variations: the table behind `docs/privacy.md`.

A change is the resource type and what is set in its inputs, so that it can be made to any program's preview as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.markdown import item

GONE = "(removed)"
DIGEST = "sha256:" + 64 * "a"
IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@{DIGEST}"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NAMESPACE = "kubernetes:core/v1:Namespace"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SERVICE = "kubernetes:core/v1:Service"
CLUSTER = "aws:eks/cluster:Cluster"
GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SECURITY = "aws:ec2/securityGroup:SecurityGroup"
BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
KEY = "aws:kms/key:Key"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
REPOSITORY = "aws:ecr/repository:Repository"
LISTENER = "aws:lb/listener:Listener"
ENDPOINT_SERVICE = "aws:ec2/vpcEndpointService:VpcEndpointService"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
INSTANCE = "aws:ec2/instance:Instance"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
VOLUME = "aws:ebs/volume:Volume"
MODEL_URI = "s3://b/models/llama-3.1-8b/bf16"
POD = "spec.template.spec"
BOX = f"{POD}.containers.0"


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition}


TLS = deny({"Bool": {"aws:SecureTransport": "false"}})
VPCE = deny({"StringNotEquals": {"aws:sourceVpce": "vpce-0a1"}})
ACCOUNT = deny({"StringNotEquals": {"aws:VpceAccount": "123456789012"}}) | {"Action": "s3:GetObject*"}


def own_account() -> dict[str, Any]:
    condition = {"StringEquals": {"aws:ResourceAccount": "123456789012"}}
    return {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}


def allow(action: str, resource: str = "arn:aws:s3:::b/*") -> str:
    return document({"Effect": "Allow", "Action": action, "Resource": resource})


ACCEPTED = {
    "paddock.dev/license": "llama3.1",
    "paddock.dev/license-accepted-by": "a.person",
    "paddock.dev/license-accepted-on": "2026-11-24",
}
FROM_SECRET = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}

HEALTHY: dict[str, dict[str, Any]] = {
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": False},
    "aws:ec2/routeTable:RouteTable": {"routes": []},
    SECURITY: {"ingress": [], "egress": []},
    CLUSTER: {
        "vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True},
        "encryptionConfig": {"provider": {"keyArn": "arn:key"}, "resources": ["secrets"]},
        "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
    },
    GROUP: {"instanceTypes": ["g6e.xlarge"], "labels": {"pool": "gpu"}, "scalingConfig": {"desiredSize": 1}},
    TEMPLATE: {
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "blockDeviceMappings": [{"ebs": {"encrypted": "true"}}],
    },
    BUCKET: {"bucket": "b"},
    BLOCK: {
        "bucket": "b",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    VERSIONING: {"bucket": "b", "versioningConfiguration": {"status": "Enabled"}},
    ENCRYPTION: {"bucket": "b", "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
    POLICY: {"bucket": "b", "policy": document(TLS, VPCE)},
    KEY: {"enableKeyRotation": True},
    ROLE_POLICY: {"policy": allow("s3:GetObject")},
    REPOSITORY: {"imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": {"scanOnPush": True}},
    BALANCER: {"internal": True},
    LISTENER: {"protocol": "TLS"},
    ENDPOINT_SERVICE: {"acceptanceRequired": True, "allowedPrincipals": ["arn:aws:iam::210987654321:root"]},
    VPC_ENDPOINT: {"policy": document(own_account())},
    INSTANCE: {
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "rootBlockDevice": {"encrypted": True},
    },
    VOLUME: {"encrypted": True},
    NAMESPACE: {"metadata": {"name": "llama", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
    NETWORK_POLICY: {
        "metadata": {"namespace": "llama"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    },
    SERVICE: {"metadata": {"namespace": "llama"}, "spec": {"type": "ClusterIP"}},
    DEPLOYMENT: {
        "metadata": {
            "namespace": "llama",
            "annotations": ACCEPTED,
        },
        "spec": {
            "template": {
                "spec": {
                    "nodeSelector": {"pool": "gpu"},
                    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                    "volumes": [{"name": "scratch", "emptyDir": {}}],
                    "containers": [
                        {
                            "name": "vllm",
                            "image": IMAGE,
                            "command": ["vllm", "serve"],
                            "args": [MODEL_URI, "--max-model-len", "8192"],
                            "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "8Gi"}},
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                        }
                    ],
                }
            }
        },
    },
}
"""A stack that keeps every rule: one resource a type."""


@dataclass(frozen=True)
class Mutation:
    """One change: `changes` are dotted places in the inputs; an empty place means the whole resource is gone.

    A type that the stack lacks is added.
    """

    says: str
    resource_type: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    """Which rule must refuse it; none for a harmless variation."""

    @property
    def proof(self) -> str:
        """The way that `paddock prove` must name too; none where bytes leave by no new way."""
        return next((way for way, names in PROVED.items() if self.says in names), "")

    def apply(self, inputs: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The changed inputs; None where the resource is gone."""
        if self.changes.get("") == GONE:
            return None
        changed: Any = dict(inputs or {})
        for place, value in self.changes.items():
            changed = _with(changed, place.split("."), value)
        return dict(changed)


def _with(container: Any, way: list[str], value: Any) -> Any:
    """A copy with one place set. What lies beside the way stays the same object: it may be a promise of the engine."""
    copy: Any = list(container) if isinstance(container, list) else dict(container or {})
    key: Any = int(way[0]) if isinstance(copy, list) else way[0]
    if way[1:]:
        copy[key] = _with(copy[key] if isinstance(copy, list) else copy.get(key), way[1:], value)
    elif value == GONE:
        copy.pop(key, None)
    else:
        copy[key] = value
    return copy


def _all(rule: str, *rows: tuple[str, str, Mapping[str, Any]]) -> list[Mutation]:
    return [Mutation(says, kind, changes, rule) for says, kind, changes in rows]


EC2 = "aws:ec2/"
ALL_PORTS = {"protocol": "-1", "fromPort": 0, "toPort": 0}
OPEN = [{"cidrBlocks": ["0.0.0.0/0"], **ALL_PORTS}]
OPEN_6 = [{"ipv6CidrBlocks": ["::/0"], **ALL_PORTS}]
GROUP_ID = {"securityGroupId": "sg-0123456789abcdef0", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
VPC_ID = "vpc-0123456789abcdef0"
TABLE_ID = "rtb-0123456789abcdef0"
S3_BLOCK = "aws-s3-bucket-disallow-public-access"
GATEWAY = "aws-vpc-disallow-internet-gateway"
IP = "aws-ec2-disallow-public-ip"
ENDPOINT = "aws-eks-cluster-disallow-public-endpoint"
RESTRICTED = "kubernetes-pod-require-restricted"
HOST = "kubernetes-pod-disallow-host-access"
WILDCARD = "aws-iam-policy-disallow-wildcard"
FIT = "paddock-model-require-fitting-pool"
LIMITS = "kubernetes-pod-require-limits"
INSIDE = f"{BOX}.securityContext"

ANYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
BALANCER_ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/it/0123456789abcdef"
TARGET_ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/llama/0123456789abcdef"
TARGET = {"loadBalancerArn": BALANCER_ARN, "defaultActions": [{"type": "forward", "targetGroupArn": TARGET_ARN}]}
NO_TLS = {"sslPolicy": GONE, "certificateArn": GONE}
MACHINE = {"ami": "ami-0123456789abcdef0", "instanceType": "t4g.nano"}
SAFE_MACHINE = {**MACHINE, "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}}
ROOT_DISK = {"rootBlockDevice": {"encrypted": True}}

MUTATIONS = [
    *_all(
        GATEWAY,
        ("an internet gateway", f"{EC2}internetGateway:InternetGateway", {}),
        ("a NAT gateway", f"{EC2}natGateway:NatGateway", {"subnetId": "subnet-0123456789abcdef0"}),
        ("an egress-only gateway", f"{EC2}egressOnlyInternetGateway:EgressOnlyInternetGateway", {"vpcId": VPC_ID}),
        ("a carrier gateway", f"{EC2}carrierGateway:CarrierGateway", {"vpcId": VPC_ID}),
        ("the default VPC", f"{EC2}defaultVpc:DefaultVpc", {}),
        (
            "a route to an internet gateway",
            f"{EC2}route:Route",
            {"routeTableId": TABLE_ID, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-0123456789abcdef0"},
        ),
        (
            "an inline route to NAT",
            f"{EC2}routeTable:RouteTable",
            {"routes": [{"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-0123456789abcdef0"}]},
        ),
    ),
    *_all(
        IP,
        ("an Elastic IP", f"{EC2}eip:Eip", {}),
        ("a subnet of public addresses", f"{EC2}subnet:Subnet", {"mapPublicIpOnLaunch": True}),
        ("nodes with public addresses", TEMPLATE, {"networkInterfaces": [{"associatePublicIpAddress": "true"}]}),
        (
            "a machine with a public address",
            INSTANCE,
            {**SAFE_MACHINE, **ROOT_DISK, "associatePublicIpAddress": True},
        ),
        ("SSH to nodes for everyone", GROUP, {"launchTemplate": GONE, "remoteAccess": {"ec2SshKey": "k"}}),
    ),
    *_all(
        "aws-ec2-security-group-disallow-open-ingress",
        ("ingress from everywhere", SECURITY, {"ingress": OPEN}),
        ("ingress from everywhere, IPv6", SECURITY, {"ingress": OPEN_6}),
        (
            "an ingress rule",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {**GROUP_ID, "cidrIpv4": "0.0.0.0/0"},
        ),
        (
            "an old-style ingress rule",
            f"{EC2}securityGroupRule:SecurityGroupRule",
            {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"], **ALL_PORTS, "securityGroupId": "sg-0123456789abcdef0"},
        ),
    ),
    *_all(
        "aws-ec2-security-group-disallow-open-egress",
        ("egress to everywhere", SECURITY, {"egress": OPEN}),
        ("egress to everywhere, IPv6", SECURITY, {"egress": OPEN_6}),
        ("an egress rule", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", {**GROUP_ID, "cidrIpv6": "::/0"}),
    ),
    *_all(
        ENDPOINT,
        ("a public Kubernetes API", CLUSTER, {"vpcConfig.endpointPublicAccess": True}),
        ("no private Kubernetes API", CLUSTER, {"vpcConfig.endpointPrivateAccess": False}),
        ("an API left at its default", CLUSTER, {"vpcConfig.endpointPublicAccess": GONE}),
    ),
    *_all("aws-eks-cluster-require-secrets-encryption", ("plain secrets", CLUSTER, {"encryptionConfig": GONE})),
    *_all(
        "aws-eks-cluster-require-control-plane-logs",
        ("no logs", CLUSTER, {"enabledClusterLogTypes": GONE}),
        ("no audit log", CLUSTER, {"enabledClusterLogTypes": ["api", "authenticator", "scheduler"]}),
    ),
    *_all(
        S3_BLOCK,
        ("public ACLs accepted", BLOCK, {"blockPublicAcls": False}),
        ("public policies accepted", BLOCK, {"blockPublicPolicy": False}),
        ("public ACLs in force", BLOCK, {"ignorePublicAcls": False}),
        ("public policies in force", BLOCK, {"restrictPublicBuckets": GONE}),
        ("a public ACL", BUCKET, {"acl": "public-read"}),
    ),
    *_all("aws-s3-bucket-require-public-access-block", ("no public access block", BLOCK, {"": GONE})),
    *_all("aws-s3-bucket-require-versioning", ("no versioning", VERSIONING, {"": GONE})),
    *_all("aws-s3-bucket-require-encryption", ("no encryption", ENCRYPTION, {"": GONE})),
    *_all("aws-s3-bucket-require-policy", ("no bucket policy", POLICY, {"": GONE})),
    *_all(
        "aws-s3-bucket-versioning-disallow-suspension",
        ("versioning suspended", VERSIONING, {"versioningConfiguration.status": "Suspended"}),
    ),
    *_all(
        "aws-s3-bucket-encryption-require-kms",
        (
            "S3's own key",
            ENCRYPTION,
            {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        ),
    ),
    *_all("aws-s3-bucket-policy-require-tls", ("plain HTTP to the bucket", POLICY, {"policy": document(VPCE)})),
    *_all(
        "aws-s3-bucket-policy-require-vpc-endpoint",
        ("no endpoint wanted", POLICY, {"policy": document(TLS)}),
        ("old versions read from anywhere", POLICY, {"policy": document(TLS, ACCOUNT | {"Action": "s3:GetObject"})}),
    ),
    *_all("aws-kms-key-require-rotation", ("a key that stays", KEY, {"enableKeyRotation": GONE})),
    *_all(
        "aws-ebs-volume-require-encryption",
        ("a plain volume", VOLUME, {"availabilityZone": "us-east-1a", "size": 8, "encrypted": GONE}),
        ("a machine on a plain disk", INSTANCE, {**SAFE_MACHINE, "rootBlockDevice": GONE}),
        ("a plain node disk", TEMPLATE, {"blockDeviceMappings.0.ebs.encrypted": "false"}),
    ),
    *_all(
        "aws-ec2-instance-require-imdsv2",
        ("metadata without a token", TEMPLATE, {"metadataOptions.httpTokens": "optional"}),
        ("metadata over two hops", TEMPLATE, {"metadataOptions.httpPutResponseHopLimit": 2}),
        ("metadata left at its default", TEMPLATE, {"metadataOptions": GONE}),
        ("a machine with metadata for all", INSTANCE, {**MACHINE, **ROOT_DISK, "metadataOptions": GONE}),
    ),
    *_all(
        WILDCARD,
        ("every action", ROLE_POLICY, {"policy": allow("*")}),
        ("a wildcard action", ROLE_POLICY, {"policy": allow("s3:Get*")}),
        ("every resource", ROLE_POLICY, {"policy": allow("s3:GetObject", "*")}),
        (
            "NotAction",
            ROLE_POLICY,
            {"policy": document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:x"})},
        ),
        (
            "an administrator",
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"role": "r", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        ),
        (
            "a role for everyone",
            "aws:iam/role:Role",
            {"assumeRolePolicy": document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})},
        ),
    ),
    *_all(
        "aws-lb-disallow-internet-facing",
        ("a public load balancer", BALANCER, {"internal": False}),
        ("a Service with a public balancer", SERVICE, {"spec.type": "LoadBalancer"}),
        ("a port on every node", SERVICE, {"spec.type": "NodePort"}),
    ),
    *_all(
        "aws-ecr-repository-require-immutability",
        ("tags that move", REPOSITORY, {"imageTagMutability": "MUTABLE"}),
        ("images nobody scans", REPOSITORY, {"imageScanningConfiguration": GONE}),
    ),
    *_all("kubernetes-pod-disallow-image-tag", ("an image by tag", DEPLOYMENT, {f"{BOX}.image": IMAGE[:52] + ":1"})),
    *_all(
        "kubernetes-pod-disallow-foreign-registry",
        ("an image from elsewhere", DEPLOYMENT, {f"{BOX}.image": f"docker.io/vllm/vllm@{DIGEST}"}),
    ),
    *_all(
        RESTRICTED,
        ("a privileged container", DEPLOYMENT, {f"{INSIDE}.privileged": True}),
        ("privilege escalation", DEPLOYMENT, {f"{INSIDE}.allowPrivilegeEscalation": GONE}),
        ("a root user", DEPLOYMENT, {f"{POD}.securityContext.runAsNonRoot": GONE}),
        ("user 0", DEPLOYMENT, {f"{INSIDE}.runAsUser": 0}),
        ("no seccomp profile", DEPLOYMENT, {f"{POD}.securityContext.seccompProfile": GONE}),
        ("a writable root", DEPLOYMENT, {f"{INSIDE}.readOnlyRootFilesystem": False}),
        ("capabilities kept", DEPLOYMENT, {f"{INSIDE}.capabilities": GONE}),
        ("a capability added", DEPLOYMENT, {f"{INSIDE}.capabilities.add": ["SYS_ADMIN"]}),
        ("a namespace that enforces nothing", NAMESPACE, {"metadata.labels": {}}),
    ),
    *_all(
        HOST,
        ("the node's network", DEPLOYMENT, {f"{POD}.hostNetwork": True}),
        ("the node's processes", DEPLOYMENT, {f"{POD}.hostPID": True}),
        ("the node's shared memory", DEPLOYMENT, {f"{POD}.hostIPC": True}),
        ("a port of the node", DEPLOYMENT, {f"{BOX}.ports": [{"containerPort": 80, "hostPort": 80}]}),
    ),
    *_all(
        LIMITS,
        ("no memory limit", DEPLOYMENT, {f"{BOX}.resources.limits": GONE}),
        ("no CPU request", DEPLOYMENT, {f"{BOX}.resources.requests": GONE}),
    ),
    *_all(
        "aws-lb-listener-require-tls",
        ("a listener in plain text", LISTENER, {**TARGET, **NO_TLS, "protocol": "TCP", "port": 80}),
        ("a listener of HTTP", LISTENER, {**TARGET, **NO_TLS, "protocol": "HTTP", "port": 80}),
    ),
    *_all(
        "aws-vpc-endpoint-service-disallow-everyone",
        ("PrivateLink for everyone", ENDPOINT_SERVICE, {"acceptanceRequired": True, "allowedPrincipals": ["*"]}),
        ("PrivateLink without a look", ENDPOINT_SERVICE, {"acceptanceRequired": False}),
        (
            "one more principal, which is everyone",
            "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple",
            {"vpcEndpointServiceId": "vpce-svc-0123456789abcdef0", "principalArn": "*"},
        ),
    ),
    *_all(
        "aws-vpc-endpoint-require-policy",
        ("an endpoint without a policy", VPC_ENDPOINT, {"policy": GONE}),
        ("an endpoint for anyone's resources", VPC_ENDPOINT, {"policy": document(ANYTHING)}),
    ),
    *_all(
        "kubernetes-pod-disallow-plain-secret",
        ("a token in the environment", DEPLOYMENT, {f"{BOX}.env": [{"name": "HF_TOKEN", "value": "hf_0"}]}),
    ),
    *_all("kubernetes-namespace-require-network-policy", ("no NetworkPolicy", NETWORK_POLICY, {"": GONE})),
    *_all(
        "paddock-model-require-accepted-license",
        ("a license that nobody accepted", DEPLOYMENT, {"metadata.annotations": {}}),
        ("another model's license", DEPLOYMENT, {"metadata.annotations": {"paddock.dev/license": "mit"}}),
    ),
    *_all(
        "paddock-cost-disallow-over-budget",
        (
            "nodes over the budget",
            DEPLOYMENT,
            {"metadata.annotations": {**ACCEPTED, "paddock.dev/monthly-budget-usd": "1"}},
        ),
    ),
    *_all(
        FIT,
        ("a model that is too large", DEPLOYMENT, {f"{BOX}.args": ["s3://b/models/llama-3.1-70b/bf16"]}),
        ("more GPUs than the node has", DEPLOYMENT, {f"{BOX}.args": [MODEL_URI, "--tensor-parallel-size", "8"]}),
    ),
]

PROVED: Mapping[str, frozenset[str]] = {
    "gateway": frozenset(
        {"an internet gateway", "a NAT gateway", "an egress-only gateway", "a carrier gateway", "the default VPC"}
    ),
    "route": frozenset({"a route to an internet gateway", "an inline route to NAT"}),
    "public-address": frozenset(
        {
            "an Elastic IP",
            "a subnet of public addresses",
            "nodes with public addresses",
            "a machine with a public address",
            "SSH to nodes for everyone",
        }
    ),
    "security-group": frozenset(
        {
            "ingress from everywhere",
            "ingress from everywhere, IPv6",
            "an ingress rule",
            "an old-style ingress rule",
        }
    ),
    "cluster-endpoint": frozenset({"a public Kubernetes API", "an API left at its default"}),
    "bucket-access": frozenset(
        {
            "public ACLs accepted",
            "public policies accepted",
            "public ACLs in force",
            "public policies in force",
            "a public ACL",
            "no public access block",
        }
    ),
    "bucket-network": frozenset({"no bucket policy", "no endpoint wanted", "old versions read from anywhere"}),
    "role-trust": frozenset({"a role for everyone"}),
    "load-balancer": frozenset({"a public load balancer"}),
    "service": frozenset({"a Service with a public balancer"}),
    "endpoint-service": frozenset({"PrivateLink for everyone", "one more principal, which is everyone"}),
    "endpoint-policy": frozenset({"an endpoint for anyone's resources"}),
}
"""By the proof's own rule: the faults that are ways out for bytes, and not only bad practice."""

HARMLESS = [
    Mutation("another region's registry", DEPLOYMENT, {f"{BOX}.image": IMAGE.replace("us-east-1", "eu-west-1")}),
    Mutation("more replicas", DEPLOYMENT, {"spec.replicas": 3}),
    Mutation("a larger node", GROUP, {"instanceTypes": ["g6e.2xlarge"]}),
    Mutation("a shorter context", DEPLOYMENT, {f"{BOX}.args": [MODEL_URI, "--max-model-len", "4096"]}),
    Mutation("another user", DEPLOYMENT, {f"{INSIDE}.runAsUser": 2000}),
    Mutation("a low port", DEPLOYMENT, {f"{INSIDE}.capabilities.add": ["NET_BIND_SERVICE"]}),
    Mutation("a headless service", SERVICE, {"spec.clusterIP": "None"}),
    Mutation("ingress from the VPC", SECURITY, {"ingress": [{"cidrBlocks": ["10.0.0.0/16"], **ALL_PORTS}]}),
    Mutation("egress to the VPC", SECURITY, {"egress": [{"cidrBlocks": ["10.0.0.0/16"], **ALL_PORTS}]}),
    Mutation("a count of addresses", f"{EC2}vpc:Vpc", {"enableNetworkAddressUsageMetrics": True}),
    Mutation("a key that AWS cannot rotate", KEY, {"enableKeyRotation": False, "customerMasterKeySpec": "RSA_2048"}),
    Mutation("two KMS layers", ENCRYPTION, {"rules.0.applyServerSideEncryptionByDefault.sseAlgorithm": "aws:kms:dsse"}),
    Mutation("reading through the account's endpoints alone", POLICY, {"policy": document(TLS, ACCOUNT)}),
    Mutation("the one action without a resource", ROLE_POLICY, {"policy": allow("ecr:GetAuthorizationToken", "*")}),
    Mutation("metadata switched off", TEMPLATE, {"metadataOptions": {"httpEndpoint": "disabled"}}),
    Mutation(
        "an endpoint for named resources",
        VPC_ENDPOINT,
        {"policy": document({**ANYTHING, "Resource": "arn:aws:s3:::b/*"})},
    ),
    Mutation("a listener of HTTPS", LISTENER, {**TARGET, "protocol": "HTTPS", "port": 443}),
    Mutation(
        "PrivateLink for one role",
        ENDPOINT_SERVICE,
        {"acceptanceRequired": True, "allowedPrincipals": ["arn:aws:iam::210987654321:role/app"]},
    ),
    Mutation("a token from a Secret", DEPLOYMENT, {f"{BOX}.env": [FROM_SECRET]}),
    Mutation("a machine for operators", INSTANCE, {**SAFE_MACHINE, **ROOT_DISK}),
    Mutation(
        "a budget that holds it",
        DEPLOYMENT,
        {"metadata.annotations": {**ACCEPTED, "paddock.dev/monthly-budget-usd": "5000"}},
    ),
    Mutation("tags on the cluster", CLUSTER, {"tags": {"team": "search"}}),
    Mutation("a config volume", DEPLOYMENT, {f"{POD}.volumes": [{"name": "c", "configMap": {"name": "c"}}]}),
]


def page() -> str:
    """`docs/privacy.md`."""
    return (
        "# What the policy pack refuses\n\n"
        "Generated from `tests/policy/mutations.py` by `python -m tests.policy.mutations`; a test compares them.\n\n"
        "Each runs at two levels. Unit: the inputs alone, through every rule (`tests/policy/test_mutations.py`).\n"
        "Engine: done to our own program by a Pulumi transform and previewed by the real engine under the pack, those\n"
        "of different resources side by side (`tests/local/test_mutated_programs.py`). `paddock prove` reads each\n"
        "preview too, and must name the way that is said last. What the program has none of is added to it.\n\n"
        f"## {len(MUTATIONS)} faults, each refused by the rule named\n\n"
        + "".join(
            item(
                f"**{each.says}**: `{each.rule}`, of `{each.resource_type}`"
                + (f"; proof: `{each.proof}`" if each.proof else "")
            )
            + "\n"
            for each in MUTATIONS
        )
        + f"\n## {len(HARMLESS)} variations, all let through\n\n"
        + "".join(item(f"**{each.says}**: `{each.resource_type}`") + "\n" for each in HARMLESS)
    )


if __name__ == "__main__":
    from pathlib import Path

    (Path(__file__).parents[2] / "docs" / "privacy.md").write_text(page(), encoding="utf-8")
