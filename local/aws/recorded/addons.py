"""EKS add-ons, with their configuration; nothing of them runs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import yaml

from local.aws.cloud import Cloud
from local.aws.definition import names
from local.aws.recorded.clusters import CLUSTER, remember_update
from local.aws.recorded.kind import Kind, Operation, Record, now, picked, random_hex
from local.aws.recorded.pod_identity import replace_owned
from local.aws.recorded.refusals import InvalidParameter
from local.aws.recorded.resource import resource
from local.aws.values import Values
from paddock.catalog.eks import addon_version, eks_versions

if TYPE_CHECKING:
    from local.aws.recorded.region import Region

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
"""Version of an add-on that is made without one, where paddock's catalog does not know AWS's either."""
_VERSION = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")
_BOOLEAN = ("true", "false")
_VPC_CNI_BOOLEANS = ("enableNetworkPolicy",)
"""Text in the add-on's schema, not booleans. Source: EKS user guide, cni-network-policy-configure."""
_OF_PODS = frozenset(
    names("affinity podAnnotations podLabels nodeSelector priorityClassName resources resizePolicy tolerations")
)
_SCHEMAS: dict[str, dict[str, frozenset[str]]] = {
    "eks-node-monitoring-agent": {
        "$": frozenset({"global", "nodeAgent", "dcgmAgent", "extraObjects"}),
        "$.global": frozenset({"podLabels", "podAnnotations"}),
        "$.nodeAgent": _OF_PODS | {"additionalArgs", "probePort", "monitors"},
        "$.dcgmAgent": _OF_PODS,
    }
}
"""Members that an add-on's configuration schema has, by their place: others are refused. Source:
github.com/aws/eks-node-monitoring-agent, charts/configuration.schema.json of v1.7.0, read 2026-11-28."""


def _make(region: Region, params: Record) -> Record:
    cluster, name = region.find(CLUSTER, params["clusterName"]), params["addonName"]
    if name not in NAMES:
        raise InvalidParameter(f"Addon {name} specified is not supported; supported: {', '.join(NAMES)}")
    if params.get("resolveConflicts") == "PRESERVE":
        raise InvalidParameter("The resolve conflicts value PRESERVE is only for updates; use NONE or OVERWRITE")
    _require_valid(region, cluster, params)
    addon = {
        "addonName": name,
        "clusterName": cluster["name"],
        "status": "ACTIVE",
        "addonVersion": params.get("addonVersion") or addon_version(cluster["version"], name) or UNSTATED_VERSION,
        "health": {"issues": []},
        "addonArn": region.arn("eks", f"addon/{cluster['name']}/{name}/{random_hex(8)}-{random_hex(4)}"),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": params.get("tags", {}),
        "publisher": "eks",
        "owner": "aws",
        **picked(params, "configurationValues", "serviceAccountRoleArn"),
        "namespaceConfig": params.get("namespaceConfig", {"namespace": "kube-system"}),
    }
    addon["podIdentityAssociations"] = replace_owned(region, addon, params.get("podIdentityAssociations", []))
    return addon


def _change(region: Region, addon: Record, params: Record) -> Record:
    cluster = region.find(CLUSTER, params["clusterName"])
    _require_valid(region, cluster, params)
    changed = picked(params, "addonVersion", "configurationValues", "serviceAccountRoleArn")
    addon.update(changed, modifiedAt=now())
    if "podIdentityAssociations" in params:
        addon["podIdentityAssociations"] = replace_owned(region, addon, params["podIdentityAssociations"])
    return remember_update(region, cluster, "AddonUpdate", changed)


ADDON = Kind(
    service="eks",
    create="CreateAddon",
    read="DescribeAddon",
    lists="ListAddons",
    update="UpdateAddon",
    delete="DeleteAddon",
    member="addon",
    listed="addons",
    summary="addonName",
    key={"clusterName": "clusterName", "addonName": "addonName"},
    within=CLUSTER,
    arn="addonArn",
    make=_make,
    change=_change,
    release=lambda region, addon: addon.update(podIdentityAssociations=replace_owned(region, addon, [])),
    taken="Addon already exists.",
    missing="No addon: {addonName} found in cluster: {clusterName}",
)


