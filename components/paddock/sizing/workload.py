"""Workload of a model: length, number and latency of its requests, and the limits of each."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog.lookup import RefusedError
from paddock.sizing.limits import LIMITS
from paddock.sizing.memory.engine_args import LORA_RANKS, KvCacheDtype, LoraSlots

ANSWER_SHARE = 4
"""Inverse share of the context that is answer, where no lengths are stated."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """One request, on average over all of them."""

    input_tokens: int
    output_tokens: int

    def __post_init__(self) -> None:
        for name in ("input_tokens", "output_tokens"):
            LIMITS[name].check(name, getattr(self, name))

    @property
    def tokens(self) -> int:
        """Prompt and answer."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Requests at once, each of the full context, or requests a second of an average length.

    Raises `RefusedError` where it is neither or both, or where a request does not fit the context.
    """

    max_model_len: int
    """The longest request, prompt and answer."""
    concurrent_requests: int | None = None
    requests_per_second: float | None = None
    """Rate over all replicas."""
    traffic: Traffic | None = None
    """The lengths of an average request."""
    max_ttft_ms: float | None = None
    """The longest mean time to the first token."""
    max_itl_ms: float | None = None
    """The longest mean time between tokens."""
    kv_cache_dtype: KvCacheDtype = KvCacheDtype.AUTO
    lora: LoraSlots | None = None

    def __post_init__(self) -> None:
        if (self.concurrent_requests is None) == (self.requests_per_second is None):
            raise RefusedError("a workload is either concurrent requests or requests a second; state one of them")
        if self.requests_per_second is not None and self.traffic is None:
            raise RefusedError("requests a second say nothing without their length; state input and output tokens")
        for name in ("max_model_len", "concurrent_requests", "requests_per_second", "max_ttft_ms", "max_itl_ms"):
            LIMITS[name].check(name, getattr(self, name))
        if self.lora is not None:
            LIMITS["max_loras"].check("max_loras", self.lora.max_loras)
            if self.lora.max_lora_rank not in LORA_RANKS:
                raise RefusedError(
                    f"LoRA slots are of rank {', '.join(str(rank) for rank in LORA_RANKS)}, got "
                    f"{self.lora.max_loras} of rank {self.lora.max_lora_rank}; a slot takes any adapter up to its rank"
                )
            if self.lora.held < self.lora.max_loras:
                raise RefusedError(
                    f"vLLM keeps every adapter of a step in host memory too: max_cpu_loras is {self.lora.held}, below "
                    f"max_loras {self.lora.max_loras}; raise it, or leave it out"
                )
        traffic = self.traffic
        if traffic is not None and traffic.tokens > self.max_model_len:
            raise RefusedError(
                f"an average request of {traffic.input_tokens:,} + {traffic.output_tokens:,} tokens is longer than the "
                f"context of {self.max_model_len:,}; raise the context or lower the lengths"
            )

    @property
    def typical_traffic(self) -> Traffic:
        """The average request; where none is stated, one that fills the context."""
        if self.traffic is not None:
            return self.traffic
        answer = max(1, self.max_model_len // ANSWER_SHARE)
        return Traffic(max(1, self.max_model_len - answer), answer)

    @property
    def has_targets(self) -> bool:
        return self.max_ttft_ms is not None or self.max_itl_ms is not None
