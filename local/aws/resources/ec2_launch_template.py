"""Launch templates: Pulumi's members are EC2's but for a few names, and for booleans that Pulumi gives as strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.aws.calls import camel, ec2_tags, given, one, pascal, retag_ec2, tag_list, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import Value, Values

_DATA = names(
    "blockDeviceMappings capacityReservationSpecification cpuOptions creditSpecification disableApiStop "
    "disableApiTermination ebsOptimized enclaveOptions hibernationOptions iamInstanceProfile imageId "
    "instanceInitiatedShutdownBehavior instanceMarketOptions instanceType keyName maintenanceOptions metadataOptions "
    "monitoring networkInterfaces placement tagSpecifications userData vpcSecurityGroupIds"
)
_STRING_BOOLEANS = names("deleteOnTermination encrypted ebsOptimized associatePublicIpAddress primaryIpv6")
# Pulumi's name and EC2's, where they differ by more than the first letter's case.
_RENAMED = {"vpcSecurityGroupIds": "securityGroupIds", "securityGroups": "groups"}


def _walk(value: Value, change: Callable[[str, Value], tuple[str, Value]]) -> Value:
    if isinstance(value, dict):
        return dict(change(name, _walk(item, change)) for name, item in value.items())
    return [_walk(item, change) for item in value] if isinstance(value, list) else value


def _to_ec2(inputs: Values) -> dict[str, Any]:
    def change(name: str, value: Value) -> tuple[str, Value]:
        if name in _STRING_BOOLEANS and isinstance(value, str):
            value = value.lower() == "true"
        return _RENAMED.get(name, name), value

    data = {name: value for name, value in inputs.items() if name in _DATA}
    tags = [
        {"ResourceType": each["resourceType"], "Tags": tag_list(each.get("tags", {}))}
        for each in data.pop("tagSpecifications", [])
    ]
    data = pascal(_walk(data, change))
    return {**data, "TagSpecifications": tags} if tags else data


def _from_ec2(data: dict[str, Any]) -> Values:
    back = {ec2: pulumi for pulumi, ec2 in _RENAMED.items()}

    def change(name: str, value: Value) -> tuple[str, Value]:
        if name in _STRING_BOOLEANS and isinstance(value, bool):
            value = str(value).lower()
        return back.get(name, name), value

    tags = data.pop("TagSpecifications", [])
    state: Values = _walk(camel(data), change)
    # moto also shows the tags of the template itself here
    kept = [
        {"resourceType": each["ResourceType"], "tags": tag_map(each["Tags"])}
        for each in tags
        if each["ResourceType"] != "launch-template"
    ]
    return {**state, "tagSpecifications": kept} if kept else state


def _create(cloud: Cloud, inputs: Values) -> str:
    made = cloud.ec2.create_launch_template(
        LaunchTemplateName=inputs["name"],
        LaunchTemplateData=_to_ec2(inputs),
        TagSpecifications=ec2_tags("launch-template", inputs),
        **given(VersionDescription=inputs.get("description")),
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    template = one(cloud.ec2.describe_launch_templates, "LaunchTemplates", LaunchTemplateIds=[id_])
    latest = str(template["LatestVersionNumber"])
    version = one(
        cloud.ec2.describe_launch_template_versions,
        "LaunchTemplateVersions",
        LaunchTemplateId=id_,
        Versions=[latest],
    )
    # moto shows with a template the tags that it was made with, whatever happened since
    tags = cloud.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [id_]}])["Tags"]
    return {
        **_from_ec2(version["LaunchTemplateData"]),
        "arn": cloud.arn("ec2", f"launch-template/{id_}"),
        "defaultVersion": template["DefaultVersionNumber"],
        "description": version.get("VersionDescription") or "",
        "latestVersion": template["LatestVersionNumber"],
        "name": template["LaunchTemplateName"],
        "namePrefix": "",
        "tagsAll": tag_map(tags),
    }


def _update(change: Change) -> None:
    ec2 = change.cloud.ec2
    latest = change.state["latestVersion"]
    if change.of(*_DATA, "description"):
        made = ec2.create_launch_template_version(
            LaunchTemplateId=change.id,
            LaunchTemplateData=_to_ec2(change.new),
            **given(VersionDescription=change.new.get("description")),
        )
        latest = made["LaunchTemplateVersion"]["VersionNumber"]
    default = latest if change.new.get("updateDefaultVersion") else change.new.get("defaultVersion")
    if default is not None and default != change.state["defaultVersion"]:
        ec2.modify_launch_template(LaunchTemplateId=change.id, DefaultVersion=str(default))


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/launchTemplate:LaunchTemplate",
        operation=("ec2", "CreateLaunchTemplate", "LaunchTemplateData"),
        arguments=_DATA | names("defaultVersion description name namePrefix updateDefaultVersion"),
        naming=Naming(max_length=125),
        replace_on=names("name namePrefix"),
        identity=names("name"),
        sets=names("vpcSecurityGroupIds networkInterfaces[].securityGroups"),
        provider_only=names("namePrefix updateDefaultVersion"),
        create=_create,
        read=_read,
        update=_update,
        delete=lambda cloud, id_, _: cloud.ec2.delete_launch_template(LaunchTemplateId=id_),
        retag=retag_ec2,
        changing=names("latestVersion defaultVersion"),
        validate=lambda inputs: iter(
            [("defaultVersion", "conflicts with updateDefaultVersion")]
            if "defaultVersion" in inputs and inputs.get("updateDefaultVersion")
            else []
        ),
    ),
)
