"""PyTorch's way of counting allocated memory. Proved: rounding, splitting, best fit, the shortcut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddock.sizing.memory.allocator import Allocator, Block
from paddock.units import MIB


def counted(*sizes: int) -> int:
    gpu = Allocator()
    for size in sizes:
        gpu.allocate(size)
    return gpu.allocated_bytes


@pytest.mark.parametrize(
    ("asked", "counted_as"),
    [(0, 512), (1, 512), (512, 512), (513, 1024), (MIB, MIB), (2 * MIB + 1, 2 * MIB + 512), (501 * MIB, 502 * MIB)],
)
def test_one_allocation_counts_as_its_block(asked: int, counted_as: int) -> None:
    # 501 MiB is the embedding of Llama 3.2 1B: its segment is 502, and 1 MiB left over is not split off.
    assert counted(asked) == counted_as


def test_what_would_leave_no_more_than_a_mib_takes_the_rest_of_the_block() -> None:
    # A segment for small requests has 20 MiB: 8 and 8 leave 4, of which 3.5 would leave half a MiB.
    assert counted(8 * MIB, 8 * MIB, 3 * MIB + MIB // 2) == 20 * MIB


def test_the_smallest_block_that_is_large_enough_is_taken() -> None:
    gpu = Allocator()
    large, small = gpu.allocate(40 * MIB), gpu.allocate(30 * MIB)
    gpu.free(large)
    gpu.free(small)
    assert gpu.allocate(28 * MIB).segment == small.segment


def test_freed_neighbours_become_one_block() -> None:
    gpu = Allocator()
    first, second = gpu.allocate(4 * MIB), gpu.allocate(4 * MIB)
    gpu.allocate(4 * MIB)
    gpu.free(first)
    gpu.free(second)
    assert gpu.allocate(8 * MIB) == Block(8 * MIB, first.segment, 0)


def test_nothing_is_counted_once_all_is_freed() -> None:
    gpu = Allocator()
    for block in [gpu.allocate(size * MIB // 3) for size in (1, 5, 40, 7, 100)]:
        gpu.free(block)
    assert gpu.allocated_bytes == 0


@given(st.lists(st.integers(1, 60 * 4).map(lambda quarters: quarters * MIB // 4), max_size=7), st.integers(0, 60))
def test_multiplying_what_comes_round_counts_as_every_allocation_would(sizes: list[int], times: int) -> None:
    gpu = Allocator()
    gpu.repeat(sizes, times)
    assert gpu.allocated_bytes == counted(*(sizes * times))
