"""EKS access entries and their access policies: principals that may use a cluster's Kubernetes API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.aws.definition import names
from local.aws.recorded.clusters import CLUSTER
from local.aws.recorded.kind import Kind, Operation, Record, now, picked, random_hex
from local.aws.recorded.operations import create
from local.aws.recorded.refusals import InvalidParameter, InvalidRequest
from local.aws.recorded.resource import resource

if TYPE_CHECKING:
    from local.aws.recorded.region import Region

_POLICY_ARN = "arn:aws:eks::aws:cluster-access-policy/"
# Amazon EKS user guide, access-policy-permissions.adoc, read 2026-11-24; those that users may associate.
POLICIES = (
    "AmazonEKSAdminPolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSAutoNodePolicy",
)
_TYPES = ("STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX")
_RESERVED_GROUPS = ("system:", "eks:", "aws:", "amazon:", "iam:")


def _make_entry(region: Region, params: Record) -> Record:
    _require_principal(region, params["principalArn"])
    kind = params.get("type", "STANDARD")
    if kind not in _TYPES:
        raise InvalidParameter(f"The type {kind!r} is not one of {', '.join(_TYPES)}")
    if kind != "STANDARD" and (params.get("kubernetesGroups") or params.get("username")):
        raise InvalidParameter(f"kubernetesGroups and username cannot be given for an access entry of type {kind}")
    _require_groups(params)
    return _entry(region, params["clusterName"], params["principalArn"], kind, params)


def _entry(region: Region, cluster: str, principal: str, kind: str, params: Record) -> Record:
    groups, username = params.get("kubernetesGroups", []), params.get("username")
    if kind != "STANDARD":
        groups, username = ["system:nodes"], "system:node:{{EC2PrivateDNSName}}"
    principal_kind, principal_name = principal.split(":")[5].split("/", 1)
    path = f"{principal_kind}/{region.account_id}/{principal_name.rsplit('/', 1)[-1]}/{random_hex(8)}"
    return {
        "clusterName": cluster,
        "principalArn": principal,
        "kubernetesGroups": groups,
        "accessEntryArn": region.arn("eks", f"access-entry/{cluster}/{path}"),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": params.get("tags", {}),
        "username": username or principal,
        "type": kind,
    }


def _change_entry(_: Region, entry: Record, params: Record) -> None:
    _require_groups(params)
    entry.update(picked(params, "kubernetesGroups", "username"), modifiedAt=now())


def _require_entries(region: Region, cluster_name: str) -> None:
    if region.find(CLUSTER, cluster_name)["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        raise InvalidRequest(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
            "operation."
        )


ACCESS_ENTRY = Kind(
    service="eks",
    create="CreateAccessEntry",
    read="DescribeAccessEntry",
    update="UpdateAccessEntry",
    delete="DeleteAccessEntry",
    member="accessEntry",
    listed="accessEntries",
    key={"clusterName": "clusterName", "principalArn": "principalArn"},
    within=CLUSTER,
    arn="accessEntryArn",
    make=_make_entry,
    change=_change_entry,
    guard=_require_entries,
    taken="The specified access entry resource is already in use on this cluster.",
    missing="The specified principalArn could not be found: {principalArn}",
)


def _list_entries(region: Region, params: Record) -> Record:
    cluster, policy = params["clusterName"], params.get("associatedPolicyArn")
    region.admit(ACCESS_ENTRY, cluster)
    found = [entry["principalArn"] for entry in region.all(ACCESS_ENTRY, clusterName=cluster)]
    holders = [each["principalArn"] for each in region.all(POLICY, clusterName=cluster, policyArn=policy)]
    return {"accessEntries": [arn for arn in found if policy is None or arn in holders]}


def _make_association(region: Region, params: Record) -> Record:
    policy, scope = params["policyArn"], params["accessScope"]
    if policy not in {f"{_POLICY_ARN}{name}" for name in POLICIES}:
        raise InvalidParameter(f"The policyArn {policy} is not one of {_POLICY_ARN}{{{', '.join(POLICIES)}}}")
    namespaces = scope.get("namespaces", [])
    if (scope.get("type") == "namespace") is not bool(namespaces):
        raise InvalidParameter("accessScope.namespaces is given when, and only when, accessScope.type is 'namespace'")
    old = region.of(POLICY).get(POLICY.key_of(params), {})
    return {
        **picked(params, "clusterName", "principalArn", "policyArn"),
        "accessScope": {"type": scope["type"], "namespaces": namespaces},
        "associatedAt": old.get("associatedAt", now()),
        "modifiedAt": now(),
    }


POLICY = Kind(
    service="eks",
    create="AssociateAccessPolicy",
    lists="ListAssociatedAccessPolicies",
    delete="DisassociateAccessPolicy",
    member="associatedAccessPolicy",
    listed="associatedAccessPolicies",
    key={"clusterName": "clusterName", "principalArn": "principalArn", "policyArn": "policyArn"},
    within=ACCESS_ENTRY,
    make=_make_association,
    missing="The policy {policyArn} is not associated with {principalArn}.",
)


def _create_cluster(region: Region, params: Record) -> Record:
    """Creator administers the cluster, unless that was declined or the cluster has no access entries."""
    answer = create(CLUSTER, region, params)
    cluster: Record = answer["cluster"]
    config = cluster["accessConfig"]
    if config["bootstrapClusterCreatorAdminPermissions"] and config["authenticationMode"] != "CONFIG_MAP":
        key = {"clusterName": cluster["name"], "principalArn": region.caller}
        region.keep(ACCESS_ENTRY, _entry(region, cluster["name"], region.caller, "STANDARD", {}))
        policy = {"policyArn": f"{_POLICY_ARN}AmazonEKSClusterAdminPolicy", "accessScope": {"type": "cluster"}}
        region.keep(POLICY, _make_association(region, {**key, **policy}))
    return answer


def admit_node_role(region: Region, cluster: Record, role_arn: str) -> None:
    """Make the access entry of a managed node group's role, if nobody has."""
    has_entries = cluster["accessConfig"]["authenticationMode"] != "CONFIG_MAP"
    if has_entries and (cluster["name"], role_arn) not in region.of(ACCESS_ENTRY):
        region.keep(ACCESS_ENTRY, _entry(region, cluster["name"], role_arn, "EC2_LINUX", {}))


