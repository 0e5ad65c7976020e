"""One local cloud: an AWS account, a Kubernetes control plane and the kubelets of its nodes, all on this machine.

The emulated AWS keeps its state in memory. So a cloud lives as long as its `aws` process: if that one has ended, what
the others remember describes things that are gone, and the next start begins with an empty cloud. Any other process
may crash and be started again.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from local.processes.environment import environment_of
from local.processes.pki import Pki
from local.processes.plugins import write_plugins
from local.processes.process import LOOPBACK, STOP_SECONDS, Processes, release_ports, reserve_ports
from local.processes.services import PORTS, START_ORDER, STOP_ORDER, Services
from local.progress import Step, Steps
from local.state import CHECKOUT, State
from local.toolchain.build import Tools, built_tools

STARTS_IN_SECONDS = 6.0
QUICK_STOP_SECONDS = 2.0
"""Time for a process to end when its data goes too."""
MIB = 2**20
NAMES = tuple(name for row in START_ORDER for name in row)


class CloudError(Exception):
    """Something that was asked of a cloud which is not there, or which does not work."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    name: str
    pid: int | None
    """None where it does not run."""
    memory_mib: float
    """Proportional set size where the kernel tells it: shared pages are counted once over all processes."""


class LocalCloud:
    """The cloud whose state is in one folder."""

    def __init__(self, state: Path | None = None, *, steps: Steps | None = None):
        self.state = State(state.absolute()) if state else State.chosen()
        self.processes = Processes(self.state.processes, self.state.logs)
        self._steps = steps or Steps()

    @cached_property
    def tools(self) -> Tools:
        """The programs that it runs, built at the first use."""
        return built_tools(self._steps)

    @property
    def alive(self) -> bool:
        """True if the emulated AWS account still exists."""
        return self.processes.running("aws") is not None

    def start(self) -> None:
        """Starts what does not run, and returns once all of it works."""
        tools = self.tools
        with self.state.locked():
            if not self.alive:
                self._forget()
            write_plugins(self.state, tools)
            if all(self.processes.running(name) for name in NAMES):
                return
            with self._steps.step("starting the local cloud", STARTS_IN_SECONDS) as step:
                self._start(tools, step)

    def stop(self) -> None:
        """Ends every process. The emulated AWS account is gone after that."""
        with self.state.locked():
            self._stop()

    def remove(self) -> None:
        """Ends every process and removes everything that the cloud wrote, logs included."""
        with self.state.locked():
            self._stop(QUICK_STOP_SECONDS)
            self.state.remove()

    def environment(self) -> dict[str, str]:
        """The whole environment for pulumi, aws and kubectl."""
        ports = self._recorded_ports()
        if not ports:
            raise CloudError(f"there is no local cloud in {self.state.folder}; `make up` starts one")
        return environment_of(self.state, _url(ports, "aws"), _url(ports, "hub"), self.tools)

    def status(self) -> list[ProcessStatus]:
        return [_status(name, self.processes.running(name)) for name in NAMES]

    def crashed(self) -> list[str]:
        """A report for each process that has ended by itself."""
        return self.processes.crashed()

    def made_elsewhere(self) -> str:
        """`, of the checkout …` where another checkout made it."""
        checkout = self._recorded().get("checkout", str(CHECKOUT))
        return "" if checkout == str(CHECKOUT) else f", of the checkout {checkout}"

    def _start(self, tools: Tools, step: Step) -> None:
        Pki.made(self.state.pki)
        self.state.pulumi.mkdir(parents=True, exist_ok=True)
        ports, held = self._take_ports()
        try:
            self.state.cloud_json.write_text(json.dumps({"checkout": str(CHECKOUT), "ports": ports}, indent=2))
            services = Services(self.state, tools, ports, self._process_environment(ports, tools))
            services.write_kubeconfigs()
            processes = services.by_name()
            for row in START_ORDER:
                step.detail = ", ".join(row)
                for name in row:
                    self.processes.spawn(processes[name])
                for name in row:
                    self.processes.wait(processes[name])
        finally:
            release_ports(held.values())

    def _take_ports(self) -> tuple[dict[str, int], dict[str, socket.socket]]:
        """Ports that running processes listen on stay; the others are reserved, where they were before if possible."""
        recorded = self._recorded_ports()
        kept = {port: recorded[port] for port, owner in PORTS.items() if self.processes.running(owner)}
        try:
            held = reserve_ports([port for port in PORTS if port not in kept], wanted=recorded)
        except OSError as error:
            raise CloudError(
                f"a port that this local cloud had before is in use by another program ({error}); "
                "`make down` and `make up` choose new ones"
            ) from error
        return kept | {port: reservation.getsockname()[1] for port, reservation in held.items()}, held

    def _recorded(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.state.cloud_json.read_text()))
        except FileNotFoundError:
            return {}

    def _recorded_ports(self) -> dict[str, int]:
        return dict(self._recorded().get("ports", {}))

    def _process_environment(self, ports: dict[str, int], tools: Tools) -> dict[str, str]:
        environment = environment_of(self.state, _url(ports, "aws"), _url(ports, "hub"), tools)
        paths = [str(CHECKOUT), environment.get("PYTHONPATH", "")]
        return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def _stop(self, seconds: float = STOP_SECONDS) -> None:
        for row in STOP_ORDER:
            self.processes.stop(row, seconds=seconds)

    def _forget(self) -> None:
        if self.state.pulumi.exists():
            self._steps.note("the emulated AWS of this folder has ended, and with it all that it held: beginning empty")
        self._stop(QUICK_STOP_SECONDS)
        self.state.remove(keep_logs=True)


def _url(ports: Mapping[str, int], name: str) -> str:
    return f"http://{LOOPBACK}:{ports[name]}"


def _status(name: str, process: psutil.Process | None) -> ProcessStatus:
    if process is None:
        return ProcessStatus(name=name, pid=None, memory_mib=0.0)
    memory = process.memory_full_info()
    return ProcessStatus(name=name, pid=process.pid, memory_mib=getattr(memory, "pss", memory.uss) / MIB)
