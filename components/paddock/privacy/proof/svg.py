"""SVG of the graph: assets on the left, the outside on the right, every edge that does not merely stay inside in color.

Drawn here: a proof has tens of nodes in few layers, which rows and columns show well. Graphviz would need its `dot`
program beside the PyPI package, and an auditor's machine, like a CI's, seldom has it.
"""

from __future__ import annotations

from collections.abc import Collection
from html import escape

from paddock.privacy.proof.graph import OUTSIDE, PODS, Edge, State
from paddock.privacy.proof.verdict import Proof

WIDTH, HEIGHT = 190, 40
"""Size of a box, in pixels."""
COLUMN, ROW, MARGIN = 260, 56, 20
LETTERS = 27
"""Characters that fit in a box; a longer name is pressed together, whole."""
MEANS = {
    State.INSIDE: "stays inside",
    State.DECLARED: "declared door",
    State.UNCLEAR: "not known",
    State.OPEN: "leads out",
}
DOOR = "door"
"""Legend of a door that nobody declared, whose state is that of a declared one."""
COLORS = {
    MEANS[State.INSIDE]: "#9aa5b1",
    MEANS[State.DECLARED]: "#1f6feb",
    DOOR: "#8250df",
    MEANS[State.UNCLEAR]: "#b7791f",
    MEANS[State.OPEN]: "#c62828",
}


def svg(proof: Proof) -> str:
    """SVG document without fonts, scripts or links to fetch."""
    columns = _columns(proof)
    boxes = {
        node: (MARGIN + x * COLUMN, MARGIN + y * ROW)
        for x, column in enumerate(columns)
        for y, node in enumerate(column)
    }
    width = 2 * MARGIN + (len(columns) - 1) * COLUMN + WIDTH
    legend = 2 * MARGIN + max(map(len, columns)) * ROW + MARGIN
    height = legend + MARGIN
    undeclared = {_place(edge) for edge in proof.reasons}
    lines = [
        f'<path d="{_line(x1, y1, x2, y2, legend)}" fill="none" stroke="{COLORS[_means(edge, undeclared)]}" '
        f'stroke-width="{1 if edge.state is State.INSIDE else 2}"><title>{escape(edge.text)}</title></path>'
        for edge in proof.graph.edges
        if edge.source in boxes and edge.target in boxes
        for x1, y1, x2, y2 in [_ends(boxes[edge.source], boxes[edge.target])]
    ]
    drawn = [_box(proof, node, *corner) for node, corner in boxes.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'style="max-width:100%;height:auto" role="img" aria-label="{escape(proof.verdict.value)}" '
        f'font-family="sans-serif" font-size="12">'
        f"{''.join(lines)}{''.join(drawn)}{_legend(legend)}</svg>"
    )


def _place(edge: Edge) -> tuple[str, str, str, str]:
    return edge.source, edge.target, edge.rule, edge.resource


def _means(edge: Edge, undeclared: Collection[tuple[str, str, str, str]]) -> str:
    return DOOR if edge.state is State.DECLARED and _place(edge) in undeclared else MEANS[edge.state]


def _legend(y: int) -> str:
    return "".join(
        f'<path d="M{x} {y}h24" stroke="{color}" stroke-width="2"/><text x="{x + 30}" y="{y + 4}">{text}</text>'
        for x, (text, color) in zip(range(MARGIN, 1000, 130), COLORS.items(), strict=False)
    )


def _columns(proof: Proof) -> list[list[str]]:
    """Nodes by their steps from the assets; external nodes and the outside are last."""
    graph = proof.graph
    last = [OUTSIDE, *(node.id for node in graph.nodes.values() if node.kind == "Named")]
    beside: dict[str, list[str]] = {}
    for edge in graph.edges:
        beside.setdefault(edge.source, []).append(edge.target)
        beside.setdefault(edge.target, []).append(edge.source)
    placed, columns, layer = {PODS, *last}, [], [PODS]
    while layer:
        columns.append(layer)
        layer = list(dict.fromkeys(n for here in layer for n in beside.get(here, ()) if n not in placed))
        placed |= set(layer)
    # A node without a path to the assets is drawn only where it has an edge at all.
    rest = [node for node in graph.nodes if node not in placed and node in beside]
    return [*columns, *([rest] if rest else []), last]


def _line(x1: int, y1: int, x2: int, y2: int, height: int) -> str:
    """Path of a line: straight to the next column; a longer one goes round below the boxes between."""
    if abs(x2 - x1) <= COLUMN:
        return f"M{x1} {y1}L{x2} {y2}"
    gap, lane = COLUMN - WIDTH, height - MARGIN
    return f"M{x1} {y1}L{x1 + gap // 2} {lane}L{x2 - gap // 2} {lane}L{x2} {y2}"


def _ends(source: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    (x1, y1), (x2, y2) = sorted((source, target))
    return x1 + WIDTH, y1 + HEIGHT // 2, x2 if x2 > x1 else x2 + WIDTH, y2 + HEIGHT // 2


def _box(proof: Proof, node: str, x: int, y: int) -> str:
    here = proof.graph.nodes[node]
    pressed = f' textLength="{WIDTH - 16}" lengthAdjust="spacingAndGlyphs"' if len(here.label) > LETTERS else ""
    return (
        f'<g><title>{escape(here.label)}</title><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" '
        f'fill="#f6f8fa" stroke="#57606a"/><text x="{x + 8}" y="{y + 16}" fill="#57606a">{escape(here.kind)}</text>'
        f'<text x="{x + 8}" y="{y + 32}"{pressed}>{escape(here.label)}</text></g>'
    )
