"""Pulumi stacks of the local cloud: brought up, repaired after a crash, destroyed, all through the `pulumi` command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.kubernetes.pods import Pods
from local.processes.cloud import CloudError, LocalCloud
from local.progress import Steps
from local.pulumi.journal import created
from local.pulumi.recovery import locks, repair
from local.pulumi.update import PulumiError, run_engine
from local.state import CHECKOUT
from paddock.operations.deploy.file_backend import mend_attributes
from paddock.operations.deploy.pending import Settled, name_of

PROJECT = "paddock"
AT_ONCE = ("--yes", "--skip-preview", "--suppress-outputs")


class BusyError(CloudError):
    """Somebody else's pulumi is at work on the stack."""


@dataclass(frozen=True)
class Stack:
    """One stack of the project in the checkout, in one cloud's file backend."""

    cloud: LocalCloud
    name: str
    steps: Steps
    project: str = PROJECT
    folder: Path = CHECKOUT
    """Folder of the project's Pulumi.yaml."""

    @property
    def full_name(self) -> str:
        """The name that is understood in any folder; the file backend has one organization."""
        return f"organization/{self.project}/{self.name}"

    def select(self) -> None:
        """Selects the stack, and makes it if it is not there."""
        self._mend_backend()
        self._asked("stack", "select", "--create", self.full_name, "--non-interactive")

    def recover(self) -> None:
        """Clears what a killed engine left: its lock, and operations that it had begun. Says what was done."""
        held = locks(self.cloud.state.pulumi, self.project, self.name)
        for lock in held:
            if not lock.stale:
                raise BusyError(
                    f"another pulumi (process {lock.pid} on {lock.hostname}) is at work on the stack {self.name}; "
                    f"wait for it, or if it is gone for good remove {lock.file}"
                )
        self._mend_backend()
        if held:
            self._asked("cancel", "--yes", "--stack", self.full_name)
            self.steps.note(f"an earlier pulumi (process {held[0].pid}) was killed at work: its lock is removed")
        exported = json.loads(self._asked("stack", "export", "--stack", self.full_name))
        fixed = repair(exported["deployment"], created(self.cloud.state.journal))
        if fixed.needed:
            self._take(fixed, exported["version"])
        self.cloud.state.journal.unlink(missing_ok=True)

    def _mend_backend(self) -> None:
        if any(not lock.stale for lock in locks(self.cloud.state.pulumi, self.project, self.name)):
            return
        for file in mend_attributes(self.cloud.state.pulumi):
            self.steps.note(f"an earlier pulumi was killed while it wrote {file.name}: removed, the state is whole")

    def up(self) -> None:
        """`pulumi up`, without asking. Where pods are not ready it first reads back what is really there."""
        pods = self.pods()
        # A node group that was scaled by hand, for example: the state does not know, and the pods wait for it.
        drifted = []
        if pods.waiting():
            self.steps.note("pods that were made are not ready: reading back what is really there")
            drifted = ["--refresh"]
        try:
            self._shown(f"pulumi up, stack {self.name}", "up", *drifted, explain=pods.waiting)
        except PulumiError:
            for line in pods.waiting():
                self.steps.say(line)
            raise
        self.pods().wait(self.steps)

    def pods(self) -> Pods:
        return Pods(self.cloud.environment(), self.outputs().get("namespace", ""))

    def destroy(self) -> None:
        """`pulumi destroy`, and the stack's own record with it. Needs no program and no configuration."""
        self._shown(f"pulumi destroy, stack {self.name}", "destroy")
        # Not `destroy --remove`, which deletes the stack's configuration file too.
        self._asked("stack", "rm", "--yes", "--preserve-config", "--stack", self.full_name)

    def outputs(self) -> dict[str, Any]:
        outputs: dict[str, Any] = json.loads(self._asked("stack", "output", "--json", "--stack", self.full_name))
        return outputs

    def _take(self, fixed: Settled, version: int) -> None:
        for what, urns in (
            ("made just before it was killed, taken over", fixed.taken_over),
            ("not made yet, will be made now", fixed.dropped),
            ("left half changed, read again", fixed.unfinished),
        ):
            for urn in urns:
                self.steps.note(f"{what}: {name_of(urn)}")
        mended = json.dumps({"version": version, "deployment": fixed.deployment})
        self._asked("stack", "import", "--force", "--stack", self.full_name, said=mended)
        with self.steps.step("reading back what is really there"):
            self._asked("refresh", *AT_ONCE, "--stack", self.full_name)

    def _asked(self, *arguments: str, said: str | None = None) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--color", "never"],
            cwd=self.folder,
            env=self.cloud.environment(),
            input=said,
            stdin=None if said is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PulumiError(f"`pulumi {' '.join(arguments)}` failed:\n{(done.stderr or done.stdout).strip()}")
        return done.stdout

    def _shown(self, title: str, command: str, *options: str, explain: Callable[[], Sequence[str]] = tuple) -> None:
        argv = ["pulumi", command, *AT_ONCE, *options, "--stack", self.full_name]
        environment = self.cloud.environment()
        run_engine(argv, title=title, steps=self.steps, folder=self.folder, environment=environment, explain=explain)


def stacks(cloud: LocalCloud, steps: Steps) -> list[Stack]:
    """Every stack of every project in the cloud's backend."""
    files = sorted((cloud.state.pulumi / ".pulumi" / "stacks").glob("*/*.json"))
    # Destroying needs no program. Away from any, nothing in a checkout that is half edited can get in the way, and no
    # Pulumi.yaml of another project is found in a folder above.
    return [Stack(cloud, file.stem, steps, file.parent.name, Path("/")) for file in files]


def project_in(folder: Path) -> str:
    """The project's name, as its Pulumi.yaml gives it."""
    name: str = yaml.safe_load((folder / "Pulumi.yaml").read_text())["name"]
    return name


def stack_file(name: str) -> Path:
    return CHECKOUT / "stacks" / f"Pulumi.{name}.yaml"
