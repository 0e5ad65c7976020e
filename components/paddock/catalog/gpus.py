"""GPUs: what the box says, what can be used, and what they compute."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from paddock.catalog.lookup import known, table, table_names
from paddock.record import Record

FILE = "gpus.toml"
ComputeCapability = tuple[int, int]

NVLINK_SHARP_FROM: ComputeCapability = (9, 0)


SLICE = re.compile(r"(?<![0-9a-z])(?:mig[- ])?(?P<name>[1-7]g\.[0-9]{1,3}gb)(?![0-9a-z])", re.IGNORECASE)
"""`1g.20gb`, with or without `MIG` before it."""

BESIDE = re.compile(
    r"nvidia|tesla|geforce|quadro|rtx|sxm[0-9]?|pcie|hbm[0-9]?e?|hgx|dgx|ampere|ada|lovelace|hopper|blackwell|generation"
    r"|server|workstation|edition|tensor|core|gpus?|cards?|vram|memory|gce"
)
"""Words that drivers, logs and people put beside a card's name, and that change nothing."""

SIZE = re.compile(r"(?<![0-9a-z.])([0-9]+(?:\.[0-9]+)?) ?gi?b?\b")

GIVEN_MEMORY = "as given"
"""`usable_source` of a GPU whose memory was stated by whoever asked."""


class Link(StrEnum):
    """Links that all-reduce goes over; NCCL takes more memory the more channels it has."""

    PCIE = "pcie"
    NVLINK = "nvlink"
    SHARP = "sharp"
    """NVLink with switches that reduce by themselves (NVLink SHARP), from Hopper on."""


class Gpu(Record):
    name: str
    display_name: str
    nominal_gb: int
    """Memory on the box; good for names, wrong for sums."""
    usable_mib: int
    """Total memory as torch reports it: the number that vLLM takes its share of."""
    usable_source: str
    driver_mib: int | None
    """Total memory as nvidia-smi reports it."""
    ec2_mib: int | None
    """Total memory as DescribeInstanceTypes reports it; None for cards that AWS does not have."""
    memory_bandwidth_gb_per_second: int
    nvlink_gb_per_second: int | None
    """Both directions together; None on cards that only have PCIe."""
    bf16_dense_tflops: float | None
    fp8_dense_tflops: float | None
    compute_capability: ComputeCapability
    streaming_multiprocessors: int
    aliases: tuple[str, ...]
    """Name in logs, in lower case without spaces and dashes."""
    source: str
    as_of: date

    def __hash__(self) -> int:
        """Hash of the name alone, as sizing caches by cards thousands of times a search."""
        return hash(self.name)

    def with_usable(self, usable_mib: int, source: str) -> Gpu:
        """The same card with another total, as one driver or another reports it."""
        return self._replace(usable_mib=usable_mib, usable_source=source)

    @property
    def is_slice(self) -> bool:
        """True for a MIG slice (`mig.slice_of_text`)."""
        return SLICE.search(self.name) is not None

    @property
    def is_estimate(self) -> bool:
        """True where no one has printed its usable memory."""
        return self.usable_source.startswith("estimate")

    @property
    def link(self) -> Link:
        """Link between several of them in one node."""
        if self.nvlink_gb_per_second is None:
            return Link.PCIE
        return Link.SHARP if self.compute_capability >= NVLINK_SHARP_FROM else Link.NVLINK


@cache
def all_gpus() -> MappingProxyType[str, Gpu]:
    return MappingProxyType({name: _gpu(name) for name in gpu_names()})


def gpu_names() -> tuple[str, ...]:
    return table_names(FILE)


def gpu(name: str) -> Gpu:
    """The GPU called `name`, such as `L4`; raises `UnknownNameError`."""
    return _gpu(known("GPU", name, gpu_names()))


def most_usable_mib(gpu: Gpu) -> int | None:
    """The most that torch reported of a card of the catalog, with another driver; None where all agree."""
    found: int | None = table(FILE, gpu.name).get("most_usable_mib") if gpu.name in gpu_names() else None
    return found


def gpu_of_text(text: str) -> Gpu | None:
    """The card that a log means; None where the text leaves it open, or names a MIG slice (`mig.slice_of_text`)."""
    return None if SLICE.search(text) else whole_gpu_of_text(text)


def whole_gpu_of_text(text: str) -> Gpu | None:
    """The card that `NVIDIA GeForce RTX 3090` or `H100-80GB` means; None where the text leaves it open."""
    named = [(len(alias), each.name) for each in all_gpus().values() for alias in each.aliases if _names(alias, text)]
    return all_gpus()[max(named)[1]] if named else None


def said_beside(gpu: Gpu, text: str) -> list[str]:
    """Words of a text that are not of the card's name, maker, board or memory."""
    longest = max((each for each in gpu.aliases if _names(each, text)), key=len, default="")
    rest = re.sub(rf"{_spelled(longest)}(?:i?b\b)?", " ", text.lower(), count=1)
    other = [size[0] for size in SIZE.finditer(rest) if abs(float(size[1]) - gpu.nominal_gb) > gpu.nominal_gb / 10]
    words = re.findall(r"[a-z0-9]+", SIZE.sub(" ", rest))
    return other + [each for each in words if not BESIDE.fullmatch(each)]


def _names(alias: str, text: str) -> bool:
    """True where the text has the name as a word: a GH200 is no H200, a T4G no T4, and an A100 leaves memory open."""
    return re.search(rf"(?<![a-wyz0-9]){_spelled(alias)}(?!\d|g\b)", text.lower()) is not None


def _spelled(alias: str) -> str:
    return "[^a-z0-9]*".join(map(re.escape, alias))


def bare_gpu(usable_mib: int) -> Gpu:
    """A card of which only the memory is known, with the features of the oldest that runs bfloat16.

    `usable_mib` is what torch reports as total.
    """
    return gpu("A10G")._replace(
        name=f"{usable_mib} MiB",
        display_name=f"GPU with {usable_mib:,} MiB",
        usable_mib=usable_mib,
        usable_source=GIVEN_MEMORY,
        ec2_mib=None,
        driver_mib=None,
        aliases=(),
    )


@cache
def capability_of_text(text: str) -> ComputeCapability:
    """`8.9` as (8, 9)."""
    major, minor = text.split(".")
    return int(major), int(minor)


@cache
def _gpu(name: str) -> Gpu:
    row = table(FILE, name)
    return Gpu(
        name=name,
        display_name=row["display_name"],
        nominal_gb=row["nominal_gb"],
        usable_mib=row["usable_mib"],
        usable_source=row["usable_source"],
        driver_mib=row.get("driver_mib"),
        ec2_mib=row.get("ec2_mib"),
        memory_bandwidth_gb_per_second=row["memory_bandwidth_gb_per_second"],
        nvlink_gb_per_second=row.get("nvlink_gb_per_second"),
        bf16_dense_tflops=row.get("bf16_dense_tflops"),
        fp8_dense_tflops=row.get("fp8_dense_tflops"),
        compute_capability=capability_of_text(row["compute_capability"]),
        streaming_multiprocessors=row["streaming_multiprocessors"],
        aliases=tuple(row["aliases"]),
        source=table(FILE)["specification_source"],
        as_of=table(FILE)["as_of"],
    )
