"""Our figures against ten start-ups of vLLM that were read later: `vllm_startup_2.csv`, public logs of 2026-11-28.

They show what `vllm_startup.csv` does not: model runner V2, tensor parallelism before 0.18, Maverick in FP8, an EAGLE
head, the oldest versions. Proved: the bounds below. Not proved: versions, GPUs and splits of which no log was found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock.sizing.startups.accuracy import RowReport, predict
from paddock.sizing.startups.accuracy_summary import summarise
from paddock.sizing.startups.rows import read_rows

REPORTS = {row.id: predict(row) for row in read_rows(Path(__file__).with_name("vllm_startup_2.csv"))}
FIRST = [predict(row) for row in read_rows(Path(__file__).with_name("vllm_startup.csv"))]


def summary() -> dict[str, Any]:
    return summarise(list(REPORTS.values()))


def test_weights_are_within_a_twentieth_of_a_percent() -> None:
    weights = summary()["weights_pct"]
    assert weights["n"] >= 6
    assert weights["max"] <= 0.05


def test_kv_capacity_is_within_one_percent() -> None:
    tokens = summary()["kv_tokens_pct"]
    assert tokens["n"] >= 7
    assert tokens["median"] <= 0.2
    assert tokens["max"] <= 1


def test_no_start_up_is_foretold_wrongly() -> None:
    verdict = summary()["verdict"]
    assert verdict["n"] >= 10
    assert (verdict["false_start"], verdict["false_refusal"]) == (0, 0)


def in_band(report: RowReport) -> bool:
    assert report.kv_tokens is not None
    return report.kv_tokens_low <= report.kv_tokens.printed <= report.kv_tokens_high


def test_nine_of_ten_printed_caches_of_both_files_lie_within_the_band() -> None:
    known = [
        each
        for each in [*FIRST, *REPORTS.values()]
        if each.kv_tokens is not None and each.kv_tokens.in_summary and not each.v0
    ]
    assert len(known) >= 25
    assert sum(map(in_band, known)) >= 0.9 * len(known)
