"""Cluster: who is an administrator, where its nodes and pods stand, what its add-ons do."""

from __future__ import annotations

from tests.privacy_cases.case import door, fault, rule_only
from tests.privacy_cases.objects import RBAC, bound, box, object_
from tests.privacy_cases.program import add, put, ref
from tests.privacy_cases.values import CLUSTER, FOREIGN, OWN

ADMIN = f"arn:aws:iam::{FOREIGN}:role/operator"
ENTRY = "aws:eks/accessEntry:AccessEntry"
ADDON = "aws:eks/addon:Addon"
POD_IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def user(kind: str, name: str) -> dict[str, str]:
    return {"kind": kind, "name": name, "apiGroup": RBAC}


CASES = [
    door(
        "role of another account is an administrator of the cluster by an access entry",
        add(ENTRY, clusterName=CLUSTER, principalArn=ADMIN),
        add(
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            clusterName=CLUSTER,
            principalArn=ADMIN,
            policyArn=CLUSTER_ADMIN,
            accessScope={"type": "cluster"},
        ),
    ),
    fault(
        "old way in is on again, and maps a role of another account to system:masters",
        put("Cluster", "llama-cluster", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"}),
        object_(
            "core/v1",
            "ConfigMap",
            "aws-auth",
            "kube-system",
            data={"mapRoles": f"- rolearn: {ADMIN}\n  username: op\n  groups: [system:masters]\n"},
        ),
    ),
    fault(
        "access is decided by a ConfigMap alone, which nobody sees here",
        put("Cluster", "llama-cluster", accessConfig={"authenticationMode": "CONFIG_MAP"}),
    ),
    fault(
        "identity provider outside says who the users of the cluster are",
        add(
            "aws:eks/identityProviderConfig:IdentityProviderConfig",
            clusterName=CLUSTER,
            oidc={
                "clientId": "x",
                "identityProviderConfigName": "x",
                "issuerUrl": "https://somewhere.example",
            },
        ),
    ),
    fault(
        "hybrid nodes: pods may run on machines outside of AWS",
        put(
            "Cluster",
            "llama-cluster",
            remoteNetworkConfig={
                "remoteNodeNetworks": {"cidrs": ["10.80.0.0/16"]},
                "remotePodNetworks": {"cidrs": ["10.85.0.0/16"]},
            },
        ),
        add(ENTRY, clusterName=CLUSTER, principalArn=f"arn:aws:iam::{OWN}:role/hybrid", type="HYBRID_LINUX"),
    ),
    fault(
        "users without any credential are administrators of the cluster",
        bound("cluster-admin", user("User", "system:anonymous"), user("Group", "system:unauthenticated")),
    ),
    fault(
        "CNI add-on without its policy agent: no NetworkPolicy of the cluster is kept",
        put("Addon", "llama-vpc-cni", configurationValues='{"enableNetworkPolicy": "false"}'),
    ),
    fault(
        "pods go to another cluster by a second Kubernetes provider",
        add("pulumi:providers:kubernetes", "elsewhere", kubeconfig="apiVersion: v1", by_engine={"id": "0123abcd"}),
        add(
            "kubernetes:core/v1:Pod",
            "elsewhere",
            metadata={"name": "vllm", "namespace": "llama"},
            spec={"containers": [box()]},
            by_engine={"provider": "urn:pulumi:local::paddock::pulumi:providers:kubernetes::elsewhere::0123abcd"},
        ),
    ),
    fault(
        "role that reads the weights is given to every pod without an account of its own",
        add(
            POD_IDENTITY,
            clusterName=CLUSTER,
            namespace="default",
            serviceAccount="default",
            roleArn=ref("Role", "llama-reader", "arn"),
        ),
    ),
    fault(
        "pods are given a role of another account",
        add(
            POD_IDENTITY,
            clusterName=CLUSTER,
            namespace="llama",
            serviceAccount="other",
            roleArn=ref("Role", "llama-reader", "arn"),
            targetRoleArn=f"arn:aws:iam::{FOREIGN}:role/sink",
        ),
    ),
    fault(
        "add-on of a seller whose trade is to send data out",
        add(ADDON, clusterName=CLUSTER, addonName="datadog_operator"),
    ),
    fault(
        "Fargate profile in subnets that are not seen: pods run there",
        add(
            "aws:eks/fargateProfile:FargateProfile",
            clusterName=CLUSTER,
            podExecutionRoleArn=f"arn:aws:iam::{OWN}:role/fargate",
            subnetIds=["subnet-0a1b2c3d4e5f60718"],
            selectors=[{"namespace": "llama"}],
        ),
    ),
    fault(
        "capability of EKS that applies programs from repositories outside",
        add(
            "aws:eks/capability:Capability",
            clusterName=CLUSTER,
            capabilityName="argo",
            type="ARGOCD",
            roleArn=f"arn:aws:iam::{OWN}:role/argo",
            deletePropagationPolicy="RETAIN",
        ),
    ),
    rule_only(
        "authenticated users of any kind are administrators of the cluster",
        bound("cluster-admin", user("Group", "system:authenticated")),
    ),
]
