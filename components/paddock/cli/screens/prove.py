"""A proof on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paddock.cli.console import bullets, indented, section

if TYPE_CHECKING:
    from paddock.privacy.proof import Edge, Proof

MOST = 200
"""Most lines of a list on the screen."""
COLOURS = {"private": "bold green", "not private": "bold red", "cannot tell": "bold yellow"}


def prove_screen(proof: Proof) -> RenderableType:
    verdict = proof.verdict.value
    answers = Table(box=None, show_header=False, pad_edge=False)
    for each in proof.answers:
        answers.add_row(each.question, Text(each.verdict.value, style=COLOURS[each.verdict.value]))
    parts: list[RenderableType] = [
        Text(f"{verdict}, of {proof.resources} resources", style=COLOURS[verdict]),
        indented(answers),
    ]
    for title, edges in (("reasons", proof.reasons), ("allowed doors", proof.doors), ("elsewhere", proof.elsewhere)):
        if edges:
            parts += [section(title), indented(_edges(edges))]
    if proof.remarks:
        parts += [section("remarks"), indented(bullets(map(_text, _first(proof.remarks))))]
    return Group(*parts)


def _edges(edges: Sequence[Edge]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("state", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    table.add_column("resource", overflow="fold")
    table.add_column("why", ratio=1, overflow="fold")
    for edge in edges[:MOST]:
        table.add_row(*map(_text, (edge.state.value, edge.rule, edge.resource_name, edge.text)))
    if len(edges) > MOST:
        table.add_row("", "", "", _more(edges))
    return table


def _first(lines: Sequence[str]) -> list[str]:
    return [*lines[:MOST], *([_more(lines)] if len(lines) > MOST else [])]


def _more(listed: Sequence[object]) -> str:
    return f"and {len(listed) - MOST} more, which --json lists"


def _text(cell: str) -> Text:
    """Text of a file: no markup, and without control characters no command to the terminal."""
    return Text("".join(c if c.isprintable() else "?" for c in cell))
