"""From settings to the question that sizing answers."""

from __future__ import annotations

from paddock import catalog, sizing
from paddock.catalog import Purchase
from paddock.settings import NOT_STREAMED, Settings
from paddock.sizing import Demand, LoraSlots, Traffic, Workload


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
            max_model_len=settings.max_model_len,
            concurrent_requests=None if by_rate else settings.concurrent_requests,
            requests_per_second=settings.requests_per_second,
            traffic=None if lengths[0] is None or lengths[1] is None else Traffic(lengths[0], lengths[1]),
            max_ttft_ms=settings.max_ttft_ms,
            max_itl_ms=settings.max_itl_ms,
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
