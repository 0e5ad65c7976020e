"""What is set on a bucket, whose id it bears: access block, versioning, encryption, policy, ownership, lifecycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.aws.calls import camel, pascal, tag_list, tag_map
from local.aws.cloud import Cloud, is_gone
from local.aws.definition import Change, Resource, names
from local.aws.values import UNKNOWN, Value, Values

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


def _get(call: Any, **arguments: Any) -> Any:
    """S3 answers with an error when a setting is not there."""
    try:
        return call(**arguments)
    except Exception as error:
        if is_gone(error):
            return None
        raise


def _put_block(cloud: Cloud, inputs: Values) -> None:
    cloud.s3.put_public_access_block(
        Bucket=inputs["bucket"],
        PublicAccessBlockConfiguration=pascal({name: inputs[name] for name in _BLOCKS}),
    )


def _read_block(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _get(cloud.s3.get_public_access_block, Bucket=id_)
    return {"bucket": id_, **camel(found["PublicAccessBlockConfiguration"])} if found else None


def _delete_block(cloud: Cloud, id_: str, state: Values) -> None:
    if not state.get("skipDestroy"):
        cloud.s3.delete_public_access_block(Bucket=id_)


def _put_versioning(cloud: Cloud, inputs: Values) -> None:
    status = inputs["versioningConfiguration"]["status"]
    if status != "Disabled":
        cloud.s3.put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration={"Status": status})


def _read_versioning(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _get(cloud.s3.get_bucket_versioning, Bucket=id_)
    if found is None:
        return None
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


def _read_encryption(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _get(cloud.s3.get_bucket_encryption, Bucket=id_)
    if found is None:
        return None
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


def _put_policy(cloud: Cloud, inputs: Values) -> None:
    cloud.s3.put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])


def _read_policy(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _get(cloud.s3.get_bucket_policy, Bucket=id_)
    return {"bucket": id_, "policy": found["Policy"]} if found else None


def _put_ownership(cloud: Cloud, inputs: Values) -> None:
    rules = [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]
    cloud.s3.put_bucket_ownership_controls(Bucket=inputs["bucket"], OwnershipControls={"Rules": rules})


def _read_ownership(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _get(cloud.s3.get_bucket_ownership_controls, Bucket=id_)
    return {"bucket": id_, "rule": camel(found["OwnershipControls"]["Rules"][0])} if found else None


def _lifecycle_to_s3(rule: Values) -> dict[str, Any]:
    made = pascal({name: value for name, value in rule.items() if name not in ("id", "filter")})
    condition = rule.get("filter", {})
    both = condition.get("and")
    made["ID"] = rule["id"]
    made["Filter"] = pascal({name: value for name, value in condition.items() if name != "and"})
    if both:
        made["Filter"]["And"] = {**pascal({**both, "tags": None}), "Tags": tag_list(both.get("tags", {}))}
        made["Filter"]["And"] = {name: value for name, value in made["Filter"]["And"].items() if value}
    if not made["Filter"] and "prefix" not in rule:
        made["Filter"] = {"Prefix": ""}
    return made


def _lifecycle_from_s3(rule: dict[str, Any]) -> Values:
    state: Values = camel({name: value for name, value in rule.items() if name not in ("ID", "Filter")})
    condition: Value = camel(rule.get("Filter", {}))
    if "and" in condition:
        condition["and"]["tags"] = tag_map(rule["Filter"]["And"].get("Tags"))
    return {**state, "id": rule["ID"], "filter": condition}


def _put_lifecycle(cloud: Cloud, inputs: Values) -> None:
    rules = [_lifecycle_to_s3(rule) for rule in inputs["rules"]]
    cloud.s3.put_bucket_lifecycle_configuration(Bucket=inputs["bucket"], LifecycleConfiguration={"Rules": rules})


def _read_lifecycle(cloud: Cloud, id_: str, _: Values) -> Values | None:
    found = _get(cloud.s3.get_bucket_lifecycle_configuration, Bucket=id_)
    return {"bucket": id_, "rules": [_lifecycle_from_s3(rule) for rule in found["Rules"]]} if found else None


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
        pulumi_type="aws:s3/bucketPolicy:BucketPolicy",
        operation=("s3", "PutBucketPolicy"),
        arguments=names("bucket policy"),
        documents=names("policy"),
        read=_read_policy,
        delete=lambda cloud, id_, _: cloud.s3.delete_bucket_policy(Bucket=id_),
        **_setting(_put_policy),
    ),
    Resource(
        pulumi_type="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        operation=("s3", "PutBucketOwnershipControls", "OwnershipControls"),
        arguments=names("bucket rule"),
        renames={"rule": "Rules"},
        read=_read_ownership,
        delete=lambda cloud, id_, _: cloud.s3.delete_bucket_ownership_controls(Bucket=id_),
        **_setting(_put_ownership),
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
)
