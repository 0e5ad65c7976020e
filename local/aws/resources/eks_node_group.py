"""Managed node groups."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from local.aws.calls import given, retag_by_arn
from local.aws.cloud import Cloud
from local.aws.definition import Backing, Change, Naming, Resource, names
from local.aws.values import UNKNOWN, Values

_PLAIN = names(
    "amiType capacityType diskSize instanceTypes labels nodeRepairConfig releaseVersion scalingConfig taints "
    "updateConfig version"
)


_LOOK_SECONDS = 0.5
MAX_NAME = 63


class UpdateFailedError(Exception):
    """Error of an update that EKS accepted and then gave up."""


def _failure(cloud: Cloud, id_: str) -> str | None:
    cluster, name = id_.split(":")
    group = cloud.eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    if group["status"] != "CREATE_FAILED":
        return None
    issues = "; ".join(f"{issue['code']}: {issue['message']}" for issue in group["health"]["issues"])
    return (
        f"waiting for EKS Node Group ({id_}) create: unexpected state 'CREATE_FAILED', wanted target 'ACTIVE'. "
        f"last error: {issues}"
    )


def _template(inputs: Values) -> dict[str, Any] | None:
    template = inputs.get("launchTemplate")
    return {name: value for name, value in template.items() if value != ""} if template else None


def _warm_pool(inputs: Values) -> dict[str, Any] | None:
    return {"enabled": True, **inputs["warmPoolConfig"]} if "warmPoolConfig" in inputs else None


def _create(cloud: Cloud, inputs: Values) -> str:
    remote = inputs.get("remoteAccess")
    made = cloud.eks.create_nodegroup(
        clusterName=inputs["clusterName"],
        nodegroupName=inputs["nodeGroupName"],
        nodeRole=inputs["nodeRoleArn"],
        subnets=inputs["subnetIds"],
        **given(tags=inputs.get("tagsAll") or None),
        **{name: inputs[name] for name in _PLAIN if name in inputs},
        **given(
            launchTemplate=_template(inputs),
            warmPoolConfig=_warm_pool(inputs),
            remoteAccess=remote
            and given(ec2SshKey=remote.get("ec2SshKey"), sourceSecurityGroups=remote.get("sourceSecurityGroupIds")),
        ),
    )
    return f"{inputs['clusterName']}:{made['nodegroup']['nodegroupName']}"


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    cluster, name = id_.split(":")
    group = cloud.eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    remote, warm = group.get("remoteAccess"), group.get("warmPoolConfig")
    return {
        **{member: group[member] for member in _PLAIN if member in group},
        "arn": group["nodegroupArn"],
        "clusterName": cluster,
        "nodeGroupName": name,
        "nodeGroupNamePrefix": "",
        "nodeRoleArn": group["nodeRole"],
        "resources": [
            {
                "autoscalingGroups": [{"name": each["name"]} for each in group["resources"]["autoScalingGroups"]],
                "remoteAccessSecurityGroupId": group["resources"].get("remoteAccessSecurityGroup", ""),
            }
        ],
        "status": group["status"],
        "subnetIds": group["subnets"],
        "tagsAll": group.get("tags", {}),
        **given(
            launchTemplate=group.get("launchTemplate"),
            remoteAccess=remote
            and given(ec2SshKey=remote.get("ec2SshKey"), sourceSecurityGroupIds=remote.get("sourceSecurityGroups")),
            warmPoolConfig=warm and {name: value for name, value in warm.items() if name != "enabled"},
        ),
    }


def _update(change: Change) -> None:
    new, state = change.new, change.state
    cluster, name = change.id.split(":")
    where = {"clusterName": cluster, "nodegroupName": name}
    moved = {key: new[key] for key in ("version", "releaseVersion") if key in new and new[key] != state.get(key)}
    if moved or change.of("launchTemplate"):
        begun = change.cloud.eks.update_nodegroup_version(
            **where, force=new.get("forceUpdateVersion", False), **given(launchTemplate=_template(new)), **moved
        )
        _wait(change.cloud, cluster, name, begun["update"]["id"])
    labels, taints = _label_change(state, new), _taint_change(state, new)
    config = given(
        labels=labels if change.of("labels") and labels else None,
        taints=taints if change.of("taints") and taints else None,
        scalingConfig=new["scalingConfig"] if change.of("scalingConfig") else None,
        updateConfig=new.get("updateConfig") if change.of("updateConfig") else None,
        nodeRepairConfig=new.get("nodeRepairConfig") if change.of("nodeRepairConfig") else None,
        warmPoolConfig=(_warm_pool(new) or {"enabled": False}) if change.of("warmPoolConfig") else None,
    )
    if config:
        change.cloud.eks.update_nodegroup_config(**where, **config)


def _wait(cloud: Cloud, cluster: str, name: str, update_id: str) -> None:
    """Wait until every node is replaced; AWS's provider waits too, and says what the last node suffered."""
    while True:
        update = cloud.eks.describe_update(name=cluster, nodegroupName=name, updateId=update_id)["update"]
        if update["status"] != "InProgress":
            break
        time.sleep(_LOOK_SECONDS)
    if update["status"] != "Successful":
        errors = "; ".join(
            f"{', '.join(e['resourceIds'])}: {e['errorCode']}: {e['errorMessage']}" for e in update["errors"]
        )
        raise UpdateFailedError(
            f"waiting for EKS Node Group ({cluster}:{name}) version update ({update_id}): unexpected state "
            f"'{update['status']}', wanted target 'Successful'. last error: {errors}"
        )


