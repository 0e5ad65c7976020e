"""EKS clusters: one per local cloud, as the local cloud has one control plane."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from local.aws.recorded import interfaces
from local.aws.recorded.kind import Kind, Operation, Record, now, picked, random_hex, uuid_like
from local.aws.recorded.refusals import InvalidParameter, InvalidRequest, LimitExceeded, UnsupportedZone
from paddock.catalog.eks import eks_versions, newest_eks_version

if TYPE_CHECKING:
    from local.aws.recorded.region import Region

_PRIVATE = [IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16")]
_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_ZONES_REFUSED = ("use1-az3", "usw1-az2", "cac1-az3")
"""Source: EKS user guide, networking/network-reqs.adoc, read 2026-11-28."""
KUBELET_SKEW = 3
"""Minor versions by which a kubelet may be behind its API server (kubernetes.io, version skew policy)."""
_NOT_EMULATED = ("outpostConfig", "computeConfig", "storageConfig", "remoteNetworkConfig")
"""Outposts, Auto Mode and hybrid nodes bring machines of their own, which nothing here plays."""


def _make(region: Region, params: Record) -> Record:
    _refuse_second_cluster(region)
    for unsupported in _NOT_EMULATED:
        if unsupported in params:
            raise InvalidRequest(f"{unsupported} is not emulated by the local cloud.")
    region.require_role(params["roleArn"], "eks.amazonaws.com")
    version = require_version(params.get("version", newest_eks_version()))
    encryption = _require_keys(region, params.get("encryptionConfig", []))
    vpc_config = _vpc_config(region, params["resourcesVpcConfig"])
    _require_zones(region, params["name"], vpc_config["subnetIds"])
    network = _network_config(region, vpc_config["vpcId"], params.get("kubernetesNetworkConfig", {}))
    name = params["name"]
    cluster = {
        "name": name,
        "arn": region.arn("eks", f"cluster/{name}"),
        "createdAt": now(),
        "version": version,
        "roleArn": params["roleArn"],
        "kubernetesNetworkConfig": network,
        "logging": _logging(params.get("logging", {})),
        "identity": {"oidc": {"issuer": f"https://oidc.eks.{region.name}.amazonaws.com/id/{random_hex(32).upper()}"}},
        "status": "ACTIVE",
        "platformVersion": "eks.1",
        "tags": params.get("tags", {}),
        "encryptionConfig": encryption,
        "health": {"issues": []},
        "accessConfig": {
            "bootstrapClusterCreatorAdminPermissions": True,
            "authenticationMode": "CONFIG_MAP",
            **params.get("accessConfig", {}),
        },
        "upgradePolicy": {"supportType": "EXTENDED", **params.get("upgradePolicy", {})},
        "zonalShiftConfig": {"enabled": False, **params.get("zonalShiftConfig", {})},
        "deletionProtection": params.get("deletionProtection", False),
        "controlPlaneScalingConfig": {"tier": "standard", **params.get("controlPlaneScalingConfig", {})},
        "resourcesVpcConfig": {**vpc_config, "clusterSecurityGroupId": _security_group(region, name, vpc_config)},
        **picked(params, "kubeApiServerConfig", "kubeSchedulerConfig", "kubeControllerManagerConfig"),
        **region.control_plane,
    }
    interfaces.connect_cluster(region, cluster)
    return cluster


def _protect(_: Region, cluster: Record) -> None:
    if cluster["deletionProtection"]:
        raise InvalidRequest(f"Cluster {cluster['name']} has deletion protection enabled. Disable it before deleting.")


def _release(region: Region, cluster: Record) -> None:
    interfaces.release(region, cluster["arn"])
    region.ec2.delete_security_group(group_id=cluster["resourcesVpcConfig"]["clusterSecurityGroupId"])


CLUSTER = Kind(
    service="eks",
    create="CreateCluster",
    read="DescribeCluster",
    lists="ListClusters",
    delete="DeleteCluster",
    member="cluster",
    listed="clusters",
    summary="name",
    key={"name": "name"},
    arn="arn",
    make=_make,
    protect=_protect,
    release=_release,
    taken="Cluster already exists with name: {name}",
    missing="No cluster found for name: {name}.",
)
UPDATE = Kind(
    service="eks",
    read="DescribeUpdate",
    lists="ListUpdates",
    member="update",
    listed="updateIds",
    summary="id",
    key={"name": "clusterName", "updateId": "id"},
    within=CLUSTER,
    missing="No update found for ID: {updateId}",
)


_UPDATES = {
    "resourcesVpcConfig": "VpcConfigUpdate",
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "controlPlaneScalingConfig": "ControlPlaneScalingConfigUpdate",
    "kubeApiServerConfig": "ControlPlaneComponentConfigUpdate",
    "kubeSchedulerConfig": "ControlPlaneComponentConfigUpdate",
    "kubeControllerManagerConfig": "ControlPlaneComponentConfigUpdate",
}
_MODE_ORDER = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")


def _update_config(region: Region, params: Record) -> Record:
    cluster = region.find(CLUSTER, params["name"])
    changed = {key: value for key, value in params.items() if key not in ("name", "clientRequestToken")}
    if len(changed) != 1 or not changed.keys() <= _UPDATES.keys():
        allowed = ", ".join(_UPDATES)
        raise InvalidParameter(f"Exactly one of these can be updated at a time: {allowed}; got {sorted(changed)}")
    [(key, value)] = changed.items()
    if key == "resourcesVpcConfig":
        _update_vpc_config(region, cluster, value)
    elif key == "logging":
        cluster["logging"] = _logging(value, cluster["logging"])
    elif key == "accessConfig":
        before, after = cluster["accessConfig"]["authenticationMode"], value["authenticationMode"]
        if _MODE_ORDER.index(after) < _MODE_ORDER.index(before):
            raise InvalidParameter(f"Unsupported authentication mode update from {before} to {after}")
        cluster["accessConfig"]["authenticationMode"] = after
    elif isinstance(value, dict):
        cluster[key] = {**cluster.get(key, {}), **value}
    else:
        cluster[key] = value
    return remember_update(region, cluster, _UPDATES[key], changed)


def _update_version(region: Region, params: Record) -> Record:
    cluster = region.find(CLUSTER, params["name"])
    known = list(eks_versions())
    before, after = cluster["version"], require_version(params["version"])
    step = known.index(after) - known.index(before)
    if step == -1:
        # EKS does it within 7 days of an upgrade (user guide, rollback-cluster, read 2026-11-28).
        raise InvalidRequest("A rollback to the minor version before is not emulated by the local cloud.")
    if step != 1:
        raise InvalidParameter(f"Unsupported Kubernetes minor version update from {before} to {after}")
    _require_kubelets_within_skew(region, cluster, after)
    cluster["version"] = after
    return remember_update(region, cluster, "VersionUpdate", {"version": after})


def _require_kubelets_within_skew(region: Region, cluster: Record, after: str) -> None:
    """Refuse a control plane that would leave its node groups behind."""
    groups = [
        region.of(kind)[key]
        for kind, keys in region.within(CLUSTER, (cluster["name"],))
        if kind.member == "nodegroup"
        for key in keys
    ]
    known = list(eks_versions())
    left = [
        group["nodegroupName"]
        for group in groups
        if "version" in group and known.index(after) - known.index(group["version"]) > KUBELET_SKEW
    ]
    if left:
        raise InvalidRequest(
            # EKS's words: github.com/awsdocs/amazon-eks-user-guide/pull/475.
            f"Nodegroups {', '.join(left)} must be updated to match cluster version {cluster['version']} before "
            "updating cluster version"
        )


def remember_update(region: Region, cluster: Record, kind: str, changed: Record) -> Record:
    """Record an update that took effect at once, the way `DescribeUpdate` shows it."""
    update = {
        "clusterName": cluster["name"],
        "id": uuid_like(),
        "status": "Successful",
        "type": kind,
        "params": [{"type": name[0].upper() + name[1:], "value": json.dumps(value)} for name, value in changed.items()],
        "createdAt": now(),
        "errors": [],
    }
    return {"update": region.keep(UPDATE, update)}


def _describe_versions(_: Region, params: Record) -> Record:
    wanted = params.get("clusterVersions") or list(eks_versions())
    today = now().date()
    return {
        "clusterVersions": [
            {
                "clusterVersion": name,
                "clusterType": "eks",
                "defaultVersion": name == newest_eks_version(),
                "releaseDate": _at_midnight(version.released),
                "endOfStandardSupportDate": _at_midnight(version.standard_support_ends),
                "endOfExtendedSupportDate": _at_midnight(version.extended_support_ends),
                "versionStatus": "STANDARD_SUPPORT" if today <= version.standard_support_ends else "EXTENDED_SUPPORT",
            }
            for name, version in eks_versions().items()
            if name in wanted
        ]
    }


def _refuse_second_cluster(region: Region) -> None:
    for other in region.world.regions.values():
        for cluster in other.all(CLUSTER):
            raise LimitExceeded(
                f"This local cloud has one control plane, and the cluster {cluster['name']!r} in {other.name} already "
                "uses it. Destroy that cluster, or start a second local cloud with a state folder of its own."
            )


def require_version(version: str) -> str:
    if version not in eks_versions():
        raise InvalidParameter(f"unsupported Kubernetes version {version}; supported: {', '.join(eks_versions())}")
    return version


def _require_keys(region: Region, encryption: list[Record]) -> list[Record]:
    for config in encryption:
        if config.get("resources") != ["secrets"]:
            raise InvalidParameter("encryptionConfig.resources must be ['secrets']")
        key_arn = config["provider"]["keyArn"]
        if not any(key.arn == key_arn for key in region.kms.keys.values()):
            raise InvalidParameter(f"The key {key_arn} does not exist")
    return encryption


def _vpc_config(region: Region, given: Record) -> Record:
    config = {
        "endpointPublicAccess": True,
        "endpointPrivateAccess": False,
        "securityGroupIds": [],
        **given,
    }
    subnets = region.require_subnets(config.get("subnetIds", []))
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise InvalidParameter("Subnets specified must be in at least two different AZs")
    config["vpcId"] = subnets[0].vpc_id
    _require_endpoint_access(config)
    for group_id in config["securityGroupIds"]:
        group = region.ec2.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != config["vpcId"]:
            raise InvalidParameter(f"The security group '{group_id}' does not exist in VPC {config['vpcId']}")
    return config


def _require_zones(region: Region, name: str, subnet_ids: list[str]) -> None:
    """Zones of the account that EKS takes; the words are EKS's own (aws-samples/aws-workshop-for-kubernetes#529)."""
    taken = sorted(zone.name for zone in region.zones if zone.zone_id not in _ZONES_REFUSED)
    for subnet in region.require_subnets(subnet_ids):
        if subnet.availability_zone not in taken:
            raise UnsupportedZone(
                f"Cannot create cluster '{name}' because {subnet.availability_zone}, the targeted availability zone, "
                "does not currently have sufficient capacity to support the cluster. Retry and choose from these "
                f"availability zones: {', '.join(taken)}"
            )


