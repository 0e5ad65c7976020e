"""The model's weights in S3, and the one identity in the cluster that may read them."""

import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.arguments import ArgumentError, accepted
from paddock.catalog.lookup import shown
from paddock.iam import policy_document, trust
from paddock.naming import NO_TAGS, tags

KEY_DELETION_WINDOW_DAYS = 30
FOLDER = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


class ModelWeightsArgs(TypedDict):
    model: str
    """The model's name in paddock's catalog; with the quantization it names the folder of the weights."""
    quantization: str
    """`bf16`, `fp8`, `int8` or `int4`."""
    cluster_name: NotRequired[pulumi.Input[str]]
    """The EKS cluster whose pods may read. Default: no reader; only the store is made."""
    namespace: NotRequired[str]
    """The reader's namespace. Default: `llama`."""
    service_account: NotRequired[str]
    """The reader's Kubernetes service account. Default: `vllm`."""
    keep: NotRequired[bool]
    """Whether bucket and key outlive `pulumi destroy`: fetching 800 GiB again takes hours. Default: true."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Default: none."""


def weights_prefix(model: str, quantization: str) -> str:
    """Where one checkpoint lies in the bucket; every checkpoint has a folder of its own. Raises `ArgumentError`.

    It stands in IAM policies, where `*`, `?` and `${…}` would mean more than themselves.
    """
    for key, value in (("model", model), ("quantization", quantization)):
        if not FOLDER.fullmatch(value):
            raise ArgumentError(
                f"ModelWeights: {key} must be lower-case letters, digits, dots, hyphens or underscores, got "
                f"{shown(value)}"
            )
    return f"models/{model}/{quantization}"


class ModelWeights(pulumi.ComponentResource):
    """A private, encrypted, versioned bucket for weights and, for one service account, the right to read from it.

    It holds no weights yet: `docs/weights.md` shows how they are put there.
    """

    bucket_name: pulumi.Output[str]
    uri: pulumi.Output[str]
    """`s3://…` of the checkpoint, as vLLM's streaming loader takes it."""

    def __init__(self, name: str, args: ModelWeightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("ModelWeights", args, ModelWeightsArgs)
        prefix = weights_prefix(args["model"], args["quantization"])
        super().__init__("paddock:index:ModelWeights", name, {}, opts)
        extra = args.get("tags", NO_TAGS)
        keep = args.get("keep", True)

        key, bucket = self._store(name, keep, extra)
        if "cluster_name" in args:
            self._reader(
                name,
                args["cluster_name"],
                args.get("namespace", "llama"),
                args.get("service_account", "vllm"),
                pulumi.Output.all(bucket.arn, key.arn).apply(lambda arns: read_policy(arns[0], arns[1], prefix)),
                extra,
            )
        self.bucket_name = bucket.bucket
        self.uri = pulumi.Output.concat("s3://", bucket.bucket, "/", prefix)
        self.register_outputs({"bucket_name": self.bucket_name, "uri": self.uri})

    def _store(self, name: str, keep: bool, extra: Mapping[str, str]) -> tuple[aws.kms.Key, aws.s3.Bucket]:
        # A kept bucket without its key would be noise, and without its fences a risk: they stay or go together.
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=keep)
        key = aws.kms.Key(
            f"{name}-key",
            description="Model weights",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_WINDOW_DAYS,
            tags=tags(f"{name}-key", extra),
            opts=kept,
        )
        bucket = aws.s3.Bucket(f"{name}-store", force_destroy=not keep, tags=tags(f"{name}-store", extra), opts=kept)
        fence = aws.s3.BucketPublicAccessBlock(
            f"{name}-store",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=kept,
        )
        aws.s3.BucketVersioning(
            f"{name}-store", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=kept
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-store",
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": key.arn,
                    },
                    # One data key for the bucket instead of a KMS call for each of thousands of ranged reads.
                    "bucket_key_enabled": True,
                }
            ],
            opts=kept,
        )
        aws.s3.BucketPolicy(
            f"{name}-store",
            bucket=bucket.bucket,
            policy=bucket.arn.apply(encrypted_transport_only),
            # S3 answers one configuration change at a time with a conflict for the other.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=keep, depends_on=[fence]),
        )
        return key, bucket

    def _reader(
        self,
        name: str,
        cluster_name: pulumi.Input[str],
        namespace: str,
        service_account: str,
        policy: pulumi.Output[str],
        extra: Mapping[str, str],
    ) -> None:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-reader",
            assume_role_policy=trust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession"),
            tags=tags(f"{name}-reader", extra),
            opts=child,
        )
        right = aws.iam.RolePolicy(f"{name}-reader", role=role.name, policy=policy, opts=child)
        aws.eks.PodIdentityAssociation(
            f"{name}-reader",
            cluster_name=cluster_name,
            namespace=namespace,
            service_account=service_account,
            role_arn=role.arn,
            tags=tags(f"{name}-reader", extra),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[right]),
        )


def read_policy(bucket_arn: str, key_arn: str, prefix: str) -> str:
    """The right to list and read one folder of the bucket, and to decrypt with its key; nothing else."""
    return policy_document(
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{bucket_arn}/{prefix}/*"]},
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": [bucket_arn],
            "Condition": {"StringLike": {"s3:prefix": [f"{prefix}/*", prefix]}},
        },
        {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [key_arn]},
    )


def encrypted_transport_only(bucket_arn: str) -> str:
    """Refuse whoever speaks to the bucket without TLS, the account's own administrators included."""
    return policy_document(
        {
            "Sid": "RefuseUnencryptedTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
