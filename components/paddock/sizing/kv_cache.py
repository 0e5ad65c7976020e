"""The KV cache: bytes a token, and how many tokens fit."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from paddock.catalog import Model
from paddock.sizing.parallelism import PipelineRank, kv_heads_per_rank

BLOCK_TOKENS = 16
"""vLLM hands out the cache in blocks of this many tokens."""
CACHE_BYTES = 2
"""One 16-bit number; the cache follows the model's dtype."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KvCache:
    """The cache of one replica."""

    bytes_per_token: int
    """Over all GPUs, without repeated heads."""
    capacity_tokens: int
    """Tokens that fit on the tightest GPU, and so in all: the smallest rank decides."""
    required_tokens: int
    max_concurrency: float
    """Requests of the full context that fit at once."""


def bytes_per_token(model: Model) -> int:
    """Keys and values of one token over all layers and heads."""
    return 2 * model.layers * model.kv_heads * model.head_dim * CACHE_BYTES


def rank_bytes_per_token(model: Model, tensor: int, rank: PipelineRank) -> int:
    """Keys and values of one token on one GPU."""
    return 2 * rank.layers * kv_heads_per_rank(model, tensor) * model.head_dim * CACHE_BYTES


def required_tokens(context_tokens: int, concurrent_requests: int) -> int:
    """Every request takes whole blocks."""
    return ceil(context_tokens / BLOCK_TOKENS) * BLOCK_TOKENS * concurrent_requests


def whole_blocks(tokens: float) -> int:
    return int(max(0.0, tokens) // BLOCK_TOKENS) * BLOCK_TOKENS
