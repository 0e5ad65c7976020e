"""Resources of a platform beside its GPU nodes, counted once: components create it, economics prices it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from paddock.catalog.lookup import toml

BASTION_DISK_GIB = 8
"""The size of Amazon Linux's own snapshot, below which no volume is made from it."""

SYSTEM_NODES = 2
"""CoreDNS needs an untainted node, and two survive the loss of one."""
SYSTEM_DISK_GIB = 40
OS_DISK_GIB = {"bottlerocket": 8, "al2023": 20}
"""Disk of the operating system on every node, beside the data. Bottlerocket's own volume, of which its images for GPUs
have 4 GiB up to Kubernetes 1.36 and 6 from 1.37 (bottlerocket, variants/aws-k8s-*-nvidia/Cargo.toml, read 2026-11-28):
EC2 starts no instance with a volume below that. For Amazon Linux the whole of its default root volume, on which data is
added (Karpenter documentation, nodeclasses, v1.14)."""
KMS_KEYS = 5
"""Keys for the cluster's secrets, its logs, flow logs, the weights, and the signatures of weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemNode:
    """The small node that runs what is not a model."""

    instance_type: str
    vcpus: int
    memory_mib: int
    network_interfaces: int
    ipv4_per_interface: int
    usd_per_hour: float
    source: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BastionInstance:
    """The instance that operators' tunnels go through."""

    instance_type: str
    usd_per_hour: float
    source: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrice:
    """The price of one of something, by the hour or by the month as AWS states it."""

    usd_per_hour: float | None = None
    usd_per_month: float | None = None
    source: str
    as_of: date


def os_disk_gib(node_os: str) -> int:
    return OS_DISK_GIB[node_os]


@cache
def system_node(region: str) -> SystemNode:
    """The node for system pods in a region; its price is that of us-east-1."""
    prices = toml("prices.toml")
    return SystemNode(**prices["system_node_of"].get(region, prices["system_node"]))


@cache
def bastion_instance(region: str) -> BastionInstance:
    """The bastion in a region; its price is that of us-east-1."""
    prices = toml("prices.toml")
    return BastionInstance(**prices["bastion_of"].get(region, prices["bastion"]))


@cache
def unit_price(name: str) -> UnitPrice:
    return UnitPrice(**toml("prices.toml")[name])


@cache
def prices_exclude() -> tuple[str, ...]:
    """Services that bill but are in no price here."""
    return tuple(toml("prices.toml")["excluded"])
