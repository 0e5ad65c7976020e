"""EKS add-ons."""

from __future__ import annotations

from local.aws.cloud import Cloud
from local.aws.definition import Backing, Change, Resource, names
from local.aws.resources.shared import given, retag_eks, timestamp
from local.aws.values import Values

_PLAIN = names("addonVersion configurationValues namespaceConfig podIdentityAssociations serviceAccountRoleArn")


def _create(cloud: Cloud, inputs: Values) -> str:
    cloud.eks.create_addon(
        clusterName=inputs["clusterName"],
        addonName=inputs["addonName"],
        **given(tags=inputs.get("tagsAll") or None),
        **given(resolveConflicts=inputs.get("resolveConflictsOnCreate")),
        **{name: inputs[name] for name in _PLAIN if name in inputs},
    )
    return f"{inputs['clusterName']}:{inputs['addonName']}"


def _read(cloud: Cloud, id_: str, _: Values) -> Values | None:
    cluster, name = id_.split(":")
    try:
        addon = cloud.eks.describe_addon(clusterName=cluster, addonName=name)["addon"]
    except cloud.eks.exceptions.ResourceNotFoundException:
        return None
    associations = []
    for arn in addon.get("podIdentityAssociations", []):
        found = cloud.eks.describe_pod_identity_association(clusterName=cluster, associationId=arn.rsplit("/", 1)[-1])
        associations.append({member: found["association"][member] for member in ("roleArn", "serviceAccount")})
    return {
        "addonName": name,
        "addonVersion": addon["addonVersion"],
        "arn": addon["addonArn"],
        "clusterName": cluster,
        "configurationValues": addon.get("configurationValues", ""),
        "createdAt": timestamp(addon["createdAt"]),
        "modifiedAt": timestamp(addon["modifiedAt"]),
        "namespaceConfig": addon.get("namespaceConfig"),
        "podIdentityAssociations": associations,
        "serviceAccountRoleArn": addon.get("serviceAccountRoleArn", ""),
        "tagsAll": addon.get("tags", {}),
    }


def _update(change: Change) -> None:
    changed = {name for name in _PLAIN if change.of(name)}
    if not changed:
        return
    cluster, name = change.id.split(":")
    cleared = {"configurationValues": "", "podIdentityAssociations": []}
    change.cloud.eks.update_addon(
        clusterName=cluster,
        addonName=name,
        **given(resolveConflicts=change.new.get("resolveConflictsOnUpdate")),
        **given(**{name: change.new.get(name, cleared.get(name)) for name in changed}),
    )


def _delete(cloud: Cloud, id_: str, state: Values) -> None:
    cluster, name = id_.split(":")
    cloud.eks.delete_addon(clusterName=cluster, addonName=name, preserve=state.get("preserve", False))


RESOURCES = (
    Resource(
        pulumi_type="aws:eks/addon:Addon",
        sdk="pulumi_aws.eks.Addon",
        backing=Backing.RECORDED,
        operation=("eks", "CreateAddon"),
        arguments=_PLAIN | names("addonName clusterName preserve resolveConflictsOnCreate resolveConflictsOnUpdate"),
        renames={"resolveConflictsOnCreate": "resolveConflicts", "resolveConflictsOnUpdate": "resolveConflicts"},
        replace_on=names("addonName clusterName namespaceConfig"),
        identity=names("addonName clusterName"),
        documents=names("configurationValues"),
        sets=names("podIdentityAssociations"),
        provider_only=names("preserve resolveConflictsOnCreate resolveConflictsOnUpdate"),
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        retag=retag_eks("arn"),
        changing=names("modifiedAt"),
        validate=lambda inputs: iter(
            [("resolveConflictsOnCreate", "PRESERVE is only for updates; allowed: NONE, OVERWRITE")]
            if inputs.get("resolveConflictsOnCreate") == "PRESERVE"
            else []
        ),
    ),
)
