"""The page of the figures: each group's place is there, and takes others."""

from __future__ import annotations

import pytest

from benchmarks import page
from benchmarks.__main__ import GROUPS
from benchmarks.figures import Figure

TEXT = page.PAGE.read_text(encoding="utf-8")
FIGURES = [Figure("one `fit`, warm", 0.5, 1, "ms", "p90 0.6 ms")]


@pytest.mark.parametrize("group", GROUPS)
def test_figures_take_the_place_of_those_of_their_group_alone(group: str) -> None:
    written = page.written(TEXT, group, FIGURES)
    start, end = f"<!-- measured: {group} -->\n", "\n<!-- end -->"
    before, _, rest = written.partition(start)
    assert before == TEXT.partition(start)[0]
    inner, _, after = rest.partition(end)
    assert "| one `fit`, warm | 0.5 ms | 1 ms | yes |" in inner
    assert inner.count("| yes |") == 1
    assert after == TEXT.partition(start)[2].partition(end)[2]
    assert page.written(written, group, FIGURES) == written


def test_a_page_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="has no place for the figures of 'cloud'"):
        page.written("# Performance\n", "cloud", FIGURES)
