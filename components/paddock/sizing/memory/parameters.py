"""A Llama's tensors and their shapes: the exact count of its parameters."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from paddock.catalog.quantizations import Quantization

if TYPE_CHECKING:
    from paddock.catalog import Experts, Model, Scheme, Vision


PUBLISHED_FP8 = frozenset({Quantization.FP8, Quantization.FP8_STATIC})
ROUTED = "experts."
"""Beginning of the names of experts that a router chooses."""


class Split(Enum):
    """Division of a tensor by tensor parallelism among its ranks."""

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


class Tensor(NamedTuple):
    """One weight: `shape` is (output features, input features), or (features,) for a norm or a bias."""

    name: str
    shape: tuple[int, ...]
    split: Split
    linear: bool = False
    """True where quantization applies, in checkpoints as they are published."""
    online: bool = False
    """True where it applies when vLLM quantizes while loading, though those who publish leave it at 16 bits."""
    fused_as: str | None = None
    """The layer that vLLM makes of several projections."""
    copies: int = 1
    """Experts: so many tensors of that shape, which vLLM stacks."""

    @property
    def parameters(self) -> int:
        return prod(self.shape) * self.copies


def has_experts(model: Model, layer: int) -> bool:
    """True where that layer, counted from 0, has experts in place of the feed-forward network."""
    return model.experts is not None and (layer + 1) % model.experts.every == 0


def is_quantized(model: Model, scheme: Scheme, tensor: Tensor, layer: int) -> bool:
    """True where the scheme stores that tensor of that layer small."""
    if model.experts and model.experts.fp8_routed_only and scheme.name in PUBLISHED_FP8:
        return tensor.linear and tensor.name.startswith(ROUTED)
    applies = tensor.linear or (tensor.online and scheme.files_of is not None)
    return applies and scheme.quantizes(tensor.name, layer=layer, layers=model.layers)


def layer_tensors(model: Model, layer: int = 0) -> tuple[Tensor, ...]:
    """The weights of one decoder layer, in the order in which vLLM makes them."""
    return _layer_tensors(model, has_experts(model, layer))


@lru_cache(maxsize=2**10)
def _layer_tensors(model: Model, with_experts: bool) -> tuple[Tensor, ...]:
    if model.experts and with_experts:
        inner = _experts(model.hidden, model.experts)
    else:
        inner = _feed_forward("", model.hidden, model.intermediate, bias=model.mlp_bias)
    return (
        *attention_tensors(model),
        *inner,
        Tensor("input_norm", (model.hidden,), Split.WHOLE),
        Tensor("post_attention_norm", (model.hidden,), Split.WHOLE),
    )


def attention_tensors(model: Model) -> tuple[Tensor, ...]:
    queries, keys = model.attention_heads * model.head_dim, model.kv_heads * model.head_dim
    published = model.experts is None or model.experts.attention_quantized

    def linear(name: str, shape: tuple[int, int], split: Split, fused_as: str | None = None) -> tuple[Tensor, ...]:
        bias = model.attention_bias
        return _linear(name, shape, split, fused_as, bias=bias, quantized=published, online=not published)

    return (
        *linear("q_proj", (queries, model.hidden), Split.ROWS, "qkv_proj"),
        *linear("k_proj", (keys, model.hidden), Split.KV_HEADS, "qkv_proj"),
        *linear("v_proj", (keys, model.hidden), Split.KV_HEADS, "qkv_proj"),
        *linear("o_proj", (model.hidden, queries), Split.COLUMNS),
    )


def _feed_forward(prefix: str, hidden: int, inner: int, *, bias: bool = False, copies: int = 1) -> tuple[Tensor, ...]:
    fused = f"{prefix}gate_up_proj"
    return (
        *_linear(f"{prefix}gate_proj", (inner, hidden), Split.ROWS, fused, bias=bias, copies=copies),
        *_linear(f"{prefix}up_proj", (inner, hidden), Split.ROWS, fused, bias=bias, copies=copies),
        *_linear(f"{prefix}down_proj", (hidden, inner), Split.COLUMNS, None, bias=bias, copies=copies),
    )


def _experts(hidden: int, experts: Experts) -> tuple[Tensor, ...]:
    shared = experts.shared_intermediate
    return (
        Tensor("router", (experts.count, hidden), Split.WHOLE),
        *(_feed_forward("shared_expert.", hidden, shared) if shared else ()),
        *_feed_forward(ROUTED, hidden, experts.intermediate, copies=experts.count),
    )


def _linear(
    name: str,
    shape: tuple[int, int],
    split: Split,
    fused_as: str | None,
    *,
    bias: bool,
    quantized: bool = True,
    online: bool = False,
    copies: int = 1,
) -> tuple[Tensor, ...]:
    weight = Tensor(name, shape, split, linear=quantized, online=online, fused_as=fused_as, copies=copies)
    if not bias:
        return (weight,)
    # What input features are divided for is summed over the ranks, so its bias is whole.
    whole = split is Split.COLUMNS
    fused_bias = f"{fused_as}.bias" if fused_as else None
    return (
        weight,
        Tensor(f"{name}.bias", shape[:1], Split.WHOLE if whole else split, fused_as=fused_bias, copies=copies),
    )


def embedding(model: Model) -> Tensor:
    return Tensor("embed_tokens", (model.vocab, model.hidden), Split.VOCABULARY)


def final_norm(model: Model) -> Tensor:
    return Tensor("norm", (model.hidden,), Split.WHOLE)


def lm_head(model: Model) -> Tensor:
    """The output projection; with tied embeddings it is the embedding itself and adds nothing to the count."""
    return Tensor("lm_head", (model.vocab, model.hidden), Split.VOCABULARY)


def total_parameters(model: Model) -> int:
    """Parameters of the text model; `vision_parameters` come on top."""
    layers = sum(tensor.parameters for layer in range(model.layers) for tensor in layer_tensors(model, layer))
    head = 0 if model.tied_embeddings else lm_head(model).parameters
    return layers + embedding(model).parameters + final_norm(model).parameters + head


def vision_tensors(model: Model) -> tuple[tuple[tuple[Tensor, ...], int], ...]:
    """Llama 4's vision tower and its projection into the text model, as vLLM's mllama4.py builds and divides them: what
    is before the layers, one layer, what is after, and how often each is there."""
    vision = model.vision
    if vision is None:
        return ()
    hidden = vision.hidden
    before = (
        Tensor("patch_embedding", (hidden, vision.patch_values), Split.ROWS),
        Tensor("class_embedding", (hidden,), Split.WHOLE),
        Tensor("positional_embedding", (vision.positions, hidden), Split.WHOLE),
        *_layer_norm("norm_pre", hidden),
        *_layer_norm("norm_post", hidden),
    )
    after = (
        Tensor("adapter.fc1", (vision.adapter_hidden, vision.adapter_inputs), Split.ROWS),
        Tensor("adapter.fc2", (vision.output, vision.adapter_hidden), Split.COLUMNS),
        Tensor("projector", (model.hidden, vision.output), Split.ROWS),
    )
    return ((before, 1), (_vision_layer(vision), vision.layers), (after, 1))


def _vision_layer(vision: Vision) -> tuple[Tensor, ...]:
    hidden = vision.hidden
    return (
        *(
            part
            for name in ("q_proj", "k_proj", "v_proj")
            for part in _linear(name, (hidden, hidden), Split.ROWS, "qkv_proj", bias=True, quantized=False)
        ),
        *_linear("o_proj", (hidden, hidden), Split.COLUMNS, None, bias=True, quantized=False),
        *_linear("fc1", (vision.intermediate, hidden), Split.ROWS, None, bias=True, quantized=False),
        *_linear("fc2", (hidden, vision.intermediate), Split.COLUMNS, None, bias=True, quantized=False),
        *_layer_norm("input_norm", hidden),
        *_layer_norm("post_attention_norm", hidden),
    )


def vision_parameters(model: Model) -> int:
    return sum(times * tensor.parameters for tensors, times in vision_tensors(model) for tensor in tensors)


def _layer_norm(name: str, features: int) -> tuple[Tensor, ...]:
    return (Tensor(name, (features,), Split.WHOLE), Tensor(f"{name}.bias", (features,), Split.WHOLE))
