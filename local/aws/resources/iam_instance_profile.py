"""IAM instance profiles, by which an EC2 instance gets a role."""

from __future__ import annotations

from local.aws.calls import create, retag_by, tag_map, timestamp
from local.aws.cloud import Cloud
from local.aws.definition import Change, Naming, Resource, names
from local.aws.values import Values


def _create(cloud: Cloud, inputs: Values) -> str:
    create(cloud, "iam", "CreateInstanceProfile", inputs, InstanceProfileName=inputs["name"])
    return str(inputs["name"])


def _settle(cloud: Cloud, id_: str, inputs: Values) -> None:
    if "role" in inputs:
        cloud.iam.add_role_to_instance_profile(InstanceProfileName=id_, RoleName=inputs["role"])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    profile = cloud.iam.get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
    return {
        "arn": profile["Arn"],
        "createDate": timestamp(profile["CreateDate"]),
        "name": id_,
        "namePrefix": "",
        "path": profile["Path"],
        "role": profile["Roles"][0]["RoleName"] if profile["Roles"] else "",
        "tagsAll": tag_map(profile.get("Tags")),
        "uniqueId": profile["InstanceProfileId"],
    }


def _remove_role(cloud: Cloud, id_: str) -> None:
    for role in cloud.iam.get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]["Roles"]:
        cloud.iam.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=role["RoleName"])


def _update(change: Change) -> None:
    if change.of("role"):
        _remove_role(change.cloud, change.id)
        _settle(change.cloud, change.id, change.new)


def _delete(cloud: Cloud, id_: str, _: Values) -> None:
    _remove_role(cloud, id_)
    cloud.iam.delete_instance_profile(InstanceProfileName=id_)


RESOURCES = (
    Resource(
        pulumi_type="aws:iam/instanceProfile:InstanceProfile",
        operation=("iam", "CreateInstanceProfile"),
        arguments=names("name namePrefix path role"),
        naming=Naming(max_length=128),
        defaults={"path": "/"},
        renames={"name": "InstanceProfileName"},
        replace_on=names("name namePrefix path"),
        identity=names("name"),
        provider_only=names("namePrefix"),
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=_delete,
        retag=retag_by(
            "iam", "TagInstanceProfile", "UntagInstanceProfile", lambda name, _: {"InstanceProfileName": name}
        ),
    ),
)
