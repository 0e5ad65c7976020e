"""Request put to a search, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from paddock.catalog import Engine, Model, Purchase, Quality, Quantization, Scheme, scheme
from paddock.catalog.lookup import RefusedError
from paddock.sizing.limits import LIMITS
from paddock.sizing.memory.engine_args import DEFAULT_LORA, KvCacheDtype, LoraSlots
from paddock.sizing.memory.parallelism import MOST_NODES_PER_REPLICA
from paddock.sizing.placement.candidate import Candidate
from paddock.sizing.placement.ranking import RankBy
from paddock.sizing.workload import Traffic, Workload

NOT_STREAMED = frozenset({Quantization.NF4})
"""vLLM's bitsandbytes loader reads files only (`--load-format bitsandbytes`); weights come from S3 without one."""
DEFAULT_CONTEXT_TOKENS = 8192
DEFAULT_CONCURRENT_REQUESTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Model and workload to be placed, and where they may go."""

    model: Model
    schemes: tuple[Scheme, ...]
    """The acceptable ones, at least one."""
    engine: Engine
    workload: Workload
    region: str
    replicas: int | None = 1
    """Fewest replicas, each of which holds the concurrent requests; rates and latencies may need more. None: the
    concurrent requests are those of all replicas together, and the search says how many there are."""
    purchase: Purchase = Purchase.ON_DEMAND
    rank_by: RankBy = RankBy.COST
    instance_type: str | None = None
    """A pinned type; None searches all."""
    nodes_per_replica: int = MOST_NODES_PER_REPLICA
    """The most nodes that one replica may span."""
    quality_floor: Quality | None = None
    """The quality by which the schemes were chosen; None where one was named."""

    @classmethod
    def of(
        cls,
        model: Model,
        engine: Engine,
        *,
        region: str,
        named: Scheme | None,
        quality_floor: Quality | None = None,
        max_model_len: int = DEFAULT_CONTEXT_TOKENS,
        concurrent_requests: int | None = None,
        requests_per_second: float | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        max_ttft_ms: float | None = None,
        max_itl_ms: float | None = None,
        kv_cache_dtype: KvCacheDtype = KvCacheDtype.AUTO,
        max_loras: int = 0,
        max_lora_rank: int = DEFAULT_LORA.max_lora_rank,
        max_cpu_loras: int | None = None,
        replicas: int | None = 1,
        purchase: Purchase = Purchase.ON_DEMAND,
        rank_by: RankBy = RankBy.COST,
        instance_type: str | None = None,
        nodes_per_replica: int = MOST_NODES_PER_REPLICA,
    ) -> Demand:
        """The request of a stack file or of `paddock size`; with a floor, every quantization so good beside the named.

        Raises `RefusedError` where a number is outside its limits, or where nothing so good was published.
        """
        LIMITS["replicas"].check("replicas", replicas)
        acceptable = () if quality_floor is None else acceptable_schemes(model, engine, quality_floor)
        schemes = tuple(dict.fromkeys((*([named] if named else []), *acceptable)))
        if not schemes:
            raise RefusedError(
                f"no checkpoint of {model.name} that vLLM {engine.version} runs is known of quality {quality_floor} or "
                "better; lower the floor or name a quantization"
            )
        if (input_tokens is None) != (output_tokens is None):
            raise RefusedError("input_tokens and output_tokens describe one request together; give both or neither")
        if concurrent_requests is None and requests_per_second is None:
            concurrent_requests = DEFAULT_CONCURRENT_REQUESTS
        return cls(
            model=model,
            schemes=schemes,
            engine=engine,
            workload=Workload(
                max_model_len=max_model_len,
                concurrent_requests=concurrent_requests,
                requests_per_second=requests_per_second,
                traffic=None if input_tokens is None or output_tokens is None else Traffic(input_tokens, output_tokens),
                max_ttft_ms=max_ttft_ms,
                max_itl_ms=max_itl_ms,
                kv_cache_dtype=kv_cache_dtype,
                lora=LoraSlots(max_loras=max_loras, max_lora_rank=max_lora_rank, max_cpu_loras=max_cpu_loras)
                if max_loras
                else None,
            ),
            region=region,
            replicas=replicas,
            purchase=purchase,
            rank_by=rank_by,
            instance_type=instance_type,
            nodes_per_replica=nodes_per_replica,
            quality_floor=quality_floor,
        )

    @property
    def scheme(self) -> Scheme:
        return self.schemes[0]


class Rejection(NamedTuple):
    """A placement that does not work, and why; of an instance's splits, the one that came nearest."""

    instance_type: str
    quantization: Quantization
    tensor_parallel: int
    pipeline_parallel: int
    usd_per_hour: float | None
    """Hourly price of one replica's nodes; None where no price is known."""
    reason: str
    shortfall_mib: int | None = None
    """GPU memory lacking on each GPU; 0 where it holds and is too slow, None where something else is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """The answer to a `Demand`."""

    candidates: tuple[Candidate, ...]
    """The best of each instance type and quantization, in the order asked for."""
    rejected: tuple[Rejection, ...]
    """The instance types without a candidate, cheapest first, those without a price last."""

    @property
    def nearest(self) -> tuple[Rejection, ...]:
        """The rejected ones that lack the least memory."""
        lacking = [each for each in self.rejected if each.shortfall_mib is not None]
        return tuple(sorted(lacking, key=lambda each: (each.shortfall_mib, each.instance_type)))


def acceptable_schemes(model: Model, engine: Engine, floor: Quality) -> tuple[Scheme, ...]:
    """Published quantizations at least as good as `floor` that this vLLM still has, best first.

    Some are taken only where they are named: fp32 takes twice the memory for nothing, fp8-runtime is fp8 with coarser
    scales, and nf4 cannot be streamed.
    """
    found = [
        each
        for each in (scheme(name) for name in model.checkpoints if name not in NOT_STREAMED)
        if each.quality.at_least(floor) and each.runs_in(engine.version)
    ]
    return tuple(sorted(found, key=lambda each: list(Quality).index(each.quality), reverse=True))
