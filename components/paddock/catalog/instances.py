"""EC2 instance types with NVIDIA GPUs: shape, network, where they are offered, what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from paddock.catalog.files import rows
from paddock.catalog.gpus import Gpu, gpu
from paddock.catalog.lookup import UnknownNameError, suggestion

PRICE_REGION = "us-east-1"
"""The region that the prices are of; other regions cost about as much or more."""

ON_DEMAND_SOURCE = "karpenter-provider-aws zz_generated.pricing_aws.go"
ON_DEMAND_AS_OF = date(2026, 7, 20)
SPOT_SOURCE = "skypilot-catalog v8 aws/vms.csv @00148f2a, highest zone"
SPOT_AS_OF = date(2026, 11, 24)
"""The day the file was read: it carries no date of its own."""


class CapacityType(StrEnum):
    """How GPU capacity is bought; read by prices and by the node group."""

    ON_DEMAND = "on_demand"
    """Kept until you give it back."""
    SPOT = "spot"
    """Cheaper, and AWS may take it back at two minutes' notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePrice:
    usd_per_hour: float
    source: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance type, usable whole."""

    instance_type: str
    gpu: Gpu
    gpus: int
    vcpus: int
    memory_mib: int
    network_baseline_gbps: float
    """Bandwidth of the first network card that is always there, in Gbit/s."""
    network_peak_gbps: float
    nvlink: bool
    efa_interfaces: int
    network_interfaces: int
    ipv4_per_interface: int
    nvme_gb: int
    on_demand_usd_per_hour: float | None
    spot_usd_per_hour: float | None
    zones: MappingProxyType[str, str]
    """Region to the letters of its zones that offer the type, as one account saw them."""
    regions: frozenset[str]
    note: str

    def price(self, capacity_type: CapacityType) -> InstancePrice | None:
        """The price bought that way, or None where no source states one."""
        if capacity_type is CapacityType.SPOT:
            usd, source, as_of = self.spot_usd_per_hour, SPOT_SOURCE, SPOT_AS_OF
        else:
            usd, source, as_of = self.on_demand_usd_per_hour, ON_DEMAND_SOURCE, ON_DEMAND_AS_OF
        return None if usd is None else InstancePrice(usd_per_hour=usd, source=source, as_of=as_of)


@cache
def all_instances() -> MappingProxyType[str, Instance]:
    return MappingProxyType({row["instance_type"]: _instance(row) for row in rows("instances.csv")})


@cache
def excluded_instances() -> MappingProxyType[str, str]:
    """Types with NVIDIA GPUs that are left out, each with its reason."""
    return MappingProxyType({row["instance_type"]: row["reason"] for row in rows("instances_excluded.csv")})


def instance(name: str) -> Instance:
    """The type called `name`, such as `g6.xlarge`; raises `UnknownNameError`, with the reason where it is left out."""
    if name in all_instances():
        return all_instances()[name]
    if name in excluded_instances():
        raise UnknownNameError(f"instance type '{name}' is not supported: {excluded_instances()[name]}")
    raise UnknownNameError(f"unknown GPU instance type '{name}'; {suggestion(name, all_instances())}")


def regions() -> frozenset[str]:
    """Every region that offers at least one of the types."""
    return frozenset().union(*(each.regions for each in all_instances().values()))


def _instance(row: dict[str, str]) -> Instance:
    def usd(key: str) -> float | None:
        return float(row[key]) if row[key] else None

    return Instance(
        instance_type=row["instance_type"],
        gpu=gpu(row["gpu"]),
        gpus=int(row["gpus"]),
        vcpus=int(row["vcpus"]),
        memory_mib=int(row["memory_mib"]),
        network_baseline_gbps=float(row["network_baseline_gbps"]),
        network_peak_gbps=float(row["network_peak_gbps"]),
        nvlink=row["nvlink"] == "yes",
        efa_interfaces=int(row["efa_interfaces"]),
        network_interfaces=int(row["network_interfaces"]),
        ipv4_per_interface=int(row["ipv4_per_interface"]),
        nvme_gb=int(row["nvme_gb"]),
        on_demand_usd_per_hour=usd("on_demand_usd_per_hour"),
        spot_usd_per_hour=usd("spot_usd_per_hour"),
        zones=MappingProxyType({"us-east-1": row["zones_us_east_1"], "us-west-2": row["zones_us_west_2"]}),
        regions=frozenset(row["regions"].split()),
        note=row["note"],
    )
