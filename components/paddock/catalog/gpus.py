"""GPUs: what the box says, what can be used, and what they compute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

from paddock.catalog.files import toml
from paddock.catalog.lookup import find

ComputeCapability = tuple[int, int]

FP8_NATIVE_FROM: ComputeCapability = (8, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    name: str
    display_name: str
    nominal_gb: int
    """What the box says; good for names, wrong for sums."""
    usable_mib: int
    """What torch reports as total memory: the number that vLLM takes its share of."""
    usable_source: str
    driver_mib: int | None
    """What nvidia-smi reports."""
    ec2_mib: int
    """What DescribeInstanceTypes reports."""
    memory_bandwidth_gb_per_second: int
    nvlink_gb_per_second: int | None
    """Both directions together; None on cards that only have PCIe."""
    bf16_dense_tflops: float | None
    fp8_dense_tflops: float | None
    compute_capability: ComputeCapability
    source: str
    as_of: date

    @property
    def fp8_native(self) -> bool:
        return self.compute_capability >= FP8_NATIVE_FROM


@cache
def all_gpus() -> MappingProxyType[str, Gpu]:
    data = toml("gpus.toml")
    as_of, source = data.pop("as_of"), data.pop("specification_source")
    return MappingProxyType({name: _gpu(name, row, source, as_of) for name, row in data.items()})


def gpu(name: str) -> Gpu:
    """The GPU called `name`, such as `L4`; raises `UnknownNameError`."""
    return find("GPU", name, all_gpus())


def _gpu(name: str, row: dict[str, Any], source: str, as_of: date) -> Gpu:
    major, minor = row["compute_capability"].split(".")
    return Gpu(
        name=name,
        display_name=row["display_name"],
        nominal_gb=row["nominal_gb"],
        usable_mib=row["usable_mib"],
        usable_source=row["usable_source"],
        driver_mib=row.get("driver_mib"),
        ec2_mib=row["ec2_mib"],
        memory_bandwidth_gb_per_second=row["memory_bandwidth_gb_per_second"],
        nvlink_gb_per_second=row.get("nvlink_gb_per_second"),
        bf16_dense_tflops=row.get("bf16_dense_tflops"),
        fp8_dense_tflops=row.get("fp8_dense_tflops"),
        compute_capability=(int(major), int(minor)),
        source=source,
        as_of=as_of,
    )
