"""Recorded state of a stack: how far a deployment came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

STORE = "paddock:index:WeightsBucket"
STORE_PARTS = frozenset(
    {
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
    }
)
"""Parts of a store without which no weights are put there: a bucket without its policy would be a risk."""
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
"""Part of a store whose objects are locked: what is put there before it is not locked."""


BUILD = "paddock:index:IngestProject"
"""Component of the build that copies images and weights."""
SIGNING_KEY = "-signing-key"
"""End of the name of the key that signs revisions, beside the key that encrypts."""


def bucket_of(resources: Iterable[Mapping[str, Any]], *, locked: bool) -> str | None:
    """Name of the store's bucket, once all of the store is there, with its lock where it is to have one."""
    inside = [each for each in resources if f"{STORE}$" in each["urn"] and not each.get("delete")]
    done = [each for each in inside if each.get("id")]
    names = {each["urn"].rpartition("::")[2] for each in done}
    parts = STORE_PARTS | {LOCK} if locked else STORE_PARTS
    if not {each["type"] for each in done} >= parts or not any(name.endswith(SIGNING_KEY) for name in names):
        return None
    return next(str(each["id"]) for each in done if each["type"] == "aws:s3/bucket:Bucket")


def build_project_of(resources: Iterable[Mapping[str, Any]]) -> str | None:
    """Name of the build's project in CodeBuild, once it is there: its rights were made before it."""
    for each in resources:
        if each["type"] == "aws:codebuild/project:Project" and f"{BUILD}$" in each["urn"] and not each.get("delete"):
            return str(each["inputs"]["name"]) if each.get("id") else None
    return None
