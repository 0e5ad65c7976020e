"""IAM documents and the roles that AWS services assume, in the one form that every component uses."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from paddock.common.account import ask
from paddock.common.labels import NO_TAGS
from paddock.common.naming import tags


def policy_document(*statements: Mapping[str, Any]) -> str:
    """An IAM policy of the given statements, as canonical JSON so that refreshing never shows a difference."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def trust(service: str, *actions: str) -> str:
    """The trust policy that lets one AWS service assume a role."""
    return policy_document(
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions) or ["sts:AssumeRole"]}
    )


def pod_identity_trust(account_id: str, cluster_name: str, namespace: str, service_account: str) -> str:
    """The trust policy by which EKS Pod Identity hands a role to one service account of one cluster, and to no other.

    EKS tags its session with these. Without the conditions whoever may make an association in the account could hand
    the role to any pod of any cluster. Source: EKS user guide, pod-id-role "Setting Conditions" and pod-id-abac, read
    2026-11-28; the account is IAM's guard against a confused deputy.
    """
    asked_for = {
        "aws:SourceAccount": account_id,
        "aws:RequestTag/eks-cluster-name": cluster_name,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    return policy_document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {"StringEquals": asked_for},
        }
    )


def service_role(
    name: str,
    trust_policy: str,
    managed_policies: Sequence[str],
    extra_tags: Mapping[str, str] = NO_TAGS,
    *,
    parent: pulumi.Resource,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role with AWS-managed policies attached; also the attachments, for whoever must wait for the rights."""
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(name, assume_role_policy=trust_policy, tags=tags(name, extra_tags), opts=child)
    partition = ask(aws.get_partition, parent).partition
    attachments: list[pulumi.Resource] = [
        aws.iam.RolePolicyAttachment(
            f"{name}-{policy}", role=role.name, policy_arn=f"arn:{partition}:iam::aws:policy/{policy}", opts=child
        )
        for policy in managed_policies
    ]
    return role, attachments