def _require_principal(region: Region, arn: str) -> None:
    known = {role.arn for role in region.iam.roles.values()} | {user.arn for user in region.iam.users.values()}
    if arn not in known | {region.caller, f"arn:aws:iam::{region.account_id}:root"}:
        raise InvalidParameter(f"The specified principalArn is invalid: {arn} is no role or user of this account.")


def _require_groups(params: Record) -> None:
    for group in params.get("kubernetesGroups", []):
        if group.startswith(_RESERVED_GROUPS):
            raise InvalidParameter(
                f"The kubernetes group name {group} is invalid: it cannot start with {_RESERVED_GROUPS}"
            )


OPERATIONS: dict[str, Operation] = {
    "CreateCluster": _create_cluster,
    "ListAccessEntries": _list_entries,
    "ListAccessPolicies": lambda *_: {
        "accessPolicies": [{"name": name, "arn": f"{_POLICY_ARN}{name}"} for name in POLICIES]
    },
}
RESOURCES = (
    resource(
        ACCESS_ENTRY,
        "aws:eks/accessEntry:AccessEntry",
        arguments=names("clusterName kubernetesGroups principalArn type userName"),
        defaults={"type": "STANDARD"},
        replace_on=names("clusterName principalArn type"),
        identity=names("clusterName principalArn"),
        id_of=("clusterName", "principalArn"),
        cleared={"kubernetesGroups": []},
        sets=names("kubernetesGroups"),
        changing=names("modifiedAt"),
    ),
    resource(
        POLICY,
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        arguments=names("accessScope clusterName policyArn principalArn"),
        replace_on=names("accessScope clusterName policyArn principalArn"),
        identity=names("clusterName policyArn principalArn"),
        id_of=("clusterName", "principalArn", "policyArn"),
        separator="#",
        sets=names("accessScope.namespaces"),
    ),
)
