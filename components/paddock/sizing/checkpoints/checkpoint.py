"""A checkpoint at hand: its model, its scheme and its bytes, read from the folder and not computed.

Any model of Llama's architecture: fine-tunes with another vocabulary, biases, tied embeddings or head width too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import prod
from pathlib import Path
from reprlib import repr as shown
from types import MappingProxyType

from paddock.catalog import Model, Quantization, Runtime, Scheme, scheme
from paddock.catalog.lookup import RefusedError
from paddock.catalog.quantizations import UNKNOWN_RUNTIME
from paddock.sizing.checkpoints.quantization_config import Stated, stated_quantization
from paddock.sizing.checkpoints.safetensors import StoredTensor, read_headers, read_object
from paddock.sizing.memory import weights
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank
from paddock.sizing.memory.parameters import (
    Tensor,
    embedding,
    final_norm,
    is_quantized,
    layer_tensors,
    lm_head,
    total_parameters,
)

MAX_SIZE = 10**8
"""No dimension of a language model comes near; more is a broken file, and would take forever to add up."""
MAX_LAYERS = 10_000
LLAMA_TYPES = ("llama", "mistral")
"""Values of `model_type` with the tensors of Llama: vLLM's mistral.py is its llama.py."""
UNQUANTIZED_DTYPES = frozenset({"BF16", "F16", "F32"})

FILE_NAMES = {
    "input_norm": "input_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    **{f"{name}_proj": f"self_attn.{name}_proj" for name in "qkvo"},
    **{f"{name}_proj": f"mlp.{name}_proj" for name in ("gate", "up", "down")},
}
"""Ours to the checkpoint's names, within a layer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """Checkpoint in a folder."""

    folder: Path
    model: Model
    scheme: Scheme
    """Scheme with the group size of this checkpoint and the projections that it leaves unquantized."""
    tensors: tuple[StoredTensor, ...]

    @property
    def checkpoint_bytes(self) -> int:
        """All tensors of the files."""
        return sum(tensor.bytes for tensor in self.tensors)

    def rank_bytes(self, split: Parallelism, rank: PipelineRank, runtime: Runtime = UNKNOWN_RUNTIME) -> int:
        """Bytes that one GPU of that pipeline stage loads of it, as `weights.rank_bytes`."""
        return weights.rank_bytes(self.model, self.scheme, split, rank, runtime)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint in that folder: `config.json`, the index if there is one, the headers of the safetensors files.

    Raises `RefusedError` when files are missing or broken, when the model is no Llama, when its quantization is not
    modelled, and when the tensors are not those that `config.json` describes.
    """
    folder = Path(path)
    config = read_object(folder / "config.json")
    tensors = read_headers(folder)
    by_name = {tensor.name: tensor for tensor in tensors}
    model = _model(folder, config)
    model = replace(model, parameters=total_parameters(model))
    stated = stated_quantization(folder, config)
    own = _scheme(folder, model, stated, by_name)
    _compare_shapes(folder, model, own, by_name)
    return Checkpoint(folder=folder, model=model, scheme=own, tensors=tensors)


