"""Search over every instance type, quantization and split: the best that works first, the others with reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import ceil

from paddock.catalog import Instance, all_instances
from paddock.sizing.placement.candidate import Candidate
from paddock.sizing.placement.instance_search import InstanceSearch, Offer, offer, offers
from paddock.sizing.placement.ranking import rank
from paddock.sizing.placement.request import Demand, Placements, Rejection


def search(demand: Demand) -> Placements:
    """Try everything; keep of each instance type and quantization its best split, or of the type its nearest miss."""
    candidates, rejected = tried(demand, offers_of(demand))
    candidates.sort(key=lambda each: rank(each, demand.rank_by, demand.region))
    rejected.sort(key=lambda each: (each.usd_per_hour is None, each.usd_per_hour or 0, each.instance_type))
    return Placements(candidates=tuple(candidates), rejected=tuple(rejected))


def by_tables(demand: Demand, candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The same with their speeds by measured tables where those cover them, in the order that follows.

    Where the tables are slower than the roofline by which they were found, a rate takes more replicas.
    """
    measured = [with_replicas_for_rate(replace(each, by_tables=True)) for each in candidates]
    return tuple(sorted(measured, key=lambda each: rank(each, demand.rank_by, demand.region)))


def with_replicas_for_rate(candidate: Candidate) -> Candidate:
    rate, speed = candidate.workload.requests_per_second, candidate.performance
    if rate is None or speed is None or speed.requests_per_second * candidate.replicas >= rate:
        return candidate
    replicas = ceil(rate / speed.requests_per_second)
    more = replace(
        candidate, replicas=replicas, headroom_tokens=candidate.headroom_tokens * replicas // candidate.replicas
    )
    return replace(more, usd_per_hour=candidate.usd_per_hour / candidate.nodes * more.nodes)


def best_on(demand: Demand, instance: Instance) -> Candidate | Rejection:
    """The best split and quantization on this instance type, or the reason why none works."""
    candidates, rejected = tried(demand, [offer(instance, demand.region, demand.purchase)])
    return min(candidates, key=lambda each: rank(each, demand.rank_by, demand.region)) if candidates else rejected[0]


def tried(demand: Demand, sold: Iterable[Offer]) -> tuple[list[Candidate], list[Rejection]]:
    """Candidates, one an instance type and quantization, and the nearest miss of each type that has none."""
    candidates: list[Candidate] = []
    misses: list[Rejection] = []
    for scheme in demand.schemes:
        best_on = InstanceSearch(demand=demand, scheme=scheme).best_on
        for each in sold:
            found = best_on(each)
            if isinstance(found, Candidate):
                candidates.append(found)
            else:
                misses.append(found)
    working = {each.instance.instance_type for each in candidates}
    nearest: dict[str, Rejection] = {}
    for miss in misses:
        other = nearest.setdefault(miss.instance_type, miss)
        if other is not miss and nearness(miss) < nearness(other):
            nearest[miss.instance_type] = miss
    return candidates, [miss for name, miss in nearest.items() if name not in working]


def offers_of(demand: Demand) -> Iterable[Offer]:
    pinned = demand.instance_type
    if pinned is None:
        return offers(demand.region, demand.purchase)
    return [offer(all_instances()[pinned], demand.region, demand.purchase)]


def nearness(rejection: Rejection) -> tuple[object, ...]:
    """Lacking little memory is nearer than lacking much, and that is nearer than anything else."""
    missing = rejection.shortfall_mib
    return (missing is None, missing or 0, rejection.pipeline_parallel, rejection.tensor_parallel)
