"""Managed node groups, checked against EC2 as moto knows it; the bridge makes their nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models.instance_types import INSTANCE_TYPES

from local.aws.recorded import autoscaling_group, interfaces
from local.aws.recorded.access import admit_node_role
from local.aws.recorded.ami_releases import require_release
from local.aws.recorded.clusters import CLUSTER, KUBELET_SKEW, remember_update, require_version
from local.aws.recorded.kind import Kind, Operation, Record, now, picked, uuid_like
from local.aws.recorded.launches import launch_issue
from local.aws.recorded.node_updates import replace_nodes, require_active
from local.aws.recorded.refusals import InvalidParameter, InvalidRequest
from local.aws.recorded.region import Region
from paddock.catalog.eks import eks_versions

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_DEFAULT_SCALING = {"minSize": 1, "maxSize": 2, "desiredSize": 2}
_FORBIDDEN_IN_TEMPLATE = {
    "IamInstanceProfile": "the node group's nodeRole takes its place",
    "HibernationOptions": "nodes cannot hibernate",
}


def _make(region: Region, params: Record) -> Record:
    cluster, name = region.find(CLUSTER, params["clusterName"]), params["nodegroupName"]
    if not _NAME.fullmatch(name):
        raise InvalidParameter(
            f"The node group name {name} must have 1 to 63 letters, digits, hyphens and underscores, a letter or digit "
            "first"
        )
    region.require_role(params["nodeRole"], "ec2.amazonaws.com")
    subnets, vpc_id = region.require_subnets(params["subnets"]), cluster["resourcesVpcConfig"]["vpcId"]
    if subnets[0].vpc_id != vpc_id:
        raise InvalidParameter(f"Subnets must be in the cluster's VPC {vpc_id}")
    template, data = _launch_template(region, params.get("launchTemplate"))
    instance_types = _instance_types(region, params, data, {subnet.availability_zone for subnet in subnets})
    _require_ami(params, data, instance_types)
    id_ = uuid_like()
    version = _require_version(cluster, params.get("version", cluster["version"]))
    nodegroup = {
        "nodegroupName": name,
        "nodegroupArn": region.arn("eks", f"nodegroup/{cluster['name']}/{name}/{id_}"),
        "clusterName": cluster["name"],
        "createdAt": now(),
        "modifiedAt": now(),
        "status": "ACTIVE",
        "capacityType": params.get("capacityType", "ON_DEMAND"),
        "scalingConfig": _require_scaling(params.get("scalingConfig", _DEFAULT_SCALING)),
        "subnets": params["subnets"],
        "amiType": params.get("amiType", "CUSTOM" if "ImageId" in data else _default_ami(instance_types[0])),
        "nodeRole": params["nodeRole"],
        "labels": params.get("labels", {}),
        "taints": _require_taints(params.get("taints", [])),
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{id_}"}]},
        "health": {"issues": []},
        "updateConfig": _require_update_config(params.get("updateConfig", {"maxUnavailable": 1})),
        "tags": params.get("tags", {}),
        **picked(params, "remoteAccess", "nodeRepairConfig", "warmPoolConfig"),
    }
    if "ImageId" not in data:
        release = require_release(nodegroup["amiType"], version, params.get("releaseVersion"))
        nodegroup |= {"version": version, "releaseVersion": release}
    if "InstanceType" not in data:
        nodegroup["instanceTypes"] = instance_types
    nodegroup |= {"launchTemplate": template} if template else {"diskSize": params.get("diskSize", 20)}
    if nodegroup["scalingConfig"]["desiredSize"] and (issue := launch_issue(nodegroup["amiType"], data)):
        nodegroup |= {"status": "CREATE_FAILED", "health": {"issues": [issue]}}
    autoscaling_group.make(region, f"eks-{name}-{id_}", data, params["subnets"])
    interfaces.connect_nodes(region, cluster, nodegroup)
    admit_node_role(region, cluster, params["nodeRole"])
    return nodegroup


def _release(region: Region, nodegroup: Record) -> None:
    interfaces.release(region, nodegroup["nodegroupArn"])
    for group in nodegroup["resources"]["autoScalingGroups"]:
        autoscaling_group.delete(region, group["name"])


NODEGROUP = Kind(
    service="eks",
    create="CreateNodegroup",
    read="DescribeNodegroup",
    lists="ListNodegroups",
    delete="DeleteNodegroup",
    member="nodegroup",
    listed="nodegroups",
    summary="nodegroupName",
    key={"clusterName": "clusterName", "nodegroupName": "nodegroupName"},
    within=CLUSTER,
    arn="nodegroupArn",
    make=_make,
    release=_release,
    taken="NodeGroup already exists with name {nodegroupName} and cluster name {clusterName}",
    missing="No node group found for name: {nodegroupName}.",
    blocks="Cluster has nodegroups attached: {names}",
)


def _update_config(region: Region, params: Record) -> Record:
    cluster, nodegroup = _with_cluster(region, params)
    require_active(nodegroup)
    changed = {
        key: value for key, value in params.items() if key not in ("clusterName", "nodegroupName", "clientRequestToken")
    }
    if not changed:
        raise InvalidParameter("No changes needed for the node group config")
    after: Record = {"modifiedAt": now()}
    if labels := params.get("labels"):
        kept = {k: v for k, v in nodegroup["labels"].items() if k not in labels.get("removeLabels", [])}
        after["labels"] = kept | labels.get("addOrUpdateLabels", {})
    if taints := params.get("taints"):
        after["taints"] = _changed_taints(nodegroup["taints"], taints)
    if "scalingConfig" in params:
        after["scalingConfig"] = _require_scaling({**nodegroup["scalingConfig"], **params["scalingConfig"]})
    if "updateConfig" in params:
        after["updateConfig"] = _require_update_config(params["updateConfig"])
    nodegroup.update(after | picked(params, "nodeRepairConfig", "warmPoolConfig"))
    interfaces.connect_nodes(region, cluster, nodegroup)
    return remember_update(region, cluster, "ConfigUpdate", changed)


def _update_version(region: Region, params: Record) -> Record:
    cluster, nodegroup = _with_cluster(region, params)
    require_active(nodegroup)
    after: Record = {"modifiedAt": now()}
    if "launchTemplate" in params:
        before = nodegroup.get("launchTemplate")
        if before is None:
            raise InvalidRequest("The node group was not made with a launch template; make a new one.")
        template, data = _launch_template(region, params["launchTemplate"])
        if template is None or template["id"] != before["id"]:
            raise InvalidParameter(f"The launch template must stay {before['id']}; only its version can change")
        if ("ImageId" in data) != (nodegroup["amiType"] == "CUSTOM"):
            raise InvalidParameter("A node group cannot change between an EKS AMI and a custom one")
        after["launchTemplate"] = template
    if nodegroup["amiType"] != "CUSTOM":
        # Where the request names none: the control plane's version, and the newest AMI for it.
        version = _require_version(cluster, params.get("version", cluster["version"]))
        # An older version passes too: a cluster's rollback begins with it (EKS user guide, rollback-cluster).
        release = require_release(nodegroup["amiType"], version, params.get("releaseVersion"))
        after |= {"version": version, "releaseVersion": release}
    elif params.keys() & {"version", "releaseVersion"}:
        raise InvalidParameter("version and releaseVersion cannot be given with a custom AMI")
    return replace_nodes(region, cluster, nodegroup, after, picked(params, "version", "releaseVersion"))


def _with_cluster(region: Region, params: Record) -> tuple[Record, Record]:
    return region.find(CLUSTER, params["clusterName"]), region.find(NODEGROUP, *NODEGROUP.key_of(params))


def _launch_template(region: Region, given: Record | None) -> tuple[Record | None, dict[str, Any]]:
    """Launch template as EKS records it, and the data of the version it names."""
    if given is None:
        return None, {}
    if ("id" in given) == ("name" in given):
        raise InvalidParameter("A launch template is named by either its id or its name, and one of them must be given")
    try:
        template = (
            region.ec2.get_launch_template(given["id"])
            if "id" in given
            else region.ec2.get_launch_template_by_name(given["name"])
        )
        version = template.get_version(given.get("version", "$Default"))
    except (ServiceException, ValueError) as error:
        raise InvalidParameter(f"Launch template {given} cannot be used: {error}") from error
    data = version.data
    for key, instead in _FORBIDDEN_IN_TEMPLATE.items():
        if data.get(key):
            raise InvalidParameter(f"Launch template {template.id} must not set {key}: {instead}")
    if any(interface.get("SubnetId") for interface in data.get("NetworkInterfaces") or []):
        raise InvalidParameter(f"Launch template {template.id} must not name a subnet: the node group does")
    if (data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot":
        raise InvalidParameter(
            f"Launch template {template.id} must not ask for spot: the node group's capacityType does"
        )
    record = {"id": template.id, "name": template.name, "version": str(version.number)}
    return record, {key: value for key, value in data.items() if value not in (None, "", [], {})}


def _instance_types(region: Region, params: Record, data: dict[str, Any], zones: Iterable[str]) -> list[str]:
    given = params.get("instanceTypes", [])
    if given and "InstanceType" in data:
        raise InvalidParameter("Instance types are given by either the launch template or the node group, not both")
    if "launchTemplate" in params and params.keys() & {"diskSize", "remoteAccess"}:
        raise InvalidParameter("diskSize and remoteAccess must be specified within the launch template.")
    wanted = [data["InstanceType"]] if "InstanceType" in data else given or ["t3.medium"]
    for name in wanted:
        if name not in INSTANCE_TYPES:
            raise InvalidParameter(f"The following supplied instance types do not exist: [{name}]")
        filters = {"instance-type": [name], "location": sorted(zones)}
        if not region.ec2.describe_instance_type_offerings("availability-zone", filters):
            raise InvalidParameter(f"{name} is not offered in the node group's zones: {', '.join(sorted(zones))}")
    return list(wanted)


def _require_ami(params: Record, data: dict[str, Any], instance_types: list[str]) -> None:
    if "ImageId" in data:
        if params.keys() & {"amiType", "version", "releaseVersion"}:
            raise InvalidParameter("amiType, version and releaseVersion cannot be given with a custom AMI")
        return
    ami = params.get("amiType")
    if ami is None or ami == "CUSTOM":
        return
    architecture = "arm64" if "ARM_64" in ami else "x86_64"
    for name in instance_types:
        supported = INSTANCE_TYPES[name]["ProcessorInfo"]["SupportedArchitectures"]
        if architecture not in supported:
            raise InvalidParameter(f"{name} ({', '.join(supported)}) cannot run an AMI of type {ami}")


def _default_ami(instance_type: str) -> str:
    arm = "arm64" in INSTANCE_TYPES[instance_type]["ProcessorInfo"]["SupportedArchitectures"]
    nvidia = any(
        gpu.get("Manufacturer") == "NVIDIA" for gpu in INSTANCE_TYPES[instance_type].get("GpuInfo", {}).get("Gpus", [])
    )
    return f"AL2023_{'ARM_64' if arm else 'x86_64'}_{'NVIDIA' if nvidia else 'STANDARD'}"


def _require_scaling(config: Record) -> Record:
    low, wanted, high = config.get("minSize", 0), config.get("desiredSize", 0), config.get("maxSize", 0)
    if not low <= wanted <= high:
        raise InvalidParameter(
            f"scalingConfig must have minSize <= desiredSize <= maxSize, got {low}, {wanted}, {high}"
        )
    return config


def _require_update_config(config: Record) -> Record:
    if ("maxUnavailable" in config) == ("maxUnavailablePercentage" in config):
        raise InvalidParameter("updateConfig takes either maxUnavailable or maxUnavailablePercentage")
    return {"updateStrategy": "DEFAULT", **config}


def _require_version(cluster: Record, version: Any) -> str:
    known, of_cluster = list(eks_versions()), cluster["version"]
    if not 0 <= known.index(of_cluster) - known.index(require_version(version)) <= KUBELET_SKEW:
        raise InvalidParameter(f"A node group of version {version} cannot join a cluster of version {of_cluster}")
    return str(version)


def _require_taints(taints: list[Record]) -> list[Record]:
    keys = [(taint.get("key"), taint.get("effect")) for taint in taints]
    if len(set(keys)) < len(keys):
        raise InvalidParameter("Taints must differ in key or effect")
    return taints


def _changed_taints(before: list[Record], change: Record) -> list[Record]:
    def identity(taint: Record) -> tuple[str, str]:
        return taint["key"], taint["effect"]

    kept = {identity(taint): taint for taint in before}
    for taint in change.get("removeTaints", []):
        kept.pop(identity(taint), None)
    for taint in change.get("addOrUpdateTaints", []):
        kept[identity(taint)] = taint
    return list(kept.values())


OPERATIONS: dict[str, Operation] = {
    "UpdateNodegroupConfig": _update_config,
    "UpdateNodegroupVersion": _update_version,
}