def _require_endpoint_access(config: Record) -> None:
    if not (config["endpointPublicAccess"] or config["endpointPrivateAccess"]):
        raise InvalidParameter("Private and public endpoint access cannot both be disabled")
    if not config["endpointPublicAccess"] and config.get("publicAccessCidrs"):
        raise InvalidParameter("Public access CIDRs can only be specified when public endpoint access is enabled")
    config["publicAccessCidrs"] = (
        (config.get("publicAccessCidrs") or ["0.0.0.0/0"]) if config["endpointPublicAccess"] else []
    )


def _network_config(region: Region, vpc_id: str, given: Record) -> Record:
    vpc = region.ec2.get_vpc(vpc_id)
    vpc_cidr = IPv4Network(vpc.cidr_block)
    default = "10.100.0.0/16" if vpc_cidr.overlaps(IPv4Network("172.20.0.0/16")) else "172.20.0.0/16"
    config = {"ipFamily": "ipv4", "serviceIpv4Cidr": default, "elasticLoadBalancing": {"enabled": False}, **given}
    if config["ipFamily"] != "ipv4":
        raise InvalidRequest("kubernetesNetworkConfig.ipFamily ipv6 is not emulated by the local cloud.")
    services = IPv4Network(config["serviceIpv4Cidr"])
    if not 12 <= services.prefixlen <= 24 or not any(services.subnet_of(private) for private in _PRIVATE):
        raise InvalidParameter(
            f"serviceIpv4Cidr {services} must be a /12 to /24 within {', '.join(map(str, _PRIVATE))}"
        )
    if services.overlaps(vpc_cidr):
        raise InvalidParameter(f"serviceIpv4Cidr {services} overlaps the VPC's {vpc_cidr}")
    return config


