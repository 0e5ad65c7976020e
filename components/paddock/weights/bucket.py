"""The store of the model's weights: a bucket in S3, its key, and who is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from paddock.catalog.lookup import shown
from paddock.choices import MOST_LOCK_DAYS, REVISION_NAME
from paddock.common.account import Account
from paddock.common.iam import policy_document
from paddock.common.inputs import ArgumentError, accepted
from paddock.common.labels import NO_TAGS
from paddock.common.naming import tags
from paddock.weights.revision import REVISION_FILE, REVOKED_FILE, SIGNATURE_FILE

KEY_DELETION_WINDOW_DAYS = 30
UNFINISHED_UPLOAD_DAYS = 7
REPLACED_OBJECT_DAYS = 30
"""Days after which an upload that nobody finished, and what was deleted or replaced, stop to bill."""
PAPERS = ("config.json", SIGNATURE_FILE, REVISION_FILE, REVOKED_FILE)
"""Files of a revision that hold no weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWeights:
    """A bucket of a `WeightsBucket` that outlived its stack, with its key: nothing is made, and nothing is changed."""

    bucket_name: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    prefix: pulumi.Output[str]
    uri: pulumi.Output[str]

    @classmethod
    def of(cls, bucket_name: str, key_arn: str, model: str, revision: str) -> "KeptWeights":
        prefix = weights_prefix(model, revision)
        known = pulumi.Output.from_input
        return cls(
            bucket_name=known(bucket_name),
            key_arn=known(key_arn),
            prefix=known(prefix),
            uri=known(f"s3://{bucket_name}/{prefix}"),
        )


class WeightsBucketArgs(TypedDict):
    model: str
    """The model's name in paddock's catalog; with the quantization it names the folder of the weights."""
    quantization: str
    """The way the weights are stored, such as `bf16`, `fp8` or `int4`."""
    revision: NotRequired[str]
    """The revision's name, which then names the folder in the place of the quantization. Default: the quantization."""
    object_lock_days: NotRequired[int]
    """Days for which no version of an object can be deleted but with the right to bypass governance. Default: none."""
    retain: NotRequired[bool]
    """True: bucket and key outlive `pulumi destroy`: fetching 800 GiB again takes hours. Default: true."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on everything. Default: none."""


def weights_prefix(model: str, revision: str) -> str:
    """Folder of one checkpoint in the bucket; every revision has a folder of its own. Raises `ArgumentError`.

    Without a revision the quantization stands in its place.

    It stands in IAM policies, where `*`, `?` and `${…}` would mean more than themselves.
    """
    for key, value in (("model", model), ("revision", revision)):
        if not REVISION_NAME.fullmatch(value):
            raise ArgumentError(
                f"WeightsBucket: {key} must be lower-case letters, digits, dots, hyphens or underscores, got "
                f"{shown(value)}"
            )
    return f"models/{model}/{revision}"


