"""Alternatives: single changes that make a request cheaper or possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from paddock.catalog import Purchase, Quality, Quantization
from paddock.sizing.memory.changes import LEAST_USEFUL_CONTEXT_TOKENS
from paddock.sizing.memory.engine_args import KvCacheDtype
from paddock.sizing.placement.candidate import Candidate
from paddock.sizing.placement.ranking import RankBy
from paddock.sizing.placement.request import Demand, acceptable_schemes
from paddock.sizing.placement.search import search

Changes = Mapping[str, Quantization | KvCacheDtype | Purchase | RankBy | str | int | None]
"""New values by the names of a request's parts; None or 0 takes the part away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Changes of a request, the request so changed, and its best placement."""

    changes: Changes
    demand: Demand
    best: Candidate


def alternatives(demand: Demand, best: Candidate | None) -> tuple[Alternative, ...]:
    """Single changes that make a request cheaper than `best`, or possible where it is None; cheapest first.

    Where an instance type is pinned, the changes that need it unpinned as well come last.
    """
    single = list(_changed_demands(demand))
    found = _cheaper(single, best)
    if demand.instance_type is not None:
        free = replace(demand, instance_type=None)
        unpinned = _cheaper([({"instance_type": None}, free)], best)
        pairs = [({"instance_type": None, **changes}, replace(each, instance_type=None)) for changes, each in single]
        return (
            *sorted(found + unpinned, key=lambda each: each.best.usd_per_hour),
            *_cheaper(pairs, unpinned[0].best if unpinned else best),
        )
    return tuple(found)


def _cheaper(changed: Iterable[tuple[Changes, Demand]], best: Candidate | None) -> list[Alternative]:
    found: list[Alternative] = []
    for changes, demand in changed:
        candidates = search(demand).candidates
        if candidates and "quantization" in changes:
            # The search says which of the tier; among equals it is the first of the catalog, not of the alphabet.
            kind, usd = candidates[0].instance, candidates[0].usd_per_hour
            same = {each.scheme for each in candidates if (each.instance, each.usd_per_hour) == (kind, usd)}
            named = min(same, key=demand.schemes.index)
            changes, demand = {**changes, "quantization": named.name}, replace(demand, schemes=(named,))
            candidates = search(demand).candidates
        if candidates and (best is None or candidates[0].usd_per_hour < best.usd_per_hour):
            found.append(Alternative(changes=changes, demand=demand, best=candidates[0]))
    return sorted(found, key=lambda each: each.best.usd_per_hour)


def _changed_demands(demand: Demand) -> Iterator[tuple[Changes, Demand]]:
    work = demand.workload
    worst = min(list(Quality).index(each.quality) for each in demand.schemes)
    for quality in (Quality.NEAR_LOSSLESS, Quality.FOUR_BIT):
        published = acceptable_schemes(demand.model, demand.engine, quality)
        tier = tuple(each for each in published if each.quality is quality)
        if tier and list(Quality).index(quality) < worst:
            yield {"quantization": tier[0].name}, replace(demand, schemes=tier)
    if work.kv_cache_dtype is KvCacheDtype.AUTO:
        cache = KvCacheDtype.FP8
        yield {"kv_cache_dtype": cache}, replace(demand, workload=replace(work, kv_cache_dtype=cache))
    half = work.max_model_len // 2
    if half >= max(LEAST_USEFUL_CONTEXT_TOKENS, 0 if work.traffic is None else work.traffic.tokens):
        yield {"max_model_len": half}, replace(demand, workload=replace(work, max_model_len=half))
    if work.concurrent_requests is not None and work.concurrent_requests > 1:
        fewer = work.concurrent_requests // 2
        yield {"concurrent_requests": fewer}, replace(demand, workload=replace(work, concurrent_requests=fewer))
        if demand.replicas == 1:
            yield {"replicas": None}, replace(demand, replicas=None)
    if work.lora is not None:
        yield {"max_loras": 0}, replace(demand, workload=replace(work, lora=None))
    if work.has_targets:
        free: Changes = {"max_ttft_ms": None, "max_itl_ms": None}
        yield free, replace(demand, workload=replace(work, max_ttft_ms=None, max_itl_ms=None))
    if demand.purchase is Purchase.ON_DEMAND:
        yield {"purchase": Purchase.SPOT}, replace(demand, purchase=Purchase.SPOT)
    if demand.rank_by is not RankBy.COST:
        yield {"rank_by": RankBy.COST}, replace(demand, rank_by=RankBy.COST)
