"""The models: exact architecture, license, and where each quantization's checkpoint lives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

from paddock.catalog.lookup import UnknownNameError, known, table, table_names
from paddock.catalog.quantizations import Quantization, scheme
from paddock.record import Entry, Record


class Experts(Record):
    """The mixture of experts that takes the place of the feed-forward network in some or all layers."""

    count: int
    per_token: int
    intermediate: int
    shared_intermediate: int
    """Width of the expert that every token passes; 0 where there is none."""
    every: int
    """One layer in so many has experts: 1 is all, 2 every second beginning with the second."""
    attention_quantized: bool = True
    """True where published quantized checkpoints quantize attention too."""
    fp8_routed_only: bool = False
    """True where published FP8 checkpoints leave what is not routed at 16 bits: dense layers and the shared expert."""


class Vision(Record):
    """The tower that turns an image into embeddings; vLLM loads it even when only text is served."""

    layers: int
    hidden: int
    intermediate: int
    patch_values: int
    """Channels times the pixels of one patch."""
    positions: int
    adapter_inputs: int
    adapter_hidden: int
    output: int


# Compared and hashed by identity: the catalog makes one of each, and sizing caches by them thousands of times a search.
class Model(Entry):
    name: str
    display_name: str
    hf_repo: str
    """The unquantized checkpoint; `repository` knows the others."""
    revision: str | None
    parameters: int
    """Published number, without a vision tower; `paddock.sizing.memory.parameters` counts them from the shapes."""
    layers: int
    hidden: int
    intermediate: int
    attention_heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    tied_embeddings: bool
    """True where lm_head is the embedding matrix, stored once."""
    max_context_tokens: int
    rope_cache_tokens: int | None = None
    """Positions in vLLM's table of sines and cosines, where they are not `max_context_tokens`."""
    attention_bias: bool = False
    """True where q, k, v and o add a bias."""
    mlp_bias: bool = False
    experts: Experts | None = None
    vision: Vision | None = None
    attention_chunk_tokens: int | None = None
    """Layers attend within chunks of so many tokens, but for one in `full_attention_every`."""
    full_attention_every: int | None = None
    tool_call_parser: str | None = None
    """Value of vLLM's `--tool-call-parser`."""
    chat_template: str | None = None
    """Path in vLLM's image of the template that the parser reads the answers of; None: the checkpoint's own."""
    no_tool_calls: str | None = None
    """Reason why there is no parser."""
    license: str
    license_url: str
    checkpoints: Mapping[Quantization, str]
    source: str
    as_of: date

    def repository(self, quantization: Quantization) -> str:
        """The Hugging Face repository of that checkpoint; raises `UnknownNameError` where none is known."""
        stored_as = scheme(quantization).files_of or quantization
        if stored_as not in self.checkpoints:
            known = ", ".join(self.checkpoints)
            raise UnknownNameError(f"no {quantization} checkpoint of {self.name} is known; there are {known}")
        return self.checkpoints[stored_as]


FILE = "models.toml"
OWN = frozenset({"tool_call_parser", "chat_template", "no_tool_calls"})
"""Keys that models of the same shapes do not share."""


@cache
def all_models() -> MappingProxyType[str, Model]:
    return MappingProxyType({name: _model(name) for name in model_names()})


def model_names() -> tuple[str, ...]:
    return table_names(FILE)


def model(name: str) -> Model:
    """The model called `name`, such as `llama-3.1-8b`; raises `UnknownNameError`."""
    return _model(known("model", name, model_names()))


@cache
def _model(name: str) -> Model:
    row = dict(table(FILE, name))
    if "shapes_of" in row:
        shapes = {key: value for key, value in table(FILE, row.pop("shapes_of")).items() if key not in OWN}
        row = {**shapes, **row}
    checkpoints = {Quantization(key): repository for key, repository in row.pop("checkpoints").items()}
    return Model(
        name=name,
        hf_repo=checkpoints[Quantization.BF16],
        revision=row.pop("revision", None),
        checkpoints=MappingProxyType(checkpoints),
        experts=Experts(**row.pop("experts")) if "experts" in row else None,
        vision=Vision(**row.pop("vision")) if "vision" in row else None,
        as_of=table(FILE)["as_of"],
        **row,
    )
