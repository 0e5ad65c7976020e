"""Where a model can run: every instance and split, the cheapest that fits first, the others with their reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from paddock.catalog import CapacityType, Engine, Instance, Model, Scheme, all_instances
from paddock.sizing.host import too_small
from paddock.sizing.memory import Fit, Workload, fit
from paddock.sizing.parallelism import Parallelism, illegal, splits
from paddock.units import MIB_PER_GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is to be placed, and where it may go."""

    model: Model
    scheme: Scheme
    engine: Engine
    workload: Workload
    replicas: int
    region: str
    capacity_type: CapacityType
    instance_type: str | None = None
    """A pinned type; None searches all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A placement that works."""

    instance: Instance
    split: Parallelism
    fit: Fit
    replicas: int
    usd_per_hour: float
    """Of all its nodes."""

    @property
    def replicas_a_node_holds(self) -> int:
        return self.instance.gpus // self.split.gpus

    @property
    def nodes(self) -> int:
        return ceil(self.replicas / self.replicas_a_node_holds)

    @property
    def replicas_per_node(self) -> int:
        """On the fullest node."""
        return min(self.replicas, self.replicas_a_node_holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A placement that does not work, and why; of an instance's splits, the one that came nearest."""

    instance_type: str
    tensor_parallel: int
    pipeline_parallel: int
    usd_per_hour: float | None
    """Of one node; None where no price is known."""
    reason: str
    shortfall_mib: int | None = None
    """GPU memory lacking on each GPU; None where something else is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """The answer to a `Demand`."""

    candidates: tuple[Candidate, ...]
    """The best of each instance type, cheapest first."""
    rejected: tuple[Rejection, ...]
    """One an instance type, cheapest first, those without a price last."""

    @property
    def nearest(self) -> tuple[Rejection, ...]:
        """The rejected ones that lack the least memory."""
        lacking = [each for each in self.rejected if each.shortfall_mib is not None]
        return tuple(sorted(lacking, key=lambda each: (each.shortfall_mib, each.instance_type)))


def search(demand: Demand) -> Placements:
    """Try everything and keep, of each instance type, its best split or its nearest miss."""
    candidates, rejected = [], []
    for instance in _instances(demand):
        result = place(demand, instance)
        if isinstance(result, Candidate):
            candidates.append(result)
        else:
            rejected.append(result)
    return Placements(
        candidates=tuple(sorted(candidates, key=_rank)),
        rejected=tuple(
            sorted(rejected, key=lambda each: (each.usd_per_hour is None, each.usd_per_hour or 0, each.instance_type))
        ),
    )


def place(demand: Demand, instance: Instance) -> Candidate | Rejection:
    """The best split on this instance type, or the reason why none works."""
    reason = unavailable(demand, instance)
    if reason:
        return _rejection(demand, instance, Parallelism(), reason)
    price = instance.price(demand.capacity_type)
    assert price is not None, "unavailable() refuses instances without a price"  # noqa: S101  narrows the type
    candidates, misses = [], []
    for split in splits(instance):
        reason = illegal(demand.model, demand.scheme, split) or too_small(instance, split.gpus)
        if reason:
            misses.append(_rejection(demand, instance, split, reason))
            continue
        found = fit(demand.model, demand.scheme, instance.gpu, demand.engine, split, demand.workload)
        if not found.fits:
            misses.append(_rejection(demand, instance, split, _lacking(found), found.shortfall_mib))
            continue
        nodes = ceil(demand.replicas / (instance.gpus // split.gpus))
        candidates.append(
            Candidate(
                instance=instance,
                split=split,
                fit=found,
                replicas=demand.replicas,
                usd_per_hour=nodes * price.usd_per_hour,
            )
        )
    return min(candidates, key=_rank) if candidates else min(misses, key=_nearness)


def unavailable(demand: Demand, instance: Instance) -> str | None:
    """Why this instance type is out of the question whatever the split, or None."""
    gpu, scheme = instance.gpu, demand.scheme
    if demand.region not in instance.regions:
        return f"not offered in {demand.region}"
    if not scheme.runs_on(gpu):
        return f"{gpu.display_name} cannot run {scheme.name} (compute capability {_dotted(gpu.compute_capability)})"
    if instance.price(demand.capacity_type) is None:
        return f"no {demand.capacity_type.replace('_', '-')} price is known"
    return None


def _instances(demand: Demand) -> Iterable[Instance]:
    table = all_instances()
    return table.values() if demand.instance_type is None else [table[demand.instance_type]]


def _rank(candidate: Candidate) -> tuple[object, ...]:
    """Cheapest first. For the same money: native arithmetic is not traded here, but no pipeline bubbles, then the
    GPUs that are paid for anyway put to work, then the most KV cache; the name last, so that order never wavers."""
    return (
        candidate.usd_per_hour,
        candidate.split.pipeline,
        -candidate.split.gpus * candidate.nodes,
        -candidate.fit.kv_cache.capacity_tokens,
        candidate.instance.instance_type,
    )


def _nearness(rejection: Rejection) -> tuple[object, ...]:
    """Lacking little memory is nearer than lacking much, and that is nearer than being illegal."""
    missing = rejection.shortfall_mib
    return (missing is None, missing or 0, rejection.pipeline_parallel, rejection.tensor_parallel)


def _rejection(
    demand: Demand, instance: Instance, split: Parallelism, reason: str, shortfall_mib: int | None = None
) -> Rejection:
    price = instance.price(demand.capacity_type)
    return Rejection(
        instance_type=instance.instance_type,
        tensor_parallel=split.tensor,
        pipeline_parallel=split.pipeline,
        usd_per_hour=None if price is None else price.usd_per_hour,
        reason=reason,
        shortfall_mib=shortfall_mib,
    )


def _lacking(found: Fit) -> str:
    memory = found.memory
    gib = found.shortfall_mib / MIB_PER_GIB
    if memory.weights_mib > memory.budget_mib:
        return f"lacks {gib:.1f} GiB a GPU; weights alone take {memory.weights_mib / MIB_PER_GIB:.1f}"
    if memory.kv_cache_mib <= memory.band_mib:
        return f"lacks {gib:.1f} GiB a GPU for weights, engine and KV cache"
    return f"lacks {gib:.1f} GiB a GPU for the KV cache of {found.kv_cache.required_tokens:,} tokens"


def _dotted(capability: tuple[int, int]) -> str:
    return ".".join(str(part) for part in capability)
