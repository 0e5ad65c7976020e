"""The bridge from emulated AWS to Kubernetes: what an EKS node group is in one, is kwok nodes in the other.

python -m local.kubernetes.bridge --aws-endpoint URL --kubernetes-endpoint URL --pki FOLDER --heartbeat FILE
"""

from __future__ import annotations

import json
import logging
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from local.kubernetes.kubernetes_api import TIMEOUT_SECONDS, ApiError, KubernetesApi
from local.kubernetes.nodes import (
    GIVEN_ANNOTATION,
    NODE_GROUP_LABEL,
    Json,
    Placement,
    Subnet,
    instance_type_of,
    nodes_for,
    shown_by_device_plugin,
    waits_for_device_plugin,
)
from local.kubernetes.rolling import UPDATING, Rolling
from local.processes.pki import Pki

POLL_SECONDS = 1.0
NODES_REPLACED = "/_local/nodes-replaced"
"""Path at which the emulated EKS hears of the end of an update, see local/aws/server.py."""

log = logging.getLogger("bridge")


class UnknownInstanceTypeError(Exception):
    """A node group whose instances AWS does not describe."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes that would make the cluster's nodes those that the node groups ask for."""

    create: list[dict[str, Any]]
    patch: dict[str, dict[str, Any]]
    delete: list[str]


def changes(wanted: list[dict[str, Any]], present: list[dict[str, Any]]) -> Changes:
    """Compare by name; a node's labels and taints follow its group, its size never changes."""
    present_by_name = {node["metadata"]["name"]: node for node in present}
    wanted_by_name = {node["metadata"]["name"]: node for node in wanted}
    patches = {
        name: patch
        for name, node in wanted_by_name.items()
        if name in present_by_name and (patch := _patch(node, present_by_name[name]))
    }
    return Changes(
        create=[node for name, node in wanted_by_name.items() if name not in present_by_name],
        patch=patches,
        delete=sorted(present_by_name.keys() - wanted_by_name.keys()),
    )


def _patch(wanted: Json, present: Json) -> dict[str, Any]:
    given = wanted["metadata"]["annotations"][GIVEN_ANNOTATION]
    before = present["metadata"].get("annotations", {}).get(GIVEN_ANNOTATION, "{}")
    if before == given:
        return {}
    was: dict[str, Any] = json.loads(before)
    labels = {**dict.fromkeys(was.get("labels", {})), **wanted["metadata"]["labels"]}
    # Others taint nodes too: Kubernetes those that are not ready, people those that they drain.
    others = [taint for taint in present["spec"].get("taints", []) if taint not in was.get("taints", [])]
    return {
        "metadata": {"labels": labels, "annotations": {GIVEN_ANNOTATION: given}},
        "spec": {"taints": [*wanted["spec"]["taints"], *others]},
    }


@dataclass
class NodeGroups:
    """Reads node groups, and what they refer to, from AWS."""

    eks: Any
    ec2: Any
    _instance_types: dict[str, Json] = field(default_factory=dict)

    def all(self) -> Iterator[Json]:
        for cluster in self.eks.list_clusters()["clusters"]:
            for name in self.eks.list_nodegroups(clusterName=cluster)["nodegroups"]:
                yield self.eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]

    def nodes(self, node_group: Json) -> list[dict[str, Any]]:
        placement = Placement(self._subnets(node_group), self._template(node_group))
        return nodes_for(node_group, self.instance_type(node_group), placement)

    def instance_type(self, node_group: Json) -> Json:
        name = instance_type_of(node_group, self._template(node_group))
        described = self._instance_type(name) if name else None
        if described is None:
            raise UnknownInstanceTypeError(f"EC2 does not describe its instance type {name!r}")
        return described

    def _template(self, node_group: Json) -> Json:
        template = node_group.get("launchTemplate")
        if not template:
            return {}
        by = {"LaunchTemplateId": template["id"]} if template.get("id") else {"LaunchTemplateName": template["name"]}
        versions = self.ec2.describe_launch_template_versions(**by, Versions=[str(template.get("version", "$Default"))])
        data: Json = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        return data

    def _subnets(self, node_group: Json) -> list[Subnet]:
        found = self.ec2.describe_subnets(SubnetIds=node_group["subnets"])["Subnets"]
        subnets = [Subnet(subnet["AvailabilityZone"], IPv4Network(subnet["CidrBlock"])) for subnet in found]
        return sorted(subnets, key=lambda subnet: (subnet.zone, subnet.cidr))

    def _instance_type(self, name: str) -> Json | None:
        if name not in self._instance_types:
            try:
                found = self.ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"]
            except ClientError as error:
                if error.response["Error"]["Code"] == "InvalidInstanceType":
                    return None
                raise
            self._instance_types[name] = found[0]
        return self._instance_types[name]


