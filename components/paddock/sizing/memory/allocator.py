"""PyTorch's CUDA allocator: it hands out and counts blocks, which are larger than what was asked for.

What vLLM prints as the memory of the weights is `torch.cuda.memory_allocated`: 8B in GPTQ is 8 MiB more than its
tensors, because a block of which 1 MiB or less would be left over is not split. Source: CUDACachingAllocator.cpp of
PyTorch; the rows of `startup_rows.csv`, vLLM 0.4.1 to 0.23, bear its constants out.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from paddock.units import MIB

ROUNDING_BYTES = 512
SMALL_BYTES = MIB
"""Up to here allocations come from pools of their own, whose blocks are always split."""
LARGE_FROM_BYTES = 10 * MIB
"""Size from which an allocation gets a segment of its own."""
UNSPLIT_WASTE_BYTES = 20 * MIB
"""Most that an allocation may leave of a block that it must not split: with more, it gets a segment of its own."""
SHARED_SEGMENT_BYTES = 20 * MIB
SEGMENT_ROUNDING_BYTES = 2 * MIB


class Block(NamedTuple):
    size: int
    segment: int
    """-1 for small blocks, whose place does not matter."""
    offset: int


class Allocator:
    """An empty GPU. Free blocks are taken by best fit, as the allocator does.

    `max_split_bytes` is `max_split_size_mb`: a block from that size on is never split, nor taken for less than that.
    """

    def __init__(self, max_split_bytes: float = inf) -> None:
        self.allocated_bytes = 0
        self._max_split_bytes = max_split_bytes
        self._free: list[Block] = []
        self._segments = 0

    def allocate(self, size: int) -> Block:
        size = rounded(size)
        if size <= SMALL_BYTES:
            self.allocated_bytes += size
            return Block(size, -1, 0)
        block = self._take(size)
        if block.size - size > SMALL_BYTES and size < self._max_split_bytes:
            insort(self._free, Block(block.size - size, block.segment, block.offset + size))
            block = Block(size, block.segment, block.offset)
        self.allocated_bytes += block.size
        return block

    def free(self, block: Block) -> None:
        """Give a block back; it grows together with free neighbours."""
        self.allocated_bytes -= block.size
        if block.segment < 0:
            return
        for other in [other for other in self._free if other.segment == block.segment]:
            if other.offset + other.size == block.offset or block.offset + block.size == other.offset:
                self._free.remove(other)
                block = Block(block.size + other.size, block.segment, min(block.offset, other.offset))
        insort(self._free, block)

    def repeat(self, sizes: Sequence[int], times: int) -> None:
        """Allocate `sizes` so many times; once the free blocks come round to what they were, the rest is multiplied."""
        small = sum(rounded(size) for size in sizes if rounded(size) <= SMALL_BYTES)
        large = [rounded(size) for size in sizes if rounded(size) > SMALL_BYTES]
        self.allocated_bytes += small * times
        if not large:
            return
        smallest, seen, done = min(large), dict[tuple[int, ...], tuple[int, int]](), 0
        while done < times:
            usable = tuple(block.size for block in self._free if block.size >= smallest)
            if usable in seen:
                began, before = seen[usable]
                rounds = (times - done) // (done - began)
                self.allocated_bytes += rounds * (self.allocated_bytes - before)
                done += rounds * (done - began)
                seen.clear()
                continue
            seen[usable] = (done, self.allocated_bytes)
            for size in large:
                self.allocate(size)
            done += 1

    def _take(self, size: int) -> Block:
        at = bisect_left(self._free, Block(size, -1, -1))
        if at < len(self._free) and self._may_take(size, self._free[at].size):
            return self._free.pop(at)
        shared = size < LARGE_FROM_BYTES
        whole = SHARED_SEGMENT_BYTES if shared else -(-size // SEGMENT_ROUNDING_BYTES) * SEGMENT_ROUNDING_BYTES
        self._segments += 1
        return Block(whole, self._segments, 0)

    def _may_take(self, size: int, free: int) -> bool:
        """True for the smallest free block unless the limit on splitting keeps it for larger ones."""
        if size < self._max_split_bytes:
            return free < self._max_split_bytes
        return free < size + UNSPLIT_WASTE_BYTES


def rounded(size: int) -> int:
    return max(ROUNDING_BYTES, -(-size // ROUNDING_BYTES) * ROUNDING_BYTES)
