"""One local cloud for a whole tier: each costs eight CPU seconds to start."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from tests.local.look import Look, eventually

SETTLED_WITHIN_SECONDS = 120.0
RENEWED = {"componentstatuses", "endpoints", "endpointslices", "events", "ipaddresses", "leases"}
"""Resources whose objects the control plane makes and removes by itself, some of them late."""


class SharedCloud:
    """A cloud that is handed on while it is whole and empty; one that a module left something in is replaced."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._cloud: LocalCloud | None = None
        self._fresh: set[str] = set()

    def emptied(self) -> LocalCloud:
        if self._cloud and not is_empty(self._cloud, self._fresh):
            self.stop()
        if not self._cloud:
            self._cloud = LocalCloud(self._folder())
            self._cloud.start()
            self._fresh = settled(self._cloud)
        # Stacks whose resources are gone: the next module may use their names.
        shutil.rmtree(self._cloud.state.pulumi)
        self._cloud.state.pulumi.mkdir()
        self._cloud.state.journal.unlink(missing_ok=True)
        return self._cloud

    def stop(self) -> None:
        if self._cloud:
            self._cloud.stop()
        self._cloud = None


def objects_in(cloud: LocalCloud) -> set[str]:
    """Objects of every kind that the cluster lists, by kind, namespace and name."""
    listable = subprocess.run(
        ["kubectl", "api-resources", "--verbs=list", "--output=name"],
        env=cloud.environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    kinds = ",".join(name for name in listable if name.partition(".")[0] not in RENEWED)
    found = Look(cloud).kubectl("get", kinds, "--all-namespaces")["items"]
    return {f"{each['kind']} {each['metadata'].get('namespace', '')}/{each['metadata']['name']}" for each in found}


def settled(cloud: LocalCloud) -> set[str]:
    """Objects of a new cluster, once two listings agree: its controllers make the last after it says it is ready."""
    before, deadline = set[str](), time.monotonic() + SETTLED_WITHIN_SECONDS
    while (now := objects_in(cloud)) != before:
        if time.monotonic() > deadline:
            raise AssertionError(f"the new cluster still changes after {SETTLED_WITHIN_SECONDS:.0f} s: {now ^ before}")
        before = now
    return now


def is_empty(cloud: LocalCloud, fresh: set[str]) -> bool:
    """True where every process runs and nothing but a new account's and a new cluster's own objects is there."""
    if any(status.pid is None for status in cloud.status()):
        return False
    environment = cloud.environment()
    if list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]):
        return False
    return eventually(lambda: objects_in(cloud) == fresh)  # the nodes of a node group go a moment after it
