"""EC2 instance types with NVIDIA GPUs: shape, network, where they are offered, what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType

from paddock.catalog.gpus import Gpu, gpu
from paddock.catalog.lookup import UnknownNameError, rows, shown, suggestion, toml

PRICE_REGION = "us-east-1"
"""The region that the prices are of; other regions cost about as much or more."""

ON_DEMAND_SOURCE = "karpenter-provider-aws zz_generated.pricing_aws.go"
ON_DEMAND_AS_OF = date(2026, 7, 20)
SPOT_SOURCE = "skypilot-catalog v8 aws/vms.csv @00148f2a, highest zone"
SPOT_AS_OF = date(2026, 11, 24)
"""The day the file was read: it carries no date of its own."""


class CapacityType(StrEnum):
    """Capacity type of a node group; read by prices and by the node group."""

    ON_DEMAND = "on_demand"
    """Kept until you give it back."""
    SPOT = "spot"
    """Cheaper, and AWS may take it back at two minutes' notice."""


class Purchase(StrEnum):
    """Purchase options of GPU capacity; the first two are also what a node group can be told."""

    ON_DEMAND = "on_demand"
    SPOT = "spot"
    SAVINGS_PLAN = "savings_plan"
    """A commitment of one or three years; nodes are started on demand and billed at its lower rate."""
    RESERVED = "reserved"
    """An on-demand capacity reservation: kept for you and billed as on demand, used or not."""

    @property
    def option(self) -> str:
        return self.value.replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePrice:
    usd_per_hour: float
    """Price; where only a limit is known, the most that it can be."""
    usd_per_hour_low: float
    """The least that it can be; the same where the price is known."""
    source: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountLimit:
    """A discount of which the source only says `up to`."""

    most_share: float
    source: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Relation of a purchase option to the price on demand."""

    source: str
    as_of: date


@cache
def savings_plan() -> DiscountLimit:
    return DiscountLimit(**toml("prices.toml")["savings_plan"])


@cache
def reservation() -> Terms:
    return Terms(**toml("prices.toml")["capacity_reservation"])


# Compared and hashed by identity: the catalog makes one of each, and a search asks all of them for their prices.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
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

    @property
    def family(self) -> str:
        """`g6e` of `g6e.xlarge`: types that are built from the same machines, and run out together."""
        return self.instance_type.partition(".")[0]

    @property
    def joins_others(self) -> bool:
        """True where a model may span several of them: whole machines of eight GPUs with an Elastic Fabric Adapter."""
        return self.gpus >= GPUS_OF_A_WHOLE_MACHINE and self.efa_interfaces >= 1

    def availability(self, region: str) -> tuple[int, int]:
        """Numbers of zones of the region and of regions that are known to offer it: more is easier to get."""
        return _availability(self, region)

    def price(self, purchase: Purchase | CapacityType) -> InstancePrice | None:
        """The price paid that way, or None where no source states one."""
        return _price(self, Purchase(purchase))


GPUS_OF_A_WHOLE_MACHINE = 8


@lru_cache(maxsize=4096)
def _availability(instance: Instance, region: str) -> tuple[int, int]:
    return len(instance.zones.get(region, "")), len(instance.regions)


@lru_cache(maxsize=4096)
def _price(instance: Instance, purchase: Purchase) -> InstancePrice | None:
    on_demand = instance.on_demand_usd_per_hour
    match purchase:
        case Purchase.ON_DEMAND:
            return _exactly(on_demand, ON_DEMAND_SOURCE, ON_DEMAND_AS_OF)
        case Purchase.SPOT:
            return _exactly(instance.spot_usd_per_hour, SPOT_SOURCE, SPOT_AS_OF)
        case Purchase.RESERVED:
            terms = reservation()
            return _exactly(on_demand, f"{ON_DEMAND_SOURCE}; {terms.source}", min(ON_DEMAND_AS_OF, terms.as_of))
        case Purchase.SAVINGS_PLAN:
            limit = savings_plan()
            if on_demand is None:
                return None
            return InstancePrice(
                usd_per_hour=on_demand,
                usd_per_hour_low=on_demand * (1 - limit.most_share),
                source=f"at most the price on demand ({ON_DEMAND_SOURCE}); {limit.source}",
                as_of=min(ON_DEMAND_AS_OF, limit.as_of),
            )


def _exactly(usd_per_hour: float | None, source: str, as_of: date) -> InstancePrice | None:
    if usd_per_hour is None:
        return None
    return InstancePrice(usd_per_hour=usd_per_hour, usd_per_hour_low=usd_per_hour, source=source, as_of=as_of)


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
    raise UnknownNameError(f"unknown GPU instance type {shown(name)}; {suggestion(name, all_instances())}")


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
