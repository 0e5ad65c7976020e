"""Small checkpoints on disk: real headers, data that is a hole in the file."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

from paddock.sizing.checkpoints.safetensors import DTYPE_BITS

Tensors = dict[str, tuple[str, tuple[int, ...]]]

CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "vocab_size": 1001,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
}
PROJECTIONS = {
    "self_attn.q_proj": (256, 256),
    "self_attn.k_proj": (128, 256),
    "self_attn.v_proj": (128, 256),
    "self_attn.o_proj": (256, 256),
    "mlp.gate_proj": (512, 256),
    "mlp.up_proj": (512, 256),
    "mlp.down_proj": (256, 512),
}


def plain_tensors(config: dict[str, Any] = CONFIG) -> Tensors:
    """Tensors of that configuration, all in bf16."""
    vocab, hidden = config["vocab_size"], config["hidden_size"]
    tensors: Tensors = {
        "model.embed_tokens.weight": ("BF16", (vocab, hidden)),
        "model.norm.weight": ("BF16", (hidden,)),
    }
    if not config["tie_word_embeddings"]:
        tensors["lm_head.weight"] = ("BF16", (vocab, hidden))
    for layer in range(config["num_hidden_layers"]):
        for name, shape in PROJECTIONS.items():
            tensors[f"model.layers.{layer}.{name}.weight"] = ("BF16", shape)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{norm}.weight"] = ("BF16", (hidden,))
    return tensors


def gptq_tensors(group: int = 128) -> Tensors:
    tensors = plain_tensors()
    for layer in range(2):
        for name, (rows, columns) in PROJECTIONS.items():
            module = f"model.layers.{layer}.{name}"
            del tensors[f"{module}.weight"]
            tensors[f"{module}.qweight"] = ("I32", (columns // 8, rows))
            tensors[f"{module}.qzeros"] = ("I32", (columns // group, rows // 8))
            tensors[f"{module}.scales"] = ("F16", (columns // group, rows))
            tensors[f"{module}.g_idx"] = ("I32", (columns,))
    return tensors


def fp8_tensors(plain_layers: tuple[int, ...] = ()) -> Tensors:
    tensors = plain_tensors()
    for layer in range(2):
        for name, (rows, columns) in PROJECTIONS.items():
            module = f"model.layers.{layer}.{name}"
            if layer not in plain_layers:
                tensors[f"{module}.weight"] = ("F8_E4M3", (rows, columns))
                tensors[f"{module}.weight_scale"] = ("BF16", (rows, 1))
    return tensors


def write_safetensors(path: Path, tensors: Tensors) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape) in tensors.items():
        size = prod(shape) * DTYPE_BITS[dtype] // 8
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    write_header(path, json.dumps(header).encode(), end)


def write_header(path: Path, header: bytes, data_bytes: int) -> None:
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + data_bytes)


def write_checkpoint(folder: Path, tensors: Tensors, *, shards: int = 1, **config: object) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **config}))
    if shards == 1:
        write_safetensors(folder / "model.safetensors", tensors)
        return folder
    weight_map: dict[str, str] = {}
    for shard in range(shards):
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        own = {key: tensors[key] for key in list(tensors)[shard::shards]}
        write_safetensors(folder / name, own)
        weight_map |= dict.fromkeys(own, name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return folder
