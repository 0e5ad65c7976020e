"""Price of a placement: one line a thing that bills, with its source and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from paddock.catalog import CapacityType, Instance, Purchase
from paddock.catalog.endpoints import interface_endpoints
from paddock.catalog.footprint import (
    BASTION_DISK_GIB,
    KMS_KEYS,
    SYSTEM_DISK_GIB,
    SYSTEM_NODES,
    UnitPrice,
    bastion_instance,
    os_disk_gib,
    prices_exclude,
    system_node,
    unit_price,
)
from paddock.catalog.instances import PRICE_REGION
from paddock.units import GIB

GP3_THROUGHPUT_MIB_S = 125
"""Throughput of a gp3 volume that is in the price of its size."""
HOURS_PER_MONTH = 730
"""AWS's own month: 8,760 hours in twelve parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One thing that bills; `quantity` of it cost `usd_per_hour` in sum."""

    name: str
    usd_per_hour: float
    quantity: float
    source: str
    as_of: date

    @property
    def usd_per_month(self) -> float:
        return round(self.usd_per_hour * HOURS_PER_MONTH, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The bill of a running plan, in the prices of `region`."""

    lines: tuple[PriceLine, ...]
    usd_per_hour: float
    usd_per_month: float
    """Monthly price at 730 hours."""
    gpu_usd_per_hour: float
    """The GPU instances alone."""
    as_of: date
    """The oldest of the prices."""
    region: str
    excludes: tuple[str, ...]
    """Things that bill but are not in the sum."""


def price(
    instance: Instance,
    nodes: int,
    purchase: Purchase | CapacityType,
    *,
    disk_gib: int,
    disk_throughput_mib_s: int = GP3_THROUGHPUT_MIB_S,
    endpoint_zones: int,
    bastion: bool,
    node_os: str = "bottlerocket",
    region: str = PRICE_REGION,
    weights_bytes: int,
    load_balancers: int = 0,
) -> Price:
    """The price of `nodes` GPU nodes and of everything that a platform has beside them.

    With a Savings Plan it is the upper bound. Raises `ValueError` where the instance has no price of that kind.
    """
    gpu_price = instance.price(purchase)
    bought = Purchase(purchase).option
    if gpu_price is None:
        raise ValueError(f"no {bought} price of {instance.instance_type} is known")
    small = system_node(region)
    disk = nodes * disk_gib + SYSTEM_NODES * SYSTEM_DISK_GIB + (nodes + SYSTEM_NODES) * os_disk_gib(node_os)
    disk += bastion * BASTION_DISK_GIB
    gpu_line = PriceLine(
        name=f"{instance.instance_type} ({bought})",
        usd_per_hour=round(nodes * gpu_price.usd_per_hour, 6),
        quantity=nodes,
        source=gpu_price.source,
        as_of=gpu_price.as_of,
    )
    lines = (
        gpu_line,
        PriceLine(
            name=f"{small.instance_type} (system nodes)",
            usd_per_hour=round(SYSTEM_NODES * small.usd_per_hour, 6),
            quantity=SYSTEM_NODES,
            source=small.source,
            as_of=small.as_of,
        ),
        *([_bastion(region)] if bastion else []),
        _line("EKS control plane", "eks_control_plane", 1),
        endpoints_price(endpoint_zones, bastion=bastion),
        # EBS and S3 bill binary gigabytes under the name GB.
        _line("gp3 volumes, GiB", "gp3_gb_month", disk),
        *(
            [_line("gp3 throughput beyond 125, MiB/s", "gp3_throughput_mib_s_month", nodes * extra_throughput)]
            if (extra_throughput := disk_throughput_mib_s - GP3_THROUGHPUT_MIB_S) > 0
            else []
        ),
        _line("weights in S3, GiB", "s3_standard_gb_month", round(weights_bytes / GIB, 1)),
        _line("KMS keys", "kms_key", KMS_KEYS),
        # Capacity units follow the traffic; the endpoints of PrivateLink are on the bill of whoever connects.
        *(
            [_line("Network Load Balancer, without capacity units", "network_load_balancer", load_balancers)]
            if load_balancers
            else []
        ),
    )
    usd_per_hour = round(sum(line.usd_per_hour for line in lines), 4)
    return Price(
        lines=lines,
        usd_per_hour=usd_per_hour,
        usd_per_month=round(usd_per_hour * HOURS_PER_MONTH, 2),
        gpu_usd_per_hour=gpu_line.usd_per_hour,
        as_of=min(line.as_of for line in lines),
        region=PRICE_REGION,
        excludes=prices_exclude(),
    )


def endpoints_price(zones: int, *, bastion: bool) -> PriceLine:
    """Price of all interface endpoints of a platform, with an address in each of so many zones."""
    addresses = len(interface_endpoints(bastion=bastion)) * zones
    return _line("interface endpoints x zones", "interface_endpoint_zone", addresses)


def _bastion(region: str) -> PriceLine:
    instance = bastion_instance(region)
    return PriceLine(
        name=f"{instance.instance_type} (bastion)",
        usd_per_hour=instance.usd_per_hour,
        quantity=1,
        source=instance.source,
        as_of=instance.as_of,
    )


def _line(name: str, key: str, quantity: float) -> PriceLine:
    unit = unit_price(key)
    return PriceLine(
        name=name,
        usd_per_hour=round(quantity * usd_per_hour(unit), 6),
        quantity=quantity,
        source=unit.source,
        as_of=unit.as_of,
    )


def usd_per_hour(unit: UnitPrice) -> float:
    """The hourly price of one, also where AWS states it by the month."""
    if unit.usd_per_hour is not None:
        return unit.usd_per_hour
    if unit.usd_per_month is None:
        raise ValueError("a unit price needs usd_per_hour or usd_per_month")
    return unit.usd_per_month / HOURS_PER_MONTH
