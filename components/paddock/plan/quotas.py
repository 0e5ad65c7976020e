"""vCPUs that a plan needs of EC2's quotas, without which node groups fail after everything else bills."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from paddock import catalog
from paddock.catalog import CapacityType
from paddock.catalog.footprint import SYSTEM_NODES, bastion_instance, system_node
from paddock.catalog.quotas import Quota, quota_of
from paddock.plan.parts import Placement

BASTION_VCPUS = 2
"""vCPUs of every t4g up to large; more than those of an m6g.medium. Source: EC2 instance types, read 2026-11-28."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaNeed:
    """vCPUs of one quota of Service Quotas (service code `ec2`), in the plan's region."""

    code: str
    name: str
    vcpus: int


def quota_needs(
    placement: Placement, capacity_type: CapacityType, region: str, *, bastion: bool
) -> tuple[QuotaNeed, ...]:
    """All of a platform, the GPU nodes first. An update of nodes needs more for a while."""
    gpu = catalog.instance(placement.instance_type)
    used: Counter[Quota] = Counter({quota_of(gpu.instance_type, capacity_type): placement.nodes * gpu.vcpus})
    system = system_node(region)
    used[quota_of(system.instance_type, CapacityType.ON_DEMAND)] += SYSTEM_NODES * system.vcpus
    if bastion:
        used[quota_of(bastion_instance(region).instance_type, CapacityType.ON_DEMAND)] += BASTION_VCPUS
    return tuple(QuotaNeed(code=quota.code, name=quota.name, vcpus=vcpus) for quota, vcpus in used.items())
