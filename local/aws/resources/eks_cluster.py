"""EKS clusters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.aws.calls import given, retag_by_arn, timestamp
from local.aws.cloud import Cloud
from local.aws.definition import Backing, Change, Naming, Resource, names
from local.aws.values import Values

_ALL_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# Arguments that EKS takes as they are, in creation and, one a call, in UpdateClusterConfig.
_PLAIN = names(
    "controlPlaneScalingConfig deletionProtection kubeApiServerConfig kubeControllerManagerConfig kubeSchedulerConfig "
    "upgradePolicy zonalShiftConfig"
)
_VPC = ("subnetIds", "securityGroupIds", "endpointPrivateAccess", "endpointPublicAccess", "publicAccessCidrs")


def _vpc_config(inputs: Values) -> dict[str, Any]:
    return {name: inputs["vpcConfig"][name] for name in _VPC if name in inputs["vpcConfig"]}


def _logging(enabled: list[str]) -> dict[str, Any]:
    disabled = [kind for kind in _ALL_LOG_TYPES if kind not in enabled]
    return {
        "clusterLogging": [
            {"types": types, "enabled": state} for types, state in ((enabled, True), (disabled, False)) if types
        ]
    }


def _create(cloud: Cloud, inputs: Values) -> str:
    encryption = inputs.get("encryptionConfig")
    made = cloud.eks.create_cluster(
        name=inputs["name"],
        roleArn=inputs["roleArn"],
        resourcesVpcConfig=_vpc_config(inputs),
        **given(tags=inputs.get("tagsAll") or None),
        bootstrapSelfManagedAddons=inputs["bootstrapSelfManagedAddons"],
        **given(
            version=inputs.get("version"),
            accessConfig=inputs.get("accessConfig"),
            kubernetesNetworkConfig=inputs.get("kubernetesNetworkConfig"),
            encryptionConfig=[encryption] if encryption else None,
            logging=_logging(inputs["enabledClusterLogTypes"]) if inputs.get("enabledClusterLogTypes") else None,
        ),
        **{name: inputs[name] for name in _PLAIN if name in inputs},
    )
    return str(made["cluster"]["name"])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    cluster = cloud.eks.describe_cluster(name=id_)["cluster"]
    enabled = [kind for setup in cluster["logging"]["clusterLogging"] if setup["enabled"] for kind in setup["types"]]
    encryption = cluster.get("encryptionConfig") or [{}]
    return {
        **{name: cluster[name] for name in _PLAIN if name in cluster},
        "accessConfig": cluster["accessConfig"],
        "arn": cluster["arn"],
        "certificateAuthority": {"data": cluster.get("certificateAuthority", {}).get("data", "")},
        "clusterId": "",
        "createdAt": timestamp(cluster["createdAt"]),
        "enabledClusterLogTypes": enabled,
        "encryptionConfig": encryption[0] or None,
        "endpoint": cluster.get("endpoint", ""),
        "identities": [{"oidcs": [{"issuer": cluster["identity"]["oidc"]["issuer"]}]}],
        "kubernetesNetworkConfig": cluster["kubernetesNetworkConfig"],
        "name": cluster["name"],
        "platformVersion": cluster["platformVersion"],
        "roleArn": cluster["roleArn"],
        "status": cluster["status"],
        "tagsAll": cluster.get("tags", {}),
        "version": cluster["version"],
        "vpcConfig": cluster["resourcesVpcConfig"],
    }


def _update(change: Change) -> None:
    eks, new = change.cloud.eks, change.new
    if change.of("version") and new.get("version", change.state["version"]) != change.state["version"]:
        eks.update_cluster_version(name=change.id, version=new["version"])
    updates: list[dict[str, Any]] = []
    if change.of("vpcConfig"):
        updates.append({"resourcesVpcConfig": _vpc_config(new)})
    if change.of("enabledClusterLogTypes"):
        updates.append({"logging": _logging(new.get("enabledClusterLogTypes", []))})
    if change.of("accessConfig"):
        updates.append({"accessConfig": {"authenticationMode": new["accessConfig"]["authenticationMode"]}})
    # An argument taken away says nothing about what should be: AWS keeps what it has.
    updates += [{name: new[name]} for name in sorted(_PLAIN) if change.of(name) and name in new]
    for update in updates:
        eks.update_cluster_config(name=change.id, **update)


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    config = inputs.get("vpcConfig")
    for name in names("clusterSecurityGroupId vpcId controlPlaneEgressMode"):
        if isinstance(config, dict) and name in config:
            yield f"vpcConfig.{name}", "is not emulated as an argument by the local cloud"


RESOURCES = (
    Resource(
        pulumi_type="aws:eks/cluster:Cluster",
        backing=Backing.RECORDED,
        operation=("eks", "CreateCluster"),
        arguments=_PLAIN
        | names(
            "accessConfig bootstrapSelfManagedAddons enabledClusterLogTypes encryptionConfig kubernetesNetworkConfig "
            "name roleArn version vpcConfig"
        ),
        naming=Naming(prefix_argument=None, max_length=100),
        defaults={"bootstrapSelfManagedAddons": True},
        renames={"vpcConfig": "resourcesVpcConfig"},
        replace_on=names(
            "accessConfig.bootstrapClusterCreatorAdminPermissions bootstrapSelfManagedAddons encryptionConfig "
            "kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr name roleArn"
        ),
        identity=names("name"),
        sets=names(
            "enabledClusterLogTypes encryptionConfig.resources vpcConfig.subnetIds vpcConfig.securityGroupIds "
            "vpcConfig.publicAccessCidrs"
        ),
        provider_only=names("bootstrapSelfManagedAddons"),
        computed=names("version"),
        create=_create,
        read=_read,
        update=_update,
        delete=lambda cloud, id_, _: cloud.eks.delete_cluster(name=id_),
        retag=retag_by_arn("eks", "arn"),
        changing=names("platformVersion"),
        validate=_validate,
    ),
)
