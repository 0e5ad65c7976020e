"""Accuracy of our figures over many start-ups: medians, 90th percentiles and maxima, and each row as JSON data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median
from typing import Any

from paddock.sizing.startups.accuracy import Compared, RowReport


def summarise(reports: Sequence[RowReport]) -> dict[str, Any]:
    """Medians, 90th percentiles and maxima of the absolute errors; start-ups that were foretold wrongly.

    `kv_band` counts the rows whose KV cache is printed and whose memory is known, V0's and those that leave the version
    open among them, and how many lie within the band. KV figures are of
    the V1 engine; those of the older V0 engine stand apart, under `_v0`.
    """
    v1, v0 = [each for each in reports if not each.v0], [each for each in reports if each.v0]
    verdicts = [each for each in reports if each.verdict_in_summary]
    return {
        "weights_pct": _spread(abs(each.error_pct) for each in _compared(reports, "weights_gib")),
        "kv_tokens_pct": _spread(abs(each.error_pct) for each in _compared(v1, "kv_tokens")),
        "kv_gib_abs": _spread(abs(each.error) for each in _compared(v1, "kv_gib")),
        "verdict": {
            "n": len(verdicts),
            "false_start": sum(bool(each.predicted_to_start) and not each.started for each in verdicts),
            "false_refusal": sum(bool(each.started) and not each.predicted_to_start for each in verdicts),
        },
        "kv_band": _held(each for each in reports if each.memory_known),
        "kv_band_with_assumed_share": _held(reports),
        "kv_tokens_pct_v0": _spread(abs(each.error_pct) for each in _compared(v0, "kv_tokens")),
        "kv_gib_abs_v0": _spread(abs(each.error) for each in _compared(v0, "kv_gib")),
    }


def _held(reports: Iterable[RowReport]) -> dict[str, int]:
    found = [each.in_band for each in reports if each.in_band is not None]
    return {"n": len(found), "within": sum(found)}


def _compared(reports: Iterable[RowReport], figure: str) -> list[Compared]:
    found = [getattr(each, figure) for each in reports]
    return [each for each in found if each is not None and each.in_summary]


def _spread(errors: Iterable[float]) -> dict[str, float | int | None]:
    """The 90th percentile is the nearest rank: the smallest error that nine tenths of all do not exceed."""
    found = sorted(errors)
    if not found:
        return {"n": 0, "median": None, "p90": None, "max": None}
    return {
        "n": len(found),
        "median": round(median(found), 4),
        "p90": round(found[ceil(0.9 * len(found)) - 1], 4),
        "max": round(found[-1], 4),
    }


def report_data(report: RowReport) -> dict[str, Any]:
    """One row of `paddock accuracy --json`."""

    def figure(compared: Compared | None, digits: int) -> dict[str, Any] | None:
        if compared is None:
            return None
        return {
            "printed": compared.printed,
            "predicted": round(compared.predicted, digits),
            "error": round(compared.error, digits),
            "error_pct": round(compared.error_pct, 4),
            "in_summary": compared.in_summary,
        }

    row, gib, tokens = report.row, figure(report.kv_gib, 3), figure(report.kv_tokens, 0)
    if (band := report.kv_band) is not None:
        if gib is not None:
            gib |= {"low": round(band.low_gib, 3), "high": round(band.high_gib, 3)}
        if tokens is not None:
            tokens |= {"low": band.low_tokens, "high": band.high_tokens}
    return {
        "id": row.id,
        "vllm_version": row.version,
        "modelled_as": report.modelled_as,
        "engine": row.engine,
        "model": report.model,
        "quantization": report.quantization,
        "tensor_parallel": report.tensor_parallel,
        "pipeline_parallel": report.pipeline_parallel,
        "usable_gib": report.usable_gib,
        "weights_gib": figure(report.weights_gib, 4),
        "kv_gib": gib,
        "kv_tokens": tokens,
        "verdict": {
            "started": report.started,
            "predicted_to_start": report.predicted_to_start,
            "in_summary": report.verdict_in_summary,
        },
        "left_out": list(report.left_out),
        "notes": list(report.notes),
    }
