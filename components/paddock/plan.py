"""What the settings take: one object that the program, the command line and the tests all read.

Pure: no cloud, no clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from enum import Enum
from functools import cached_property
from hashlib import sha256
from ipaddress import IPv4Network
from math import ceil
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from paddock import catalog, economics, sizing
from paddock.catalog import Engine, Gpu, Model, Purchase, Quality, Quantization
from paddock.catalog.instances import PRICE_REGION
from paddock.catalog.lookup import RefusedError
from paddock.economics import Price, PriceLine
from paddock.settings import NOT_STREAMED, Settings
from paddock.sizing import (
    Candidate,
    Demand,
    KvCache,
    LoraSlots,
    MemoryBudget,
    Performance,
    Placements,
    PodShape,
    RankBy,
    Rejection,
    Traffic,
    Workload,
)
from paddock.sizing.arguments import DRAIN_SECONDS, engine_arguments
from paddock.sizing.host import stream_buffer_mib
from paddock.sizing.parallelism import MOST_NODES_PER_REPLICA
from paddock.subnets import SubnetPlan, plan_subnets
from paddock.units import GB, MIB

__all__ = [
    "EngineLaunch",
    "Fallback",
    "KvCache",
    "MemoryBudget",
    "Placement",
    "Plan",
    "PlanError",
    "PodShape",
    "Price",
    "PriceLine",
    "ProbeBudget",
    "Rejection",
    "SubnetPlan",
    "make_plan",
]


STARTUP_PERIOD_SECONDS = 10
READINESS_PERIOD_SECONDS = 5
LIVENESS_PERIOD_SECONDS = 10
AFTER_DRAIN_SECONDS = 30
STREAMER_READERS = range(16, 33)
"""4 readers take 28 s for 8B from S3 where 32 take 5 (run-ai/runai-model-streamer 0.15.9 benchmarks)."""


class PlanError(RefusedError, ValueError):
    """Nothing fits; the message says what comes nearest and what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    instance_type: str
    gpu: Gpu
    gpus_per_instance: int
    tensor_parallel: int
    pipeline_parallel: int
    replicas: int
    replicas_per_node: int
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLaunch:
    """How vLLM is started, but for the model's path, host and port, which the service knows."""

    vllm_version: str
    args: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Where the same would run if AWS has no capacity for the chosen instance type."""

    placement: Placement
    quantization: Quantization
    usd_per_hour: float
    """Of the GPU nodes."""
    engine_args: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBudget:
    startup_period_seconds: int
    startup_failure_threshold: int
    readiness_period_seconds: int
    liveness_period_seconds: int
    termination_grace_seconds: int

    @property
    def startup_seconds(self) -> int:
        """The longest start that is not a failure."""
        return self.startup_period_seconds * self.startup_failure_threshold


@dataclass(frozen=True, kw_only=True)
class Plan:
    settings: Settings
    model: Model
    quantization: Quantization
    """The one chosen of those that the settings accept."""
    checkpoint: str
    """The Hugging Face repository that holds the weights at the chosen quantization."""
    weights_bytes: int
    """What the checkpoint weighs."""
    placement: Placement
    memory: MemoryBudget
    kv_cache: KvCache
    performance: Performance | None
    """Of one replica with the requests that it is planned for."""
    engine: EngineLaunch
    pod: PodShape
    probes: ProbeBudget
    disk_gib: int
    subnets: SubnetPlan
    price: Price
    why: tuple[str, ...]
    fallbacks: tuple[Fallback, ...]
    """In the order in which to try them."""
    rejected: tuple[Rejection, ...]
    """Cheaper instance types that do not work, the dearest first; then those without a known price."""

    def to_json(self) -> str:
        """The whole plan; the same settings always give the same text."""
        return json.dumps(as_data(self), indent=2, sort_keys=True)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `to_json`: two plans are the same when their digests are."""
        return sha256(self.to_json().encode()).hexdigest()


