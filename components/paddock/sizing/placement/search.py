"""Search over every instance type, quantization and split: the best that works first, the others with reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import ceil

from paddock.catalog import Instance, all_instances
from paddock.sizing.placement.candidate import Candidate
from paddock.sizing.placement.instance_search import InstanceSearch, offer
from paddock.sizing.placement.ranking import rank
from paddock.sizing.placement.request import Demand, Placements, Rejection


def search(demand: Demand) -> Placements:
    """Try everything; keep of each instance type and quantization its best split, or of the type its nearest miss."""
    candidates: list[Candidate] = []
    rejected: list[Rejection] = []
    searches = [InstanceSearch(demand=demand, scheme=each) for each in demand.schemes]
    for instance in instances(demand):
        found, misses = tried(demand, searches, instance)
        candidates += found
        if not found:
            rejected.append(min(misses, key=nearness))
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
    found, misses = tried(demand, [InstanceSearch(demand=demand, scheme=each) for each in demand.schemes], instance)
    if found:
        return min(found, key=lambda each: rank(each, demand.rank_by, demand.region))
    return min(misses, key=nearness)


def tried(
    demand: Demand, searches: Iterable[InstanceSearch], instance: Instance
) -> tuple[list[Candidate], list[Rejection]]:
    """Candidates and rejections on the instance type, one a quantization."""
    found: list[Candidate] = []
    misses: list[Rejection] = []
    sold = offer(instance, demand.region, demand.purchase)
    for each in searches:
        result = each.best_on(sold)
        if isinstance(result, Candidate):
            found.append(result)
        else:
            misses.append(result)
    return found, misses


def instances(demand: Demand) -> Iterable[Instance]:
    table = all_instances()
    return table.values() if demand.instance_type is None else [table[demand.instance_type]]


def nearness(rejection: Rejection) -> tuple[object, ...]:
    """Lacking little memory is nearer than lacking much, and that is nearer than anything else."""
    missing = rejection.shortfall_mib
    return (missing is None, missing or 0, rejection.pipeline_parallel, rejection.tensor_parallel)
