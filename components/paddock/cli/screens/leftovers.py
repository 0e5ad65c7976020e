"""Output of `paddock leftovers`, for people and as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paddock.cli.console import indented, printable, section
from paddock.operations.leftovers.found import Leftover, Leftovers, Owner

SCHEMA_VERSION = 1


def leftovers_data(found: Leftovers, owner: Owner, region: str) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "stack": owner.tag,
        "region": region,
        "living_cluster": found.living_cluster,
        "left": [_data(each, found) for each in found.objects if not each.kept],
        "kept": [_data(each, found) for each in found.objects if each.kept],
    }


def _data(each: Leftover, found: Leftovers) -> dict[str, Any]:
    """A leftover as data; its command is empty where it would delete a stack under its users."""
    shown = asdict(each) | ({"delete": ""} if found.living_cluster else {})
    return {key: value for key, value in shown.items() if key != "kept"}


def leftovers_screen(found: Leftovers, owner: Owner, region: str) -> RenderableType:
    left = [each for each in found.objects if not each.kept]
    kept = [each for each in found.objects if each.kept]
    where = f"{owner.tag} in {region}"
    if found.living_cluster:
        cluster = f"its cluster {found.living_cluster} is {found.cluster_status}"
        alive = f"{where} lives: {cluster}; `pulumi destroy` comes first"
        return Group(Text(alive, style="bold red"), section("it has"), indented(_table(left + kept)))
    parts: list[RenderableType] = [
        Text(f"{len(left)} left of {where}", style="bold red")
        if left
        else Text(f"nothing is left of {where}" + (" but what is kept" if kept else ""), style="bold green")
    ]
    if left:
        parts.append(indented(_table(left)))
    if kept:
        parts += [section("kept on purpose (paddock:retain_weights)"), indented(_table(kept))]
    if left:
        parts.append(section("to delete, in this order; nothing was deleted"))
    return Group(*parts)


def _table(rows: Sequence[Leftover]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("kind", no_wrap=True)
    table.add_column("id", overflow="fold")
    table.add_column("name", overflow="fold")
    table.add_column("bills")
    table.add_column("why", ratio=1)
    for each in rows:
        table.add_row(*map(printable, (each.kind, each.id, each.name, each.bills, each.why)))
    return table
