"""Table of figures that never cuts one: where the terminal is narrow, the columns that say the least go, whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table

UNLIMITED = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    heading: str
    right: bool = False
    goes: int = 0
    """Order in which it goes where there is no room: 1 is the first; 0 stays."""


@dataclass(frozen=True, slots=True)
class FittingTable:
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    best_first: bool = False
    """True for a first row that is the answer."""
    style: dict[str, Any] = field(default_factory=dict)
    """Arguments of Rich's table."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        going = sorted({each.goes for each in self.columns if each.goes})
        for gone in [0, *going]:
            table = self._table(gone)
            if Measurement.get(console, options.update(max_width=UNLIMITED), table).maximum <= options.max_width:
                break
        yield table

    def _table(self, gone: int) -> Table:
        kept = [number for number, each in enumerate(self.columns) if not 0 < each.goes <= gone]
        table = Table(box=None, pad_edge=False, **self.style)
        for number in kept:
            column = self.columns[number]
            # A first column of names may break; a figure may not.
            table.add_column(
                column.heading,
                justify="right" if column.right else "left",
                no_wrap=column.right,
                overflow="fold",
            )
        for row, cells in enumerate(self.rows):
            best = self.best_first and row == 0
            table.add_row(*(cells[number] for number in kept), style="bold green" if best else "")
        return table