def make_plan(settings: Settings) -> Plan:
    """Decide everything; raises `PlanError` when no instance type holds the model."""
    model, engine = catalog.model(settings.model), catalog.engine(settings.vllm_version)
    demand = demand_of(settings)
    placements = sizing.search(demand)
    if not placements.candidates:
        raise PlanError(_nothing_fits(settings, demand, placements))
    chosen = placements.candidates[0]
    weights_bytes = sizing.checkpoint_bytes(model, chosen.scheme)
    pod = sizing.pod_shape(chosen.instance, chosen.split.gpus)
    disk_gib = sizing.disk_gib(chosen.replicas_a_node_holds)
    probes = _probes(engine, chosen, weights_bytes)
    return Plan(
        settings=settings,
        model=model,
        quantization=chosen.scheme.name,
        checkpoint=model.repository(chosen.scheme.name),
        weights_bytes=weights_bytes,
        placement=_placement(chosen),
        memory=chosen.fit.memory,
        kv_cache=chosen.fit.kv_cache,
        performance=chosen.performance,
        engine=EngineLaunch(
            vllm_version=engine.version,
            args=engine_arguments(chosen, settings.model),
            env=MappingProxyType(_engine_env(settings, engine, pod, probes, weights_bytes)),
        ),
        pod=pod,
        probes=probes,
        disk_gib=disk_gib,
        subnets=plan_subnets(str(settings.vpc_cidr), settings.zones, [str(peer) for peer in settings.peer_cidrs]),
        price=economics.price(
            chosen.instance,
            chosen.nodes,
            settings.capacity_type,
            disk_gib=disk_gib,
            zones=settings.zones,
            weights_bytes=weights_bytes,
        ),
        why=_why(settings, demand, placements, chosen),
        fallbacks=tuple(
            Fallback(
                placement=_placement(each),
                quantization=each.scheme.name,
                usd_per_hour=round(each.usd_per_hour, 6),
                engine_args=engine_arguments(each, settings.model),
            )
            for each in sizing.fallbacks(placements)
        ),
        rejected=_cheaper_but_wrong(settings, placements, chosen),
    )


def demand_of(settings: Settings) -> Demand:
    """The settings in the words of sizing; replicas stay within a node, as the components deploy no others."""
    model, engine = catalog.model(settings.model), catalog.engine(settings.vllm_version)
    named = catalog.scheme(settings.quantization)
    others = () if settings.quality_floor is None else sizing.acceptable_schemes(model, engine, settings.quality_floor)
    by_rate = settings.requests_per_second is not None
    lengths = settings.input_tokens, settings.output_tokens
    return Demand(
        model=model,
        schemes=(named, *(each for each in others if each is not named and each.name not in NOT_STREAMED)),
        engine=engine,
        workload=Workload(
            context_tokens=settings.context_tokens,
            concurrent_requests=None if by_rate else settings.concurrent_requests,
            requests_per_second=settings.requests_per_second,
            traffic=None if lengths[0] is None or lengths[1] is None else Traffic(lengths[0], lengths[1]),
            ttft_ms=settings.ttft_ms,
            inter_token_ms=settings.inter_token_ms,
            kv_cache_dtype=settings.kv_cache_dtype,
            lora=None
            if settings.max_loras == 0
            else LoraSlots(max_loras=settings.max_loras, max_lora_rank=settings.max_lora_rank),
        ),
        replicas=settings.replicas,
        region=settings.region,
        purchase=Purchase(settings.capacity_type),
        rank_by=settings.rank_by,
        instance_type=settings.instance_type,
        nodes_per_replica=1,
    )


def _placement(candidate: Candidate) -> Placement:
    return Placement(
        instance_type=candidate.instance.instance_type,
        gpu=candidate.instance.gpu,
        gpus_per_instance=candidate.instance.gpus,
        tensor_parallel=candidate.split.tensor,
        pipeline_parallel=candidate.split.pipeline,
        replicas=candidate.replicas,
        replicas_per_node=candidate.replicas_per_node,
        nodes=candidate.nodes,
    )


def _engine_env(
    settings: Settings, engine: Engine, pod: PodShape, probes: ProbeBudget, weights_bytes: int
) -> dict[str, str]:
    readers = ceil(weights_bytes / GB / engine.startup.streamer_bytes_per_reader_gb)
    ready_within = max(engine.startup.engine_ready_timeout_default_seconds, probes.startup_seconds)
    return {
        # No way out exists, so nothing may wait for one.
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "OPT_OUT_TRACKING": "true",
        "HF_HUB_OFFLINE": "1",
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "VLLM_ENGINE_READY_TIMEOUT_S": str(ready_within),
        "RUNAI_STREAMER_CONCURRENCY": str(min(max(readers, STREAMER_READERS[0]), STREAMER_READERS[-1])),
        "RUNAI_STREAMER_MEMORY_LIMIT": str(stream_buffer_mib(pod) * MIB),
    }


