"""Work and memory of a proof grow with the resources of a stack, whatever its mix, and not with their square.

Work is counted in calls and lines of Python, which no load of the machine changes. docs/proof.md has the seconds.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from typing import Any

import pytest

from paddock.privacy.proof import prove, read_inventory
from tests.unit.privacy.proof.mixes import MIXES, text

FEW, MANY = 200, 1600
PARTS = 2**14
MOST_BYTES = 6_000
"""Bytes of memory for each resource at most: 50,000 are then 290 MiB, beside the 45 of Python and its modules."""


def proved(given: str) -> int:
    parts = (given[i : i + PARTS] for i in range(0, len(given), PARTS))
    return prove(read_inventory(parts)).resources


def work(given: str) -> int:
    """Calls of functions, those written in C too, and items that generators hand over."""
    count = 0

    def counted(_frame: Any, event: str, _about: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        proved(given)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("mix", ["ours", *MIXES])
def test_work_grows_with_the_resources(mix: str) -> None:
    few, many = text(mix, FEW), text(mix, MANY)
    proved(few)  # tables are read once
    assert work(many) / work(few) < 1.2 * MANY / FEW


@pytest.mark.parametrize("mix", ["ours", *MIXES])
def test_memory_grows_with_the_resources(mix: str) -> None:
    given = text(mix, MANY // 2)
    proved(given)
    gc.collect()
    tracemalloc.start()
    try:
        proved(given)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / (MANY // 2) < MOST_BYTES
