"""Rates at which weights are copied to a node's own disk and read from it, with their bands."""

from __future__ import annotations

from functools import cache

from paddock.catalog.lookup import toml
from paddock.record import Record


class InstanceStoreRates(Record):
    """Throughput of an instance store, for each GB that it has."""

    read_mb_per_second_per_gb_low: float
    read_mb_per_second_per_gb_high: float
    write_mb_per_second_per_gb_low: float
    write_mb_per_second_per_gb_high: float
    source: str


class CopierRates(Record):
    """Throughput of the init container that copies."""

    mb_per_second_per_core_low: float
    mb_per_second_per_core_high: float
    file_gb: float
    most_processes: int
    source: str


@cache
def instance_store_rates() -> InstanceStoreRates:
    return InstanceStoreRates(**toml("loading.toml")["instance_store"])


@cache
def copier_rates() -> CopierRates:
    return CopierRates(**toml("loading.toml")["copier"])