def _logging(given: Record, before: Record | None = None) -> Record:
    enabled = {
        kind for setup in (before or {}).get("clusterLogging", []) if setup["enabled"] for kind in setup["types"]
    }
    for setup in given.get("clusterLogging", []):
        enabled = enabled | set(setup["types"]) if setup.get("enabled") else enabled - set(setup["types"])
    return {
        "clusterLogging": [
            {"types": [kind for kind in _LOG_TYPES if (kind in enabled) is state], "enabled": state}
            for state in (True, False)
            if any((kind in enabled) is state for kind in _LOG_TYPES)
        ]
    }


def _security_group(region: Region, name: str, config: Record) -> str:
    """The cluster security group, which holds on to the VPC as on AWS."""
    group = region.ec2.create_security_group(
        f"eks-cluster-sg-{name}-{random_hex(9)}",
        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, "
        "as well as any managed workloads.",
        config["vpcId"],
        tags={"Name": f"eks-cluster-sg-{name}", f"kubernetes.io/cluster/{name}": "owned", "aws:eks:cluster-name": name},
    )
    return str(group.id)


def _update_vpc_config(region: Region, cluster: Record, given: Record) -> None:
    before = cluster["resourcesVpcConfig"]
    kept = {key: value for key, value in before.items() if key not in ("vpcId", "clusterSecurityGroupId")}
    if given.get("endpointPublicAccess") is False:
        kept.pop("publicAccessCidrs", None)
    after = _vpc_config(region, {**kept, **given})
    if after["vpcId"] != before["vpcId"]:
        raise InvalidParameter(f"Subnets must stay within the cluster's VPC {before['vpcId']}")
    of_birth, now_given = (_zones(region, config["subnetIds"]) for config in (before, after))
    if now_given != of_birth:
        # EKS's words, as an operator recorded them in 2025.
        raise InvalidParameter(
            f"Provided subnets belong to the AZs '{now_given}'. But they should belong to the exact set of AZs "
            f"'{of_birth}' in which subnets were provided during cluster creation."
        )
    cluster["resourcesVpcConfig"] = {**after, "clusterSecurityGroupId": before["clusterSecurityGroupId"]}
    interfaces.connect_cluster(region, cluster)


def _zones(region: Region, subnet_ids: list[str]) -> str:
    return ",".join(sorted({subnet.availability_zone for subnet in region.require_subnets(subnet_ids)}))


def _at_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


OPERATIONS: dict[str, Operation] = {
    "UpdateClusterConfig": _update_config,
    "UpdateClusterVersion": _update_version,
    "DescribeClusterVersions": _describe_versions,
}
