"""A proof on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paddock.cli.console import bullets, indented, printable, section
from paddock.privacy.proof import State, pasted

if TYPE_CHECKING:
    from paddock.privacy.proof import Edge, Proof

MOST = 200
"""Most lines of a list on the screen."""
MOST_DOORS = 20
"""Most doors that are printed to be copied."""
COLOURS = {"private": "bold green", "not private": "bold red", "cannot tell": "bold yellow"}


def prove_screen(proof: Proof) -> RenderableType:
    verdict = proof.verdict.value
    answers = Table(box=None, show_header=False, pad_edge=False)
    for each in proof.answers:
        answers.add_row(each.question, Text(each.text, style=COLOURS[each.verdict.value]))
    parts: list[RenderableType] = [
        Text(f"{verdict}, of {proof.resources} resources", style=COLOURS[verdict]),
        indented(answers),
    ]
    for title, edges in (("reasons", proof.reasons), ("declared doors", proof.doors), ("elsewhere", proof.elsewhere)):
        if edges:
            parts += [section(title), indented(_edges(edges))]
    if proof.remarks:
        parts += [section("remarks"), indented(bullets(map(printable, first(proof.remarks))))]
    if declarations(proof):
        parts += [section("doors to close, or to accept: a line each, with a reason, in paddock:doors or for --doors")]
    return Group(*parts)


def declarations(proof: Proof) -> list[str]:
    """Declarations of the doors that nobody declared, to be copied: each on its line, however narrow the screen."""
    return list(dict.fromkeys(f"- {pasted(each)}" for each in proof.reasons if each.state is State.DECLARED))


def _edges(edges: Sequence[Edge]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("state", no_wrap=True)
    table.add_column("rule", no_wrap=True)
    table.add_column("resource", overflow="fold")
    table.add_column("why", ratio=1, overflow="fold")
    for edge in edges[:MOST]:
        table.add_row(*map(printable, (edge.state.value, edge.rule, edge.resource_name, edge.text)))
    if len(edges) > MOST:
        table.add_row("", "", "", _more(edges))
    return table


def first(lines: Sequence[str], most: int = MOST) -> list[str]:
    """First lines, and how many more there are."""
    return [*lines[:most], *([_more(lines, most)] if len(lines) > most else [])]


def _more(listed: Sequence[object], most: int = MOST) -> str:
    return f"and {len(listed) - most} more, which --json lists"
