"""KMS keys and their aliases."""

from __future__ import annotations

from local.aws.calls import given
from local.aws.cloud import Cloud
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import Values


def _create_key(cloud: Cloud, inputs: Values) -> str:
    made = cloud.kms.create_key(
        Description=inputs["description"],
        KeyUsage=inputs["keyUsage"],
        KeySpec=inputs["customerMasterKeySpec"],
        MultiRegion=inputs["multiRegion"],
        BypassPolicyLockoutSafetyCheck=inputs["bypassPolicyLockoutSafetyCheck"],
        Tags=[{"TagKey": key, "TagValue": value} for key, value in inputs.get("tagsAll", {}).items()],
        **given(Policy=inputs.get("policy")),
    )
    return str(made["KeyMetadata"]["KeyId"])


def _settle_key(cloud: Cloud, id_: str, inputs: Values) -> None:
    if inputs["enableKeyRotation"]:
        period = given(RotationPeriodInDays=inputs.get("rotationPeriodInDays"))
        cloud.kms.enable_key_rotation(KeyId=id_, **period)
    if not inputs["isEnabled"]:
        cloud.kms.disable_key(KeyId=id_)


def _read_key(cloud: Cloud, id_: str, _: Values) -> Values | None:
    try:
        key = cloud.kms.describe_key(KeyId=id_)["KeyMetadata"]
    except cloud.kms.exceptions.NotFoundException:
        return None
    if key["KeyState"] == "PendingDeletion":
        return None
    rotation = cloud.kms.get_key_rotation_status(KeyId=id_)
    tags = cloud.kms.list_resource_tags(KeyId=id_)["Tags"]
    return {
        "arn": key["Arn"],
        "customerMasterKeySpec": key["KeySpec"],
        "customKeyStoreId": "",
        "description": key["Description"],
        "enableKeyRotation": rotation["KeyRotationEnabled"],
        "isEnabled": key["Enabled"],
        "keyId": id_,
        "keyUsage": key["KeyUsage"],
        "multiRegion": key["MultiRegion"],
        "policy": cloud.kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
        "rotationPeriodInDays": rotation.get("RotationPeriodInDays", 365) if rotation["KeyRotationEnabled"] else 0,
        "tagsAll": {tag["TagKey"]: tag["TagValue"] for tag in tags},
        "xksKeyId": "",
    }


def _update_key(change: Change) -> None:
    kms, new, id_ = change.cloud.kms, change.new, change.id
    if change.of("isEnabled") and new["isEnabled"]:
        kms.enable_key(KeyId=id_)  # first, as AWS changes nothing else of a disabled key
    if change.of("description"):
        kms.update_key_description(KeyId=id_, Description=new["description"])
    if change.of("policy") and "policy" in new:
        kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])
    if change.of("enableKeyRotation", "rotationPeriodInDays"):
        if new["enableKeyRotation"]:
            kms.enable_key_rotation(KeyId=id_, **given(RotationPeriodInDays=new.get("rotationPeriodInDays")))
        else:
            kms.disable_key_rotation(KeyId=id_)
    if change.of("isEnabled") and not new["isEnabled"]:
        kms.disable_key(KeyId=id_)


def _retag_key(cloud: Cloud, id_: str, _: Values, put: dict[str, str], drop: list[str]) -> None:
    if drop:
        cloud.kms.untag_resource(KeyId=id_, TagKeys=drop)
    if put:
        cloud.kms.tag_resource(KeyId=id_, Tags=[{"TagKey": key, "TagValue": value} for key, value in put.items()])


def _create_alias(cloud: Cloud, inputs: Values) -> str:
    cloud.kms.create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return str(inputs["name"])


def _read_alias(cloud: Cloud, id_: str, known: Values) -> Values | None:
    for page in cloud.kms.get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            if alias["AliasName"] == id_:
                key_id = alias["TargetKeyId"]
                target_arn = cloud.arn("kms", f"key/{key_id}")
                return {
                    "arn": alias["AliasArn"],
                    "name": id_,
                    "namePrefix": "",
                    "targetKeyArn": target_arn,
                    # a key may be given by its id or its ARN
                    "targetKeyId": target_arn if known.get("targetKeyId") == target_arn else key_id,
                }
    return None


RESOURCES = (
    Resource(
        pulumi_type="aws:kms/key:Key",
        operation=("kms", "CreateKey"),
        arguments=names(
            "bypassPolicyLockoutSafetyCheck customerMasterKeySpec deletionWindowInDays description enableKeyRotation "
            "isEnabled keyUsage multiRegion policy rotationPeriodInDays"
        ),
        defaults={
            "bypassPolicyLockoutSafetyCheck": False,
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "description": "Managed by Pulumi",
            "enableKeyRotation": False,
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
            "multiRegion": False,
        },
        renames={"customerMasterKeySpec": "KeySpec"},
        replace_on=names("customerMasterKeySpec keyUsage multiRegion"),
        documents=names("policy"),
        provider_only=names("bypassPolicyLockoutSafetyCheck deletionWindowInDays"),
        create=_create_key,
        settle=_settle_key,
        read=_read_key,
        update=_update_key,
        delete=lambda cloud, id_, state: cloud.kms.schedule_key_deletion(
            KeyId=id_, PendingWindowInDays=state.get("deletionWindowInDays", 30)
        ),
        retag=_retag_key,
        validate=lambda inputs: iter(
            [("rotationPeriodInDays", "needs enableKeyRotation to be true")]
            if "rotationPeriodInDays" in inputs and inputs["enableKeyRotation"] is False
            else []
        ),
    ),
    Resource(
        pulumi_type="aws:kms/alias:Alias",
        operation=("kms", "CreateAlias"),
        arguments=names("name namePrefix targetKeyId"),
        naming=Naming(max_length=256, starts_with="alias/"),
        renames={"name": "AliasName"},
        replace_on=names("name namePrefix"),
        identity=names("name"),
        provider_only=names("namePrefix"),
        create=_create_alias,
        read=_read_alias,
        update=lambda change: change.cloud.kms.update_alias(AliasName=change.id, TargetKeyId=change.new["targetKeyId"]),
        delete=lambda cloud, id_, _: cloud.kms.delete_alias(AliasName=id_),
        changing=names("targetKeyArn"),
        validate=lambda inputs: iter(
            [("name", f"must begin with 'alias/', got {inputs['name']!r}")]
            if isinstance(inputs["name"], str) and not inputs["name"].startswith("alias/")
            else []
        ),
    ),
)