def _label_change(state: Values, new: Values) -> dict[str, Any]:
    before, after = state.get("labels", {}), new.get("labels", {})
    put = {key: value for key, value in after.items() if before.get(key) != value}
    drop = sorted(before.keys() - after.keys())
    return given(addOrUpdateLabels=put or None, removeLabels=drop or None)


def _taint_change(state: Values, new: Values) -> dict[str, Any]:
    before = {(taint["key"], taint["effect"]): taint for taint in state.get("taints", [])}
    after = {(taint["key"], taint["effect"]): taint for taint in new.get("taints", [])}
    put = [taint for key, taint in after.items() if before.get(key) != taint]
    drop = [taint for key, taint in before.items() if key not in after]
    return given(addOrUpdateTaints=put or None, removeTaints=drop or None)


def _delete(cloud: Cloud, id_: str, _: Values) -> None:
    cluster, name = id_.split(":")
    cloud.eks.delete_nodegroup(clusterName=cluster, nodegroupName=name)


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    name = inputs["nodeGroupName"]
    if isinstance(name, str) and len(name) > MAX_NAME:
        yield "nodeGroupName", f"expected length of node_group_name to be in the range (0 - {MAX_NAME}), got {name}"
    scaling = inputs["scalingConfig"]
    if isinstance(scaling, dict) and UNKNOWN not in scaling.values():
        low, wanted, high = scaling["minSize"], scaling["desiredSize"], scaling["maxSize"]
        if not low <= wanted <= high:
            yield "scalingConfig", f"must have minSize <= desiredSize <= maxSize, got {low}, {wanted}, {high}"
    template = inputs.get("launchTemplate")
    if isinstance(template, dict):
        if ("id" in template) == ("name" in template):
            yield "launchTemplate", "exactly one of id and name must be given"
        for name in ("diskSize", "remoteAccess"):
            if name in inputs:
                yield name, "must be set in the launch template, not beside one"


RESOURCES = (
    Resource(
        pulumi_type="aws:eks/nodeGroup:NodeGroup",
        backing=Backing.RECORDED,
        operation=("eks", "CreateNodegroup"),
        arguments=_PLAIN
        | names(
            "clusterName forceUpdateVersion launchTemplate nodeGroupName nodeGroupNamePrefix nodeRoleArn remoteAccess "
            "subnetIds warmPoolConfig"
        ),
        # The bridge's own limit is beyond EKS's, which the provider checks.
        naming=Naming(argument="nodeGroupName", prefix_argument="nodeGroupNamePrefix", max_length=255),
        renames={"subnetIds": "subnets", "nodeRoleArn": "nodeRole"},
        replace_on=names(
            "amiType capacityType clusterName diskSize instanceTypes launchTemplate.id launchTemplate.name "
            "nodeGroupName nodeGroupNamePrefix nodeRoleArn remoteAccess subnetIds"
        ),
        identity=names("clusterName nodeGroupName"),
        sets=names("subnetIds taints"),
        provider_only=names("forceUpdateVersion nodeGroupNamePrefix"),
        computed=names("releaseVersion version"),
        create=_create,
        failure=_failure,
        read=_read,
        update=_update,
        delete=_delete,
        retag=retag_by_arn("eks", "arn"),
        changing=names("releaseVersion"),
        validate=_validate,
    ),
)
