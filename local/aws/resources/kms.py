"""KMS keys."""

from __future__ import annotations

from local.aws.calls import create, given
from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Change, Resource, names
from local.aws.values import Values


def _create(cloud: Cloud, inputs: Values) -> str:
    spec = {**inputs, "customerMasterKeySpec": None, "keySpec": inputs["customerMasterKeySpec"]}
    made = create(cloud, "kms", "CreateKey", spec, tags=_tags(inputs.get("tagsAll", {})))
    return str(made["KeyMetadata"]["KeyId"])


def _settle(cloud: Cloud, id_: str, inputs: Values) -> None:
    if inputs["enableKeyRotation"]:
        period = given(RotationPeriodInDays=inputs.get("rotationPeriodInDays"))
        cloud.kms.enable_key_rotation(KeyId=id_, **period)
    if not inputs["isEnabled"]:
        cloud.kms.disable_key(KeyId=id_)


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    key = cloud.kms.describe_key(KeyId=id_)["KeyMetadata"]
    if key["KeyState"] == "PendingDeletion":
        raise GoneError(f"{id_} is about to be deleted")
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


def _update(change: Change) -> None:
    kms, new, id_ = change.cloud.kms, change.new, change.id
    if change.of("isEnabled") and new["isEnabled"]:
        kms.enable_key(KeyId=id_)  # first, as AWS changes nothing else of a disabled key
    if change.of("description"):
        kms.update_key_description(KeyId=id_, Description=new["description"])
    if change.of("policy") and "policy" in new:
        kms.put_key_policy(
            KeyId=id_,
            PolicyName="default",
            Policy=new["policy"],
            BypassPolicyLockoutSafetyCheck=new["bypassPolicyLockoutSafetyCheck"],
        )
    if change.of("enableKeyRotation", "rotationPeriodInDays"):
        if new["enableKeyRotation"]:
            kms.enable_key_rotation(KeyId=id_, **given(RotationPeriodInDays=new.get("rotationPeriodInDays")))
        else:
            kms.disable_key_rotation(KeyId=id_)
    if change.of("isEnabled") and not new["isEnabled"]:
        kms.disable_key(KeyId=id_)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _retag(cloud: Cloud, id_: str, _: Values, put: dict[str, str], drop: list[str]) -> None:
    if drop:
        cloud.kms.untag_resource(KeyId=id_, TagKeys=drop)
    if put:
        cloud.kms.tag_resource(KeyId=id_, Tags=_tags(put))


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
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=lambda cloud, id_, state: cloud.kms.schedule_key_deletion(
            KeyId=id_, PendingWindowInDays=state.get("deletionWindowInDays", 30)
        ),
        retag=_retag,
        validate=lambda inputs: iter(
            [("rotationPeriodInDays", "needs enableKeyRotation to be true")]
            if "rotationPeriodInDays" in inputs and inputs["enableKeyRotation"] is False
            else []
        ),
    ),
)
