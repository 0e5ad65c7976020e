"""One local cloud for a whole tier: each costs eight CPU seconds to start."""

import shutil
from collections.abc import Callable
from pathlib import Path

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from tests.local.look import Look, eventually

IN_EVERY_CLUSTER = {f"Namespace {name}" for name in ("default", "kube-node-lease", "kube-public", "kube-system")}


class SharedCloud:
    """A cloud that is handed on while it is whole and empty; one that a module left something in is replaced."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._cloud: LocalCloud | None = None

    def emptied(self) -> LocalCloud:
        if self._cloud and not is_empty(self._cloud):
            self.stop()
        if not self._cloud:
            self._cloud = LocalCloud(self._folder())
            self._cloud.start()
        # Stacks whose resources are gone: the next module may use their names.
        shutil.rmtree(self._cloud.state.pulumi)
        self._cloud.state.pulumi.mkdir()
        self._cloud.state.journal.unlink(missing_ok=True)
        return self._cloud

    def stop(self) -> None:
        if self._cloud:
            self._cloud.stop()
        self._cloud = None


def is_empty(cloud: LocalCloud) -> bool:
    """Whether every process runs and nothing but a new account's and a new cluster's own objects is there."""
    if any(status.pid is None for status in cloud.status()):
        return False
    environment = cloud.environment()
    if list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]):
        return False
    look = Look(cloud)

    def of_a_new_cluster() -> bool:
        found = look.kubectl("get", "namespaces,nodes,pods", "--all-namespaces")["items"]
        return {f"{each['kind']} {each['metadata']['name']}" for each in found} == IN_EVERY_CLUSTER

    return eventually(of_a_new_cluster)  # the nodes of a node group go a moment after it
