"""Screen of `make status`: stacks with their price and pods, the nodes, then the processes behind them."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from local.kubernetes.pods import Pods, ready_of, waiting
from local.processes.cloud import ProcessStatus

INSTANCE_TYPE = "node.kubernetes.io/instance-type"


@dataclass(frozen=True, slots=True)
class StackStatus:
    name: str
    outputs: Mapping[str, Any]
    ready: int
    wanted: int
    waiting: Sequence[str]


def stack_status(name: str, outputs: Mapping[str, Any], pods: Pods) -> StackStatus:
    """Status of a stack; without a namespace it has no pods."""
    listed = pods.listed() if pods.namespace else []
    ready, wanted = ready_of(listed)
    return StackStatus(name.removeprefix("organization/"), outputs, ready, wanted, waiting(listed))


def nodes(environment: Mapping[str, str]) -> dict[str, int]:
    """Number of nodes of each instance type."""
    command = ["kubectl", "get", "nodes", "--request-timeout=5s", "-o", "json"]
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["items"] if done.returncode == 0 else []
    return Counter(each["metadata"]["labels"].get(INSTANCE_TYPE, "unknown") for each in found)


def status_screen(
    found: Sequence[StackStatus], types: Mapping[str, int], processes: Sequence[ProcessStatus]
) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="cyan", no_wrap=True)
    rows.add_column()
    for stack in found:
        for title, value in _rows(stack):
            rows.add_row(title, escape(value))
    if not found:
        rows.add_row("stack", "none; `make up` makes one")
    rows.add_row("nodes", ", ".join(f"{count} x {name}" for name, count in sorted(types.items())) or "none")
    return Group(rows, Text(), _processes(processes))


def _rows(stack: StackStatus) -> list[tuple[str, str]]:
    outputs = stack.outputs
    rows = [("stack", stack.name)]
    if "model" in outputs:
        rows.append(("model", f"{outputs['model']} · {outputs.get('quantization')} · {outputs.get('instance')}"))
    if "usd_per_hour" in outputs:
        price = f"${outputs['usd_per_hour']:.2f} an hour, ${outputs['usd_per_month']:.0f} a month"
        rows.append(("price", f"{price} on AWS, prices as of {outputs.get('prices_as_of')}; nothing bills here"))
    if "endpoint" in outputs:
        rows.append(("endpoint", f"{outputs['endpoint']} (nothing is served here)"))
    rows.append(("pods", f"{stack.ready} of {stack.wanted} ready"))
    return rows + [("", reason) for reason in stack.waiting]


def _processes(processes: Sequence[ProcessStatus]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("process")
    table.add_column("pid", justify="right")
    table.add_column("memory", justify="right")
    for process in processes:
        if process.pid is None:
            table.add_row(process.name, "[red]not running[/]", "")
        else:
            table.add_row(process.name, str(process.pid), f"{process.memory_mib:.0f} MiB")
    table.add_row("all", "", f"{sum(process.memory_mib for process in processes):.0f} MiB")
    return table
