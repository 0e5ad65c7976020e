"""CloudWatch log groups."""

from __future__ import annotations

from collections.abc import Iterator

from local.aws.calls import create, retag_by_arn
from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import UNKNOWN, Values

# API reference of PutRetentionPolicy; the service model says only "integer". 0 is Pulumi's word for "never expires".
_RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def _create(cloud: Cloud, inputs: Values) -> str:
    create(cloud, "logs", "CreateLogGroup", inputs, logGroupName=inputs["name"])
    return str(inputs["name"])


def _set_retention(cloud: Cloud, id_: str, inputs: Values) -> None:
    if inputs["retentionInDays"]:
        cloud.logs.put_retention_policy(logGroupName=id_, retentionInDays=inputs["retentionInDays"])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    for group in cloud.logs.describe_log_groups(logGroupNamePrefix=id_)["logGroups"]:
        if group["logGroupName"] == id_:
            arn = group["arn"].removesuffix(":*")
            return {
                "arn": arn,
                "kmsKeyId": group.get("kmsKeyId", ""),
                "logGroupClass": group.get("logGroupClass", "STANDARD"),
                "name": id_,
                "namePrefix": "",
                "retentionInDays": group.get("retentionInDays", 0),
                "tagsAll": cloud.logs.list_tags_for_resource(resourceArn=arn)["tags"],
            }
    raise GoneError(id_)


def _update(change: Change) -> None:
    logs, new = change.cloud.logs, change.new
    if change.of("retentionInDays"):
        if new["retentionInDays"]:
            logs.put_retention_policy(logGroupName=change.id, retentionInDays=new["retentionInDays"])
        else:
            logs.delete_retention_policy(logGroupName=change.id)
    if change.of("kmsKeyId"):
        if "kmsKeyId" in new:
            logs.associate_kms_key(logGroupName=change.id, kmsKeyId=new["kmsKeyId"])
        else:
            logs.disassociate_kms_key(logGroupName=change.id)


def _delete(cloud: Cloud, id_: str, state: Values) -> None:
    if not state.get("skipDestroy"):
        cloud.logs.delete_log_group(logGroupName=id_)


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    days = inputs["retentionInDays"]
    if days is not UNKNOWN and days not in _RETENTION_DAYS:
        yield "retentionInDays", f"is {days}; allowed: {', '.join(map(str, _RETENTION_DAYS))}"


RESOURCES = (
    Resource(
        pulumi_type="aws:cloudwatch/logGroup:LogGroup",
        operation=("logs", "CreateLogGroup"),
        arguments=names("kmsKeyId logGroupClass name namePrefix retentionInDays skipDestroy"),
        naming=Naming(max_length=512),
        defaults={"logGroupClass": "STANDARD", "retentionInDays": 0, "skipDestroy": False},
        renames={"name": "logGroupName"},
        replace_on=names("logGroupClass name namePrefix"),
        identity=names("name"),
        provider_only=names("namePrefix skipDestroy"),
        create=_create,
        settle=_set_retention,
        read=_read,
        update=_update,
        delete=_delete,
        retag=retag_by_arn("logs"),
        validate=_validate,
    ),
)
