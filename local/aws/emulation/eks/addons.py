"""EKS add-ons: recorded with their configuration; nothing of them runs."""

from __future__ import annotations

import json

import yaml

from local.aws.emulation.eks import pod_identity
from local.aws.emulation.eks.errors import InUse, InvalidParameter, NotFound
from local.aws.emulation.eks.region import Cluster, Record, Region, now, picked, random_hex, remember_update

# Amazon EKS user guide, add-on pages, read 2026-11-24.
NAMES = (
    "vpc-cni",
    "coredns",
    "kube-proxy",
    "eks-pod-identity-agent",
    "eks-node-monitoring-agent",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "aws-fsx-csi-driver",
    "aws-mountpoint-s3-csi-driver",
    "snapshot-controller",
    "amazon-cloudwatch-observability",
    "adot",
    "aws-guardduty-agent",
    "aws-network-flow-monitoring-agent",
    "amazon-sagemaker-hyperpod-taskgovernance",
    "aws-privateca-connector-for-kubernetes",
    "metrics-server",
    "kube-state-metrics",
    "prometheus-node-exporter",
    "cert-manager",
    "external-dns",
    "fluent-bit",
)
UNSTATED_VERSION = "v0.0.0-eksbuild.0"
"""What an add-on made without a version shows: the version that AWS would choose is not known here."""


def create_addon(region: Region, params: Record) -> Record:
    cluster, name = region.cluster(params["clusterName"]), params["addonName"]
    if name not in NAMES:
        raise InvalidParameter(f"Addon {name} specified is not supported; supported: {', '.join(NAMES)}")
    if name in cluster.addons:
        raise InUse("Addon already exists.")
    if params.get("resolveConflicts") == "PRESERVE":
        raise InvalidParameter("The resolve conflicts value PRESERVE is only for updates; use NONE or OVERWRITE")
    _require_valid(region, params)
    addon = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "addonVersion": params.get("addonVersion", UNSTATED_VERSION),
        "health": {"issues": []},
        "addonArn": region.arn(f"addon/{cluster.name}/{name}/{random_hex(8)}-{random_hex(4)}"),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": params.get("tags", {}),
        "publisher": "eks",
        "owner": "aws",
        **picked(params, "configurationValues", "serviceAccountRoleArn"),
        "namespaceConfig": params.get("namespaceConfig", {"namespace": "kube-system"}),
    }
    cluster.addons[name] = addon
    _associate(region, cluster, addon, params.get("podIdentityAssociations", []))
    return {"addon": addon}


def describe_addon(region: Region, params: Record) -> Record:
    return {"addon": _addon(region, params)}


def list_addons(region: Region, params: Record) -> Record:
    return {"addons": sorted(region.cluster(params["clusterName"]).addons)}


def update_addon(region: Region, params: Record) -> Record:
    cluster, addon = region.cluster(params["clusterName"]), _addon(region, params)
    _require_valid(region, params)
    changed = picked(params, "addonVersion", "configurationValues", "serviceAccountRoleArn")
    addon.update(changed, modifiedAt=now())
    if "podIdentityAssociations" in params:
        _associate(region, cluster, addon, params["podIdentityAssociations"])
    return {"update": remember_update(cluster, "AddonUpdate", changed)}


def delete_addon(region: Region, params: Record) -> Record:
    cluster, addon = region.cluster(params["clusterName"]), _addon(region, params)
    _associate(region, cluster, addon, [])
    return {"addon": {**cluster.addons.pop(addon["addonName"]), "status": "DELETING"}}


def _addon(region: Region, params: Record) -> Record:
    addon = region.cluster(params["clusterName"]).addons.get(params["addonName"])
    if addon is None:
        raise NotFound(f"No addon: {params['addonName']} found in cluster: {params['clusterName']}")
    return addon


def _require_valid(region: Region, params: Record) -> None:
    if "serviceAccountRoleArn" in params:
        region.require_role(params["serviceAccountRoleArn"], "pods.eks.amazonaws.com", actions=())
    if params.get("configurationValues"):
        try:
            parsed = yaml.safe_load(params["configurationValues"])  # JSON is YAML, and EKS takes both
        except yaml.YAMLError as error:
            raise InvalidParameter(f"ConfigurationValue is neither JSON nor YAML: {error}") from error
        if not isinstance(parsed, dict):
            raise InvalidParameter(f"ConfigurationValue must be an object, got {json.dumps(parsed)}")


def _associate(region: Region, cluster: Cluster, addon: Record, wanted: list[Record]) -> None:
    """An add-on owns its pod identity associations: they come, change and go with it."""
    pod_identity.drop_owned(cluster, addon["addonArn"])
    addon["podIdentityAssociations"] = [
        pod_identity.associate(
            region,
            cluster,
            {**association, "namespace": addon["namespaceConfig"]["namespace"], "ownerArn": addon["addonArn"]},
        )["associationArn"]
        for association in wanted
    ]


OPERATIONS = {
    "create_addon": create_addon,
    "describe_addon": describe_addon,
    "list_addons": list_addons,
    "update_addon": update_addon,
    "delete_addon": delete_addon,
}