def _describe_versions(_: Region, params: Record) -> Record:
    """Versions of each add-on that paddock's catalog knows; AWS has older ones too."""
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


def _require_version(kubernetes: str, name: str, version: str) -> None:
    """Refuse a version of the wrong form, and one newer than the catalog's; older ones AWS keeps for long."""
    newest = addon_version(kubernetes, name)
    if not _VERSION.fullmatch(version) or (newest and _order(version) > _order(newest)):
        raise InvalidParameter(
            f"Addon version specified is not supported: {version} of {name} on Kubernetes {kubernetes}"
            + (f"; the newest that the catalog knows is {newest}" if newest else "")
        )


def _order(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _require_valid(region: Region, cluster: Record, params: Record) -> None:
    if "addonVersion" in params:
        _require_version(cluster["version"], params["addonName"], params["addonVersion"])
    if "serviceAccountRoleArn" in params:
        region.require_role(params["serviceAccountRoleArn"], "pods.eks.amazonaws.com", actions=())
    if params.get("configurationValues"):
        try:
            parsed = yaml.safe_load(params["configurationValues"])  # JSON is YAML, and EKS takes both
        except yaml.YAMLError as error:
            raise InvalidParameter(f"ConfigurationValue is neither JSON nor YAML: {error}") from error
        if not isinstance(parsed, dict):
            raise InvalidParameter(f"ConfigurationValue must be an object, got {json.dumps(parsed)}")
        _require_schema(_SCHEMAS.get(params["addonName"], {}), parsed)
        for key in _VPC_CNI_BOOLEANS if params["addonName"] == "vpc-cni" else ():
            if parsed.get(key, "true") not in _BOOLEAN:
                raise InvalidParameter(f'ConfigurationValue: {key} must be the text "true" or "false"')


def _require_schema(schema: dict[str, frozenset[str]], values: Record) -> None:
    """Message: https://github.com/aws/containers-roadmap/issues/2216, read 2026-11-28."""
    for path, known in schema.items():
        found = values if path == "$" else values.get(path.removeprefix("$."), {})
        if unknown := [key for key in found if key not in known]:
            raise InvalidParameter(
                "ConfigurationValue provided in request is not supported: Json schema validation failed with error: "
                f"[{path}.{unknown[0]}: is not defined in the schema and the schema does not allow additional "
                "properties]"
            )


OPERATIONS: dict[str, Operation] = {"DescribeAddonVersions": _describe_versions}


def _with_roles(cloud: Cloud, addon: Values) -> Values:
    """Associations as the program gives them; EKS shows their ARNs."""
    found = [
        cloud.eks.describe_pod_identity_association(clusterName=addon["clusterName"], associationId=arn.split("/")[-1])
        for arn in addon["podIdentityAssociations"]
    ]
    shown = [picked(each["association"], "roleArn", "serviceAccount") for each in found]
    return {**addon, "podIdentityAssociations": shown}


RESOURCES = (
    resource(
        ADDON,
        "aws:eks/addon:Addon",
        arguments=names(
            "addonName addonVersion clusterName configurationValues namespaceConfig podIdentityAssociations preserve "
            "resolveConflictsOnCreate resolveConflictsOnUpdate serviceAccountRoleArn"
        ),
        replace_on=names("addonName clusterName namespaceConfig"),
        identity=names("addonName clusterName"),
        id_of=("clusterName", "addonName"),
        renames={
            "arn": "addonArn",
            "resolveConflictsOnCreate": "resolveConflicts",
            "resolveConflictsOnUpdate": "resolveConflicts",
        },
        only={
            "resolveConflictsOnCreate": "CreateAddon",
            "resolveConflictsOnUpdate": "UpdateAddon",
            "preserve": "DeleteAddon",
        },
        cleared={"configurationValues": "", "podIdentityAssociations": []},
        shown=_with_roles,
        documents=names("configurationValues"),
        sets=names("podIdentityAssociations"),
        provider_only=names("preserve resolveConflictsOnCreate resolveConflictsOnUpdate"),
        changing=names("modifiedAt"),
        validate=lambda inputs: iter(
            [("resolveConflictsOnCreate", "PRESERVE is only for updates; allowed: NONE, OVERWRITE")]
            if inputs.get("resolveConflictsOnCreate") == "PRESERVE"
            else []
        ),
    ),
)
