"""Checkpoint of one's own: where it is, under which license, and the figures by which it is planned.

The figures are read once, by `paddock checkpoint`, and stand in the stack file: a plan asks nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from paddock import catalog
from paddock.catalog import Model, Quantization, Scheme, UnknownNameError
from paddock.catalog.licenses import license_names, license_terms
from paddock.catalog.lookup import shown
from paddock.settings.checks import one_line
from paddock.sizing.checkpoints.checkpoint import MAX_LAYERS, MAX_SIZE
from paddock.sizing.checkpoints.quantization_config import MAX_GROUP_SIZE
from paddock.sizing.memory.parameters import layer_tensors, total_parameters

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""Name of a model that is one's own: it stands in a path, in labels and in requests."""
SOURCE = re.compile(r"(hf://[\w.-]+/[\w.-]+(@[\w./-]+)?|s3://[a-z0-9][a-z0-9.-]+(/[^\s]*)?|file:///?[^\s]+)")
OWN = "own"
"""Key of pydantic's context that says whether the settings have a checkpoint of their own."""
EVERY_LAYER = "*"
TEXTS = frozenset({"source", "license", "quantization", "unquantized"})
BOOLEANS: Mapping[object, bool] = MappingProxyType({"true": True, "false": False})
WHOLE = re.compile(r"\d{1,16}")
PROJECTION = re.compile(r"(\*|\d{1,5})\.([a-z_]+)")


def _source(value: object) -> object:
    if isinstance(value, str) and not SOURCE.fullmatch(value):
        raise ValueError(f"must be hf://…, s3://… or file://…, got {shown(value)}")
    return value


def _quantization(value: object) -> object:
    if isinstance(value, str) and value in set(Quantization):
        return Quantization(value)
    raise ValueError(f"must be one of {', '.join(Quantization)}, got {shown(value)}")


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def as_written(value: object) -> object:
    """The mapping with numbers and booleans for texts of them: `paddock` reads every plain value of a file as text."""
    if not isinstance(value, Mapping):
        return value
    return {key: _number(each) if key not in TEXTS else each for key, each in value.items()}


def _number(value: object) -> object:
    if isinstance(value, str):
        if value in BOOLEANS:
            return BOOLEANS[value]
        if WHOLE.fullmatch(value):
            return int(value)
    return value


def model_name(value: object, info: ValidationInfo) -> object:
    """A name of the catalog, or any that fits where the checkpoint is one's own."""
    if not isinstance(value, str):
        return value
    if (info.context or {}).get(OWN):
        if not NAME.fullmatch(value):
            raise ValueError(
                f"must be lower-case letters, digits, dots, hyphens or underscores, 63 at most, got {shown(value)}"
            )
        return value
    try:
        catalog.model(value)
    except UnknownNameError as error:
        raise ValueError(f"{error}; a checkpoint of your own is named by paddock:checkpoint") from None
    return value


