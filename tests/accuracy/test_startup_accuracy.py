"""Our figures against 59 real start-ups of vLLM: `vllm_startup.csv`, surveyed on 2026-11-24 from public logs.

Proved: the bounds below, on rows that state what they need. Not proved: versions, GPUs and splits of which no log was
found. `paddock accuracy` says which figures of which row are left out, and why.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.catalog.lookup import RefusedError
from paddock.sizing.memory.engine_args import TYPES
from paddock.sizing.startups.accuracy import RowReport, predict
from paddock.sizing.startups.accuracy_summary import report_data, summarise
from paddock.sizing.startups.rows import COLUMNS, StartupRow, read_rows

FILE = Path(__file__).with_name("vllm_startup.csv")
ROWS = {row.id: row for row in read_rows(FILE)}
REPORTS = {name: predict(row) for name, row in ROWS.items()}


def summary(reports: list[RowReport] | None = None) -> dict[str, Any]:
    return summarise(list(REPORTS.values()) if reports is None else reports)


def test_weights_are_within_a_twentieth_of_a_percent_at_the_median_and_one_percent_at_most() -> None:
    weights = summary()["weights_pct"]
    assert weights["n"] >= 35
    assert weights["median"] <= 0.05
    assert weights["max"] <= 1


def test_kv_capacity_of_v1_engines_is_within_half_a_percent_at_the_median_and_six_percent_at_p90() -> None:
    tokens = summary()["kv_tokens_pct"]
    assert tokens["n"] >= 17
    assert tokens["median"] <= 0.5
    assert tokens["p90"] <= 6


def test_no_start_up_that_failed_is_predicted_to_start_and_none_that_started_is_refused() -> None:
    verdict = summary()["verdict"]
    assert verdict["n"] >= 28
    assert (verdict["false_start"], verdict["false_refusal"]) == (0, 0)


@pytest.mark.parametrize("version", ["0.11.0", "0.17.1", "0.23.0"])
def test_each_other_version_than_the_one_with_most_logs_is_predicted_too(version: str) -> None:
    found = [
        each for each in REPORTS.values() if each.row.version == version and each.kv_gib and each.kv_gib.in_summary
    ]
    assert found
    assert all(abs(each.kv_gib.error_pct) < 1 for each in found if each.kv_gib)


def test_a_card_that_the_other_logs_do_not_have_is_predicted_with_the_default_utilization() -> None:
    # An A100 of 40 GB with 0.15.1, eager and 8192 tokens a step: three things that differ from all other rows.
    report = REPORTS["59"]
    assert report.kv_tokens is not None
    assert abs(report.kv_tokens.error_pct) < 0.5
    assert not report.kv_tokens.in_summary  # its utilization is not stated


def test_every_row_with_printed_figures_is_compared_or_says_why_not() -> None:
    for report in REPORTS.values():
        printed = report.row.weights_gib, report.row.kv_cache_gib, report.row.kv_cache_tokens
        compared = report.weights_gib, report.kv_gib, report.kv_tokens
        for shown, found in zip(printed, compared, strict=True):
            assert not shown or (found is not None and found.in_summary) or report.left_out, report.row.id


def changed(row: StartupRow, **change: Any) -> StartupRow:
    """The row with other columns or engine arguments."""
    args = {name: change.pop(name) for name in list(change) if name in TYPES}
    return replace(row, args=replace(row.args, **args), **change)


@pytest.mark.parametrize(
    ("row", "change", "why"),
    [
        ("12", {"version": None}, "no vLLM version is stated"),
        ("12", {"gpu_memory_utilization": None}, "no utilization is stated"),
        ("12", {"tensor_parallel_size": None, "num_gpus": None, "weights_gib": None}, "tensor parallelism"),
        ("12", {"gpu": "", "gpu_mem_gib": None}, "no GPU memory"),
        ("12", {"model": "", "family": "", "params_b": None}, "no model is named"),
        ("12", {"model": "Qwen/Qwen3-8B", "family": "Qwen", "params_b": 8.0}, "not a model we know"),
        ("12", {"quantization": "exl2"}, "not a quantization we know"),
        ("12", {"tensor_parallel_size": 3}, "does not divide"),
        ("12", {"version": "0.0.1"}, "older than"),
    ],
)
def test_what_a_row_leaves_open_is_said_and_kept_out_of_the_summary(row: str, change: dict[str, Any], why: str) -> None:
    report = predict(changed(ROWS[row], **change))
    assert any(why in each for each in report.left_out), report.left_out
    assert report.kv_tokens is None or not report.kv_tokens.in_summary


@pytest.mark.parametrize(
    ("model_id", "quantization", "scheme"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "", "bf16"),
        ("meta-llama/Llama-3.1-8B-Instruct", "none", "bf16"),
        ("meta-llama/Llama-3.1-70B-Instruct", "fp8", "fp8-runtime"),
        ("RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", "fp8", "fp8"),
        ("RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16", "compressed-tensors", "int4"),
        ("meta-llama/Llama-3.1-8B-Instruct", "int8 (bitsandbytes)", None),
        ("meta-llama/Llama-3.1-8B-Instruct", "gguf q4", None),
    ],
)
def test_a_quantization_is_taken_as_stated_and_else_by_the_repository(
    model_id: str, quantization: str, scheme: str | None
) -> None:
    assert predict(changed(ROWS["12"], model=model_id, quantization=quantization)).quantization == scheme


def test_memory_by_the_name_of_the_card_is_what_torch_sees_of_it() -> None:
    assert predict(replace(ROWS["12"], gpu_mem_gib=None)).usable_gib == pytest.approx(79.19, abs=0.01)


def test_a_cache_of_less_than_nothing_is_compared_like_any_other() -> None:
    # "Available KV cache memory: -1.44 GiB": 8B at 0.19 of an H100.
    row = changed(ROWS["12"], gpu_memory_utilization=0.2, kv_cache_gib=-1.28, kv_cache_tokens=None)
    report = predict(row)
    assert report.kv_gib is not None
    assert report.kv_gib.predicted < 0
    assert report.kv_gib.error_pct == pytest.approx(100 * (report.kv_gib.predicted + 1.28) / 1.28)


@pytest.mark.parametrize(("weights_gib", "tensor"), [(33.88, 2), (67.72, 1), (17.0, 4), (50.0, None)])
def test_tensor_parallelism_that_is_not_stated_is_told_by_the_weights(weights_gib: float, tensor: int | None) -> None:
    row = changed(ROWS["94"], tensor_parallel_size=None, num_gpus=None, weights_gib=weights_gib)
    report = predict(row)
    assert report.tensor_parallel == (tensor or 1)
    assert any("tensor parallelism" in each for each in (report.left_out if tensor is None else report.notes))
    assert report.weights_gib is not None
    assert not report.weights_gib.in_summary  # they would prove themselves


def test_what_nvidia_smi_prints_is_not_taken_for_what_torch_sees() -> None:
    report = REPORTS["89"]
    assert report.row.gpu_mem_gib == 95.6
    assert report.usable_gib == 94.97


def test_other_processes_on_the_card_are_counted_where_the_outcome_tells() -> None:
    row = ROWS["28"]
    assert row.others_mib == 217
    assert REPORTS["28"].predicted_to_start is False
    assert predict(replace(row, outcome="out of memory at sampler warm-up")).predicted_to_start is True


def test_a_row_whose_lines_are_of_llm_in_a_program_has_its_larger_step() -> None:
    by_server = changed(ROWS["12"], max_num_batched_tokens=None)
    by_program = replace(
        by_server, quote="Available KV cache memory: 58 GiB | [llm.py:306] Supported_tasks: ['generate']"
    )
    server, program = (predict(each).kv_gib for each in (by_server, by_program))
    assert server is not None
    assert program is not None
    assert program.predicted < server.predicted


def mistaken(row: StartupRow, mistake: str) -> StartupRow:
    """A row as a tool with a well-known mistake would read it."""
    if mistake == "nominal gigabytes":
        return replace(row, gpu="", gpu_mem_gib=80.0 if row.gpu_mem_gib and row.gpu_mem_gib > 70 else row.gpu_mem_gib)
    if mistake == "always the newest version":
        return replace(row, version="0.33.0" if row.version else None)
    return changed(row, kv_cache_dtype="fp8")


@pytest.mark.parametrize("mistake", ["nominal gigabytes", "always the newest version", "a cache of half the size"])
def test_the_bounds_notice_the_mistakes_that_other_tools_make(mistake: str) -> None:
    tokens = summary([predict(mistaken(row, mistake)) for row in ROWS.values()])["kv_tokens_pct"]
    assert tokens["median"] > 0.5


def test_the_json_of_a_row_has_the_figures_and_the_reasons() -> None:
    data = report_data(REPORTS["3"])
    assert data["id"] == "3"
    assert set(data["weights_gib"]) == {"printed", "predicted", "error", "error_pct", "in_summary"}
    assert data["verdict"] == {"started": True, "predicted_to_start": True, "in_summary": True}


def test_v0_engines_stand_apart() -> None:
    v0 = [predict(replace(row, engine="V0", version="0.7.3")) for row in ROWS.values() if row.engine == "V1"]
    found = summary(v0)
    assert found["kv_tokens_pct"]["n"] == 0 < found["kv_tokens_pct_v0"]["n"]


def test_nine_of_ten_printed_caches_lie_within_the_band() -> None:
    within = [each.in_band for each in REPORTS.values() if each.kv_tokens and each.kv_tokens.in_summary]
    assert len(within) >= 17
    assert sum(map(bool, within)) >= 0.9 * len(within)


def test_the_band_spans_what_a_row_leaves_open() -> None:
    def width(**change: Any) -> int:
        found = predict(changed(ROWS["12"], gpu_mem_gib=79.19, activation_gib=None, **change)).kv_band
        assert found is not None
        return found.high_tokens - found.low_tokens

    stated = width(version="0.11.2")
    assert width(version=None, engine="V1") > 2 * stated
    assert width(version="0.11.0") > 2 * width(version="0.11.0", quote="Using FlashInfer for top-p & top-k sampling.")
    named = predict(replace(ROWS["12"], version="0.11.2", gpu_mem_gib=None)).kv_band  # another driver reports more
    assert named is not None
    assert named.high_tokens - named.low_tokens > stated
    by_v0 = predict(replace(ROWS["70"], version="0.7.3"))
    assert REPORTS["70"].in_band
    assert not by_v0.in_band


def test_the_lines_name_the_sampler() -> None:
    row = changed(ROWS["12"], kv_cache_gib=None, kv_cache_tokens=400_000)
    quotes = ("Using FlashInfer for top-p", "WARNING FlashInfer is not available. Falling back to the PyTorch-native")
    with_it, without = (predict(replace(row, version="0.9.1", quote=f"{quote} & top-k sampling")) for quote in quotes)
    assert (with_it.flashinfer, without.flashinfer) == (True, False)
    assert with_it.kv_tokens is not None
    assert without.kv_tokens is not None
    assert with_it.kv_tokens.predicted > without.kv_tokens.predicted


CELLS = st.one_of(
    st.sampled_from(
        [
            "",
            "0",
            "1",
            "2+ (Ray)",
            "0.92 (default)",
            "1e999",
            "nan",
            "-1",
            "8",
            "80",
            "131072",
            "True",
            "fp8",
            "awq int4",
            "H100-80GB",
            "A100",
            "meta-llama/Llama-3.1-8B-Instruct",
            "Llama 4 Scout 17B",
            "0.19.0",
            "v0.33",
            "V0",
            "started",
            "CUDA out of memory",
        ]
    ),
    st.text(max_size=12),
)


with FILE.open(encoding="utf-8", newline="") as opened:
    CELLS_OF_ROWS = list(csv.DictReader(opened))


@given(st.sampled_from(CELLS_OF_ROWS), st.dictionaries(st.sampled_from(COLUMNS), CELLS, max_size=3))
@settings(max_examples=1500, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_are_an_answer_or_one_clear_message(
    tmp_path: Path, row: dict[str, str], changes: dict[str, str]
) -> None:
    file = tmp_path / "rows.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(row))
        writer.writeheader()
        writer.writerow(row | changes)
    try:
        reports = [predict(each) for each in read_rows(file)]
    except RefusedError as error:
        refused = str(error)
        assert re.search(r"line \d+: \w+ must be|not a CSV file", refused)
        return
    json.dumps([*map(report_data, reports), summarise(reports)], allow_nan=False)
    for each in reports:
        for figure in (each.weights_gib, each.kv_gib, each.kv_tokens):
            assert figure is None or figure.predicted >= 0 or figure.printed < 0


def test_a_file_from_a_spreadsheet_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("\ufeff" + FILE.read_text(encoding="utf-8"), encoding="utf-8")
    assert [row.id for row in read_rows(file)] == list(ROWS)


def test_a_file_without_a_column_is_refused_by_the_columns_name(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(FILE.read_text(encoding="utf-8").replace("gpu_mem_gib", "memory"), encoding="utf-8")
    with pytest.raises(RefusedError, match="lacks the columns gpu_mem_gib"):
        read_rows(file)