def _probes(engine: Engine, chosen: Candidate, weights_bytes: int) -> ProbeBudget:
    """Generous on purpose: a budget too short restarts a model for ever, one too long only reports a failure later."""
    startup = engine.startup
    # Every worker of every replica on the node reads the whole checkpoint through the one network card.
    read_bytes = weights_bytes * chosen.split.gpus * chosen.replicas_per_node
    bytes_per_second = chosen.instance.network_baseline_gbps * GB / 8 * startup.network_efficiency
    seconds = (
        startup.process_seconds
        + read_bytes / bytes_per_second
        + startup.compile_seconds
        + startup.compile_seconds_per_100_gb * weights_bytes / GB / 100
        + startup.graph_capture_seconds
    )
    return ProbeBudget(
        startup_period_seconds=STARTUP_PERIOD_SECONDS,
        startup_failure_threshold=ceil(startup.safety_factor * seconds / STARTUP_PERIOD_SECONDS),
        readiness_period_seconds=READINESS_PERIOD_SECONDS,
        liveness_period_seconds=LIVENESS_PERIOD_SECONDS,
        termination_grace_seconds=DRAIN_SECONDS + AFTER_DRAIN_SECONDS,
    )


def _cheaper_but_wrong(settings: Settings, placements: Placements, chosen: Candidate) -> tuple[Rejection, ...]:
    priced = [each for each in placements.rejected if each.usd_per_hour is not None]
    cheaper = [each for each in priced if (each.usd_per_hour or 0) < chosen.usd_per_hour]
    unpriced = [each for each in placements.rejected if each.usd_per_hour is None]
    offered = [each for each in unpriced if settings.region in catalog.instance(each.instance_type).regions]
    return (*reversed(cheaper), *offered)


def _asked(settings: Settings, demand: Demand) -> str:
    scheme = settings.quantization if len(demand.schemes) == 1 else f"{settings.quality_floor} or better"
    if settings.requests_per_second is None:
        load = f"{settings.concurrent_requests} x {settings.context_tokens:,} tokens"
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


def _why(settings: Settings, demand: Demand, placements: Placements, chosen: Candidate) -> tuple[str, ...]:
    gpu, kind = chosen.instance.gpu, chosen.instance.instance_type
    why = []
    if settings.instance_type is not None:
        why.append(f"{kind} is pinned, and holds {_asked(settings, demand)}.")
    else:
        offered = sum(settings.region in each.regions for each in catalog.all_instances().values())
        why.append(
            f"{kind} is {RANKED[settings.rank_by]} of {offered} GPU instance types in {settings.region} that holds "
            f"{_asked(settings, demand)}."
        )
    if len(demand.schemes) > 1:
        why.append(f"{chosen.scheme.name} is the best of the {len(demand.schemes)} quantizations that good.")
    if chosen.replicas > settings.replicas:
        why.append(
            f"One replica serves {chosen.concurrency} requests at once within the targets, so there are "
            f"{chosen.replicas} and not {settings.replicas}."
        )
    cheaper = [each for each in _cheaper_but_wrong(settings, placements, chosen) if each.usd_per_hour is not None]
    if cheaper:
        why.append(
            f"Next cheaper is {cheaper[0].instance_type} at ${cheaper[0].usd_per_hour:.4g}/h: {cheaper[0].reason}."
        )
    if chosen.scheme.is_weight_only_on(gpu):
        why.append(
            f"{gpu.display_name} has no {chosen.scheme.name} arithmetic: weights are stored small and computed at "
            f"16 bits, which saves memory but no time."
        )
    if demand.engine.newer_than_catalog:
        why.append(
            f"vLLM {settings.vllm_version} is newer than the catalog; its memory is modelled as "
            f"{demand.engine.modelled_as}'s."
        )
    if settings.region != PRICE_REGION:
        why.append(f"Prices are those of {PRICE_REGION}; {settings.region} may differ.")
    return tuple(why)


def _nothing_fits(settings: Settings, demand: Demand, placements: Placements) -> str:
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
    return "\n".join([*lines, f"  {way_out or 'Lower paddock:context_tokens or paddock:concurrent_requests.'}"])


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


def as_data(value: Any) -> Any:
    """Plans and their parts as plain JSON data."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_data(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, BaseModel):
        return {name: as_data(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(as_data(key)): as_data(each) for key, each in value.items()}
    if isinstance(value, frozenset):
        return sorted(as_data(each) for each in value)
    if isinstance(value, tuple | list):
        return [as_data(each) for each in value]
    if isinstance(value, date | IPv4Network):
        return str(value)
    return value
