"""Healthy stack that keeps every rule, which the rows of mutations.py change: one resource a type."""

from collections.abc import Mapping
from typing import Any

from tests.unit.privacy.proof.stacks import document

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
    VPC_ENDPOINT: {"serviceName": "com.amazonaws.us-east-1.ecr.dkr", "policy": document(own_account())},
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
