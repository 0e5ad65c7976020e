"""Explanations of a plan, and of why there is none: sentences for whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from paddock import catalog, sizing
from paddock.catalog.instances import PRICE_REGION
from paddock.economics import Price
from paddock.settings import PREFIX
from paddock.sizing import Candidate, Demand, Placements, RankBy, Rejection
from paddock.sizing.limits import LIMITS
from paddock.sizing.memory.parallelism import MOST_NODES_PER_REPLICA
from paddock.sizing.placement.alternatives import Alternative, alternatives
from paddock.sizing.placement.candidate import one_an_instance_type

ALTERNATIVES_SHOWN = 3


def cheaper_but_wrong(demand: Demand, placements: Placements, chosen: Candidate) -> tuple[Rejection, ...]:
    """Cheaper instance types that do not work, the dearest first; then those without a known price."""
    priced = [each for each in placements.rejected if each.usd_per_hour is not None]
    cheaper = [each for each in priced if (each.usd_per_hour or 0) < chosen.usd_per_hour]
    unpriced = [each for each in placements.rejected if each.usd_per_hour is None]
    offered = [each for each in unpriced if demand.region in catalog.instance(each.instance_type).regions]
    return (*reversed(cheaper), *offered)


def _asked(demand: Demand) -> str:
    scheme = str(demand.scheme.name) if len(demand.schemes) == 1 else f"{demand.quality_floor} or better"
    work = demand.workload
    if work.requests_per_second is None or work.traffic is None:
        load = f"{work.concurrent_requests} x {work.max_model_len:,} tokens"
    else:
        load = (
            f"{work.requests_per_second:g} requests a second of {work.traffic.input_tokens:,} + "
            f"{work.traffic.output_tokens:,} tokens"
        )
    return f"{demand.model.display_name} at {scheme} with {load}"


RANKED = {
    RankBy.COST: "the cheapest",
    RankBy.COST_PER_TOKEN: "the cheapest a token",
    RankBy.LATENCY: "the fastest",
}


def why(
    demand: Demand, placements: Placements, chosen: Candidate, ranked_first: Candidate | None = None
) -> tuple[str, ...]:
    """Explanation of the choice in sentences, the choice first; another is ranked first where the pool stands."""
    gpu, kind = chosen.instance.gpu, chosen.instance.instance_type
    best = kind if ranked_first is None else ranked_first.instance.instance_type
    sentences = []
    if demand.instance_type is not None:
        sentences.append(f"{kind} is pinned, and holds {_asked(demand)}.")
    elif best != kind:
        sentences.append(
            f"{kind} is kept, as the pool stands on it, and holds {_asked(demand)}; {RANKED[demand.rank_by]} today is "
            f"{best}, to which {PREFIX}instance_type moves the pool."
        )
    else:
        offered = sum(demand.region in each.regions for each in catalog.all_instances().values())
        sentences.append(
            f"{kind} is {RANKED[demand.rank_by]} of {offered} GPU instance types in {demand.region} that holds "
            f"{_asked(demand)}."
        )
    if len(demand.schemes) > 1:
        sentences.append(f"{chosen.scheme.name} is the best of the {len(demand.schemes)} quantizations that good.")
    if chosen.replicas > (demand.replicas or 1):
        sentences.append(
            f"One replica serves {chosen.concurrency} requests at once within the targets, so there are "
            f"{chosen.replicas} and not {demand.replicas}."
        )
    cheaper = [each for each in cheaper_but_wrong(demand, placements, chosen) if each.usd_per_hour is not None]
    if cheaper:
        sentences.append(
            f"Next cheaper is {cheaper[0].instance_type} at ${cheaper[0].usd_per_hour:.4g}/h: {cheaper[0].reason}."
        )
    if chosen.scheme.is_weight_only_on(gpu):
        sentences.append(
            f"{gpu.display_name} has no {chosen.scheme.name} arithmetic: weights are stored small and computed at "
            f"16 bits, which saves memory but no time."
        )
    if demand.model.no_tool_calls:
        sentences.append(f"vLLM refuses requests with tools: {demand.model.no_tool_calls}.")
    if demand.engine.newer_than_catalog:
        sentences.append(
            f"vLLM {demand.engine.version} is newer than the catalog; its memory is modelled as "
            f"{demand.engine.modelled_as}'s."
        )
    if demand.region != PRICE_REGION:
        sentences.append(f"Prices are those of {PRICE_REGION}; {demand.region} may differ.")
    return tuple(sentences)


def advice(demand: Demand, best: Candidate | None) -> tuple[Alternative, ...]:
    """Alternatives as a stack file can have them: it has no "any" replicas, but names what the search found."""
    found = []
    for each in alternatives(demand, best):
        said = _with_replicas(each) if "replicas" in each.changes else each
        if said is not None and (best is None or said.best.usd_per_hour < best.usd_per_hour):
            found.append(said)
    return tuple(found)


def _with_replicas(alternative: Alternative) -> Alternative | None:
    """The same with the replicas that the search found; None where a stack file takes no such number."""
    replicas, requests = alternative.best.replicas, alternative.best.concurrency
    if replicas > LIMITS["replicas"].highest:
        return None
    work = replace(alternative.demand.workload, concurrent_requests=requests)
    demand = replace(alternative.demand, workload=work, replicas=replicas)
    changes = {**alternative.changes, "replicas": replicas, "concurrent_requests": requests}
    return Alternative(changes=changes, demand=demand, best=sizing.search(demand).candidates[0])


def pinned_within(
    demand: Demand, placements: Placements, within: Callable[[Candidate], bool]
) -> tuple[Alternative, ...]:
    """The first instance type of those found that is within a budget, as a pin: it keeps all else of the request."""
    first = next((each for each in one_an_instance_type(placements.candidates) if within(each)), None)
    if first is None:
        return ()
    kind = first.instance.instance_type
    return (Alternative(changes={"instance_type": kind}, demand=replace(demand, instance_type=kind), best=first),)


def nothing_fits(demand: Demand, placements: Placements, given: Collection[str]) -> str:
    """Refusal of a request that no placement holds: the nearest, and the changes that help.

    `given` are the keys that the stack file has.
    """
    where = f"in {demand.region}" if demand.instance_type is None else f"on {demand.instance_type}"
    lines = [f"nothing {where} holds {_asked(demand)}, {demand.purchase.option}:"]
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
    advised = [
        f"  {_capitalized(changes_text(demand, each, given))}: {_nodes(each.best)} at ${each.best.usd_per_hour:.4g}/h "
        f"{'holds' if each.best.nodes == 1 else 'hold'} it."
        for each in advice(demand, None)[:ALTERNATIVES_SHOWN]
    ]
    load = "concurrent_requests" if demand.workload.requests_per_second is None else "requests_per_second"
    return "\n".join([*lines, *(advised or [f"  Lower {PREFIX}max_model_len or {PREFIX}{load}."])])


def pool_cannot_stay(demand: Demand, placements: Placements, standing: Collection[str]) -> str:
    """Refusal of a request that the pool that stands does not hold, where nobody asked for another."""
    best = placements.candidates[0].instance.instance_type
    reasons = {each.instance_type: each.reason for each in placements.rejected}
    kinds = " and ".join(f"{kind} ({reasons[kind]})" if kind in reasons else kind for kind in sorted(standing))
    return (
        f"the GPU pool stands on {kinds}, which does not hold {_asked(demand)}; another instance type would replace "
        f"it, and no setting asks for one: set {PREFIX}instance_type to {best}, {RANKED[demand.rank_by]} that holds "
        "it, to have that (`paddock plan --against` says what it costs), or take the other change back"
    )


def over_budget(
    demand: Demand,
    chosen: Candidate,
    price: Price,
    budget_usd: float,
    priced: Sequence[tuple[Alternative, Price]],
    given: Collection[str],
) -> str:
    """Refusal of a plan over its budget: the changes that are within, else the one that comes nearest.

    `given` are the keys that the stack file has.
    """
    text = (
        f"{chosen.nodes} x {chosen.instance.instance_type} and all beside it cost {price.usd_per_month:,.0f} USD a "
        f"month, over {PREFIX}monthly_budget_usd {budget_usd:,.0f}"
    )
    cheaper = [each for each in priced if each[1].usd_per_month < price.usd_per_month]
    if not cheaper:
        return f"{text}; nothing that holds it is cheaper: lower the load, choose a smaller model, or raise the budget"
    within = [each for each in cheaper if each[1].usd_per_month <= budget_usd][:ALTERNATIVES_SHOWN]
    said = [
        f"{changes_text(demand, each, given)}: {each.best.nodes} x {each.best.instance.instance_type} cost "
        f"{its_price.usd_per_month:,.0f}"
        for each, its_price in within or [min(cheaper, key=lambda each: each[1].usd_per_month)]
    ]
    return f"{text}; {'; or '.join(said)}; or raise the budget"


KEYS = {"purchase": "capacity_type"}
"""Keys of a stack file whose part of a request has another name."""


def changes_text(demand: Demand, alternative: Alternative, given: Collection[str]) -> str:
    """The changes of an alternative as edits of a stack file that has the keys `given`."""
    changes = dict(alternative.changes)
    if "quantization" in changes and demand.quality_floor is not None:
        changes["quality_floor"] = None
    gone = [f"{PREFIX}{name}" for name, value in changes.items() if not value and name in given]
    edits = [f"{PREFIX}{KEYS.get(name, name)} to {value}" for name, value in changes.items() if value]
    return " and ".join(f"{verb} {' and '.join(said)}" for verb, said in (("remove", gone), ("set", edits)) if said)


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _nodes(candidate: Candidate) -> str:
    kind = candidate.instance.instance_type
    return kind if candidate.nodes == 1 else f"{candidate.nodes} x {kind}"
