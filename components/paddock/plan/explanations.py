"""Why a plan is as it is, and why there is none: sentences for whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from paddock import catalog, sizing
from paddock.catalog import Quality, Quantization
from paddock.catalog.instances import PRICE_REGION
from paddock.economics import Price
from paddock.plan.request import demand_of
from paddock.settings import NOT_STREAMED, PREFIX, Settings
from paddock.sizing import Candidate, Demand, Placements, RankBy, Rejection
from paddock.sizing.memory.parallelism import MOST_NODES_PER_REPLICA


def cheaper_but_wrong(settings: Settings, placements: Placements, chosen: Candidate) -> tuple[Rejection, ...]:
    """Cheaper instance types that do not work, the dearest first; then those without a known price."""
    priced = [each for each in placements.rejected if each.usd_per_hour is not None]
    cheaper = [each for each in priced if (each.usd_per_hour or 0) < chosen.usd_per_hour]
    unpriced = [each for each in placements.rejected if each.usd_per_hour is None]
    offered = [each for each in unpriced if settings.region in catalog.instance(each.instance_type).regions]
    return (*reversed(cheaper), *offered)


def _asked(settings: Settings, demand: Demand) -> str:
    scheme = settings.quantization if len(demand.schemes) == 1 else f"{settings.quality_floor} or better"
    if settings.requests_per_second is None:
        load = f"{settings.concurrent_requests} x {settings.max_model_len:,} tokens"
    else:
        load = (
            f"{settings.requests_per_second:g} requests a second of {settings.input_tokens:,} + "
            f"{settings.output_tokens:,} tokens"
        )
    return f"{demand.model.display_name} at {scheme} with {load}"


RANKED = {
    RankBy.COST: "the cheapest",
    RankBy.COST_PER_TOKEN: "the cheapest a token",
    RankBy.LATENCY: "the fastest",
}


def why(settings: Settings, demand: Demand, placements: Placements, chosen: Candidate) -> tuple[str, ...]:
    """In sentences, the choice first."""
    gpu, kind = chosen.instance.gpu, chosen.instance.instance_type
    reasons = []
    if settings.instance_type is not None:
        reasons.append(f"{kind} is pinned, and holds {_asked(settings, demand)}.")
    else:
        offered = sum(settings.region in each.regions for each in catalog.all_instances().values())
        reasons.append(
            f"{kind} is {RANKED[settings.rank_by]} of {offered} GPU instance types in {settings.region} that holds "
            f"{_asked(settings, demand)}."
        )
    if len(demand.schemes) > 1:
        reasons.append(f"{chosen.scheme.name} is the best of the {len(demand.schemes)} quantizations that good.")
    if chosen.replicas > settings.replicas:
        reasons.append(
            f"One replica serves {chosen.concurrency} requests at once within the targets, so there are "
            f"{chosen.replicas} and not {settings.replicas}."
        )
    cheaper = [each for each in cheaper_but_wrong(settings, placements, chosen) if each.usd_per_hour is not None]
    if cheaper:
        reasons.append(
            f"Next cheaper is {cheaper[0].instance_type} at ${cheaper[0].usd_per_hour:.4g}/h: {cheaper[0].reason}."
        )
    if chosen.scheme.is_weight_only_on(gpu):
        reasons.append(
            f"{gpu.display_name} has no {chosen.scheme.name} arithmetic: weights are stored small and computed at "
            f"16 bits, which saves memory but no time."
        )
    if demand.engine.newer_than_catalog:
        reasons.append(
            f"vLLM {settings.vllm_version} is newer than the catalog; its memory is modelled as "
            f"{demand.engine.modelled_as}'s."
        )
    if settings.region != PRICE_REGION:
        reasons.append(f"Prices are those of {PRICE_REGION}; {settings.region} may differ.")
    return tuple(reasons)


def nothing_fits(settings: Settings, demand: Demand, placements: Placements) -> str:
    """What comes nearest, and what would fit."""
    where = f"in {settings.region}" if settings.instance_type is None else f"on {settings.instance_type}"
    lines = [f"nothing {where} holds {_asked(settings, demand)}, {demand.purchase.words}:"]
    nearest = placements.nearest[:3] or placements.rejected[:3]
    lines += [
        f"  - {each.instance_type}, tensor parallel {each.tensor_parallel} x pipeline {each.pipeline_parallel}: "
        f"{each.reason}"
        for each in nearest
    ]
    if spanning := sizing.search(replace(demand, nodes_per_replica=MOST_NODES_PER_REPLICA)).candidates:
        best = spanning[0]
        lines.append(
            f"  - {best.nodes} x {best.instance.instance_type} hold it, {best.nodes_per_replica} nodes a replica, at "
            f"${best.usd_per_hour:.4g}/h; replicas that span nodes can be sized, but not deployed yet"
        )
    way_out = _would_fit(settings, demand)
    return "\n".join([*lines, f"  {way_out or 'Lower paddock:max_model_len or paddock:concurrent_requests.'}"])


def over_budget(
    settings: Settings,
    demand: Demand,
    placements: Placements,
    price: Price,
    usd_per_month: Callable[[Candidate], float],
) -> str:
    """The price, the budget, and what costs less, if only the next cheaper thing."""
    chosen, *others = placements.candidates
    text = (
        f"{chosen.nodes} x {chosen.instance.instance_type} and all beside it cost {price.usd_per_month:,.0f} USD a "
        f"month, over {PREFIX}monthly_budget_usd {settings.monthly_budget_usd:,.0f}"
    )
    ways = [(f"set {PREFIX}instance_type to {each.instance.instance_type}", each) for each in others]
    unpinned = f"remove {PREFIX}instance_type" if settings.instance_type else ""
    tries: list[tuple[str, dict[str, Any]]] = [(unpinned, {})] if unpinned else []
    tries += [
        (f"{unpinned}{' and ' * bool(unpinned)}set {PREFIX}quantization to {name}", {"quantization": name})
        for name in _smaller(demand)
    ]
    for way, change in tries:
        found = sizing.search(demand_of(settings.model_copy(update={"instance_type": None, **change})))
        ways += [(way, each) for each in found.candidates[:1]]
    priced = [(usd_per_month(each), way, each) for way, each in ways]
    cheaper = [each for each in priced if each[0] < price.usd_per_month]
    within = [each for each in cheaper if each[0] <= (settings.monthly_budget_usd or 0)]
    if not cheaper:
        return f"{text}; nothing that holds it is cheaper: lower the load, choose a smaller model, or raise the budget"
    # The least change that is enough; else the cheapest, which says how far off the budget is.
    cost, way, best = (within or sorted(cheaper, key=lambda each: each[0]))[0]
    return f"{text}; {way}: {best.nodes} x {best.instance.instance_type} cost {cost:,.0f}; or raise the budget"


def _would_fit(settings: Settings, demand: Demand) -> str | None:
    """The smallest change that helps: an unpinned instance, then a smaller quantization."""
    tries: list[tuple[str, dict[str, Any]]] = []
    if settings.instance_type is not None:
        tries.append(("Remove paddock:instance_type", {"instance_type": None}))
    tries += [
        (f"Set paddock:quantization to {name}", {"quantization": name, "instance_type": None})
        for name in _smaller(demand)
    ]
    for text, change in tries:
        found = sizing.search(demand_of(settings.model_copy(update=change))).candidates
        if found:
            return f"{text}: {found[0].instance.instance_type} at ${found[0].usd_per_hour:.4g}/h holds it."
    return None


def _smaller(demand: Demand) -> list[Quantization]:
    """Smaller quantizations with a known checkpoint, the best first."""
    least_bits = min(each.weight_bits for each in demand.schemes)
    acceptable = sizing.acceptable_schemes(demand.model, demand.engine, Quality.FOUR_BIT)
    return [each.name for each in acceptable if each.weight_bits < least_bits and each.name not in NOT_STREAMED]
