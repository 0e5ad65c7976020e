"""Checkpoints for the tools that read one: real headers, data that is a hole in the file.

Shapes are those of the model's own config.json, tensors those that the published checkpoints of that scheme have.
"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

from paddock.catalog import Model, Quantization

Tensors = dict[str, tuple[str, tuple[int, ...]]]
FILE = "model.safetensors"
BYTES = {"BF16": 2, "I64": 8, "I32": 4, "I8": 1, "F8_E4M3": 1}
GPTQ_GROUP = 128
EIGHT_BITS = {Quantization.FP8: "F8_E4M3", Quantization.INT8: "I8"}
WRITTEN = frozenset({Quantization.BF16, Quantization.GPTQ, *EIGHT_BITS})
"""The schemes that `write` knows."""


def repository(model: Model, quantization: Quantization) -> Path:
    """Repository as a hub would call it: organisation and name."""
    return Path("paddock", f"{model.name}-{quantization.value}")


def write(root: Path, model: Model, quantization: Quantization) -> Path:
    """`config.json` and `FILE` in the repository's folder below `root`; returns that folder."""
    folder = root / repository(model, quantization)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config_json(model)))
    header, at = {}, 0
    for name, (dtype, shape) in tensors(model, quantization).items():
        end = at + BYTES[dtype] * prod(shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    with (folder / FILE).open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + at)
    return folder


def tensors(model: Model, quantization: Quantization) -> Tensors:
    heads = model.attention_heads * model.head_dim
    kv_heads = model.kv_heads * model.head_dim
    linear = {
        "self_attn.q_proj": (heads, model.hidden),
        "self_attn.k_proj": (kv_heads, model.hidden),
        "self_attn.v_proj": (kv_heads, model.hidden),
        "self_attn.o_proj": (model.hidden, heads),
        "mlp.gate_proj": (model.intermediate, model.hidden),
        "mlp.up_proj": (model.intermediate, model.hidden),
        "mlp.down_proj": (model.hidden, model.intermediate),
    }
    found: Tensors = {
        "model.embed_tokens.weight": ("BF16", (model.vocab, model.hidden)),
        "model.norm.weight": ("BF16", (model.hidden,)),
        "lm_head.weight": ("BF16", (model.vocab, model.hidden)),
    }
    for layer in range(model.layers):
        prefix = f"model.layers.{layer}"
        for name, (rows, columns) in linear.items():
            found |= _linear(f"{prefix}.{name}", rows, columns, quantization)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            found[f"{prefix}.{norm}.weight"] = ("BF16", (model.hidden,))
    return found


def _linear(name: str, rows: int, columns: int, quantization: Quantization) -> Tensors:
    if quantization in EIGHT_BITS:
        # compressed-tensors: a scale for each output channel.
        return {
            f"{name}.weight": (EIGHT_BITS[quantization], (rows, columns)),
            f"{name}.weight_scale": ("BF16", (rows, 1)),
        }
    if quantization is Quantization.GPTQ:
        groups = columns // GPTQ_GROUP
        return {
            f"{name}.qweight": ("I32", (columns // 8, rows)),
            f"{name}.qzeros": ("I32", (groups, rows // 8)),
            f"{name}.scales": ("BF16", (groups, rows)),
            f"{name}.g_idx": ("I32", (columns,)),
        }
    return {f"{name}.weight": ("BF16", (rows, columns))}


def config_json(model: Model) -> dict[str, Any]:
    """The repository's config.json, in the shapes of the catalog."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": model.hidden,
        "intermediate_size": model.intermediate,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.attention_heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_dim,
        "vocab_size": model.vocab,
        "max_position_embeddings": model.max_context_tokens,
        "torch_dtype": "bfloat16",
        "tie_word_embeddings": model.tied_embeddings,
    }
