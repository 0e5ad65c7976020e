"""Settings of an S3 bucket, whose id they bear: public access block, versioning, encryption, lifecycle, policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.aws.calls import camel, pascal
from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Change, Resource, names
from local.aws.values import UNKNOWN, Values

_STATUSES = ("Enabled", "Suspended", "Disabled")
"""Disabled is Pulumi's word for "never enabled"."""
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _setting(put: Callable[[Cloud, Values], object]) -> dict[str, Any]:
    """Creation and update of a setting are the same call."""

    def create(cloud: Cloud, inputs: Values) -> str:
        put(cloud, inputs)
        return str(inputs["bucket"])

    def update(change: Change) -> None:
        put(change.cloud, change.new)

    return {"create": create, "update": update, "identity": names("bucket"), "replace_on": names("bucket")}


def _put_block(cloud: Cloud, inputs: Values) -> None:
    cloud.s3.put_public_access_block(
        Bucket=inputs["bucket"],
        PublicAccessBlockConfiguration=pascal({name: inputs[name] for name in _BLOCKS}),
    )


def _read_block(cloud: Cloud, id_: str, _: Values) -> Values:
    found = cloud.s3.get_public_access_block(Bucket=id_)
    return {"bucket": id_, **camel(found["PublicAccessBlockConfiguration"])}


def _delete_block(cloud: Cloud, id_: str, state: Values) -> None:
    if not state.get("skipDestroy"):
        cloud.s3.delete_public_access_block(Bucket=id_)


def _put_versioning(cloud: Cloud, inputs: Values) -> None:
    status = inputs["versioningConfiguration"]["status"]
    if status != "Disabled":
        cloud.s3.put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration={"Status": status})


def _read_versioning(cloud: Cloud, id_: str, _: Values) -> Values:
    found = cloud.s3.get_bucket_versioning(Bucket=id_)
    return {"bucket": id_, "versioningConfiguration": {"status": found.get("Status", "Disabled"), "mfaDelete": ""}}


def _known_status(inputs: Values) -> Iterator[tuple[str, str]]:
    configuration = inputs["versioningConfiguration"]
    if isinstance(configuration, dict):
        status = configuration["status"]
        if status is not UNKNOWN and status not in _STATUSES:
            yield "versioningConfiguration.status", f"is {status!r}; allowed: {', '.join(_STATUSES)}"
        if "mfaDelete" in configuration:
            yield "versioningConfiguration.mfaDelete", "is not emulated by the local cloud"


def _suspend_versioning(cloud: Cloud, id_: str, state: Values) -> None:
    if state["versioningConfiguration"]["status"] == "Enabled":
        cloud.s3.put_bucket_versioning(Bucket=id_, VersioningConfiguration={"Status": "Suspended"})


def _put_encryption(cloud: Cloud, inputs: Values) -> None:
    rules = []
    for rule in inputs["rules"]:
        by_default = rule.get("applyServerSideEncryptionByDefault")
        made: dict[str, Any] = {"BucketKeyEnabled": rule.get("bucketKeyEnabled", False)}
        if by_default:
            key = by_default.get("kmsMasterKeyId")
            made["ApplyServerSideEncryptionByDefault"] = {
                "SSEAlgorithm": by_default["sseAlgorithm"],
                **({"KMSMasterKeyID": key} if key else {}),
            }
        rules.append(made)
    cloud.s3.put_bucket_encryption(Bucket=inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules})


def _read_encryption(cloud: Cloud, id_: str, _: Values) -> Values:
    found = cloud.s3.get_bucket_encryption(Bucket=id_)
    rules = []
    for rule in found["ServerSideEncryptionConfiguration"]["Rules"]:
        by_default = rule.get("ApplyServerSideEncryptionByDefault", {})
        rules.append(
            {
                "applyServerSideEncryptionByDefault": {
                    "sseAlgorithm": by_default.get("SSEAlgorithm", ""),
                    "kmsMasterKeyId": by_default.get("KMSMasterKeyID", ""),
                },
                "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
            }
        )
    return {"bucket": id_, "rules": rules}


