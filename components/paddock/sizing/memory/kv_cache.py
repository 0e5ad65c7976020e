"""The KV cache: bytes a token, what one request takes, and how many tokens fit."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from paddock.record import Record
from paddock.sizing.memory.parallelism import PipelineRank, kv_heads_per_rank

if TYPE_CHECKING:
    from paddock.catalog import Model

BLOCK_TOKENS = 16
"""vLLM hands out the cache in blocks of this many tokens."""


class KvCache(Record):
    """The cache of one replica."""

    bytes_per_token: int
    """Over all GPUs, without repeated heads."""
    capacity_tokens: int
    """Tokens that fit on the tightest GPU, and so in all: vLLM's 'GPU KV cache size'."""
    capacity_low_tokens: int
    """Capacity when the engine's terms take the whole band more."""
    capacity_high_tokens: int
    """Capacity when they take the whole band less."""
    required_tokens: int
    max_concurrency: float
    """Requests of the full context that fit at once, in whole hundredths: rounded up, 0.996 would start."""
    max_context_tokens: int
    """The longest context of which one request fits; never more than the model reads."""


def bytes_per_token(model: Model, element_bytes: int) -> int:
    """Keys and values of one token over all layers and heads."""
    return 2 * model.layers * model.kv_heads * model.head_dim * element_bytes


def layer_bytes_per_token(model: Model, tensor: int, element_bytes: int) -> int:
    """Keys and values of one token in one layer on one GPU."""
    return 2 * kv_heads_per_rank(model, tensor) * model.head_dim * element_bytes


def rank_bytes_per_token(model: Model, tensor: int, rank: PipelineRank, element_bytes: int) -> int:
    """Keys and values of one token on one GPU, when every layer holds it."""
    return rank.layers * layer_bytes_per_token(model, tensor, element_bytes)


def request_tokens(model: Model, rank: PipelineRank, max_model_len: int, chunk_slack_tokens: int | None) -> float:
    """Tokens that one request of that length takes, averaged over the layers of the rank, in whole blocks.

    `chunk_slack_tokens` is None where layers with chunked attention hold the whole context all the same; else they hold
    one chunk and the tokens of a step (vLLM's ChunkedLocalAttentionSpec.max_memory_usage_bytes).
    """
    whole = blocks(max_model_len) * BLOCK_TOKENS
    if model.attention_chunk_tokens is None or model.full_attention_every is None or chunk_slack_tokens is None:
        return whole
    held = min(whole, blocks(model.attention_chunk_tokens + chunk_slack_tokens) * BLOCK_TOKENS)
    full = rank.layers // model.full_attention_every
    return (full * whole + (rank.layers - full) * held) / rank.layers


def required_tokens(max_model_len: int, concurrent_requests: int) -> int:
    """Every request takes whole blocks."""
    return blocks(max_model_len) * BLOCK_TOKENS * concurrent_requests


def blocks(tokens: int) -> int:
    return ceil(tokens / BLOCK_TOKENS)


def whole_blocks(tokens: float) -> int:
    """The tokens of the blocks that fit."""
    return int(max(0.0, tokens) // BLOCK_TOKENS) * BLOCK_TOKENS
