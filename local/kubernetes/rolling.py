"""Replacement of a node group's nodes, as EKS does it: one step at a pass, by the group's update strategy.

Source: EKS user guide, managed-node-update-behavior, read 2026-11-28. The minute that EKS waits between emptying a node
and ending it is left out, and what takes it a quarter of an hour takes seconds here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.kubernetes.kubernetes_api import KubernetesApi
from local.kubernetes.nodes import NODE_GROUP_LABEL, Json

UPDATING = "UPDATING"
DRAIN_SECONDS = 30.0
"""Time after which EKS gives up on a node that its pods do not leave: 15 minutes there."""

log = logging.getLogger("bridge")

Told = Callable[[dict[str, Any]], None]
"""Tells EKS of the end of an update."""


@dataclass
class Rolling:
    """Replaces the nodes of groups that are being updated."""

    kubernetes: KubernetesApi
    told: Told
    clock: Callable[[], float] = time.monotonic
    _draining_since: dict[str, float] = field(default_factory=dict)

    def step(self, group: Json, wanted: list[dict[str, Any]], present: list[dict[str, Any]]) -> None:
        """One step: a node made, a node emptied, a node ended, or the update ended."""
        by_name = {node["metadata"]["name"]: node for node in wanted}
        mine = [node for node in present if node["metadata"]["labels"][NODE_GROUP_LABEL] == group["nodegroupName"]]
        old = [node for node in mine if node["metadata"]["name"] not in by_name]
        new = [node for node in mine if node["metadata"]["name"] in by_name]
        missing = [node for name, node in by_name.items() if name not in {each["metadata"]["name"] for each in new}]
        # MINIMAL makes a node only in the place of one that has ended; DEFAULT makes new ones beside the old.
        may_be_made = len(missing) if strategy(group) == "DEFAULT" else len(wanted) - len(mine)
        if strategy(group) == "MINIMAL" or (not missing and all(map(_is_ready, new))):
            self._cordon(old)
        if missing and may_be_made > 0:
            for node in missing[:may_be_made]:
                self.kubernetes.create_node(node)
                log.info("created %s, new in node group %s", node["metadata"]["name"], group["nodegroupName"])
        elif not all(map(_is_ready, new)):
            return
        elif old:
            self._drain(group, old)
        else:
            self._end(group)

    def _drain(self, group: Json, old: list[dict[str, Any]]) -> None:
        name = min(each["metadata"]["name"] for each in old)
        pods = [pod for pod in self.kubernetes.pods_on(name) if not _is_daemon(pod)]
        if not pods:
            for pod in self.kubernetes.pods_on(name):
                self.kubernetes.delete_pod(pod["metadata"]["namespace"], pod["metadata"]["name"])
            self.kubernetes.delete_node(name)
            self._draining_since.pop(name, None)
            log.info("ended %s, old in node group %s", name, group["nodegroupName"])
            return
        for pod in pods:
            self.kubernetes.evict(pod["metadata"]["namespace"], pod["metadata"]["name"])
        if self.clock() - self._draining_since.setdefault(name, self.clock()) > DRAIN_SECONDS:
            del self._draining_since[name]
            for each in old:
                self.kubernetes.patch_node(each["metadata"]["name"], {"spec": {"unschedulable": None}})
            message = (
                f"Reached max retries while trying to evict pods from nodes in node group {group['nodegroupName']}"
            )
            self._end(group, {"errorCode": "PodEvictionFailure", "errorMessage": message}, [name])

    def _cordon(self, old: list[dict[str, Any]]) -> None:
        """Closes all old nodes to new pods: MINIMAL at the beginning (awsdocs/amazon-eks-user-guide pull request 1013),
        DEFAULT once the new ones are ready (pull request 1229)."""
        for each in old:
            if not each["spec"].get("unschedulable"):
                self.kubernetes.patch_node(each["metadata"]["name"], {"spec": {"unschedulable": True}})

    def _end(self, group: Json, error: dict[str, str] | None = None, of: list[str] | None = None) -> None:
        self.told({"nodegroupArn": group["nodegroupArn"], "error": error, "resourceIds": of or []})
        log.info("update of node group %s ended: %s", group["nodegroupName"], error or "every node is replaced")


def strategy(group: Json) -> str:
    return str(group.get("updateConfig", {}).get("updateStrategy", "DEFAULT"))


def _is_ready(node: Json) -> bool:
    conditions = {each["type"]: each["status"] for each in node["status"].get("conditions", ())}
    return conditions.get("Ready") == "True"


def _is_daemon(pod: Json) -> bool:
    return any(owner["kind"] == "DaemonSet" for owner in pod["metadata"].get("ownerReferences", ()))
