"""Discovery of a stack's store in its account: the bucket of weights and the key that signs them, by their tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paddock.catalog.lookup import RefusedError
from paddock.common.labels import STACK_TAG
from paddock.operations.aws_errors import aws_errors

if TYPE_CHECKING:
    import boto3

    from paddock.operations.leftovers.found import Owner


@dataclass(frozen=True, slots=True)
class Found:
    bucket: str | None
    signing_key_arn: str | None


def find(session: boto3.Session, owner: Owner) -> Found:
    """Bucket and signing key of the stack's `WeightsBucket`, None for what there is not. Raises `RefusedError`."""
    with aws_errors("looking for the stack's store"):
        pages = session.client("resourcegroupstaggingapi").get_paginator("get_resources")
        wanted = {"TagFilters": [{"Key": STACK_TAG, "Values": [owner.tag]}], "ResourceTypeFilters": ["s3", "kms"]}
        listed = [
            (each["ResourceARN"], {tag["Key"]: tag["Value"] for tag in each["Tags"]})
            for page in pages.paginate(**wanted)
            for each in page["ResourceTagMappingList"]
        ]
        kms = session.client("kms")

        def ends(key: str) -> bool:
            return str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]) == "PendingDeletion"

        return chosen(listed, owner.name, ends)


def chosen(
    listed: Iterable[tuple[str, Mapping[str, str]]], name: str, ends: Callable[[str], bool] = lambda _: False
) -> Found:
    """Pick from (ARN, tags) by the tag `Name` that `WeightsBucket` gives. Raises `RefusedError` for two of a kind.

    Of several keys those do not count that wait for their deletion, as `ends` says: those of a stack that was removed.
    """
    buckets, keys = [], []
    for arn, tags in listed:
        service, resource = arn.split(":", 5)[2], arn.split(":", 5)[5]
        if service == "s3" and tags.get("Name") == f"{name}-store":
            buckets.append(resource)
        if service == "kms" and tags.get("Name") == f"{name}-signing-key":
            keys.append(arn)
    if len(keys) > 1:
        keys = [key for key in keys if not ends(key)]
    for found, option in ((buckets, "--bucket"), (keys, "--public-key")):
        if len(found) > 1:
            raise RefusedError(f"the stack has {', '.join(sorted(found))}; name one by {option}")
    return Found(*(found[0] if found else None for found in (buckets, keys)))
