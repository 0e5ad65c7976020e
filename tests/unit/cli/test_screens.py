"""Screens fit the terminal: no line is longer, no word is cut off, at 80 columns as at 120."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.running import Paddock

ROWS = str(Path(__file__).parents[2] / "accuracy" / "vllm_startup.csv")
LOG = str(Path(__file__).parents[1] / "sizing" / "logs" / "v1_0.19.0_tp2.log")
RATE = ("--requests-per-second", "30", "--input-tokens", "1000", "--output-tokens", "300")

SCREENS = (
    ("size", "llama-3.1-8b"),
    ("size", "llama-3.1-405b"),
    ("size", "llama-3.1-70b", "--quality-floor", "four-bit", "--replicas", "any", "--max-loras", "2", *RATE),
    ("size", "llama-3.1-405b", "--max-model-len", "128k", "--concurrency", "3000"),
    ("fit", "llama-3.1-70b", "--gpu", "RTX-PRO-6000", "-tp", "4", "-pp", "2"),
    ("fit", "llama-3.1-8b", "--gpu", "L4"),
    ("fit", "llama-3.1-405b", "--gpu", "L4"),
    ("fit", "llama-3.1-8b", "--gpu", "L4", "-tp", "5"),
    ("explain", "llama-3.1-70b", "--gpu", "H100", "-tp", "4", "-pp", "2", "--max-loras", "1"),
    ("accuracy", ROWS),
    ("calibrate", "--from-logs", LOG),
    ("models",),
    ("instances",),
)


@pytest.mark.parametrize("words", SCREENS, ids=" ".join)
@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_longer_than_the_terminal_and_no_word_is_cut(
    paddock: Paddock, words: tuple[str, ...], columns: int
) -> None:
    ran = paddock(*words, columns=columns)
    assert ran.status in {0, 1}, ran.err
    lines = [line for line in ran.out.splitlines() if not line.startswith("# ")]
    assert max(len(line) for line in lines) <= columns
    assert "…" not in "".join(lines[1:]), "a column is too narrow for what stands in it"


def test_a_title_is_not_cut_at_80_columns(paddock: Paddock) -> None:
    for words in SCREENS[:5]:
        assert "…" not in paddock(*words, columns=80).out.splitlines()[0]
