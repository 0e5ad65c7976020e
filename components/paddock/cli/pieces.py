"""What screens are made of."""

from __future__ import annotations

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paddock.cli.console import TIMES


def section(title: str) -> RenderableType:
    return Padding(Text(title, style="bold"), (1, 0, 0, 0))


def indented(inner: RenderableType) -> RenderableType:
    return Padding(inner, (0, 0, 0, 2))


def bullets(lines: tuple[str, ...]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for line in lines:
        table.add_row("•", line)
    return table


def replicas_text(replicas: int, tensor: int, pipeline: int) -> str:
    copies = "1 replica" if replicas == 1 else f"{replicas} replicas"
    return f"{copies}, {split_text(tensor, pipeline)}"


def split_text(tensor: int, pipeline: int) -> str:
    if tensor * pipeline == 1:
        return "1 GPU"
    parts = [f"TP {tensor}"] * (tensor > 1) + [f"PP {pipeline}"] * (pipeline > 1)
    return f" {TIMES} ".join(parts)


def gpus(count: int, name: str) -> str:
    return f"{count} {TIMES} {name}"
