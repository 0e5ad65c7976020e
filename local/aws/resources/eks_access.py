"""Who may use a cluster: access entries, their policies, and the roles of pods."""

from __future__ import annotations

from local.aws.cloud import Cloud
from local.aws.definition import Backing, Change, Resource, names
from local.aws.resources.shared import given, retag_eks, timestamp
from local.aws.values import Values


def _create_entry(cloud: Cloud, inputs: Values) -> str:
    cloud.eks.create_access_entry(
        clusterName=inputs["clusterName"],
        principalArn=inputs["principalArn"],
        type=inputs["type"],
        **given(tags=inputs.get("tagsAll") or None),
        **given(username=inputs.get("userName"), kubernetesGroups=inputs.get("kubernetesGroups")),
    )
    return f"{inputs['clusterName']}:{inputs['principalArn']}"


def _read_entry(cloud: Cloud, id_: str, _: Values) -> Values | None:
    cluster, principal = id_.split(":", 1)
    try:
        entry = cloud.eks.describe_access_entry(clusterName=cluster, principalArn=principal)["accessEntry"]
    except cloud.eks.exceptions.ResourceNotFoundException:
        return None
    return {
        "accessEntryArn": entry["accessEntryArn"],
        "clusterName": cluster,
        "createdAt": timestamp(entry["createdAt"]),
        "kubernetesGroups": entry.get("kubernetesGroups", []),
        "modifiedAt": timestamp(entry["modifiedAt"]),
        "principalArn": principal,
        "tagsAll": entry.get("tags", {}),
        "type": entry["type"],
        "userName": entry["username"],
    }


def _update_entry(change: Change) -> None:
    if change.of("kubernetesGroups", "userName"):
        cluster, principal = change.id.split(":", 1)
        change.cloud.eks.update_access_entry(
            clusterName=cluster,
            principalArn=principal,
            kubernetesGroups=change.new.get("kubernetesGroups", []),
            **given(username=change.new.get("userName")),
        )


def _delete_entry(cloud: Cloud, id_: str, _: Values) -> None:
    cluster, principal = id_.split(":", 1)
    cloud.eks.delete_access_entry(clusterName=cluster, principalArn=principal)


def _associate(cloud: Cloud, inputs: Values) -> str:
    cloud.eks.associate_access_policy(
        **{name: inputs[name] for name in ("clusterName", "principalArn", "policyArn", "accessScope")}
    )
    return "#".join(inputs[name] for name in ("clusterName", "principalArn", "policyArn"))


def _read_policy(cloud: Cloud, id_: str, _: Values) -> Values | None:
    cluster, principal, policy = id_.split("#")
    try:
        found = cloud.eks.list_associated_access_policies(clusterName=cluster, principalArn=principal)
    except cloud.eks.exceptions.ResourceNotFoundException:
        return None
    for association in found["associatedAccessPolicies"]:
        if association["policyArn"] == policy:
            return {
                "accessScope": association["accessScope"],
                "associatedAt": timestamp(association["associatedAt"]),
                "clusterName": cluster,
                "modifiedAt": timestamp(association["modifiedAt"]),
                "policyArn": policy,
                "principalArn": principal,
            }
    return None


def _disassociate(cloud: Cloud, id_: str, _: Values) -> None:
    cluster, principal, policy = id_.split("#")
    cloud.eks.disassociate_access_policy(clusterName=cluster, principalArn=principal, policyArn=policy)


_IDENTITY = ("roleArn", "disableSessionTags", "targetRoleArn", "policy")


def _create_identity(cloud: Cloud, inputs: Values) -> str:
    made = cloud.eks.create_pod_identity_association(
        clusterName=inputs["clusterName"],
        namespace=inputs["namespace"],
        serviceAccount=inputs["serviceAccount"],
        **given(tags=inputs.get("tagsAll") or None),
        **{name: inputs[name] for name in _IDENTITY if name in inputs},
    )
    return str(made["association"]["associationId"])


def _read_identity(cloud: Cloud, id_: str, known: Values) -> Values | None:
    try:
        found = cloud.eks.describe_pod_identity_association(clusterName=known["clusterName"], associationId=id_)
    except cloud.eks.exceptions.ResourceNotFoundException:
        return None
    association = found["association"]
    plain = ("associationArn", "associationId", "namespace", "serviceAccount", "roleArn", "disableSessionTags")
    return {
        **{name: association[name] for name in plain},
        "clusterName": association["clusterName"],
        "externalId": association.get("externalId", ""),
        "tagsAll": association.get("tags", {}),
        **given(targetRoleArn=association.get("targetRoleArn"), policy=association.get("policy")),
    }


def _update_identity(change: Change) -> None:
    changed = {name: change.new[name] for name in _IDENTITY if change.of(name) and name in change.new}
    if changed:
        change.cloud.eks.update_pod_identity_association(
            clusterName=change.new["clusterName"], associationId=change.id, **changed
        )


RESOURCES = (
    Resource(
        pulumi_type="aws:eks/accessEntry:AccessEntry",
        sdk="pulumi_aws.eks.AccessEntry",
        backing=Backing.RECORDED,
        operation=("eks", "CreateAccessEntry"),
        arguments=names("clusterName kubernetesGroups principalArn type userName"),
        defaults={"type": "STANDARD"},
        replace_on=names("clusterName principalArn type"),
        identity=names("clusterName principalArn"),
        sets=names("kubernetesGroups"),
        create=_create_entry,
        read=_read_entry,
        update=_update_entry,
        delete=_delete_entry,
        retag=retag_eks("accessEntryArn"),
        changing=names("modifiedAt"),
    ),
    Resource(
        pulumi_type="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        sdk="pulumi_aws.eks.AccessPolicyAssociation",
        backing=Backing.RECORDED,
        operation=("eks", "AssociateAccessPolicy"),
        arguments=names("accessScope clusterName policyArn principalArn"),
        replace_on=names("accessScope clusterName policyArn principalArn"),
        identity=names("clusterName policyArn principalArn"),
        sets=names("accessScope.namespaces"),
        create=_associate,
        read=_read_policy,
        delete=_disassociate,
    ),
    Resource(
        pulumi_type="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        sdk="pulumi_aws.eks.PodIdentityAssociation",
        backing=Backing.RECORDED,
        operation=("eks", "CreatePodIdentityAssociation"),
        arguments=names("clusterName disableSessionTags namespace policy roleArn serviceAccount targetRoleArn"),
        replace_on=names("clusterName namespace serviceAccount"),
        identity=names("clusterName namespace serviceAccount"),
        documents=names("policy"),
        importable=False,
        create=_create_identity,
        read=_read_identity,
        update=_update_identity,
        delete=lambda cloud, id_, state: cloud.eks.delete_pod_identity_association(
            clusterName=state["clusterName"], associationId=id_
        ),
        retag=retag_eks("associationArn"),
    ),
)
