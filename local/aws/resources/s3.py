"""S3 buckets. What is set on a bucket by a resource of its own stands in s3_settings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.aws.calls import tag_list, tag_map
from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Naming, Resource, names
from local.aws.values import Values

# S3 bucket naming rules, general purpose buckets.
_NAME = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)"
)
_HOSTED_ZONES = {
    # Amazon S3 website endpoints, AWS General Reference, read 2026-11-24
    "us-east-1": "Z3AQBSTGFJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-central-1": "Z21DNDUVLTQW6Q",
}


def _create(cloud: Cloud, inputs: Values) -> str:
    name = inputs["bucket"]
    if _exists(cloud, name):
        raise ValueError(f"the bucket {name} exists already")  # in us-east-1, S3 would say nothing
    where = {"LocationConstraint": cloud.region} if cloud.region != "us-east-1" else None
    cloud.s3.create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=inputs["objectLockEnabled"],
        **({"CreateBucketConfiguration": where} if where else {}),
    )
    return str(name)


def _exists(cloud: Cloud, name: str) -> bool:
    return name in {bucket["Name"] for bucket in cloud.s3.list_buckets()["Buckets"]}


def _settle(cloud: Cloud, id_: str, inputs: Values) -> None:
    if inputs.get("tagsAll"):
        cloud.s3.put_bucket_tagging(Bucket=id_, Tagging={"TagSet": tag_list(inputs["tagsAll"])})


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    if not _exists(cloud, id_):
        raise GoneError(id_)
    location = cloud.s3.get_bucket_location(Bucket=id_)["LocationConstraint"] or "us-east-1"
    try:
        lock = cloud.s3.get_object_lock_configuration(Bucket=id_)["ObjectLockConfiguration"]["ObjectLockEnabled"]
    except cloud.s3.exceptions.ClientError:  # S3 answers "no such configuration" with an error
        lock = "Disabled"
    return {
        "arn": f"arn:aws:s3:::{id_}",
        "bucket": id_,
        "bucketDomainName": f"{id_}.s3.amazonaws.com",
        "bucketPrefix": "",
        "bucketRegion": location,
        "bucketRegionalDomainName": f"{id_}.s3.{location}.amazonaws.com",
        "hostedZoneId": _HOSTED_ZONES.get(location, ""),
        "objectLockEnabled": lock == "Enabled",
        "requestPayer": "BucketOwner",
        "tagsAll": _tags(cloud, id_),
    }


def _tags(cloud: Cloud, id_: str) -> dict[str, str]:
    try:
        return tag_map(cloud.s3.get_bucket_tagging(Bucket=id_)["TagSet"])
    except cloud.s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchTagSet":
            return {}
        raise


def _delete(cloud: Cloud, id_: str, state: Values) -> None:
    if state.get("forceDestroy"):
        for page in cloud.s3.get_paginator("list_object_versions").paginate(Bucket=id_):
            objects = [
                {"Key": version["Key"], "VersionId": version["VersionId"]}
                for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            ]
            if objects:
                cloud.s3.delete_objects(Bucket=id_, Delete={"Objects": objects})
    cloud.s3.delete_bucket(Bucket=id_)


def _retag(cloud: Cloud, id_: str, _: Values, put: dict[str, str], drop: list[str]) -> None:
    tags = {key: value for key, value in _tags(cloud, id_).items() if key not in drop} | put
    if tags:
        cloud.s3.put_bucket_tagging(Bucket=id_, Tagging={"TagSet": tag_list(tags)})
    else:
        cloud.s3.delete_bucket_tagging(Bucket=id_)


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    name = inputs["bucket"]
    if isinstance(name, str) and not _NAME.fullmatch(name):
        yield (
            "bucket",
            f"{name!r} is no bucket name: 3 to 63 of a-z, 0-9, '-' and '.', beginning and ending with a-z or 0-9",
        )


RESOURCES = (
    Resource(
        pulumi_type="aws:s3/bucket:Bucket",
        operation=("s3", "CreateBucket"),
        arguments=names("bucket bucketPrefix forceDestroy objectLockEnabled"),
        naming=Naming(argument="bucket", prefix_argument="bucketPrefix", max_length=63, lower=True),
        defaults={"forceDestroy": False, "objectLockEnabled": False},
        replace_on=names("bucket bucketPrefix objectLockEnabled"),
        identity=names("bucket"),
        provider_only=names("bucketPrefix forceDestroy"),
        create=_create,
        settle=_settle,
        read=_read,
        delete=_delete,
        retag=_retag,
        validate=_validate,
    ),
)
