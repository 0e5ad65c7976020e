"""Screen of `paddock explain`: every term of a fit, its formula, its band and its source."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paddock.cli.console import indented
from paddock.cli.parsing.fit import FixedPlacement
from paddock.cli.screens.fit import SENTENCES, footnotes, title_panel
from paddock.sizing.memory.explain import Explanation, Line
from paddock.sizing.memory.terms import Estimate, Provenance
from paddock.units import MIB_PER_GIB

COLOURS = {
    Provenance.EXACT: "green",
    Provenance.MEASURED: "cyan",
    Provenance.MODELLED: "yellow",
    Provenance.GIVEN: "blue",
}


def explain_screen(placement: FixedPlacement, explanation: Explanation) -> RenderableType:
    """Parts stand before what they are parts of, so that every number was there before it is used."""
    sentence, colour = SENTENCES[explanation.fits.verdict]
    answer = Text(sentence, style=f"bold {colour}")
    if explanation.stages > 1:
        answer.append(
            f"\nThe tightest GPU is in stage {explanation.stage} of {explanation.stages}; these are its terms.",
            style="not bold default",
        )
    return Group(
        title_panel(placement, answer, colour),
        *(line_part(each) for each in explanation.lines),
        indented(Text("\n" + "\n".join(footnotes(placement)), style="dim")),
    )


def line_part(line: Line) -> RenderableType:
    head = Table.grid(padding=(0, 2), expand=True)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_column(width=8, no_wrap=True)
    head.add_row(
        Text(line.name, style="" if line.depth else "bold"),
        Text(result_text(line), style="" if line.depth else "bold"),
        Text(line.provenance.value, style=COLOURS[line.provenance]),
    )
    lines: list[RenderableType] = [head]
    if line.formula and line.formula != line.filled:
        lines += [Text(f"= {line.formula}"), Text(f"= {line.filled}")]
    day = f" ({line.as_of})" if line.as_of else ""
    lines.append(Text(f"{line.source}{day}", style="dim"))
    body = Group(lines[0], *(Padding(each, (0, 0, 0, 2)) for each in lines[1:]))
    return Padding(body, (0 if line.depth else 1, 0, 0, 4 * line.depth))


def result_text(line: Line) -> str:
    """`596 MiB = 0.58 GiB, 514 to 678`."""
    text = f"{whole(line.result.expected, line.unit)} {line.unit}"
    if line.unit == "MiB":
        text += f" = {line.result.expected / MIB_PER_GIB:,.2f} GiB"
    return text + band_text(line.result, line.unit)


def band_text(result: Estimate, unit: str) -> str:
    if result.low == result.high:
        return ""
    return f", {whole(result.low, unit)} to {whole(result.high, unit)}"


def whole(value: float, unit: str) -> str:
    return f"{value:,.2f}" if unit == "requests" else f"{value:,.0f}"
