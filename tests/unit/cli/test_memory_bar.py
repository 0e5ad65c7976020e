"""The memory bar: it fills its line, keeps proportions, and hides no term."""

from __future__ import annotations

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from paddock.cli.screens.memory_bar import cells_of, memory_bar, segments
from paddock.sizing import MemoryBudget

MEMORY = MemoryBudget(
    usable_mib=22_558, utilization=0.92, budget_mib=20_753, weights_mib=15_349, activation_mib=487, cuda_graphs_mib=944,
    non_torch_mib=256, kv_cache_mib=3217, kv_required_mib=2048, band_mib=381, warm_mib=0, lora_mib=500, outside_mib=450,
)  # fmt: skip


def printed(width: int) -> list[str]:
    console = Console(width=width, record=True, file=StringIO(), color_system=None)
    console.print(memory_bar(MEMORY))
    return console.export_text().splitlines()


def test_the_terms_are_the_usable_memory() -> None:
    assert sum(each.mib for each in segments(MEMORY)) == MEMORY.usable_mib


def test_the_bar_is_as_wide_as_its_line_and_every_term_has_a_glyph_of_its_own() -> None:
    for width in (60, 80, 100):
        bar, *legend = printed(width)
        assert len(bar) == width
        assert set(bar) == {each.glyph for each in segments(MEMORY)}
        assert len(legend) == len(segments(MEMORY))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.integers(10, 200))
def test_cells_fill_the_width_and_follow_the_amounts(amounts: list[int], width: int) -> None:
    cells = cells_of(amounts, width)
    if sum(amounts) == 0:
        assert cells == [0] * len(amounts)
        return
    assert sum(cells) == width
    for amount, count in zip(amounts, cells, strict=True):
        assert count >= 0
        assert (count > 0) == (amount > 0)
        assert abs(count - amount / sum(amounts) * width) <= len(amounts)
