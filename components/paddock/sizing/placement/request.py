"""The question put to a search, and its answer."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Engine, Model, Purchase, Quality, Quantization, Scheme, scheme
from paddock.sizing.memory.parallelism import MOST_NODES_PER_REPLICA
from paddock.sizing.placement.candidate import Candidate
from paddock.sizing.placement.ranking import RankBy
from paddock.sizing.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is to be placed, and where it may go."""

    model: Model
    schemes: tuple[Scheme, ...]
    """The acceptable ones, at least one."""
    engine: Engine
    workload: Workload
    region: str
    replicas: int | None = 1
    """At least so many, each of which holds the concurrent requests; rates and latencies may need more. None: the
    concurrent requests are those of all replicas together, and the search says how many there are."""
    purchase: Purchase = Purchase.ON_DEMAND
    rank_by: RankBy = RankBy.COST
    instance_type: str | None = None
    """A pinned type; None searches all."""
    nodes_per_replica: int = MOST_NODES_PER_REPLICA
    """The most nodes that one replica may span."""

    @property
    def scheme(self) -> Scheme:
        return self.schemes[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A placement that does not work, and why; of an instance's splits, the one that came nearest."""

    instance_type: str
    quantization: Quantization
    tensor_parallel: int
    pipeline_parallel: int
    usd_per_hour: float | None
    """Of the nodes of one replica; None where no price is known."""
    reason: str
    shortfall_mib: int | None = None
    """GPU memory lacking on each GPU; None where something else is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """The answer to a `Demand`."""

    candidates: tuple[Candidate, ...]
    """The best of each instance type and quantization, in the order asked for."""
    rejected: tuple[Rejection, ...]
    """The instance types without a candidate, cheapest first, those without a price last."""

    @property
    def nearest(self) -> tuple[Rejection, ...]:
        """The rejected ones that lack the least memory."""
        lacking = [each for each in self.rejected if each.shortfall_mib is not None]
        return tuple(sorted(lacking, key=lambda each: (each.shortfall_mib, each.instance_type)))


def acceptable_schemes(model: Model, engine: Engine, floor: Quality) -> tuple[Scheme, ...]:
    """Those at least as good as `floor` that were published and that this vLLM still has, best first.

    What vLLM makes of another checkpoint while loading it is taken only where it is named: fp32 takes twice the memory
    for nothing, and fp8-runtime is fp8 with coarser scales.
    """
    found = [
        each
        for each in (scheme(name) for name in model.checkpoints)
        if each.quality.at_least(floor) and each.runs_in(engine.version)
    ]
    return tuple(sorted(found, key=lambda each: list(Quality).index(each.quality), reverse=True))
