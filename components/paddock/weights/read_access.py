"""The one identity in the cluster that may read the weights, and only through one VPC's endpoint."""

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.catalog.lookup import shown
from paddock.choices import BUCKET_NAME
from paddock.common.account import Account
from paddock.common.iam import pod_identity_trust, policy_document
from paddock.common.inputs import LABEL, ArgumentError, accepted
from paddock.common.labels import NO_TAGS
from paddock.common.naming import CLUSTER_NAME, tags


class WeightsReadAccessArgs(TypedDict):
    bucket_name: pulumi.Input[str]
    """The bucket of a `WeightsBucket`."""
    key_arn: pulumi.Input[str]
    """The key that the bucket's objects are encrypted with."""
    prefix: pulumi.Input[str]
    """The folder of the one checkpoint that may be read."""
    adapter_prefixes: NotRequired[Sequence[pulumi.Input[str]]]
    """Folders of the LoRA adapters that may be read beside it. Default: none."""
    cluster_name: pulumi.Input[str]
    """The EKS cluster whose pods read."""
    namespace: str
    """Kubernetes namespace of the pods that read: EKS ties one role to a service account of a namespace."""
    service_account: NotRequired[str]
    """The reader's Kubernetes service account. Default: `vllm`."""
    s3_endpoint_id: NotRequired[pulumi.Input[str]]
    """The VPC endpoint of S3 through which alone it may read. Default: any that the bucket's policy lets through."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Default: none."""


SHAPES = MappingProxyType(
    {
        "bucket_name": (BUCKET_NAME, "the name of an S3 bucket"),
        "key_arn": (re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+"), "the ARN of a KMS key"),
        "prefix": (
            re.compile(r"(?=.{1,1024}$)[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*"),
            "a folder such as models/llama/bf16",
        ),
        "cluster_name": (CLUSTER_NAME, "the name of an EKS cluster"),
        "namespace": (LABEL, "a name in Kubernetes"),
        "service_account": (LABEL, "a name in Kubernetes"),
        "s3_endpoint_id": (re.compile(r"[A-Za-z0-9-]{1,64}"), "the id of a VPC endpoint"),
    }
)
"""Shapes of values that stand in an IAM policy, where `*`, `?` and `${…}` would mean more than themselves."""


def checked(argument: str, value: pulumi.Input[str], shape_of: str = "") -> pulumi.Output[str]:
    """The value in its shape; `ArgumentError`, at once where it is plain, else when it is known."""
    shape, meant = SHAPES[shape_of or argument]

    def check(known: Any) -> str:
        if not isinstance(known, str) or not shape.fullmatch(known):
            raise ArgumentError(f"WeightsReadAccess: {argument} must be {meant}, got {shown(known)}")
        return known

    if not isinstance(value, pulumi.Output):
        check(value)
    return pulumi.Output.from_input(value).apply(check)


class WeightsReadAccess(pulumi.ComponentResource):
    """The right of one service account's pods, by EKS Pod Identity, to read one checkpoint and to decrypt it."""

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: WeightsReadAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("WeightsReadAccess", args, WeightsReadAccessArgs)
        known = {key: checked(key, args[key]) for key in SHAPES if key in args}  # type: ignore[literal-required]
        beside = [checked("adapter_prefixes", each, "prefix") for each in args.get("adapter_prefixes", ())]
        super().__init__("paddock:index:WeightsReadAccess", name, {}, opts)
        account = Account.of(self)
        extra = args.get("tags", NO_TAGS)
        child = pulumi.ResourceOptions(parent=self)
        service_account = args.get("service_account", "vllm")
        role = aws.iam.Role(
            f"{name}-reader",
            assume_role_policy=known["cluster_name"].apply(
                lambda cluster: pod_identity_trust(account.id, cluster, args["namespace"], service_account)
            ),
            tags=tags(f"{name}-reader", extra),
            opts=child,
        )

        # Three documents, not one: a first preview knows the bucket's name, but neither the key nor the endpoint.
        def right(purpose: str, policy: pulumi.Output[str]) -> aws.iam.RolePolicy:
            return aws.iam.RolePolicy(f"{name}-reader{purpose}", role=role.name, policy=policy, opts=child)

        where = pulumi.Output.all(known["bucket_name"], known["prefix"], *beside)
        rights = [
            right("", where.apply(lambda it: read_policy(account.partition, *it))),
            right("-key", known["key_arn"].apply(lambda key: decrypt_policy(key, account.region))),
        ]
        if "s3_endpoint_id" in known:
            rights.append(right("-network", known["s3_endpoint_id"].apply(endpoint_policy)))
        aws.eks.PodIdentityAssociation(
            f"{name}-reader",
            cluster_name=args["cluster_name"],
            namespace=args["namespace"],
            service_account=service_account,
            role_arn=role.arn,
            tags=tags(f"{name}-reader", extra),
            opts=pulumi.ResourceOptions(parent=self, depends_on=rights),
        )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})


def read_policy(partition: str, bucket_name: str, prefix: str, *adapter_prefixes: str) -> str:
    """The right to list and read one folder of the bucket, and those of the adapters; nothing else."""
    bucket = f"arn:{partition}:s3:::{bucket_name}"
    folders = [f"{each}/*" for each in dict.fromkeys((prefix, *adapter_prefixes))]
    resources = [f"{bucket}/{each}" for each in folders]
    return policy_document(
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": resources},
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": [bucket],
            "Condition": {"StringLike": {"s3:prefix": [folders[0], prefix, *folders[1:]]}},
        },
    )


def decrypt_policy(key_arn: str, region: str) -> str:
    """The right to have S3 decrypt with the key, and no other use of it."""
    return policy_document(
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": [key_arn],
            "Condition": {"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}},
        }
    )


def endpoint_policy(s3_endpoint_id: str) -> str:
    """Denial of S3 but through the endpoint: credentials that were carried off are of no use elsewhere.

    S3 alone, as the name of the endpoint is not handed on when S3 asks KMS to decrypt.
    """
    return policy_document(
        {
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:SourceVpce": s3_endpoint_id}},
        }
    )
