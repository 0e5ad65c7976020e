"""SSM parameters."""

from __future__ import annotations

from collections.abc import Iterator

from local.aws.calls import retag_by, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import Value, Values


def _put(cloud: Cloud, inputs: Values, **members: Value) -> None:
    value = inputs.get("value", inputs.get("insecureValue"))
    # AWS takes no tags together with permission to overwrite, so `settle` tags.
    cloud.call("ssm", "PutParameter", {**inputs, "tags": None, "value": value, **members})


def _create(cloud: Cloud, inputs: Values) -> str:
    _put(cloud, inputs)
    return str(inputs["name"])


def _settle(cloud: Cloud, id_: str, inputs: Values) -> None:
    if inputs.get("tagsAll"):
        _retag(cloud, id_, {}, inputs["tagsAll"], [])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    parameter = cloud.ssm.get_parameter(Name=id_, WithDecryption=True)["Parameter"]
    filters = [{"Key": "Name", "Option": "Equals", "Values": [id_]}]
    described = cloud.ssm.describe_parameters(ParameterFilters=filters)["Parameters"][0]
    tags = cloud.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=id_)["TagList"]
    secure = parameter["Type"] == "SecureString"
    return {
        "allowedPattern": described.get("AllowedPattern", ""),
        "arn": parameter["ARN"],
        "dataType": parameter.get("DataType", "text"),
        "description": described.get("Description", ""),
        "hasValueWo": False,
        "insecureValue": "" if secure else parameter["Value"],
        "keyId": described.get("KeyId", ""),
        "name": id_,
        "tagsAll": tag_map(tags),
        "tier": described.get("Tier", "Standard"),
        "type": parameter["Type"],
        "value": parameter["Value"],
        "version": parameter["Version"],
    }


def _update(change: Change) -> None:
    if change.of("type", "value", "insecureValue", "allowedPattern", "dataType", "description", "keyId", "tier"):
        _put(change.cloud, change.new, overwrite=True)


_retag = retag_by(
    "ssm",
    "AddTagsToResource",
    "RemoveTagsFromResource",
    lambda name, _: {"ResourceType": "Parameter", "ResourceId": name},
)


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    given_values = [name for name in ("value", "insecureValue") if name in inputs]
    if len(given_values) != 1:
        yield "value", f"exactly one of value and insecureValue must be given, got {len(given_values)}"
    if inputs["type"] == "SecureString" and "insecureValue" in inputs:
        yield "insecureValue", "cannot be used with type SecureString"


RESOURCES = (
    Resource(
        pulumi_type="aws:ssm/parameter:Parameter",
        operation=("ssm", "PutParameter"),
        arguments=names("allowedPattern dataType description insecureValue keyId name overwrite tier type value"),
        naming=Naming(prefix_argument=None, max_length=1011),
        replace_on=names("dataType name"),
        identity=names("name"),
        provider_only=names("overwrite"),
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=lambda cloud, id_, _: cloud.ssm.delete_parameter(Name=id_),
        retag=_retag,
        changing=names("version insecureValue value"),
        validate=_validate,
        secret_outputs=names("value"),
    ),
)
