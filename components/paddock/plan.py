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
from paddock.catalog.instances import PRICE_REGION
from paddock.catalog.lookup import RefusedError
from paddock.economics import Price, PriceLine
from paddock.settings import Settings
from paddock.sizing import Candidate, Demand, KvCache, MemoryBudget, Placements, PodShape, Rejection, Workload
from paddock.sizing.host import stream_buffer_mib
from paddock.subnets import SubnetPlan, plan_subnets
from paddock.units import GB, MIB

__all__ = [
    "EngineLaunch",
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
DRAIN_SECONDS = 120
"""How long running requests may finish after SIGTERM; vLLM's own default of 0 cuts them off."""
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
    checkpoint: str
    """The Hugging Face repository that holds the weights at the chosen quantization."""
    weights_bytes: int
    """What the checkpoint weighs."""
    placement: Placement
    memory: MemoryBudget
    kv_cache: KvCache
    engine: EngineLaunch
    pod: PodShape
    probes: ProbeBudget
    disk_gib: int
    subnets: SubnetPlan
    price: Price
    why: tuple[str, ...]
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
    weights_bytes = sizing.checkpoint_bytes(model, demand.scheme)
    pod = sizing.pod_shape(chosen.instance, chosen.split.gpus)
    disk_gib = sizing.disk_gib(chosen.replicas_a_node_holds)
    probes = _probes(engine, chosen, weights_bytes)
    return Plan(
        settings=settings,
        model=model,
        checkpoint=model.repository(settings.quantization),
        weights_bytes=weights_bytes,
        placement=Placement(
            instance_type=chosen.instance.instance_type,
            gpu=chosen.instance.gpu,
            gpus_per_instance=chosen.instance.gpus,
            tensor_parallel=chosen.split.tensor,
            pipeline_parallel=chosen.split.pipeline,
            replicas=chosen.replicas,
            replicas_per_node=chosen.replicas_per_node,
            nodes=chosen.nodes,
        ),
        memory=chosen.fit.memory,
        kv_cache=chosen.fit.kv_cache,
        engine=EngineLaunch(
            vllm_version=engine.version,
            args=_engine_args(settings, demand, chosen),
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
        rejected=_cheaper_but_wrong(settings, placements, chosen),
    )


def demand_of(settings: Settings) -> Demand:
    """The settings in the words of sizing."""
    return Demand(
        model=catalog.model(settings.model),
        scheme=catalog.scheme(settings.quantization),
        engine=catalog.engine(settings.vllm_version),
        workload=Workload(context_tokens=settings.context_tokens, concurrent_requests=settings.concurrent_requests),
        replicas=settings.replicas,
        region=settings.region,
        capacity_type=settings.capacity_type,
        instance_type=settings.instance_type,
    )


def _engine_args(settings: Settings, demand: Demand, chosen: Candidate) -> tuple[str, ...]:
    """Every number that sizing counted on is said, so that another vLLM default cannot undo the sum."""
    engine, split, batch = demand.engine, chosen.split, chosen.fit.batch
    args = {
        "--served-model-name": settings.model,
        "--max-model-len": settings.context_tokens,
        "--tensor-parallel-size": split.tensor,
        "--pipeline-parallel-size": split.pipeline,
        "--gpu-memory-utilization": engine.gpu_memory_utilization,
        "--max-num-seqs": batch.max_num_seqs,
        "--max-num-batched-tokens": batch.max_num_batched_tokens,
        "--dtype": demand.scheme.dtype_on(chosen.instance.gpu),
        "--load-format": "runai_streamer",
        "--shutdown-timeout": DRAIN_SECONDS,
        # The kubelet asks every few seconds for as long as the pod lives.
        "--disable-access-log-for-endpoints": "/health,/metrics",
    }
    optional = {"--shutdown-timeout", "--disable-access-log-for-endpoints"} - engine.optional_flags
    # Quantized checkpoints say themselves how they are quantized, so `--quantization` is never needed.
    return tuple(text for flag, value in args.items() if flag not in optional for text in (flag, str(value)))


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
    return (
        f"{demand.model.display_name} at {settings.quantization} with {settings.concurrent_requests} "
        f"x {settings.context_tokens:,} tokens"
    )


def _why(settings: Settings, demand: Demand, placements: Placements, chosen: Candidate) -> tuple[str, ...]:
    gpu, kind = chosen.instance.gpu, chosen.instance.instance_type
    why = []
    if settings.instance_type is not None:
        why.append(f"{kind} is pinned, and holds {_asked(settings, demand)}.")
    else:
        offered = sum(settings.region in each.regions for each in catalog.all_instances().values())
        why.append(
            f"{kind} is the cheapest of {offered} GPU instance types in {settings.region} that holds "
            f"{_asked(settings, demand)}."
        )
    cheaper = [each for each in _cheaper_but_wrong(settings, placements, chosen) if each.usd_per_hour is not None]
    if cheaper:
        why.append(
            f"Next cheaper is {cheaper[0].instance_type} at ${cheaper[0].usd_per_hour:.4g}/h: {cheaper[0].reason}."
        )
    if demand.scheme.is_weight_only_on(gpu):
        why.append(
            f"{gpu.display_name} has no {settings.quantization} arithmetic: weights are stored small and computed at "
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
    lines = [f"nothing {where} holds {_asked(settings, demand)}, {settings.capacity_type.replace('_', '-')}:"]
    nearest = placements.nearest[:3] or placements.rejected[:3]
    lines += [
        f"  - {each.instance_type}, tensor parallel {each.tensor_parallel} x pipeline {each.pipeline_parallel}: "
        f"{each.reason}"
        for each in nearest
    ]
    way_out = _would_fit(settings, demand)
    return "\n".join([*lines, f"  {way_out or 'Lower paddock:context_tokens or paddock:concurrent_requests.'}"])


def _would_fit(settings: Settings, demand: Demand) -> str | None:
    """The smallest change that helps: an unpinned instance, then a smaller quantization."""
    tries: list[tuple[str, dict[str, Any]]] = []
    if settings.instance_type is not None:
        tries.append(("Remove paddock:instance_type", {"instance_type": None}))
    for name in Quantization:
        smaller = catalog.scheme(name).weight_bits < demand.scheme.weight_bits
        if smaller and name in demand.model.checkpoints:
            tries.append((f"Set paddock:quantization to {name}", {"quantization": name, "instance_type": None}))
    for text, change in tries:
        found = sizing.search(demand_of(settings.model_copy(update=change))).candidates
        if found:
            return f"{text}: {found[0].instance.instance_type} at ${found[0].usd_per_hour:.4g}/h holds it."
    return None


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
    if isinstance(value, tuple | list):
        return [as_data(each) for each in value]
    if isinstance(value, date | IPv4Network):
        return str(value)
    return value
