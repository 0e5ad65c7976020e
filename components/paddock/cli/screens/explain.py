"""Every term of a fit for a person: what it is, how it is computed, how sure it is, and who says so."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from paddock.cli.console import indented
from paddock.cli.parsing.fit import FixedPlacement
from paddock.cli.screens.fit import SENTENCES, footnotes, title_panel
from paddock.sizing.memory.explain import Explanation, Provenance, Term
from paddock.sizing.memory.verdict import Estimate
from paddock.units import MIB_PER_GIB

COLOURS = {
    Provenance.EXACT: "green",
    Provenance.MEASURED: "cyan",
    Provenance.MODELLED: "yellow",
    Provenance.GIVEN: "blue",
}


def explain_screen(placement: FixedPlacement, explanation: Explanation) -> RenderableType:
    """Parts stand before what they are parts of, so that every number was there before it is used."""
    sentence, colour = SENTENCES[explanation.outlook.verdict]
    answer = Text(sentence, style=f"bold {colour}")
    if explanation.stages > 1:
        answer.append(
            f"\nThe tightest GPU is in stage {explanation.stage} of {explanation.stages}; these are its terms.",
            style="not bold default",
        )
    return Group(
        title_panel(placement, answer, colour),
        *(term_part(each) for each in explanation.terms),
        indented(Text("\n" + "\n".join(footnotes(placement)), style="dim")),
    )


def term_part(term: Term) -> RenderableType:
    head = Table.grid(padding=(0, 2), expand=True)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_column(width=8, no_wrap=True)
    head.add_row(
        Text(term.name, style="" if term.depth else "bold"),
        Text(result_text(term), style="" if term.depth else "bold"),
        Text(term.provenance.value, style=COLOURS[term.provenance]),
    )
    lines: list[RenderableType] = [head]
    if term.formula and term.formula != term.filled:
        lines += [Text(f"= {term.formula}"), Text(f"= {term.filled}")]
    day = f" ({term.as_of})" if term.as_of else ""
    lines.append(Text(f"{term.source}{day}", style="dim"))
    body = Group(lines[0], *(Padding(line, (0, 0, 0, 2)) for line in lines[1:]))
    return Padding(body, (0 if term.depth else 1, 0, 0, 4 * term.depth))


def result_text(term: Term) -> str:
    """`596 MiB = 0.58 GiB, 514 to 678`."""
    text = f"{whole(term.result.expected, term.unit)} {term.unit}"
    if term.unit == "MiB":
        text += f" = {term.result.expected / MIB_PER_GIB:,.2f} GiB"
    return text + band_text(term.result, term.unit)


def band_text(result: Estimate, unit: str) -> str:
    if result.low == result.high:
        return ""
    return f", {whole(result.low, unit)} to {whole(result.high, unit)}"


def whole(value: float, unit: str) -> str:
    return f"{value:,.2f}" if unit == "requests" else f"{value:,.0f}"
