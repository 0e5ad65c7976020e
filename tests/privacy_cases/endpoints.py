"""Policies of VPC endpoints: to whose resources, and for whose identities."""

from __future__ import annotations

from typing import Any

from tests.privacy_cases.case import door, fault
from tests.privacy_cases.program import Change, Value, add, put, ref
from tests.privacy_cases.values import (
    FOREIGN,
    FOREIGN_ROOT,
    OWN,
    OWN_RESOURCES,
    READER,
    STRANGERS_BUCKET,
    TRUSTS_OWN_IDENTITIES,
    endpoint,
    rights,
    when,
)
from tests.unit.privacy.proof.stacks import allow, document

ENDPOINT_POLICY = "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
NEVER = {"StringNotEquals": {"aws:ResourceAccount": "000000000000"}}
"""Condition that holds always: nobody has this account."""


def s3(policy: Value) -> Change:
    return put("VpcEndpoint", "llama-s3", policy=policy)


def reader_may(action: Any, resource: Any) -> Change:
    """Right more of the pods' role."""
    return add(ROLE_POLICY, role=READER, policy=rights(action, resource))


CASES = [
    fault(
        "S3 endpoint for the resources of any organization: every id begins with o-",
        s3(when("StringLike", "aws:ResourceOrgID", "o-*")),
    ),
    fault(
        "S3 endpoint for any path of any organization, by ForAnyValue",
        s3(when("ForAnyValue:StringLike", "aws:ResourceOrgPaths", "o-*/*")),
    ),
    fault(
        "S3 endpoint for any path of any organization",
        s3(when("StringLike", "aws:ResourceOrgPaths", "o-*/*")),
    ),
    door(
        "S3 endpoint names the bucket of a stranger for writing",
        s3(
            document(
                allow(
                    Action="s3:*", Resource=[f"arn:aws:s3:::{STRANGERS_BUCKET}", f"arn:aws:s3:::{STRANGERS_BUCKET}/*"]
                )
            )
        ),
    ),
    fault(
        "S3 endpoint names a bucket by its beginning: anybody may make one that begins so",
        s3(document(allow(Action="s3:*", Resource=["arn:aws:s3:::llama*"]))),
    ),
    door(
        "S3 endpoint for the resources of another account too",
        s3(when("StringEquals", "aws:ResourceAccount", [OWN, FOREIGN])),
    ),
    door(
        "S3 and STS endpoints for the identities of another account: a pod given its keys writes there",
        s3(when("StringEquals", "aws:PrincipalAccount", FOREIGN)),
        put("VpcEndpoint", "llama-sts", policy=document(allow(Principal=FOREIGN_ROOT))),
    ),
    fault(
        "S3 endpoint for our identities, and pods may use all of S3 by a managed policy inside the role",
        s3(TRUSTS_OWN_IDENTITIES),
        put("Role", "llama-reader", managedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3FullAccess"]),
    ),
    fault(
        "S3 endpoint for our identities, and pods may get from any bucket: bytes leave in the names of keys",
        s3(TRUSTS_OWN_IDENTITIES),
        reader_may("s3:GetObject", "arn:aws:s3:::*/*"),
    ),
    fault(
        "S3 endpoint for our identities, and pods have an action by wildcard on everything",
        s3(TRUSTS_OWN_IDENTITIES),
        reader_may(["s3:GetObject", "s3:ViewPut*"], "*"),
    ),
    fault(
        "policy for an endpoint of another stack, under a condition that always holds",
        add(ENDPOINT_POLICY, vpcEndpointId="vpce-0a1b2c3d4e5f60718", policy=document(allow(Condition=NEVER))),
    ),
    fault(
        "two policies for the S3 endpoint, one of them open: the one applied last holds",
        add(
            ENDPOINT_POLICY,
            "a-open",
            vpcEndpointId=ref("VpcEndpoint", "llama-s3"),
            policy=document(allow(Condition=NEVER)),
        ),
        add(ENDPOINT_POLICY, "b-strict", vpcEndpointId=ref("VpcEndpoint", "llama-s3"), policy=OWN_RESOURCES),
    ),
    fault(
        "two policies for the S3 endpoint, the first without any condition",
        add(ENDPOINT_POLICY, "first", vpcEndpointId=ref("VpcEndpoint", "llama-s3"), policy=document(allow())),
        add(ENDPOINT_POLICY, "second", vpcEndpointId=ref("VpcEndpoint", "llama-s3"), policy=OWN_RESOURCES),
    ),
    fault("endpoint for execute-api: the private API of any account", endpoint("execute-api")),
    fault(
        "S3 endpoint allows all, and denies by the account of the caller alone: whose resource is not asked",
        s3(document(allow(), allow(Effect="Deny", Condition={"StringNotEquals": {"aws:PrincipalAccount": OWN}}))),
    ),
    fault(
        "S3 endpoint allows all, and denies other accounts' resources for reading alone",
        s3(
            document(
                allow(),
                allow(
                    Effect="Deny",
                    Action="s3:GetObject",
                    Condition={"StringNotEquals": {"aws:ResourceAccount": OWN}},
                ),
            )
        ),
    ),
    fault(
        "S3 endpoint for another account, in which a second provider made a log group",
        add(
            "aws:cloudwatch/logGroup:LogGroup",
            "archive",
            arn=f"arn:aws:logs:us-east-1:{FOREIGN}:log-group:archive",
            by_engine={"provider": "urn:pulumi:local::paddock::pulumi:providers:aws::archive::0123"},
        ),
        s3(when("StringEquals", "aws:ResourceAccount", FOREIGN)),
    ),
]
