"""Roles, keys and secrets: who may become whom, who may decrypt, who reads a token."""

from __future__ import annotations

from tests.privacy_cases.case import door, fault, rule_only
from tests.privacy_cases.program import Change, add, put, ref
from tests.privacy_cases.values import (
    FOREIGN,
    FOREIGN_ROOT,
    OWN,
    READER,
    endpoint,
    rights,
    trust,
)
from tests.unit.privacy.proof.stacks import allow, document

GITHUB = "token.actions.githubusercontent.com"
MANAGED = "arn:aws:iam::aws:policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
KEY = ref("Key", "llama-key", "arn")


def key_policy(principal: object, action: str = "kms:*", **more: object) -> Change:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}
    return put("Key", "llama-key", policy=document(statement))


CASES = [
    door("key of the weights may be used by another account", key_policy(FOREIGN_ROOT)),
    rule_only(
        "key of the weights may be used by any account that comes through S3",
        key_policy(
            {"AWS": "*"},
            "kms:Decrypt",
            Condition={"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
        ),
    ),
    rule_only(
        "grant lets another account decrypt with the key of the weights",
        add(
            "aws:kms/grant:Grant",
            keyId=KEY,
            granteePrincipal=f"arn:aws:iam::{FOREIGN}:root",
            operations=["Decrypt"],
        ),
    ),
    door(
        "another account may take the role that reads the weights",
        put("Role", "llama-reader", assumeRolePolicy=trust(FOREIGN_ROOT)),
    ),
    fault(
        "everyone who knows an external id may take the role: such an id is no secret",
        put(
            "Role",
            "llama-reader",
            assumeRolePolicy=trust({"AWS": "*"}, Condition={"StringEquals": {"sts:ExternalId": "llama"}}),
        ),
    ),
    fault(
        "role for GitHub Actions that does not ask whose repository: all of GitHub may take it",
        add(
            "aws:iam/role:Role",
            "deploy",
            assumeRolePolicy=trust(
                {"Federated": f"arn:aws:iam::{OWN}:oidc-provider/{GITHUB}"},
                "sts:AssumeRoleWithWebIdentity",
                Condition={"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}},
            ),
        ),
    ),
    rule_only(
        "nodes' role is an administrator, written inside the role",
        put("Role", "llama-gpu-node", managedPolicyArns=[f"{MANAGED}/AdministratorAccess"]),
    ),
    rule_only(
        "right on every bucket by arn:aws:s3:::* in place of *",
        add(
            "aws:iam/rolePolicy:RolePolicy",
            role=READER,
            policy=rights(["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::*", "arn:aws:s3:::*/*"]),
        ),
    ),
    rule_only(
        "pods may use all of S3 by a managed policy: they may take the fence off",
        add(ATTACHMENT, role=READER, policyArn=f"{MANAGED}/AmazonS3FullAccess"),
    ),
    rule_only(
        "nodes may use all of S3 by a managed policy, and every queue of every account",
        add(ATTACHMENT, role=ref("Role", "llama-gpu-node", "name"), policyArn=f"{MANAGED}/AmazonS3FullAccess"),
        add(
            "aws:iam/rolePolicy:RolePolicy",
            role=ref("Role", "llama-gpu-node", "name"),
            policy=rights("sqs:SendMessage", "arn:aws:sqs:*:*:*"),
        ),
    ),
    fault(
        "user with an access key, which works from anywhere",
        add("aws:iam/user:User", "ci"),
        add("aws:iam/accessKey:AccessKey", user=ref("User", "ci", "name")),
    ),
    rule_only(
        "pods' role is an administrator by the attachment that takes it from all others",
        add("aws:iam/policyAttachment:PolicyAttachment", policyArn=f"{MANAGED}/AdministratorAccess", roles=[READER]),
    ),
    rule_only(
        "parameter holds a token in plain text",
        add("aws:ssm/parameter:Parameter", name="/llama/hf-token", type="String", value="hf_abcdefghijklmnop"),
    ),
    door(
        "secrets of Kubernetes are encrypted with the key of another account",
        put(
            "Cluster",
            "llama-cluster",
            encryptionConfig={
                "provider": {"keyArn": f"arn:aws:kms:us-east-1:{FOREIGN}:key/1b2c3d4e-0000-4000-8000-111122223333"},
                "resources": ["secrets"],
            },
        ),
    ),
    fault(
        "secret may be read by everyone but an account that nobody has",
        add(
            "aws:secretsmanager/secret:Secret",
            policy=document(allow(Condition={"StringNotEquals": {"aws:PrincipalAccount": "000000000000"}})),
        ),
    ),
    door(
        "shells on GPU nodes: rights and endpoints of Systems Manager, whose sessions forward ports",
        add(
            ATTACHMENT,
            role=ref("Role", "llama-gpu-node", "name"),
            policyArn=f"{MANAGED}/AmazonSSMManagedInstanceCore",
        ),
        *[endpoint(service, service) for service in ("ssm", "ssmmessages", "ec2messages")],
    ),
]
