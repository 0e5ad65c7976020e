"""A start-up log beside the plan, for a person: what was read, printed against predicted, and constants to paste."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paddock.cli.console import bullets, indented, section
from paddock.cli.json_output import plain, tidy
from paddock.sizing.startups.calibration import Calibration, agrees_on_start
from paddock.sizing.startups.comparison import Comparison
from paddock.sizing.startups.log import Outcome
from paddock.sizing.startups.log_parser import ARGUMENT_NAMES
from paddock.sizing.startups.proposals import Proposal

CALIBRATE_SCHEMA_VERSION = 1
PLACEHOLDER = "SOURCE, DATE"


def calibrate_screen(found: Calibration) -> RenderableType:
    return Group(
        _panel(found),
        section("Taken as"),
        indented(inputs_table(found)),
        section("Printed and predicted"),
        indented(comparisons_table(found.comparisons)),
        *([section("Not determined"), indented(bullets(found.missing))] if found.missing else []),
        *proposals_part(found.proposals),
    )


def _panel(found: Calibration) -> RenderableType:
    foretold = agrees_on_start(found)
    unknown = found.log.outcome is Outcome.UNKNOWN
    lines = ["Whether vLLM came up, the log does not say." if unknown else f"vLLM: {found.log.outcome.value}."]
    if found.log.startups > 1:
        lines.append(f"The log holds {found.log.startups} start-ups; this is the last.")
    if found.predicted_to_start is not None:
        agreement = {None: "", True: ", as it did", False: ", which it did not"}
        if found.predicted_to_start:
            lines.append(f"We would have said that it starts{agreement[foretold]}.")
        else:
            against = ", but it did" if foretold is False else ", as seen" if foretold else ""
            lines.append(f"We would have said that it does not start{against}.")
    apart = [each for each in found.comparisons if not each.agrees]
    if found.comparisons:
        lines.append(agreement_text(len(apart), len(found.comparisons)))
    colour = "green" if not apart and foretold is not False else "yellow"
    return Panel(
        Text("\n".join(lines)), title="[bold]vLLM start-up[/]", title_align="left", border_style=colour, padding=(0, 1)
    )


def agreement_text(apart: int, count: int) -> str:
    if apart:
        return (
            f"{apart} of {count} figures {'lies outside of its band' if apart == 1 else 'lie outside of their bands'}."
        )
    return "The only figure agrees within its band." if count == 1 else f"All {count} figures agree within their bands."


def inputs_table(found: Calibration) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    for each in found.inputs:
        table.add_row(each.name, each.value, each.taken_from)
    return table


def comparisons_table(comparisons: tuple[Comparison, ...]) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for heading in ("printed", "predicted", "error", "%"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for each in comparisons:
        digits = 0 if each.unit == "tokens" else 2
        percent = each.error_pct
        stage = "" if each.stage is None else f", stage {each.stage}"
        table.add_row(
            f"{each.term}{stage}{f', {each.unit}' if each.unit else ''}",
            f"{each.printed:,.{digits}f}",
            f"{each.predicted:,.{digits}f}",
            f"{each.error:+,.{digits}f}",
            "" if percent is None else f"{percent:+.2f}",
            Text("within the band", style="green") if each.agrees else Text("outside", style="bold red"),
        )
    return table


def proposals_part(proposals: tuple[Proposal, ...]) -> tuple[RenderableType, ...]:
    """Proposals as TOML, to paste where several logs agree; whoever does adds the source and the day."""
    if not proposals:
        return ()
    needed = any(each.needed for each in proposals)
    heading = "Constants that this log speaks for" if needed else "Constants that this log bears out"
    # Wrapped lines would be no TOML.
    return (section(heading), Text(proposals_toml(proposals), no_wrap=True, overflow="ignore"))


def proposals_toml(proposals: tuple[Proposal, ...]) -> str:
    """Each under its file and table, with a comment for where it was measured."""
    tables: dict[str, list[str]] = {}
    for each in proposals:
        verdict = "this log is outside of its band" if each.needed else "this log is within its band"
        heading = f"# components/paddock/catalog/data/{each.file}\n{each.table}"
        tables.setdefault(heading, []).append(f"# {PLACEHOLDER}. Now {each.now}; {verdict}.\n{each.line}")
    return "\n\n".join("\n".join([heading, *lines]) for heading, lines in tables.items())


def calibrate_data(found: Calibration) -> dict[str, Any]:
    """`paddock calibrate --json`."""
    return {
        "schema_version": CALIBRATE_SCHEMA_VERSION,
        "log": {
            "version": found.log.version,
            "generation": found.log.generation,
            "outcome": found.log.outcome.value,
            "startups": found.log.startups,
            "flags": {name: getattr(found.log.args, name) for name in ARGUMENT_NAMES},
        },
        "inputs": [plain(each) for each in found.inputs],
        "comparisons": [
            {
                "term": each.term,
                "stage": each.stage,
                "unit": each.unit,
                "printed": tidy(each.printed),
                "predicted": tidy(each.predicted),
                "error": tidy(each.error),
                "error_pct": None if each.error_pct is None else tidy(each.error_pct),
                "band": tidy(each.band),
                "agrees": each.agrees,
            }
            for each in found.comparisons
        ],
        "predicted_to_start": found.predicted_to_start,
        "agrees_on_start": agrees_on_start(found),
        "proposals": [plain(each) for each in found.proposals],
        "missing": list(found.missing),
    }