class OwnCheckpoint(BaseModel):
    """A checkpoint that the catalog does not have, as `paddock checkpoint` writes it into a stack file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    source: Annotated[str, BeforeValidator(_source), BeforeValidator(one_line), Field(max_length=1024)]
    license: Annotated[str, BeforeValidator(one_line), Field(min_length=1, max_length=100)]
    quantization: Annotated[Quantization, BeforeValidator(_quantization)]
    layers: int = Field(ge=1, le=MAX_LAYERS)
    hidden: int = Field(ge=1, le=MAX_SIZE)
    intermediate: int = Field(ge=1, le=MAX_SIZE)
    attention_heads: int = Field(ge=1, le=MAX_SIZE)
    kv_heads: int = Field(ge=1, le=MAX_SIZE)
    head_dim: int = Field(ge=1, le=MAX_SIZE)
    vocab: int = Field(ge=1, le=MAX_SIZE)
    max_context_tokens: int = Field(ge=1, le=MAX_SIZE)
    rope_cache_tokens: int | None = Field(None, ge=1, le=MAX_SIZE * MAX_SIZE)
    tied_embeddings: bool = False
    attention_bias: bool = False
    mlp_bias: bool = False
    group_size: int | None = Field(None, ge=1, le=MAX_GROUP_SIZE)
    unquantized: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()


@cache
def model_of(own: OwnCheckpoint, name: str) -> Model:
    """The model, as one of the catalog is: the same object for the same checkpoint, as sizing caches by it."""
    known = own.license in license_names()
    made = Model(
        name=name,
        display_name=name,
        hf_repo=own.source,
        revision=None,
        parameters=0,
        no_tool_calls="the chat template of a checkpoint of one's own is not known",
        license=own.license,
        license_url=license_terms(own.license).url if known else own.source,
        checkpoints=MappingProxyType({own.quantization: own.source}),
        source=own.source,
        as_of=date.min,
        **{key: getattr(own, key) for key in FIGURES},
    )
    return made._replace(parameters=total_parameters(made))


@cache
def scheme_of(own: OwnCheckpoint) -> Scheme:
    """The scheme of the checkpoint, with its own group size and what it leaves unquantized."""
    known = catalog.scheme(own.quantization)
    if own.quantization is Quantization.BF16:
        return known
    left: dict[int, set[str]] = {}
    for each in own.unquantized:
        layer, _, projection = each.partition(".")
        for number in range(own.layers) if layer == EVERY_LAYER else [int(layer)]:
            left.setdefault(number, set()).add(projection)
    return known.with_group_size(own.group_size)._replace(
        only=None,
        skips_first_and_last_layer=False,
        unquantized=MappingProxyType({layer: frozenset(names) for layer, names in left.items()}),
    )


def own_checkpoint(
    model: Model, scheme: Scheme, group_size: int | None, source: str, license_name: str
) -> OwnCheckpoint:
    """The settings of a checkpoint that was read."""
    layers = [scheme.unquantized.get(number, frozenset()) for number in range(model.layers)]
    everywhere = frozenset.intersection(*layers) if layers else frozenset()
    left = [f"{EVERY_LAYER}.{name}" for name in sorted(everywhere)]
    left += [f"{number}.{name}" for number, names in enumerate(layers) for name in sorted(names - everywhere)]
    return OwnCheckpoint(
        source=source,
        license=license_name,
        quantization=scheme.name,
        group_size=group_size,
        unquantized=tuple(left),
        **{key: getattr(model, key) for key in FIGURES},
    )


FIGURES = (
    "layers",
    "hidden",
    "intermediate",
    "attention_heads",
    "kv_heads",
    "head_dim",
    "vocab",
    "max_context_tokens",
    "rope_cache_tokens",
    "tied_embeddings",
    "attention_bias",
    "mlp_bias",
)


def own_problem(own: OwnCheckpoint, name: str) -> str | None:
    """Problem of a checkpoint of one's own under that name; None where there is none."""
    from paddock.catalog.models import model_names

    if name in model_names():
        return f"model {name} is one of the catalog, but checkpoint names your own; give yours another name"
    if own.attention_heads % own.kv_heads:
        return f"checkpoint has {own.attention_heads} attention heads, no whole multiple of {own.kv_heads} KV heads"
    linear = {tensor.name for tensor in layer_tensors(model_of(own, name)) if tensor.linear}
    for each in own.unquantized:
        found = PROJECTION.fullmatch(each)
        if not found or found[2] not in linear or (found[1] != EVERY_LAYER and int(found[1]) >= own.layers):
            return f"checkpoint leaves {shown(each)} unquantized, which it does not have; write <layer>.<projection>"
    prefix = license_terms(own.license).derived_name_prefix if own.license in license_names() else None
    if prefix is not None and not _plain(name).startswith(_plain(prefix)):
        return (
            f"model is {name}, but {own.license} wants '{prefix}' at the beginning of the name of a model made with it "
            f"({license_terms(own.license).url}, 1.b.i); call it {prefix.lower().replace(' ', '-')}-{name}"
        )
    return None


def _plain(name: str) -> str:
    return re.sub(r"[ ._-]", "", name.lower())


def as_settings(own: OwnCheckpoint) -> dict[str, Any]:
    """The value of `paddock:checkpoint`, without what has its default."""
    return {
        key: list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Quantization) else value
        for key, value in own.model_dump(exclude_defaults=True).items()
    }
