"""The emulated functions that look at clusters and node groups which are there already."""

from __future__ import annotations

from local.aws.cloud import Cloud
from local.aws.resources import RESOURCES
from local.aws.values import Values

_BLOCKS = {
    "launchTemplate": "launchTemplates",
    "remoteAccess": "remoteAccesses",
    "scalingConfig": "scalingConfigs",
    "updateConfig": "updateConfigs",
    "warmPoolConfig": "warmPoolConfigs",
}
"""Blocks of a resource, which a data source shows as lists."""


def clusters(cloud: Cloud, args: Values) -> Values:
    pages = cloud.eks.get_paginator("list_clusters").paginate()
    names = sorted(name for page in pages for name in page["clusters"])
    return {**args, "id": cloud.region, "names": names, "region": cloud.region}


def node_groups(cloud: Cloud, args: Values) -> Values:
    pages = cloud.eks.get_paginator("list_nodegroups").paginate(clusterName=args["clusterName"])
    names = sorted(name for page in pages for name in page["nodegroups"])
    return {**args, "id": args["clusterName"], "names": names, "region": cloud.region}


def node_group(cloud: Cloud, args: Values) -> Values:
    id_ = f"{args['clusterName']}:{args['nodeGroupName']}"
    found = RESOURCES["aws:eks/nodeGroup:NodeGroup"].read(cloud, id_, {})
    blocks = {plural: [found[name]] if found.get(name) else [] for name, plural in _BLOCKS.items()}
    plain = {name: value for name, value in found.items() if name not in _BLOCKS}
    return {**plain, **blocks, "id": id_, "tags": found["tagsAll"], "region": cloud.region}
