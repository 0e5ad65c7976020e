"""Access entries and the access policies associated with them: who may use a cluster's Kubernetes API."""

from __future__ import annotations

from moto.sts.models import sts_backends

from local.aws.emulation.eks.errors import InUse, InvalidParameter, InvalidRequest, NotFound
from local.aws.emulation.eks.region import AccessEntry, Cluster, Record, Region, now, random_hex

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


def create_access_entry(region: Region, params: Record) -> Record:
    cluster = _with_entries(region, params["clusterName"])
    principal = params["principalArn"]
    if principal in cluster.access_entries:
        raise InUse("The specified access entry resource is already in use on this cluster.")
    _require_principal(region, principal)
    kind = params.get("type", "STANDARD")
    if kind not in _TYPES:
        raise InvalidParameter(f"The type {kind!r} is not one of {', '.join(_TYPES)}")
    if kind != "STANDARD" and (params.get("kubernetesGroups") or params.get("username")):
        raise InvalidParameter(f"kubernetesGroups and username cannot be given for an access entry of type {kind}")
    _require_groups(params.get("kubernetesGroups", []))
    return {"accessEntry": _admit(region, cluster, principal, kind, params).description}


def describe_access_entry(region: Region, params: Record) -> Record:
    return {"accessEntry": _entry(region, params).description}


def list_access_entries(region: Region, params: Record) -> Record:
    cluster = _with_entries(region, params["clusterName"])
    policy = params.get("associatedPolicyArn")
    return {
        "accessEntries": [
            principal
            for principal, entry in cluster.access_entries.items()
            if policy is None or policy in entry.policies
        ]
    }


def update_access_entry(region: Region, params: Record) -> Record:
    entry = _entry(region, params)
    _require_groups(params.get("kubernetesGroups", []))
    for key in ("kubernetesGroups", "username"):
        if key in params:
            entry.description[key] = params[key]
    entry.description["modifiedAt"] = now()
    return {"accessEntry": entry.description}


def delete_access_entry(region: Region, params: Record) -> Record:
    _entry(region, params)
    del region.cluster(params["clusterName"]).access_entries[params["principalArn"]]
    return {}


def associate_access_policy(region: Region, params: Record) -> Record:
    entry = _entry(region, params)
    policy, scope = params["policyArn"], params["accessScope"]
    if policy not in {f"{_POLICY_ARN}{name}" for name in POLICIES}:
        raise InvalidParameter(f"The policyArn {policy} is not one of {_POLICY_ARN}{{{', '.join(POLICIES)}}}")
    namespaces = scope.get("namespaces", [])
    if (scope.get("type") == "namespace") is not bool(namespaces):
        raise InvalidParameter("accessScope.namespaces is given when, and only when, accessScope.type is 'namespace'")
    first = entry.policies.get(policy, {}).get("associatedAt", now())
    scope = {"type": scope["type"], "namespaces": namespaces}
    entry.policies[policy] = {"policyArn": policy, "accessScope": scope, "associatedAt": first, "modifiedAt": now()}
    return {
        "clusterName": params["clusterName"],
        "principalArn": params["principalArn"],
        "associatedAccessPolicy": entry.policies[policy],
    }


def list_associated_access_policies(region: Region, params: Record) -> Record:
    return {
        "clusterName": params["clusterName"],
        "principalArn": params["principalArn"],
        "associatedAccessPolicies": list(_entry(region, params).policies.values()),
    }


def disassociate_access_policy(region: Region, params: Record) -> Record:
    entry = _entry(region, params)
    if entry.policies.pop(params["policyArn"], None) is None:
        raise NotFound(f"The policy {params['policyArn']} is not associated with {params['principalArn']}.")
    return {}


def list_access_policies(_: Region, __: Record) -> Record:
    return {"accessPolicies": [{"name": name, "arn": f"{_POLICY_ARN}{name}"} for name in POLICIES]}


def admit_creator(region: Region, cluster: Cluster) -> None:
    """Whoever created the cluster administers it, unless that was declined or the cluster has no access entries."""
    config = cluster.description["accessConfig"]
    if config["bootstrapClusterCreatorAdminPermissions"] and config["authenticationMode"] != "CONFIG_MAP":
        _, caller, _ = sts_backends[region.account_id]["aws"].get_caller_identity("", region.name)
        entry = _admit(region, cluster, caller, "STANDARD", {})
        policy = f"{_POLICY_ARN}AmazonEKSClusterAdminPolicy"
        scope = {"type": "cluster", "namespaces": []}
        entry.policies[policy] = {
            "policyArn": policy,
            "accessScope": scope,
            "associatedAt": now(),
            "modifiedAt": now(),
        }


def admit_node_role(region: Region, cluster: Cluster, role_arn: str) -> None:
    """A managed node group makes the access entry of its role, if nobody has."""
    has_entries = cluster.description["accessConfig"]["authenticationMode"] != "CONFIG_MAP"
    if has_entries and role_arn not in cluster.access_entries:
        _admit(region, cluster, role_arn, "EC2_LINUX", {})


def _admit(region: Region, cluster: Cluster, principal: str, kind: str, params: Record) -> AccessEntry:
    groups, username = params.get("kubernetesGroups", []), params.get("username")
    if kind != "STANDARD":
        groups, username = ["system:nodes"], "system:node:{{EC2PrivateDNSName}}"
    principal_kind, principal_name = principal.split(":")[5].split("/", 1)
    path = f"{principal_kind}/{region.account_id}/{principal_name.rsplit('/', 1)[-1]}/{random_hex(8)}"
    cluster.access_entries[principal] = AccessEntry(
        {
            "clusterName": cluster.name,
            "principalArn": principal,
            "kubernetesGroups": groups,
            "accessEntryArn": region.arn(f"access-entry/{cluster.name}/{path}"),
            "createdAt": now(),
            "modifiedAt": now(),
            "tags": params.get("tags", {}),
            "username": username or principal,
            "type": kind,
        }
    )
    return cluster.access_entries[principal]


def _with_entries(region: Region, cluster_name: str) -> Cluster:
    cluster = region.cluster(cluster_name)
    if cluster.description["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        raise InvalidRequest(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
            "operation."
        )
    return cluster


def _entry(region: Region, params: Record) -> AccessEntry:
    cluster = _with_entries(region, params["clusterName"])
    entry = cluster.access_entries.get(params["principalArn"])
    if entry is None:
        raise NotFound(f"The specified principalArn could not be found: {params['principalArn']}")
    return entry


def _require_principal(region: Region, arn: str) -> None:
    _, caller, _ = sts_backends[region.account_id]["aws"].get_caller_identity("", region.name)
    known = {role.arn for role in region.iam.roles.values()} | {user.arn for user in region.iam.users.values()}
    if arn not in known | {caller, f"arn:aws:iam::{region.account_id}:root"}:
        raise InvalidParameter(f"The specified principalArn is invalid: {arn} is no role or user of this account.")


def _require_groups(groups: list[str]) -> None:
    for group in groups:
        if group.startswith(_RESERVED_GROUPS):
            raise InvalidParameter(
                f"The kubernetes group name {group} is invalid: it cannot start with {_RESERVED_GROUPS}"
            )


OPERATIONS = {
    "create_access_entry": create_access_entry,
    "describe_access_entry": describe_access_entry,
    "list_access_entries": list_access_entries,
    "update_access_entry": update_access_entry,
    "delete_access_entry": delete_access_entry,
    "associate_access_policy": associate_access_policy,
    "list_associated_access_policies": list_associated_access_policies,
    "disassociate_access_policy": disassociate_access_policy,
    "list_access_policies": list_access_policies,
}
