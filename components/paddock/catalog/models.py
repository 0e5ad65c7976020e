"""The models: exact architecture, licence, and where each quantization's checkpoint lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

from paddock.catalog.files import toml
from paddock.catalog.lookup import UnknownNameError, find
from paddock.catalog.quantizations import Quantization


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    name: str
    display_name: str
    hf_repo: str
    """The unquantized checkpoint; `repository` knows the others."""
    revision: str | None
    parameters: int
    """As published; `paddock.sizing.parameters` counts them from the shapes."""
    layers: int
    hidden: int
    intermediate: int
    attention_heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    tied_embeddings: bool
    """Whether lm_head is the embedding matrix, stored once."""
    max_context_tokens: int
    licence: str
    licence_url: str
    checkpoints: Mapping[Quantization, str]
    source: str
    as_of: date

    def repository(self, quantization: Quantization) -> str:
        """The Hugging Face repository of that checkpoint; raises `UnknownNameError` where none is known."""
        if quantization not in self.checkpoints:
            known = ", ".join(self.checkpoints)
            raise UnknownNameError(f"no {quantization} checkpoint of {self.name} is known; there are {known}")
        return self.checkpoints[quantization]


@cache
def all_models() -> MappingProxyType[str, Model]:
    data = toml("models.toml")
    as_of = data.pop("as_of")
    return MappingProxyType({name: _model(name, row, as_of) for name, row in data.items()})


def model(name: str) -> Model:
    """The model called `name`, such as `llama-3.1-8b`; raises `UnknownNameError`."""
    return find("model", name, all_models())


def _model(name: str, row: dict[str, Any], as_of: date) -> Model:
    checkpoints = {Quantization(key): repository for key, repository in row.pop("checkpoints").items()}
    return Model(
        name=name,
        hf_repo=checkpoints[Quantization.BF16],
        revision=row.pop("revision", None),
        checkpoints=MappingProxyType(checkpoints),
        as_of=as_of,
        **row,
    )