def _put_lifecycle(cloud: Cloud, inputs: Values) -> None:
    rules = [
        # A filter of nothing is for every object.
        {**pascal({**rule, "id": None}), "ID": rule["id"], "Filter": pascal(rule.get("filter") or {"prefix": ""})}
        for rule in inputs["rules"]
    ]
    given = [{name: value for name, value in rule.items() if value is not None and name != "Id"} for rule in rules]
    cloud.s3.put_bucket_lifecycle_configuration(Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": given})


def _read_lifecycle(cloud: Cloud, id_: str, _: Values) -> Values:
    rules = []
    for rule in cloud.s3.get_bucket_lifecycle_configuration(Bucket=id_)["Rules"]:
        state: Values = camel({name: value for name, value in rule.items() if name != "ID"})
        everything = state.get("filter") in (None, {}, {"prefix": ""})
        rules.append({**state, "id": rule["ID"], "filter": {} if everything else state["filter"]})
    return {"bucket": id_, "rules": rules}


def _put_lock(cloud: Cloud, inputs: Values) -> None:
    rule = inputs.get("rule")
    cloud.s3.put_object_lock_configuration(
        Bucket=inputs["bucket"],
        ObjectLockConfiguration={
            "ObjectLockEnabled": inputs["objectLockEnabled"],
            **({"Rule": pascal(rule)} if rule else {}),
        },
    )


def _read_lock(cloud: Cloud, id_: str, _: Values) -> Values:
    found = cloud.s3.get_object_lock_configuration(Bucket=id_)["ObjectLockConfiguration"]
    if not found.get("Rule"):
        raise GoneError(id_)
    return {"bucket": id_, "objectLockEnabled": found["ObjectLockEnabled"], "rule": camel(found["Rule"])}


def _one_period(inputs: Values) -> Iterator[tuple[str, str]]:
    rule = inputs.get("rule")
    retention = rule["defaultRetention"] if isinstance(rule, dict) else None
    if isinstance(retention, dict) and len({"days", "years"} & retention.keys()) != 1:
        yield "rule.defaultRetention", "needs either days or years"


def _put_policy(cloud: Cloud, inputs: Values) -> None:
    cloud.s3.put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])


def _read_policy(cloud: Cloud, id_: str, _: Values) -> Values:
    return {"bucket": id_, "policy": cloud.s3.get_bucket_policy(Bucket=id_)["Policy"]}


RESOURCES = (
    Resource(
        pulumi_type="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        operation=("s3", "PutPublicAccessBlock"),
        arguments=frozenset({"bucket", "skipDestroy", *_BLOCKS}),
        defaults=dict.fromkeys(_BLOCKS, False),
        provider_only=names("skipDestroy"),
        read=_read_block,
        delete=_delete_block,
        **_setting(_put_block),
    ),
    Resource(
        pulumi_type="aws:s3/bucketVersioning:BucketVersioning",
        operation=("s3", "PutBucketVersioning", "VersioningConfiguration"),
        arguments=names("bucket versioningConfiguration"),
        read=_read_versioning,
        delete=_suspend_versioning,
        validate=_known_status,
        **_setting(_put_versioning),
    ),
    Resource(
        pulumi_type="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        operation=("s3", "PutBucketEncryption", "ServerSideEncryptionConfiguration"),
        arguments=names("bucket rules"),
        read=_read_encryption,
        delete=lambda cloud, id_, _: cloud.s3.delete_bucket_encryption(Bucket=id_),
        **_setting(_put_encryption),
    ),
    Resource(
        pulumi_type="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        operation=("s3", "PutBucketLifecycleConfiguration", "LifecycleConfiguration"),
        arguments=names("bucket rules"),
        read=_read_lifecycle,
        delete=lambda cloud, id_, _: cloud.s3.delete_bucket_lifecycle(Bucket=id_),
        validate=lambda inputs: iter(() if inputs.get("rules") else [("rules", "required, but not given")]),
        **_setting(_put_lifecycle),
    ),
    Resource(
        pulumi_type="aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        operation=("s3", "PutObjectLockConfiguration", "ObjectLockConfiguration"),
        arguments=names("bucket objectLockEnabled rule"),
        defaults={"objectLockEnabled": "Enabled"},
        read=_read_lock,
        # The lock itself stays for ever: what goes is the rule for new objects.
        delete=lambda cloud, id_, _: _put_lock(cloud, {"bucket": id_, "objectLockEnabled": "Enabled"}),
        validate=_one_period,
        **_setting(_put_lock),
    ),
    Resource(
        pulumi_type="aws:s3/bucketPolicy:BucketPolicy",
        operation=("s3", "PutBucketPolicy"),
        arguments=names("bucket policy"),
        documents=names("policy"),
        read=_read_policy,
        delete=lambda cloud, id_, _: cloud.s3.delete_bucket_policy(Bucket=id_),
        **_setting(_put_policy),
    ),
)
