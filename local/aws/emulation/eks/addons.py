"""EKS add-ons: recorded with their configuration; nothing of them runs."""

from __future__ import annotations

import json
import re

import yaml

from local.aws.emulation.eks import pod_identity
from local.aws.emulation.eks.errors import InUse, InvalidParameter, NotFound
from local.aws.emulation.eks.region import Cluster, Record, Region, now, picked, random_hex, remember_update
from paddock.catalog.eks import addon_version, eks_versions

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
"""What an add-on shows that is made without a version, where paddock's catalog does not know AWS's either."""
_VERSION = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")
_BOOLEAN = ("true", "false")
_VPC_CNI_BOOLEANS = ("enableNetworkPolicy",)
"""Text in the add-on's schema, not booleans. Source: EKS user guide, cni-network-policy-configure."""


def create_addon(region: Region, params: Record) -> Record:
    cluster, name = region.cluster(params["clusterName"]), params["addonName"]
    if name not in NAMES:
        raise InvalidParameter(f"Addon {name} specified is not supported; supported: {', '.join(NAMES)}")
    if name in cluster.addons:
        raise InUse("Addon already exists.")
    if params.get("resolveConflicts") == "PRESERVE":
        raise InvalidParameter("The resolve conflicts value PRESERVE is only for updates; use NONE or OVERWRITE")
    _require_valid(region, cluster, params)
    addon = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "addonVersion": params.get("addonVersion") or _default_version(cluster, name),
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
    _require_valid(region, cluster, params)
    changed = picked(params, "addonVersion", "configurationValues", "serviceAccountRoleArn")
    addon.update(changed, modifiedAt=now())
    if "podIdentityAssociations" in params:
        _associate(region, cluster, addon, params["podIdentityAssociations"])
    return {"update": remember_update(cluster, "AddonUpdate", changed)}


def delete_addon(region: Region, params: Record) -> Record:
    cluster, addon = region.cluster(params["clusterName"]), _addon(region, params)
    _associate(region, cluster, addon, [])
    return {"addon": {**cluster.addons.pop(addon["addonName"]), "status": "DELETING"}}


def describe_addon_versions(_: Region, params: Record) -> Record:
    """Of each add-on the versions that paddock's catalog knows; AWS has older ones too."""
    wanted = picked(params, "kubernetesVersion").values() or list(eks_versions())
    names = [name for name in NAMES if name == params.get("addonName", name)]
    described = []
    for name in names:
        by_version: dict[str, list[str]] = {}
        for kubernetes in wanted:
            if version := addon_version(kubernetes, name):
                by_version.setdefault(version, []).append(kubernetes)
        if by_version:
            described.append(
                {
                    "addonName": name,
                    "publisher": "eks",
                    "owner": "aws",
                    "addonVersions": [
                        {
                            "addonVersion": version,
                            "architecture": ["amd64", "arm64"],
                            "compatibilities": [
                                {"clusterVersion": each, "platformVersions": ["*"], "defaultVersion": True}
                                for each in fits
                            ],
                        }
                        for version, fits in by_version.items()
                    ],
                }
            )
    return {"addons": described}


def _default_version(cluster: Cluster, name: str) -> str:
    return addon_version(cluster.description["version"], name) or UNSTATED_VERSION


def _require_version(cluster: Cluster, name: str, version: str) -> None:
    """Of the right form, and none that did not exist on the catalog's day; older ones AWS keeps for long."""
    kubernetes = cluster.description["version"]
    newest = addon_version(kubernetes, name)
    if not _VERSION.fullmatch(version) or (newest and _order(version) > _order(newest)):
        raise InvalidParameter(
            f"Addon version specified is not supported: {version} of {name} on Kubernetes {kubernetes}"
            + (f"; the newest that the catalog knows is {newest}" if newest else "")
        )


def _order(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _addon(region: Region, params: Record) -> Record:
    addon = region.cluster(params["clusterName"]).addons.get(params["addonName"])
    if addon is None:
        raise NotFound(f"No addon: {params['addonName']} found in cluster: {params['clusterName']}")
    return addon


def _require_valid(region: Region, cluster: Cluster, params: Record) -> None:
    if "addonVersion" in params:
        _require_version(cluster, params["addonName"], params["addonVersion"])
    if "serviceAccountRoleArn" in params:
        region.require_role(params["serviceAccountRoleArn"], "pods.eks.amazonaws.com", actions=())
    if params.get("configurationValues"):
        try:
            parsed = yaml.safe_load(params["configurationValues"])  # JSON is YAML, and EKS takes both
        except yaml.YAMLError as error:
            raise InvalidParameter(f"ConfigurationValue is neither JSON nor YAML: {error}") from error
        if not isinstance(parsed, dict):
            raise InvalidParameter(f"ConfigurationValue must be an object, got {json.dumps(parsed)}")
        for key in _VPC_CNI_BOOLEANS if params["addonName"] == "vpc-cni" else ():
            if parsed.get(key, "true") not in _BOOLEAN:
                raise InvalidParameter(f'ConfigurationValue: {key} must be the text "true" or "false"')


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
    "describe_addon_versions": describe_addon_versions,
    "list_addons": list_addons,
    "update_addon": update_addon,
    "delete_addon": delete_addon,
}