def _model(folder: Path, config: dict[str, object]) -> Model:
    where = folder / "config.json"
    if config.get("model_type") not in LLAMA_TYPES:
        raise RefusedError(
            f"{where}: model_type is {shown(config.get('model_type'))}; read from a folder are 'llama' and 'mistral'. "
            "For Llama 4 name the model instead"
        )
    if config.get("sliding_window") is not None:
        raise RefusedError(
            f"{where}: sliding_window is {shown(config['sliding_window'])}; only models that attend to all are read"
        )

    def count(key: str, default: int | None = None, most: int = MAX_SIZE) -> int:
        value = config.get(key)
        if value is None and default is not None:
            return default
        if type(value) is not int or not 0 < value <= most:
            raise RefusedError(f"{where}: {key} is {shown(value)}; it must be a whole number from 1 to {most}")
        return value

    hidden, heads = count("hidden_size"), count("num_attention_heads")
    kv_heads = count("num_key_value_heads", default=heads)
    if heads % kv_heads or (config.get("head_dim") is None and hidden % heads):
        raise RefusedError(
            f"{where}: {heads} attention heads are not whole multiples of {kv_heads} KV heads, or do not divide "
            f"hidden_size {hidden}"
        )
    max_context_tokens = count("max_position_embeddings", default=2048)
    layers = count("num_hidden_layers", most=MAX_LAYERS)
    tied = config.get("tie_word_embeddings") is True
    return Model(
        name=folder.resolve().name or "checkpoint",
        display_name=folder.resolve().name or "checkpoint",
        hf_repo="",
        revision=None,
        parameters=0,
        layers=layers,
        hidden=hidden,
        intermediate=count("intermediate_size"),
        attention_heads=heads,
        kv_heads=kv_heads,
        head_dim=count("head_dim", default=hidden // heads),
        vocab=count("vocab_size"),
        tied_embeddings=tied,
        max_context_tokens=max_context_tokens,
        rope_cache_tokens=_rope_cache_tokens(where, config, max_context_tokens),
        attention_bias=config.get("attention_bias") is True,
        mlp_bias=config.get("mlp_bias") is True,
        license="",
        license_url="",
        checkpoints=MappingProxyType({}),
        source=str(where),
        as_of=datetime.fromtimestamp(where.stat().st_mtime, tz=UTC).date(),
    )


def _rope_cache_tokens(where: Path, config: dict[str, object], max_context_tokens: int) -> int:
    """Positions of vLLM's table: `get_rope` and its classes, by the kind of scaling."""
    scaling = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if not isinstance(scaling, dict):
        raise RefusedError(f"{where}: rope_scaling is {shown(scaling)}; it must be an object or null")
    kind, factor = scaling.get("rope_type", scaling.get("type", "default")), scaling.get("factor", 1)
    if kind in ("default", "llama3"):
        return max_context_tokens
    if kind not in ("linear", "dynamic", "yarn") or type(factor) not in (int, float) or not 0 < factor <= MAX_SIZE:
        raise RefusedError(
            f"{where}: rope_scaling is {shown(kind)} by {shown(factor)}; "
            "modelled are default, llama3, linear, dynamic and yarn"
        )
    original = scaling.get("original_max_position_embeddings") if kind == "yarn" else None
    base = original if type(original) is int and 0 < original <= MAX_SIZE else max_context_tokens
    return int(base * factor)


def _scheme(folder: Path, model: Model, stated: Stated, tensors: dict[str, StoredTensor]) -> Scheme:
    known = scheme(stated.quantization)
    if stated.quantization is Quantization.BF16:
        return known
    quantized = {
        (layer, tensor.name)
        for layer in range(model.layers)
        for tensor in layer_tensors(model)
        if tensor.linear and not _is_plain(tensors, _file_name(tensor, layer))
    }
    if not quantized:
        raise RefusedError(f"{folder} says it is {stated.quantization}, but no layer of its files is quantized")
    linear = frozenset(tensor.name for tensor in layer_tensors(model) if tensor.linear)
    left = {
        layer: frozenset(name for name in linear if (layer, name) not in quantized) for layer in range(model.layers)
    }
    return replace(
        known.with_group_size(stated.group_size),
        only=None,
        skips_first_and_last_layer=False,
        unquantized=MappingProxyType({layer: names for layer, names in left.items() if names}),
    )


def _is_plain(tensors: dict[str, StoredTensor], module: str) -> bool:
    weight = tensors.get(f"{module}.weight")
    return weight is not None and weight.dtype in UNQUANTIZED_DTYPES


def _compare_shapes(folder: Path, model: Model, own: Scheme, tensors: dict[str, StoredTensor]) -> None:
    """Refuse tensors other than the configuration describes: only of those are the figures of a GPU right."""
    ends = [embedding(model), final_norm(model)] + ([] if model.tied_embeddings else [lm_head(model)])
    expected = [(tensor, 0, _END_NAMES[tensor.name]) for tensor in ends]
    for layer in range(model.layers):
        expected += [(tensor, layer, _file_name(tensor, layer)) for tensor in layer_tensors(model, layer)]
    for tensor, layer, name in expected:
        if own.weight_bits != 16 and is_quantized(model, own, tensor, layer):
            _compare_packed(folder, tensor, name, own, tensors)
            continue
        stored = tensors.get(name if name.endswith(".bias") else f"{name}.weight")
        if stored is None:
            raise RefusedError(f"{folder} has no {name}, which its config.json calls for; is the download complete?")
        if stored.dtype not in UNQUANTIZED_DTYPES:
            raise RefusedError(
                f"{folder}: {name} is {stored.dtype}; only the projections of {own.name} layers may be quantized"
            )
        if stored.shape != tensor.shape:
            raise RefusedError(
                f"{folder}: {name} is {_by(stored.shape)}, but config.json makes it {_by(tensor.shape)}; "
                "one of the two belongs to another model"
            )


def _compare_packed(folder: Path, tensor: Tensor, name: str, own: Scheme, tensors: dict[str, StoredTensor]) -> None:
    """Packed weights have shapes of their own in every scheme, but as many bits as the scheme says."""
    packed = [tensors.get(f"{name}.{part}") for part in ("weight", "weight_packed", "qweight")]
    stored = next((each for each in packed if each is not None), None)
    needed = prod(tensor.shape) * own.weight_bits // 8
    if stored is None or stored.bytes != needed:
        has = "nothing" if stored is None else f"{stored.bytes} bytes"
        raise RefusedError(
            f"{folder}: {name} is {_by(tensor.shape)} at {own.weight_bits} bits by config.json, {needed} bytes; "
            f"the files have {has}"
        )


_END_NAMES = {"embed_tokens": "model.embed_tokens", "norm": "model.norm", "lm_head": "lm_head"}


def _file_name(tensor: Tensor, layer: int) -> str:
    module, dot, bias = tensor.name.partition(".")
    return f"model.layers.{layer}.{FILE_NAMES[module]}{dot}{bias}"


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
