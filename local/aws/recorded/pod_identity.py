"""Pod identity associations: IAM roles of service accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.aws.definition import names
from local.aws.recorded.clusters import CLUSTER
from local.aws.recorded.kind import Kind, Record, now, picked, random_hex
from local.aws.recorded.refusals import InUse, InvalidParameter, InvalidRequest, Refusal
from local.aws.recorded.resource import resource

if TYPE_CHECKING:
    from local.aws.recorded.region import Region

_TRUST = ("sts:AssumeRole", "sts:TagSession")


def _require_trust(region: Region, role_arn: str, association: Record) -> None:
    """Refuse a role that no pod of the association would get: AWS takes it, and refuses the pods (pod-id-role)."""
    tags = {
        "eks-cluster-arn": region.arn("eks", f"cluster/{association['clusterName']}"),
        "eks-cluster-name": association["clusterName"],
        "kubernetes-namespace": association["namespace"],
        "kubernetes-service-account": association["serviceAccount"],
    }
    tagged = {} if association.get("disableSessionTags") else tags
    region.require_role(role_arn, "pods.eks.amazonaws.com", _TRUST, tagged)


def _make(region: Region, params: Record) -> Record:
    _require_trust(region, params["roleArn"], params)
    if params.get("policy") and not params.get("disableSessionTags"):
        raise InvalidParameter("A session policy needs disableSessionTags to be true")
    cluster, subject = params["clusterName"], picked(params, "namespace", "serviceAccount")
    for other in region.all(POD_IDENTITY, clusterName=cluster, **subject):
        raise InUse(f"Association already exists: {other['associationId']} is for {'/'.join(subject.values())}")
    id_ = f"a-{random_hex(17)}"
    association = {
        "clusterName": cluster,
        **subject,
        "roleArn": params["roleArn"],
        "associationArn": region.arn("eks", f"podidentityassociation/{cluster}/{id_}"),
        "associationId": id_,
        "tags": params.get("tags", {}),
        "createdAt": now(),
        "modifiedAt": now(),
        "disableSessionTags": params.get("disableSessionTags", False),
        **picked(params, "targetRoleArn", "policy", "ownerArn"),
    }
    if "targetRoleArn" in params:
        association["externalId"] = "/".join((region.name, region.account_id, cluster, *subject.values()))
    return association


def _change(region: Region, association: Record, params: Record) -> None:
    if "roleArn" in params:
        _require_trust(region, params["roleArn"], association)
    association.update(picked(params, "roleArn", "disableSessionTags", "targetRoleArn", "policy"), modifiedAt=now())


def _protect(_: Region, association: Record) -> None:
    if "ownerArn" in association:
        raise InvalidRequest(f"The association is owned by {association['ownerArn']}; delete it there.")


POD_IDENTITY = Kind(
    service="eks",
    create="CreatePodIdentityAssociation",
    read="DescribePodIdentityAssociation",
    lists="ListPodIdentityAssociations",
    update="UpdatePodIdentityAssociation",
    delete="DeletePodIdentityAssociation",
    member="association",
    listed="associations",
    key={"clusterName": "clusterName", "associationId": "associationId"},
    within=CLUSTER,
    arn="associationArn",
    make=_make,
    change=_change,
    protect=_protect,
    missing="The specified association ID could not be found: {associationId}",
)


def replace_owned(region: Region, owner: Record, wanted: list[Record]) -> list[str]:
    """Associations of an add-on, which come, change and go with it; by ARN."""
    before = dict(region.of(POD_IDENTITY))
    for old in region.all(POD_IDENTITY, ownerArn=owner["addonArn"]):
        region.drop(POD_IDENTITY, POD_IDENTITY.own_key(old))
    common = {
        "clusterName": owner["clusterName"],
        "namespace": owner["namespaceConfig"]["namespace"],
        "ownerArn": owner["addonArn"],
    }
    try:
        return [region.keep(POD_IDENTITY, _make(region, {**each, **common}))["associationArn"] for each in wanted]
    except Refusal:
        # A refused add-on leaves what was there.
        region.of(POD_IDENTITY).clear()
        region.of(POD_IDENTITY).update(before)
        raise


RESOURCES = (
    resource(
        POD_IDENTITY,
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        arguments=names("clusterName disableSessionTags namespace policy roleArn serviceAccount targetRoleArn"),
        replace_on=names("clusterName namespace serviceAccount"),
        identity=names("clusterName namespace serviceAccount"),
        id_member="associationId",
        documents=names("policy"),
        importable=False,
    ),
)