class WeightsBucket(pulumi.ComponentResource):
    """A private, encrypted, versioned bucket for weights, readable only through a VPC endpoint of its own account.

    Nothing in it is ever overwritten. Beside it stands the KMS key that signs revisions. It holds no weights yet:
    `docs/weights.md` shows how they are put there. Nobody has the right to read: `WeightsReadAccess` gives it.
    """

    bucket_name: pulumi.Output[str]
    """Known at the first preview, as the endpoints' policies name it."""
    key_arn: pulumi.Output[str]
    prefix: pulumi.Output[str]
    """The folder of the checkpoint in the bucket."""
    uri: pulumi.Output[str]
    """`s3://…` of the checkpoint, as vLLM's streaming loader takes it."""
    signing_key_arn: pulumi.Output[str]
    """The KMS key (ECDSA, P-256) by which revisions are signed."""
    public_key_pem: pulumi.Output[str]
    """Its public half, by which pods check them."""

    def __init__(self, name: str, args: WeightsBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args = accepted("WeightsBucket", args, WeightsBucketArgs)
        prefix = weights_prefix(args["model"], args.get("revision", args["quantization"]))
        retain, lock_days = args.get("retain", True), args.get("object_lock_days")
        if lock_days is not None and not 1 <= lock_days <= MOST_LOCK_DAYS:
            raise ArgumentError(f"WeightsBucket: object_lock_days must be 1 to {MOST_LOCK_DAYS:,}, got {lock_days}")
        super().__init__("paddock:index:WeightsBucket", name, {}, opts)

        extra = args.get("tags", NO_TAGS)
        key, bucket = self._store(name, retain, lock_days, extra)
        signing_key = self._signing_key(name, retain, extra)
        self.bucket_name = bucket.bucket
        self.key_arn = key.arn
        self.prefix = pulumi.Output.from_input(prefix)
        self.uri = pulumi.Output.concat("s3://", bucket.bucket, "/", prefix)
        self.signing_key_arn = signing_key.arn
        asked = pulumi.InvokeOutputOptions(parent=self)
        self.public_key_pem = aws.kms.get_public_key_output(key_id=signing_key.arn, opts=asked).public_key_pem
        self.register_outputs(
            {
                "bucket_name": self.bucket_name,
                "key_arn": self.key_arn,
                "prefix": self.prefix,
                "uri": self.uri,
                "signing_key_arn": self.signing_key_arn,
                "public_key_pem": self.public_key_pem,
            }
        )

    def _signing_key(self, name: str, retain: bool, extra: Mapping[str, str]) -> aws.kms.Key:
        """Key that signs revisions; it stays with them, as nothing else can sign for those who trust it."""
        return aws.kms.Key(
            f"{name}-signing-key",
            description="Signatures of model weights",
            key_usage="SIGN_VERIFY",
            customer_master_key_spec="ECC_NIST_P256",
            # AWS rotates symmetric keys alone.
            deletion_window_in_days=KEY_DELETION_WINDOW_DAYS,
            tags=tags(f"{name}-signing-key", extra),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=retain),
        )

    def _store(
        self, name: str, retain: bool, lock_days: int | None, extra: Mapping[str, str]
    ) -> tuple[aws.kms.Key, aws.s3.Bucket]:
        # A kept bucket without its key would be noise, and without its policies a risk: all stay or all go.
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=retain)
        key = aws.kms.Key(
            f"{name}-key",
            description="Model weights",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_WINDOW_DAYS,
            tags=tags(f"{name}-key", extra),
            opts=kept,
        )
        bucket = aws.s3.Bucket(f"{name}-store", force_destroy=not retain, tags=tags(f"{name}-store", extra), opts=kept)
        public_access_block = aws.s3.BucketPublicAccessBlock(
            f"{name}-store",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=kept,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-store", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=kept
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-store",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "leftovers-of-uploads",
                    "status": "Enabled",
                    "filter": {},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": UNFINISHED_UPLOAD_DAYS},
                    "noncurrent_version_expiration": {"noncurrent_days": REPLACED_OBJECT_DAYS},
                }
            ],
            # S3 takes a rule for old versions only where there are versions.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=retain, depends_on=[versioning]),
        )
        if lock_days is not None:
            # By this setting and not by the bucket's own, which only a new bucket takes: it would replace one that is
            # there. Governance, not compliance: a lock of the wrong length, on 800 GB, would bill to its end, whoever
            # asks. The signature shows a change in any case (docs/adr/0033).
            aws.s3.BucketObjectLockConfiguration(
                f"{name}-store",
                bucket=bucket.bucket,
                rule={"default_retention": {"mode": "GOVERNANCE", "days": lock_days}},
                opts=pulumi.ResourceOptions(parent=self, retain_on_delete=retain, depends_on=[versioning]),
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
        account = Account.of(self)
        aws.s3.BucketPolicy(
            f"{name}-store",
            bucket=bucket.bucket,
            # From the bucket's name, which a first preview knows and its ARN it does not: so the policy can be checked.
            policy=bucket.bucket.apply(lambda bucket_name: bucket_policy(account.partition, bucket_name, account.id)),
            # S3 answers one configuration change at a time with a conflict for the other.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=retain, depends_on=[public_access_block]),
        )
        return key, bucket


def bucket_policy(partition: str, bucket_name: str, account_id: str) -> str:
    """Bucket policy: refusals that bind the account's own administrators too."""
    bucket = f"arn:{partition}:s3:::{bucket_name}"
    objects = f"{bucket}/*"
    return policy_document(
        {
            "Sid": "RefuseUnencryptedTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, objects],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            # GetObject* is every action that reads contents: old versions, torrents, replication, and copying from
            # here, which needs GetObject. Writing and listing stay open to whoever has the right, so that weights can
            # be put there from outside. The key is missing, and so unequal, where no endpoint was passed. S3 supports
            # it: IAM User Guide, aws:VpceAccount, read 2026-11-24; announced 2025-08-29.
            #
            # Papers are left out, so that who has the right can see from anywhere what a revision is and verify its
            # signature: they hold no weights. The policy pack takes these names alone (names.toml, papers).
            "Sid": "RefuseReadingFromOutsideTheAccountsNetworks",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject*",
            "NotResource": [f"{bucket}/models/*/{paper}" for paper in PAPERS],
            "Condition": {"StringNotEquals": {"aws:VpceAccount": account_id}},
        },
        {
            # One that names none gets the bucket's, with the key above. `aws:kms` without a key would be AWS's own key,
            # and with one any key, which pods may not use; this one's ARN is not known at a first preview. Source: S3
            # user guide, specifying-kms-encryption, read 2026-11-28.
            "Sid": "RefuseNamedEncryption",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": [objects],
            "Condition": {"Null": {"s3:x-amz-server-side-encryption": "false"}},
        },
        {
            "Sid": "RefuseEncryptionWithAKeyOfTheUploader",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": [objects],
            "Condition": {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}},
        },
        {
            # What is there stays as it was signed: S3 takes an object only with `If-None-Match: *`, and so once. The
            # second condition spares the calls of a multipart upload that know no such header, before the one that
            # completes it. Copying into the bucket is refused with it. Source: S3 user guide,
            # conditional-writes-enforce, read 2026-11-29.
            "Sid": "RefuseOverwriting",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": [objects],
            "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
        },
    )
