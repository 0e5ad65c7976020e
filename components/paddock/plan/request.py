"""Request that sizing answers, from a model's settings."""

from __future__ import annotations

from paddock import catalog
from paddock.catalog import Purchase
from paddock.settings import ModelSettings
from paddock.sizing import Demand

SAME = frozenset(
    {
        "quality_floor",
        "max_model_len",
        "requests_per_second",
        "input_tokens",
        "output_tokens",
        "max_ttft_ms",
        "max_itl_ms",
        "kv_cache_dtype",
        "max_loras",
        "max_lora_rank",
        "max_cpu_loras",
        "replicas",
        "rank_by",
        "instance_type",
    }
)
"""Settings that a request takes as they are, under the same names."""


def demand_of(model: ModelSettings, region: str) -> Demand:
    """A model's settings as a request; replicas stay within a node, as the components deploy no others."""
    return Demand.of(
        model.entry,
        catalog.engine(model.vllm_version),
        region=region,
        named=model.scheme,
        concurrent_requests=model.concurrent_requests if model.requests_per_second is None else None,
        purchase=Purchase(model.capacity_type),
        nodes_per_replica=1,
        **{name: getattr(model, name) for name in SAME},
    )
