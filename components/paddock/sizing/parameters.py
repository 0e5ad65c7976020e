"""A Llama's tensors and their shapes: the exact count of its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import prod

from paddock.catalog import Model


class Split(Enum):
    """How tensor parallelism divides a tensor among its ranks."""

    WHOLE = "whole"
    """Every rank holds all of it."""
    ROWS = "rows"
    """Output features are divided."""
    KV_HEADS = "kv_heads"
    """Output features are divided by head; where there are more ranks than KV heads, heads are repeated."""
    COLUMNS = "columns"
    """Input features are divided."""
    VOCABULARY = "vocabulary"
    """Rows are padded to a multiple of 64, then divided."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One weight: `shape` is (output features, input features), or (features,) for a norm."""

    name: str
    shape: tuple[int, ...]
    split: Split
    linear: bool = False
    """Whether quantization applies."""

    @property
    def parameters(self) -> int:
        return prod(self.shape)


def layer_tensors(model: Model) -> tuple[Tensor, ...]:
    """The weights of one decoder layer."""
    queries, keys = model.attention_heads * model.head_dim, model.kv_heads * model.head_dim
    hidden, inner = model.hidden, model.intermediate
    return (
        Tensor("q_proj", (queries, hidden), Split.ROWS, linear=True),
        Tensor("k_proj", (keys, hidden), Split.KV_HEADS, linear=True),
        Tensor("v_proj", (keys, hidden), Split.KV_HEADS, linear=True),
        Tensor("o_proj", (hidden, queries), Split.COLUMNS, linear=True),
        Tensor("gate_proj", (inner, hidden), Split.ROWS, linear=True),
        Tensor("up_proj", (inner, hidden), Split.ROWS, linear=True),
        Tensor("down_proj", (hidden, inner), Split.COLUMNS, linear=True),
        Tensor("input_norm", (hidden,), Split.WHOLE),
        Tensor("post_attention_norm", (hidden,), Split.WHOLE),
    )


def embedding(model: Model) -> Tensor:
    return Tensor("embed_tokens", (model.vocab, model.hidden), Split.VOCABULARY)


def final_norm(model: Model) -> Tensor:
    return Tensor("norm", (model.hidden,), Split.WHOLE)


def lm_head(model: Model) -> Tensor:
    """The output projection; with tied embeddings it is the embedding itself and adds nothing to the count."""
    return Tensor("lm_head", (model.vocab, model.hidden), Split.VOCABULARY)


def total_parameters(model: Model) -> int:
    layer = sum(tensor.parameters for tensor in layer_tensors(model))
    head = 0 if model.tied_embeddings else lm_head(model).parameters
    return model.layers * layer + embedding(model).parameters + final_norm(model).parameters + head
