"""The memory of what drafts: weights on each GPU of the last stage, and layers in its KV cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.catalog.quantizations import UNQUANTIZED_BYTES
from paddock.sizing.memory import kv_cache
from paddock.sizing.memory.draft import Drafting
from paddock.sizing.memory.parallelism import Parallelism, kv_heads_per_rank
from paddock.sizing.memory.weights import ranks_bytes

if TYPE_CHECKING:
    from paddock.sizing.memory.setup import Setup

EAGLE_3_VOCABULARY = 32_000
"""Tokens that the published EAGLE-3 heads of Llama draft: `draft_vocab_size`."""


def weights_bytes(setup: Setup) -> int:
    """Bytes on each GPU of the last stage; vLLM prints them within 'Model loading took'.

    A head is one layer of the model and what makes its input of hidden states, whole on each rank (vLLM llama_eagle.py,
    llama_eagle3.py); embedding and (EAGLE) lm_head are those of the model.
    """
    draft, model, tensor = setup.draft, setup.model, setup.split.tensor
    if draft is None or draft.method is Drafting.NGRAM:
        return 0
    if draft.model is not None and draft.scheme is not None:
        return ranks_bytes(draft.model, draft.scheme, Parallelism(tensor), setup.runtime)[0]
    third = draft.method is Drafting.EAGLE_3
    hidden, keys = model.hidden, 2 * kv_heads_per_rank(model, tensor) * model.head_dim
    queries = model.attention_heads // tensor * model.head_dim
    attention = (queries + keys) * hidden * (2 if third else 1) + queries * hidden
    layer = attention + 3 * hidden * (model.intermediate // tensor)
    inputs = hidden * hidden * (3 if third else 2)
    head = EAGLE_3_VOCABULARY // tensor * hidden if third else 0
    return (layer + inputs + head) * UNQUANTIZED_BYTES


def token_bytes(setup: Setup) -> int:
    """Keys and values of one token on each GPU of the last stage."""
    draft, tensor = setup.draft, setup.split.tensor
    if draft is None or draft.method is Drafting.NGRAM:
        return 0
    drafting = draft.model or setup.model
    layers = 1 if draft.model is None else draft.model.layers
    return layers * kv_cache.layer_bytes_per_token(drafting, tensor, setup.kv_value_bytes)
