"""Table of checks, as `preflight` and `doctor` print it, and the same as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddock.cli.console import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from paddock.operations.preflight.row import Report, Row

SCHEMA_VERSION = 1
WIDTH = 80
MARKS = {"pass": "✓", "fail": "✗", "could not see": "?", "not asked": "–", "next step": "→"}
STYLES = {"fail": "bold red", "could not see": "yellow", "next step": "cyan"}


def rows_table(rows: Sequence[Row]) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, padding=(0, 1), pad_edge=False, width=WIDTH)
    table.add_column("check", no_wrap=False, width=16, overflow="fold")
    table.add_column("state", width=15)
    table.add_column("found", ratio=11, overflow="fold")
    table.add_column("needed", ratio=10, overflow="fold")
    for row in rows:
        style = STYLES.get(row.state)
        table.add_row(
            printable(row.name),
            f"{MARKS[row.state]} {row.state}",
            printable(row.found),
            printable(row.needed),
            style=style,
        )
    return table


def mends(rows: Sequence[Row]) -> list[str]:
    """Mends of each row that would fail or was not seen: a line each, unbroken, as commands are copied."""
    return [
        f"{MARKS[row.state]} {row.name}: {printable(row.mend).plain}"
        for state in ("fail", "next step", "could not see")
        for row in rows
        if row.state == state and row.mend
    ]


def print_report(rows: Sequence[Row], summary: str) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=WIDTH)
    console.print(rows_table(rows))
    lines = mends(rows)
    if lines:
        console.print("\nwhat mends it", style="bold")
        for line in lines:
            console.out(line, highlight=False)
    console.print()
    console.out(summary, highlight=False)


def row_data(row: Row) -> dict[str, str]:
    return {
        "name": row.name,
        "state": str(row.state),
        "found": row.found,
        "needed": row.needed,
        "mend": row.mend,
    }


def report_data(stack: str, region: str, report: Report) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "stack": stack,
        "region": region,
        "rows": [row_data(row) for row in report.rows],
        "failed": len(report.failed),
        "not_seen": len(report.not_seen),
        "summary": report.summary,
    }