@dataclass
class Bridge:
    """One pass after the other: read both sides, make Kubernetes follow."""

    groups: NodeGroups
    kubernetes: KubernetesApi
    rolling: Rolling
    _reported: set[str] = field(default_factory=set)

    def pass_once(self) -> None:
        groups = list(self.groups.all())
        wanted = {group["nodegroupName"]: self._nodes(group) for group in groups}
        present = self.kubernetes.nodes(NODE_GROUP_LABEL)
        self._show_gpus([group for group in groups if waits_for_device_plugin(group)], present)
        rolled = {group["nodegroupName"]: group for group in groups if group["status"] == UPDATING}
        for name, group in rolled.items():
            self.rolling.step(group, wanted.pop(name), present)
        todo = changes(
            [node for nodes in wanted.values() for node in nodes],
            [node for node in present if node["metadata"]["labels"][NODE_GROUP_LABEL] not in rolled],
        )
        for node in todo.create:
            self.kubernetes.create_node(node)
            log.info("created %s", _described(node))
        for name, patch in todo.patch.items():
            self.kubernetes.patch_node(name, patch)
            log.info("changed labels or taints of %s", name)
        for name in todo.delete:
            self._remove(name)

    def _show_gpus(self, groups: list[Json], present: list[dict[str, Any]]) -> None:
        for group in groups:
            for node in present:
                if node["metadata"]["labels"][NODE_GROUP_LABEL] != group["nodegroupName"]:
                    continue
                name = node["metadata"]["name"]
                shown = shown_by_device_plugin(self.groups.instance_type(group), self.kubernetes.pods_on(name))
                if not shown.items() <= node["status"]["capacity"].items():
                    self.kubernetes.patch_node_status(name, {"capacity": shown, "allocatable": shown})
                    log.info("the device plugin shows %s GPUs of %s", shown["nvidia.com/gpu"], name)

    def _nodes(self, group: Json) -> list[dict[str, Any]]:
        try:
            return self.groups.nodes(group)
        except UnknownInstanceTypeError as error:
            self._report_once(f"node group {group['clusterName']}/{group['nodegroupName']} has no nodes: {error}")
            return []

    def _remove(self, name: str) -> None:
        # The node is closed first, so that no pod lands on it again; its owner then makes the pod anew elsewhere.
        self.kubernetes.patch_node(name, {"spec": {"unschedulable": True}})
        for pod in self.kubernetes.pods_on(name):
            self.kubernetes.delete_pod(pod["metadata"]["namespace"], pod["metadata"]["name"])
        self.kubernetes.delete_node(name)
        log.info("removed %s", name)

    def _report_once(self, text: str) -> None:
        if text not in self._reported:
            self._reported.add(text)
            log.warning(text)


def _described(node: Json) -> str:
    labels: Mapping[str, str] = node["metadata"]["labels"]
    gpus = node["status"]["capacity"].get("nvidia.com/gpu", "0")
    return (
        f"{node['metadata']['name']} for node group {labels[NODE_GROUP_LABEL]}: "
        f"{labels['node.kubernetes.io/instance-type']} in {labels['topology.kubernetes.io/zone']}, {gpus} GPUs"
    )


def _tell(aws_endpoint: str, said: dict[str, Any]) -> None:
    request = urllib.request.Request(aws_endpoint + NODES_REPLACED, data=json.dumps(said).encode(), method="POST")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=TIMEOUT_SECONDS):
        pass


def main(
    aws_endpoint: Annotated[str, typer.Option()],
    kubernetes_endpoint: Annotated[str, typer.Option()],
    pki: Annotated[Path, typer.Option()],
    heartbeat: Annotated[Path, typer.Option()],
) -> None:
    """Runs until it is stopped. What fails is tried again; a heartbeat tells of passes that worked."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    log.setLevel(logging.INFO)
    groups = NodeGroups(
        eks=boto3.client("eks", endpoint_url=aws_endpoint), ec2=boto3.client("ec2", endpoint_url=aws_endpoint)
    )
    kubernetes = KubernetesApi(kubernetes_endpoint, Pki(pki).client_context("admin"))
    bridge = Bridge(groups, kubernetes, Rolling(kubernetes, partial(_tell, aws_endpoint)))
    last_problem = ""
    while True:
        try:
            bridge.pass_once()
            heartbeat.touch()
            last_problem = ""
        except (ApiError, BotoCoreError, ClientError, OSError) as error:
            # A group that is deleted between two calls, a server that starts again: both pass.
            if str(error) != last_problem:
                last_problem = str(error)
                log.warning("will try again: %s", error)
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    typer.run(main)
