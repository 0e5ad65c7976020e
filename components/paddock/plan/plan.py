"""What the settings take: one object that the program, the command line and the tests all read.

Pure: no cloud, no clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
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
from paddock.catalog import Engine, Gpu, Model, Quantization
from paddock.catalog.lookup import RefusedError
from paddock.choices import EndpointZones
from paddock.common.subnets import SubnetPlan, plan_subnets
from paddock.economics import Price, PriceLine
from paddock.plan.explanations import cheaper_but_wrong, nothing_fits, over_budget, why
from paddock.plan.request import demand_of
from paddock.settings import Settings
from paddock.sizing import (
    Candidate,
    KvCache,
    MemoryBudget,
    Performance,
    PodShape,
    Rejection,
)
from paddock.sizing.placement.pod_shape import stream_buffer_mib
from paddock.sizing.placement.vllm_args import DRAIN_SECONDS, engine_arguments
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
    """Decide everything; raises `PlanError` when no instance type holds the model, or the budget does not hold it."""
    model, engine = catalog.model(settings.model), catalog.engine(settings.vllm_version)
    demand = demand_of(settings)
    placements = sizing.search(demand)
    if not placements.candidates:
        raise PlanError(nothing_fits(settings, demand, placements))
    chosen = placements.candidates[0]
    price = _price(settings, model, chosen)
    if settings.monthly_budget_usd is not None and price.usd_per_month > settings.monthly_budget_usd:
        raise PlanError(
            over_budget(settings, demand, placements, price, lambda each: _price(settings, model, each).usd_per_month)
        )
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
        subnets=plan_subnets(
            str(settings.vpc_cidr), settings.number_of_availability_zones, [str(peer) for peer in settings.peer_cidrs]
        ),
        price=price,
        why=why(settings, demand, placements, chosen),
        fallbacks=tuple(
            Fallback(
                placement=_placement(each),
                quantization=each.scheme.name,
                usd_per_hour=round(each.usd_per_hour, 6),
                engine_args=engine_arguments(each, settings.model),
            )
            for each in sizing.fallbacks(placements)
        ),
        rejected=cheaper_but_wrong(settings, placements, chosen),
    )


def endpoint_zones(settings: Settings, choice: EndpointZones) -> int:
    """In how many zones each interface endpoint has an address."""
    zones = len(settings.endpoint_subnet_ids) or settings.number_of_availability_zones
    return zones if choice is EndpointZones.ALL else 1


def _price(settings: Settings, model: Model, candidate: Candidate) -> Price:
    return economics.price(
        candidate.instance,
        candidate.nodes,
        settings.capacity_type,
        disk_gib=sizing.disk_gib(candidate.replicas_a_node_holds),
        endpoint_zones=endpoint_zones(settings, settings.endpoint_zones),
        bastion=settings.has_bastion,
        node_os=settings.node_os,
        load_balancers=int(settings.has_load_balancer),
        weights_bytes=sizing.checkpoint_bytes(model, candidate.scheme),
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
