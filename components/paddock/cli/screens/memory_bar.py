"""One GPU's memory as a bar with its legend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from paddock.catalog import Engine
from paddock.sizing import MemoryBudget
from paddock.units import MIB_PER_GIB


@dataclass(frozen=True, slots=True)
class Segment:
    """A term of the bar; its own glyph keeps it apart where there is no colour."""

    name: str
    mib: int
    glyph: str
    style: str
    note: str = ""


def segments(memory: MemoryBudget, engine: Engine | None = None) -> tuple[Segment, ...]:
    """The terms in the order in which vLLM takes them; together they are the GPU's usable memory.

    With the `engine` each modelled term has its own band; else the first has that of all.
    """
    needed = min(memory.kv_required_mib, max(0, memory.kv_cache_mib))
    beside = max(0, memory.usable_mib - memory.budget_mib)
    outside = min(memory.outside_mib, beside)
    return (
        Segment("weights", memory.weights_mib, "█", "blue", "exact"),
        Segment("LoRA slots", memory.lora_mib, "▉", "cyan", "exact"),
        Segment("activation", memory.activation_mib, "▓", "magenta", _band(memory, engine, "activation")),
        Segment("CUDA graphs", memory.cuda_graphs_mib, "▒", "yellow", _band(memory, engine, "cuda_graphs")),
        Segment("CUDA, NCCL", memory.non_torch_mib, "░", "red", _band(memory, engine, "non_torch")),
        Segment("KV cache, asked for", needed, "▚", "green", "exact"),
        Segment(
            "KV cache, to spare",
            max(0, memory.kv_cache_mib - needed),
            "╌",
            "green",
            f"what is left, ±{gib(memory.band_mib)}" if engine else "",
        ),
        Segment(
            "needed beside it",
            outside,
            "▪",
            "bright_black",
            "not counted by vLLM" + ("" if outside == memory.outside_mib else f"; {gib(memory.outside_mib)} needed"),
        ),
        Segment("not for vLLM", beside - outside, "·", "bright_black", f"utilization {memory.utilization:.2f}"),
    )


def _band(memory: MemoryBudget, engine: Engine | None, term: str) -> str:
    if engine is None:
        return f"modelled, ±{gib(memory.band_mib)} together" if term == "activation" else ""
    mib = {
        "activation": memory.activation_mib,
        "cuda_graphs": memory.cuda_graphs_mib,
        "non_torch": memory.non_torch_mib,
    }[term]
    return f"modelled, ±{gib(engine.memory.band[term].of(mib))}"


def gib(mib: float) -> str:
    return f"{mib / MIB_PER_GIB:.1f} GiB"


@dataclass(frozen=True, slots=True)
class Bar:
    """Fills the width it is given; every term that is there gets at least one cell."""

    parts: tuple[Segment, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = Text()
        for part, cells in zip(self.parts, cells_of([part.mib for part in self.parts], options.max_width), strict=True):
            text.append(part.glyph * cells, style=part.style)
        yield text


def cells_of(amounts: Iterable[int], width: int) -> list[int]:
    """Divide `width` cells in proportion, at least one to everything that is there; the largest give and take the rest.

    `width` must be at least the number of amounts.
    """
    amounts = [max(0, amount) for amount in amounts]
    total = sum(amounts)
    if total == 0:
        return [0 for _ in amounts]
    cells = [max(1, round(amount / total * width)) if amount else 0 for amount in amounts]
    while (over := sum(cells) - width) != 0:
        widest = cells.index(max(cells))
        cells[widest] -= 1 if over > 0 else -1
    return cells


def memory_bar(memory: MemoryBudget, engine: Engine | None = None) -> RenderableType:
    """The bar and what each of its glyphs stands for."""
    parts = segments(memory, engine)
    legend = Table.grid(padding=(0, 2))
    legend.add_column()
    legend.add_column(justify="right")
    legend.add_column(style="dim")
    for part in parts:
        if part.mib:
            legend.add_row(Text(f"{part.glyph} {part.name}", style=part.style), gib(part.mib), part.note)
    return Group(Bar(parts), legend)
