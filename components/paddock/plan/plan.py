"""Plan of a platform: one object that the program, the command line and the tests all read.

Pure: no cloud, no clock.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from functools import cached_property
from hashlib import sha256
from ipaddress import IPv4Network
from math import ceil
from types import MappingProxyType
from typing import Any

from paddock import economics, sizing
from paddock.catalog import Engine
from paddock.catalog.licenses import notice_of
from paddock.catalog.lookup import RefusedError
from paddock.choices import WeightsLoading
from paddock.common.subnets import plan_subnets
from paddock.economics import Price
from paddock.plan.adapters import adapters_problem, plan_adapters, with_adapters
from paddock.plan.explanations import (
    advice,
    cheaper_but_wrong,
    nothing_fits,
    over_budget,
    pinned_within,
    pool_cannot_stay,
    why,
)
from paddock.plan.loading import Load, LoadingPlan, disk_problem, plan_loading
from paddock.plan.parts import (
    ClusterPlan,
    EngineLaunch,
    Fallback,
    IngestPlan,
    LoadBalancerPlan,
    ModelPlan,
    NetworkPlan,
    Placement,
    ProbeBudget,
)
from paddock.plan.quotas import QuotaNeed, quota_needs
from paddock.plan.request import demand_of
from paddock.record import field_names
from paddock.settings import PREFIX, ModelSettings, Settings
from paddock.sizing import Candidate, Demand, Placements, PodShape
from paddock.sizing.placement.pod_shape import (
    DISK_THROUGHPUT_MIB_S,
    largest_tensor_mib,
    pull_seconds,
    stream_buffer_mib,
)
from paddock.sizing.placement.shutdown import grace_seconds, silent_seconds
from paddock.sizing.placement.vllm_args import engine_arguments
from paddock.units import GB, MIB

SECONDS_PER_HOUR = 3600
STARTUP_PERIOD_SECONDS = 10
READINESS_PERIOD_SECONDS = 5
LIVENESS_PERIOD_SECONDS = 10
KEEP_ALIVE_SECONDS = 360
"""Idle time after which vLLM closes a connection: longer than the load balancer's 350, so that it never closes one on
which a request is under way. vLLM's default of 5 does (vllm/envs.py)."""
STREAMER_READERS = range(16, 33)
"""4 readers take 28 s for 8B from S3 where 32 take 5 (run-ai/runai-model-streamer 0.15.9 benchmarks)."""


