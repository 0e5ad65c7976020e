"""`paddock accuracy` and `paddock calibrate`: what they print, and what they say of bad files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.running import Paddock
from tests.unit.cli.test_screens import LOG, ROWS


def test_accuracy_prints_each_row_and_the_summary(paddock: Paddock) -> None:
    ran = paddock("accuracy", ROWS)
    assert ran.status == 0
    for piece in (
        "weights, %",
        "median",
        "p90",
        "false starts",
        "false refusals",
        "within the band",
        "Left out, or not in the summary",
    ):
        assert piece in ran.out


def test_the_json_summary_has_the_agreed_keys(paddock: Paddock) -> None:
    data = json.loads(paddock("accuracy", ROWS, "--json").out)
    assert set(data) >= {"rows", "summary"}
    for key in ("weights_pct", "kv_tokens_pct", "kv_gib_abs"):
        assert set(data["summary"][key]) >= {"n", "median", "p90", "max"}
    assert set(data["summary"]["verdict"]) >= {"n", "false_start", "false_refusal"}
    assert len(data["rows"]) == 59


def test_a_bad_cell_names_its_line_and_column(paddock: Paddock, tmp_path: Path) -> None:
    lines = Path(ROWS).read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    cells = ["" if name != "tp" else "two" for name in header]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join([lines[0], lines[1], ",".join(cells)]), encoding="utf-8")
    ran = paddock("accuracy", str(file))
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert "line 3" in ran.err
    assert "tp" in ran.err
    assert "'two'" in ran.err


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"id,other\n1,2\n", "lacks the columns"), (b"", "lacks the columns"), (b"\xff\xfe\x00", "rows.csv")],
)
def test_a_bad_file_is_one_message(paddock: Paddock, tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(content)
    ran = paddock("accuracy", str(file))
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert says in ran.err


def test_a_log_is_read_from_a_file_and_from_standard_input_alike(paddock: Paddock) -> None:
    from_file = paddock("calibrate", "--from-logs", LOG)
    piped = paddock("calibrate", "--from-logs", "-", stdin=Path(LOG).read_text(encoding="utf-8"))
    assert from_file.status == 0
    assert piped.out == from_file.out
    for piece in (
        "We would have said that it starts, as it did.",
        "33.88",
        "within the band",
        "SOURCE, DATE",
        "[memory]",
    ):
        assert piece in from_file.out


def test_proposed_lines_are_toml_where_they_are_whole_values(paddock: Paddock) -> None:
    import tomllib

    out = paddock("calibrate", "--from-logs", LOG).out
    toml = out[out.index("# components/paddock/catalog/data/") :]
    assert tomllib.loads(toml)["memory"]["communication"]["sharp"] > 0


def test_options_override_the_log(paddock: Paddock) -> None:
    words = ("calibrate", "--from-logs", LOG, "--json")
    data = json.loads(paddock(*words, "--gpu", "A100-80GB", "--model", "llama-3.1-70b", "--quantization", "int8").out)
    taken = {each["name"]: each["value"] for each in data["inputs"]}
    assert taken["model"] == "llama-3.1-70b"
    assert taken["quantization"] == "int8"
    assert "A100" in taken["GPU"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--from-logs", "no/such.log"), "cannot read no/such.log"),
        (("--from-logs", LOG, "--gpu", "L5"), "unknown GPU 'L5'"),
        (("--from-logs", LOG, "--tensor-parallel-size", "3"), "does not divide"),
        (("--from-logs", LOG, "--vllm-version", "x"), "is not a vLLM version"),
        (("--from-logs", LOG, "--gpu-memory-utilization", "0"), "--gpu-memory-utilization must be 0.01 to 1, got 0"),
        (("--from-logs", "-"), "no line of a vLLM start-up was found"),
        (("--from-logs", "-"), "`kubectl logs -n llama deploy/llama-vllm`"),
    ],
)
def test_what_cannot_be_calibrated_is_one_message(paddock: Paddock, words: tuple[str, ...], says: str) -> None:
    ran = paddock("calibrate", *words, stdin="hello")
    assert (ran.status, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert says in ran.err
