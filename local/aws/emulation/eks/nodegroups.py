"""Managed node groups, checked against EC2 as moto knows it; the bridge makes their nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models.instance_types import INSTANCE_TYPES

from local.aws.emulation import autoscaling
from local.aws.emulation.eks import access, node_interfaces
from local.aws.emulation.eks.clusters import require_version
from local.aws.emulation.eks.errors import InUse, InvalidParameter, InvalidRequest, NotFound
from local.aws.emulation.eks.region import Cluster, Record, Region, now, picked, random_hex, remember_update
from paddock.catalog.eks import eks_versions

_KUBELET_SKEW = 3
"""Minor versions by which a kubelet may be behind its API server (kubernetes.io, version skew policy)."""
_DEFAULT_SCALING = {"minSize": 1, "maxSize": 2, "desiredSize": 2}
_FORBIDDEN_IN_TEMPLATE = {
    "IamInstanceProfile": "the node group's nodeRole takes its place",
    "HibernationOptions": "nodes cannot hibernate",
}


def create_nodegroup(region: Region, params: Record) -> Record:
    cluster, name = region.cluster(params["clusterName"]), params["nodegroupName"]
    if name in cluster.nodegroups:
        raise InUse(f"NodeGroup already exists with name {name} and cluster name {cluster.name}")
    region.require_role(params["nodeRole"], "ec2.amazonaws.com")
    subnets = region.require_subnets(params["subnets"])
    if subnets[0].vpc_id != cluster.vpc_id:
        raise InvalidParameter(f"Subnets must be in the cluster's VPC {cluster.vpc_id}")
    template, data = _launch_template(region, params.get("launchTemplate"))
    instance_types = _instance_types(region, params, data, {subnet.availability_zone for subnet in subnets})
    _require_ami(params, data, instance_types)
    id_ = f"{random_hex(8)}-{random_hex(4)}-{random_hex(4)}-{random_hex(4)}-{random_hex(12)}"
    version = _require_version(cluster, params.get("version", cluster.description["version"]))
    nodegroup = {
        "nodegroupName": name,
        "nodegroupArn": region.arn(f"nodegroup/{cluster.name}/{name}/{id_}"),
        "clusterName": cluster.name,
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
        nodegroup |= {"version": version, "releaseVersion": params.get("releaseVersion", f"{version}.0-00000000")}
    if "InstanceType" not in data:
        nodegroup["instanceTypes"] = instance_types
    if template is None:
        nodegroup["diskSize"] = params.get("diskSize", 20)
    else:
        nodegroup["launchTemplate"] = template
    autoscaling.make_group(region.account_id, region.name, f"eks-{name}-{id_}", data, params["subnets"])
    cluster.nodegroups[name] = nodegroup
    node_interfaces.follow(region, cluster, nodegroup)
    access.admit_node_role(region, cluster, params["nodeRole"])
    return {"nodegroup": nodegroup}


def describe_nodegroup(region: Region, params: Record) -> Record:
    return {"nodegroup": _nodegroup(region, params)}


def list_nodegroups(region: Region, params: Record) -> Record:
    return {"nodegroups": sorted(region.cluster(params["clusterName"]).nodegroups)}


def delete_nodegroup(region: Region, params: Record) -> Record:
    cluster, nodegroup = region.cluster(params["clusterName"]), _nodegroup(region, params)
    del cluster.nodegroups[nodegroup["nodegroupName"]]
    node_interfaces.release(region, cluster, nodegroup["nodegroupName"])
    for group in nodegroup["resources"]["autoScalingGroups"]:
        autoscaling.delete_group(region.account_id, region.name, group["name"])
    return {"nodegroup": {**nodegroup, "status": "DELETING"}}


def update_nodegroup_config(region: Region, params: Record) -> Record:
    cluster, nodegroup = region.cluster(params["clusterName"]), _nodegroup(region, params)
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
    node_interfaces.follow(region, cluster, nodegroup)
    return {"update": remember_update(cluster, "ConfigUpdate", changed)}


def update_nodegroup_version(region: Region, params: Record) -> Record:
    cluster, nodegroup = region.cluster(params["clusterName"]), _nodegroup(region, params)
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
        version = _require_version(cluster, params.get("version", nodegroup["version"]))
        if tuple(map(int, version.split("."))) < tuple(map(int, nodegroup["version"].split("."))):
            raise InvalidParameter(f"A node group cannot go back from {nodegroup['version']} to {version}")
        after |= {"version": version, "releaseVersion": params.get("releaseVersion", f"{version}.0-00000000")}
    elif params.keys() & {"version", "releaseVersion"}:
        raise InvalidParameter("version and releaseVersion cannot be given with a custom AMI")
    nodegroup.update(after)
    changed = picked(params, "version", "releaseVersion")
    return {"update": remember_update(cluster, "VersionUpdate", changed)}


def _nodegroup(region: Region, params: Record) -> Record:
    nodegroup = region.cluster(params["clusterName"]).nodegroups.get(params["nodegroupName"])
    if nodegroup is None:
        raise NotFound(f"No node group found for name: {params['nodegroupName']}.")
    return nodegroup


def _launch_template(region: Region, given: Record | None) -> tuple[Record | None, dict[str, Any]]:
    """The launch template as EKS records it, and the data of the version it names."""
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


def _require_version(cluster: Cluster, version: Any) -> str:
    known, of_cluster = list(eks_versions()), cluster.description["version"]
    if not 0 <= known.index(of_cluster) - known.index(require_version(version)) <= _KUBELET_SKEW:
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


OPERATIONS = {
    "create_nodegroup": create_nodegroup,
    "describe_nodegroup": describe_nodegroup,
    "list_nodegroups": list_nodegroups,
    "delete_nodegroup": delete_nodegroup,
    "update_nodegroup_config": update_nodegroup_config,
    "update_nodegroup_version": update_nodegroup_version,
}
