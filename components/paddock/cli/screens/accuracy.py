"""Our figures beside those that vLLM printed, for a person: a line a row, the summary, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from paddock.cli.console import DASH, indented, section
from paddock.sizing.startups.accuracy import Compared, RowReport


def accuracy_screen(reports: Sequence[RowReport], summary: dict[str, Any]) -> RenderableType:
    return Group(
        rows_table(reports),
        section("Summary (absolute errors)"),
        indented(summary_table(summary)),
        indented(verdict_text(summary["verdict"])),
        indented(band_text(summary)),
        *left_out_part(reports),
    )


def rows_table(reports: Sequence[RowReport]) -> RenderableType:
    """Errors in per cent; in brackets where the row does not state all that decides them, so that they do not count."""
    table = Table(box=None, pad_edge=False)
    table.add_column("Row", no_wrap=True)
    table.add_column("Model", no_wrap=True)
    table.add_column("vLLM", no_wrap=True)
    for heading in ("weights", "KV GiB", "KV tok."):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("starts", no_wrap=True)
    for each in reports:
        table.add_row(
            each.row.id,
            f"{each.model or DASH} {each.quantization or ''}".strip(),
            released(each.row.version) or each.row.engine or DASH,
            *(error_text(figure) for figure in (each.weights_gib, each.kv_gib, each.kv_tokens)),
            start_text(each),
        )
    table.caption = "Errors in per cent, ours less vLLM's; (in brackets) where the row leaves open what decides them."
    table.caption_justify = "left"
    return table


def released(version: str | None) -> str | None:
    """`0.6.4` of `0.6.4.dev26+g92d86da2.d20241017`: the rest is long, and decides nothing."""
    found = re.match(r"\d+\.\d+(\.\d+)?", version or "")
    return found[0] if found else version


def error_text(figure: Compared | None) -> Text:
    if figure is None:
        return Text(DASH, style="dim")
    text = f"{figure.error_pct:+.2f}"
    return Text(text) if figure.in_summary else Text(f"({text})", style="dim")


def start_text(report: RowReport) -> Text:
    if report.predicted_to_start is None or report.started is None:
        return Text(DASH, style="dim")
    if report.predicted_to_start == report.started:
        return Text("yes" if report.started else "no", style="green")
    return Text("false start" if report.predicted_to_start else "false refusal", style="bold red")


def summary_table(summary: dict[str, Any]) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for heading in ("rows", "median", "p90", "max"):
        table.add_column(heading, justify="right")
    names = {
        "weights_pct": "weights, %",
        "kv_tokens_pct": "KV tokens, % (V1)",
        "kv_gib_abs": "KV cache, GiB (V1)",
        "kv_tokens_pct_v0": "KV tokens, % (V0)",
        "kv_gib_abs_v0": "KV cache, GiB (V0)",
    }
    for key, name in names.items():
        spread = summary.get(key)
        if spread is not None and spread["n"]:
            figures = (f"{spread[each]:.3f}" for each in ("median", "p90", "max"))
            table.add_row(name, str(spread["n"]), *figures)
    return table


def verdict_text(verdict: dict[str, int]) -> Text:
    return Text(
        f"\n{verdict['n']} start-ups foretold: {verdict['false_start']} false starts, "
        f"{verdict['false_refusal']} false refusals."
    )


def band_text(summary: dict[str, Any]) -> Text:
    known, all_rows = summary["kv_band"], summary["kv_band_with_assumed_share"]
    return Text(
        f"{known['within']} of {known['n']} printed caches lie within the band; with those whose utilization is not "
        f"stated, {all_rows['within']} of {all_rows['n']}."
    )


def left_out_part(reports: Sequence[RowReport]) -> tuple[RenderableType, ...]:
    """Each reason once, with the rows that it holds for."""
    rows_of: dict[str, list[str]] = {}
    for each in reports:
        for reason in each.left_out:
            rows_of.setdefault(reason, []).append(each.row.id)
    if not rows_of:
        return ()
    table = Table.grid(padding=(0, 2))
    table.add_column(ratio=1)
    table.add_column(ratio=1, style="dim")
    for reason, rows in rows_of.items():
        table.add_row(reason, " ".join(rows))
    return (section("Left out, or not in the summary, because"), indented(table))