class PlanError(RefusedError, ValueError):
    """Error of a request that nothing fits; the message says what comes nearest and what would."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    region: str
    network: NetworkPlan
    cluster: ClusterPlan
    load_balancer: LoadBalancerPlan | None
    """None where only pods in the cluster reach the service."""
    model: ModelPlan
    ingest: IngestPlan | None
    """None where no build of the account copies images and weights."""
    price: Price
    quotas: tuple[QuotaNeed, ...]
    """vCPUs of EC2's quotas that the account must have."""
    doors: tuple[Mapping[str, str], ...]
    """Doors that the team declares, to whom and why."""
    monthly_budget_usd: float | None
    tags: Mapping[str, str]

    @property
    def usd_per_million_output_tokens(self) -> float | None:
        """The whole price over what all replicas answer under the load that was asked for; None: speed unknown."""
        speed, replicas = self.model.performance, self.model.placement.replicas
        if speed is None:
            return None
        return self.price.usd_per_hour / (speed.output_tokens_per_second * replicas * SECONDS_PER_HOUR) * 1e6

    def to_json(self) -> str:
        """The whole plan; the same settings always give the same text."""
        return json.dumps(as_data(self), indent=2, sort_keys=True)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `to_json`: two plans are the same when their digests are."""
        return sha256(self.to_json().encode()).hexdigest()


def make_plan(settings: Settings, standing: Collection[str] = ()) -> Plan:
    """Decide everything; raises `PlanError` when no instance type holds the model, or the budget does not hold it.

    `standing` are instance types of the GPU pool that is there. Settings that name none keep to them, whatever newer
    prices and figures would choose; where none of them holds what is asked, that is a `PlanError` too.
    """
    network, cluster, load_balancer = _network(settings), _cluster(settings), _load_balancer(settings)

    def price_of(candidate: Candidate) -> Price:
        return economics.price(
            candidate.instance,
            candidate.nodes,
            candidate.purchase,
            disk_gib=candidate.disk_gib,
            disk_throughput_mib_s=DISK_THROUGHPUT_MIB_S,
            endpoint_zones=network.zones_of_endpoints(network.endpoint_zones),
            bastion=cluster.bastion,
            node_os=cluster.node_os,
            region=settings.region,
            load_balancers=int(load_balancer is not None),
            weights_bytes=sizing.checkpoint_bytes(candidate.model, candidate.scheme),
        )

    demand = demand_of(settings.model, settings.region)
    found = sizing.search(demand)
    given = settings.model.model_fields_set
    if not found.candidates:
        raise PlanError(nothing_fits(demand, found, given))
    placements = found if settings.model.instance_type else _kept_first(demand, found, standing)
    chosen, budget = placements.candidates[0], settings.monthly_budget_usd
    price = price_of(chosen)
    if budget is not None and price.usd_per_month > budget:
        pinned = pinned_within(demand, placements, lambda each: price_of(each).usd_per_month <= budget)
        priced = [(each, price_of(each.best)) for each in (*pinned, *advice(demand, chosen))]
        raise PlanError(over_budget(demand, chosen, price, budget, priced, given))
    model = _model(settings.model, demand, placements, ranked_first=found.candidates[0])
    return Plan(
        region=settings.region,
        network=network,
        cluster=cluster,
        load_balancer=load_balancer,
        model=model,
        ingest=_ingest(settings),
        quotas=quota_needs(model.placement, model.capacity_type, settings.region, bastion=cluster.bastion),
        price=price,
        doors=settings.doors,
        monthly_budget_usd=budget,
        tags=settings.tags,
    )


def _kept_first(demand: Demand, found: Placements, standing: Collection[str]) -> Placements:
    """Placements on the instance types that stand before all others; raises `PlanError` where there are none."""
    kept = [each for each in found.candidates if each.instance.instance_type in standing]
    if standing and not kept:
        raise PlanError(pool_cannot_stay(demand, found, standing))
    others = [each for each in found.candidates if each.instance.instance_type not in standing]
    return replace(found, candidates=(*kept, *others))


def _network(settings: Settings) -> NetworkPlan:
    peers = tuple(str(cidr) for cidr in settings.peer_cidrs)
    return NetworkPlan(
        vpc_id=settings.vpc_id,
        node_subnet_ids=settings.node_subnet_ids,
        endpoint_subnet_ids=settings.endpoint_subnet_ids,
        vpc_cidr=str(settings.vpc_cidr),
        subnets=plan_subnets(str(settings.vpc_cidr), settings.number_of_availability_zones, peers),
        peer_cidrs=peers,
        endpoint_zones=settings.endpoint_zones,
        image_accounts=settings.image_accounts,
        log_retention_days=settings.log_retention_days,
    )


def _cluster(settings: Settings) -> ClusterPlan:
    return ClusterPlan(
        kubernetes_version=settings.kubernetes_version,
        node_release_version=settings.node_release_version,
        node_os=settings.node_os,
        device_plugin_image=settings.device_plugin_image,
        endpoint_public_access_cidrs=tuple(str(cidr) for cidr in settings.endpoint_public_access_cidrs),
        admin_principal_arns=settings.admin_principal_arns,
        bastion=settings.has_bastion,
        tunnel_port=settings.tunnel_port,
        deletion_protection=settings.deletion_protection,
        log_retention_days=settings.log_retention_days,
    )


def _load_balancer(settings: Settings) -> LoadBalancerPlan | None:
    if settings.domain_name is None:
        return None
    return LoadBalancerPlan(
        domain_name=settings.domain_name,
        certificate_arn=settings.certificate_arn,
        certificate_authority_arn=settings.certificate_authority_arn,
        client_cidrs=tuple(str(cidr) for cidr in settings.client_cidrs),
        allowed_principals=settings.allowed_principals,
        deletion_protection=settings.deletion_protection,
    )


def _ingest(settings: Settings) -> IngestPlan | None:
    if settings.ingest_package is None:
        return None
    return IngestPlan(package=settings.ingest_package, token_secret_arn=settings.ingest_token_secret_arn)


def _model(settings: ModelSettings, demand: Demand, placements: Placements, *, ranked_first: Candidate) -> ModelPlan:
    """The model on the first of the placements."""
    model, engine, chosen = demand.model, demand.engine, placements.candidates[0]
    weights_bytes = sizing.checkpoint_bytes(model, chosen.scheme)
    adapters = plan_adapters(settings, chosen)
    pod = with_adapters(sizing.pod_shape(chosen.instance, chosen.split.gpus), adapters)
    if (problem := adapters_problem(pod, adapters)) is not None:
        raise PlanError(problem)
    held = replace(pod, ephemeral_mib=pod.ephemeral_mib + adapters.disk_mib)
    loading = _loading(settings.weights_loading, chosen, held, weights_bytes)
    probes = _probes(engine, chosen, weights_bytes, loading)
    accepted = settings.license
    return ModelPlan(
        name=model.name,
        display_name=model.display_name,
        quantization=chosen.scheme.name,
        checkpoint=model.repository(chosen.scheme.name),
        weights_bytes=weights_bytes,
        retain_weights=settings.retain_weights,
        weights_bucket=settings.weights_bucket,
        weights_key_arn=settings.weights_key_arn,
        weights_revision=settings.weights_revision,
        weights_public_key=settings.weights_public_key,
        weights_lock_days=settings.weights_lock_days,
        loading=loading,
        adapters=adapters,
        workload=demand.workload,
        placement=_placement(chosen),
        capacity_type=settings.capacity_type,
        disk_gib=chosen.disk_gib,
        disk_throughput_mib_s=DISK_THROUGHPUT_MIB_S,
        pull_seconds=pull_seconds(),
        memory=chosen.fit.memory,
        kv_cache=chosen.fit.kv_cache,
        performance=chosen.performance,
        engine=EngineLaunch(
            vllm_version=engine.version,
            image=settings.vllm_image,
            args=engine_arguments(chosen, model.name),
            env=MappingProxyType(_engine_env(demand.region, chosen, pod, probes, weights_bytes)),
        ),
        pod=pod,
        probes=probes,
        license=MappingProxyType(
            {} if accepted is None else {key: str(getattr(accepted, key)) for key in ("license", "by", "on")}
        ),
        notice=notice_of(model.license),
        why=why(demand, placements, chosen, ranked_first),
        fallbacks=tuple(
            Fallback(
                placement=_placement(each),
                quantization=each.scheme.name,
                usd_per_hour=round(each.usd_per_hour, 6),
                engine_args=engine_arguments(each, model.name),
            )
            for each in sizing.fallbacks(placements)
        ),
        rejected=cheaper_but_wrong(demand, placements, chosen),
    )


def _loading(asked: WeightsLoading, chosen: Candidate, pod: PodShape, weights_bytes: int) -> LoadingPlan:
    """Loading of the weights on a placement; raises `PlanError` where what is asked for has no place there."""
    startup = chosen.engine.startup
    load = Load(
        instance=chosen.instance,
        pod=pod,
        weights_bytes=weights_bytes,
        replicas_per_node=chosen.replicas_per_node,
        network_efficiency=startup.network_efficiency,
    )
    if asked is WeightsLoading.NVME and (problem := disk_problem(load)) is not None:
        raise PlanError(
            f"{PREFIX}weights_loading is nvme, but {problem}; set {PREFIX}weights_loading to streamer, or name "
            f"another {PREFIX}instance_type"
        )
    return plan_loading(load, asked, startup.safety_factor)


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
    region: str, chosen: Candidate, pod: PodShape, probes: ProbeBudget, weights_bytes: int
) -> dict[str, str]:
    engine = chosen.engine
    readers = ceil(weights_bytes / GB / engine.startup.streamer_bytes_per_reader_gb)
    concurrency = str(min(max(readers, STREAMER_READERS[0]), STREAMER_READERS[-1]))
    ready_within = max(engine.startup.engine_ready_timeout_default_seconds, probes.startup_seconds)
    return {
        # No way out exists, so nothing may wait for one.
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "OPT_OUT_TRACKING": "true",
        "HF_HUB_OFFLINE": "1",
        # A kernel that the image lacks fails at once (flashinfer/jit/cubin_loader.py of 0.7.2, which vLLM 0.33.0 pins).
        "FLASHINFER_NO_DOWNLOAD": "1",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        # In us-east-1 boto3 would ask the endpoint of all regions.
        "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional",
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": str(KEEP_ALIVE_SECONDS),
        "VLLM_ENGINE_READY_TIMEOUT_S": str(ready_within),
        # Its name before the streamer's 0.17, and since.
        "RUNAI_STREAMER_CONCURRENCY": concurrency,
        "RUNAI_STREAMER_OBJ_CONCURRENCY": concurrency,
        "RUNAI_STREAMER_MEMORY_LIMIT": str(
            stream_buffer_mib(pod, largest_tensor_mib(chosen.model, chosen.scheme)) * MIB
        ),
    }


def _probes(engine: Engine, chosen: Candidate, weights_bytes: int, loading: LoadingPlan) -> ProbeBudget:
    """Generous on purpose: a budget too short restarts a model for ever, one too long only reports a failure later."""
    startup = engine.startup
    seconds = (
        startup.process_seconds
        + loading.start_seconds
        + startup.compile_seconds
        + startup.compile_seconds_per_100_gb * weights_bytes / GB / 100
        + startup.graph_capture_seconds
    )
    return ProbeBudget(
        startup_period_seconds=STARTUP_PERIOD_SECONDS,
        startup_failure_threshold=ceil(startup.safety_factor * seconds / STARTUP_PERIOD_SECONDS),
        readiness_period_seconds=READINESS_PERIOD_SECONDS,
        liveness_period_seconds=LIVENESS_PERIOD_SECONDS,
        termination_grace_seconds=grace_seconds(chosen.purchase),
        engine_silent_seconds=silent_seconds(chosen.longest_step_seconds),
    )


def as_data(value: Any) -> Any:
    """Plans and their parts as plain JSON data."""
    if names := field_names(value):
        return {name: as_data(getattr(value, name)) for name in names}
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
