"""Pod identity associations: which role the pods of a service account hold."""

from __future__ import annotations

from local.aws.emulation.eks.errors import InUse, InvalidParameter, InvalidRequest, NotFound
from local.aws.emulation.eks.region import Cluster, Record, Region, now, picked, random_hex

_TRUST = ("sts:AssumeRole", "sts:TagSession")


def create_pod_identity_association(region: Region, params: Record) -> Record:
    return {"association": associate(region, region.cluster(params["clusterName"]), params)}


def associate(region: Region, cluster: Cluster, params: Record) -> Record:
    region.require_role(params["roleArn"], "pods.eks.amazonaws.com", _TRUST)
    if params.get("policy") and not params.get("disableSessionTags"):
        raise InvalidParameter("A session policy needs disableSessionTags to be true")
    subject = (params["namespace"], params["serviceAccount"])
    for other in cluster.pod_identities.values():
        if (other["namespace"], other["serviceAccount"]) == subject:
            raise InUse(f"Association already exists: {other['associationId']} is for {'/'.join(subject)}")
    id_ = f"a-{random_hex(17)}"
    association = {
        "clusterName": cluster.name,
        "namespace": params["namespace"],
        "serviceAccount": params["serviceAccount"],
        "roleArn": params["roleArn"],
        "associationArn": region.arn(f"podidentityassociation/{cluster.name}/{id_}"),
        "associationId": id_,
        "tags": params.get("tags", {}),
        "createdAt": now(),
        "modifiedAt": now(),
        "disableSessionTags": params.get("disableSessionTags", False),
        **picked(params, "targetRoleArn", "policy", "ownerArn"),
    }
    if "targetRoleArn" in params:
        association["externalId"] = f"{region.name}/{region.account_id}/{cluster.name}/{'/'.join(subject)}"
    cluster.pod_identities[id_] = association
    return association


def drop_owned(cluster: Cluster, owner_arn: str) -> None:
    for id_, association in list(cluster.pod_identities.items()):
        if association.get("ownerArn") == owner_arn:
            del cluster.pod_identities[id_]


def describe_pod_identity_association(region: Region, params: Record) -> Record:
    return {"association": _association(region, params)}


def list_pod_identity_associations(region: Region, params: Record) -> Record:
    wanted = picked(params, "namespace", "serviceAccount")
    return {
        "associations": [
            association
            for association in region.cluster(params["clusterName"]).pod_identities.values()
            if all(association[key] == value for key, value in wanted.items())
        ]
    }


def update_pod_identity_association(region: Region, params: Record) -> Record:
    association = _association(region, params)
    if "roleArn" in params:
        region.require_role(params["roleArn"], "pods.eks.amazonaws.com", _TRUST)
    association.update(picked(params, "roleArn", "disableSessionTags", "targetRoleArn", "policy"), modifiedAt=now())
    return {"association": association}


def delete_pod_identity_association(region: Region, params: Record) -> Record:
    association = _association(region, params)
    if "ownerArn" in association:
        raise InvalidRequest(f"The association is owned by {association['ownerArn']}; delete it there.")
    del region.cluster(params["clusterName"]).pod_identities[association["associationId"]]
    return {"association": association}


def _association(region: Region, params: Record) -> Record:
    association = region.cluster(params["clusterName"]).pod_identities.get(params["associationId"])
    if association is None:
        raise NotFound(f"The specified association ID could not be found: {params['associationId']}")
    return association


OPERATIONS = {
    "create_pod_identity_association": create_pod_identity_association,
    "describe_pod_identity_association": describe_pod_identity_association,
    "list_pod_identity_associations": list_pod_identity_associations,
    "update_pod_identity_association": update_pod_identity_association,
    "delete_pod_identity_association": delete_pod_identity_association,
}
