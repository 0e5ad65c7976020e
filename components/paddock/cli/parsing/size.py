"""Parsing of `paddock size` to the library's objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paddock import catalog
from paddock.catalog import Instance, Purchase, Quality, Quantization, suggestion
from paddock.catalog.lookup import RefusedError, UnknownNameError, shown
from paddock.cli.parsing import values
from paddock.sizing import Demand, RankBy
from paddock.sizing.limits import LIMITS
from paddock.sizing.memory.engine_args import DEFAULT_LORA, Dtype

if TYPE_CHECKING:
    from paddock.sizing.placement.alternatives import Alternative

ANY = "any"
FIELDS = {"concurrency": "concurrent_requests"}
"""Parts of a request by their options, where the names differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of `paddock size` as they were typed; None where an option was left out."""

    quantization: str | None = None
    dtype: str = "auto"
    quality_floor: str | None = None
    max_model_len: str = "8k"
    concurrency: int | None = None
    requests_per_second: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    max_ttft_ms: float | None = None
    max_itl_ms: float | None = None
    max_loras: int | None = None
    max_lora_rank: int | None = None
    kv_cache_dtype: str = "auto"
    rank_by: str = RankBy.COST.value
    purchase: str = "on-demand"
    replicas: str = "1"
    region: str = "us-east-1"
    vllm_version: str | None = None


def demand_of_options(model: str, wishes: Wishes) -> Demand:
    """Raises `RefusedError`."""
    if wishes.quantization is not None and wishes.quality_floor is not None:
        raise RefusedError("--quantization names one, --quality-floor all that are at least as good; give one of them")
    if wishes.quality_floor is not None and values.choice("--dtype", wishes.dtype, Dtype) is not Dtype.AUTO:
        raise RefusedError("--dtype is of one quantization, --quality-floor takes several; name one by --quantization")
    found, named = values.model_and_scheme(model, wishes.quantization)
    named = values.scheme_in_dtype(named, wishes.dtype)
    engine = values.engine_of_option(wishes.vllm_version)
    tokens = values.tokens(wishes.max_model_len, limit=LIMITS["max_model_len"])
    if tokens > found.max_context_tokens:
        raise RefusedError(
            f"--max-model-len is {tokens:,} tokens, but {found.name} reads at most {found.max_context_tokens:,}; "
            f"lower it"
        )
    for name in ("concurrency", "requests_per_second", "input_tokens", "output_tokens", "max_ttft_ms", "max_itl_ms"):
        values.limited(f"--{name.replace('_', '-')}", getattr(wishes, name), FIELDS.get(name, name))
    if wishes.requests_per_second is not None and wishes.concurrency is not None:
        raise RefusedError("--concurrency and --requests-per-second both say how much is asked for; give one of them")
    if (wishes.input_tokens is None) != (wishes.output_tokens is None):
        raise RefusedError("--input-tokens and --output-tokens describe one request together; give both or neither")
    if wishes.requests_per_second is not None and wishes.input_tokens is None:
        raise RefusedError("--requests-per-second needs the lengths of a request: --input-tokens, --output-tokens")
    lora = values.lora_of_options(wishes.max_loras, wishes.max_lora_rank)
    return Demand.of(
        found,
        engine,
        region=values.region(wishes.region),
        named=named if wishes.quality_floor is None else None,
        quality_floor=None if wishes.quality_floor is None else _tier(wishes.quality_floor),
        max_model_len=tokens,
        concurrent_requests=wishes.concurrency,
        requests_per_second=wishes.requests_per_second,
        input_tokens=wishes.input_tokens,
        output_tokens=wishes.output_tokens,
        max_ttft_ms=wishes.max_ttft_ms,
        max_itl_ms=wishes.max_itl_ms,
        kv_cache_dtype=values.kv_cache_dtype(wishes.kv_cache_dtype),
        max_loras=lora.max_loras if lora else 0,
        max_lora_rank=lora.max_lora_rank if lora else DEFAULT_LORA.max_lora_rank,
        replicas=_replicas(wishes.replicas),
        purchase=values.choice("way to purchase", wishes.purchase, Purchase),
        rank_by=values.choice("ranking", wishes.rank_by, RankBy),
    )


def flag_text(alternative: Alternative) -> str:
    """The changes of an alternative as options of `paddock size`."""
    changes = alternative.changes
    if "max_loras" in changes:
        return "no LoRA slots"
    if "max_itl_ms" in changes:
        return "no latency targets"
    options = {field: option for option, field in FIELDS.items()}
    return " ".join(
        f"--{options.get(name, name).replace('_', '-')} {ANY if value is None else value}"
        for name, value in changes.items()
    )


def _tier(floor: str) -> Quality:
    """A tier, or that of a quantization."""
    if floor in set(Quality):
        return Quality(floor)
    if floor in set(Quantization):
        return catalog.scheme(Quantization(floor)).quality
    raise UnknownNameError(f"unknown quality floor {shown(floor)}; {suggestion(floor, [*Quality, *Quantization])}")


def _replicas(text: str) -> int | None:
    if text == ANY:
        return None
    limit = LIMITS["replicas"]
    if not text.removeprefix("-").isdecimal() or len(text) > len(str(limit.highest)) + 2:
        raise RefusedError(f"--replicas must be {limit.allowed}, or '{ANY}', got {shown(text)}")
    values.limited("--replicas", int(text), "replicas")
    return int(text)


def instances_in(region: str | None) -> list[Instance]:
    """The catalog's instance types, those of one region where one is given."""
    if region is None:
        return list(catalog.all_instances().values())
    return [each for each in catalog.all_instances().values() if values.region(region) in each.regions]
