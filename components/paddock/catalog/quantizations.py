"""The ways in which a model's linear layers are stored, what each really holds, and the GPUs that run it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from paddock.catalog.gpus import ComputeCapability, Gpu, capability_of_text
from paddock.catalog.lookup import table
from paddock.record import Entry, Record

FILE = "quantizations.toml"
UNQUANTIZED_BYTES = 2
"""Embeddings, lm_head and norms keep 16 bits in every scheme but fp32; `Scheme.unquantized_bytes` knows."""


class Quantization(StrEnum):
    """Storage formats of linear layers' weights; read by sizing, by the vLLM arguments and by the weights' folder."""

    BF16 = "bf16"
    FP32 = "fp32"
    FP8 = "fp8"
    FP8_STATIC = "fp8-static"
    FP8_RUNTIME = "fp8-runtime"
    FP8_FBGEMM = "fp8-fbgemm"
    INT8 = "int8"
    INT4 = "int4"
    AWQ = "awq"
    GPTQ = "gptq"
    GPTQ_ASYM = "gptq-asym"
    NF4 = "nf4"
    NVFP4 = "nvfp4"
    AQLM = "aqlm"


class Quality(StrEnum):
    """Share of the unquantized model's accuracy that remains; `at_least` orders them. Source: `quantizations.toml`."""

    TWO_BIT = "two-bit"
    FOUR_BIT = "four-bit"
    NEAR_LOSSLESS = "near-lossless"
    FULL = "full"

    def at_least(self, floor: Quality) -> bool:
        order = list(Quality)
        return order.index(self) >= order.index(floor)


class Each(StrEnum):
    """Part of a quantized layer that has one value."""

    WEIGHT = "weight"
    CHANNEL = "channel"
    INPUT = "input"
    PROJECTION = "projection"
    LAYER = "layer"


class Part(Entry):
    """One tensor of a quantized linear layer."""

    tensor: str
    bits: int
    each: Each
    weights: int = 1
    """Number of weights that share one value."""
    by_projection: bool = False
    """Kept once for each of q, k, v, gate and up, where the weights of these are fused."""
    while_loading: bool = False
    """Gone once vLLM has processed the weights."""

    def stored_bytes(self, outputs: int, inputs: int, projections: int = 1) -> int:
        """Bytes of a layer with that many output and input features, which is made of so many projections."""
        match self.each:
            case Each.WEIGHT:
                values = -(-outputs * inputs // self.weights)
            case Each.CHANNEL:
                values = outputs
            case Each.INPUT:
                values = inputs
            case Each.PROJECTION:
                values = projections
            case Each.LAYER:
                values = 1
        return -(-values * self.bits // 8)


class Runtime(NamedTuple):
    """Holder of the weights. An unknown one is taken as the newest vLLM on a GPU without kernels of its own."""

    vllm_version: str | None = None
    compute_capability: ComputeCapability | None = None

    def before(self, version: str) -> bool:
        return self.vllm_version is not None and _version(self.vllm_version) < _version(version)


UNKNOWN_RUNTIME = Runtime()


class Holding(Record):
    """Tensors that vLLM keeps of each linear layer, on the runtimes that it applies to."""

    parts: tuple[Part, ...]
    before: str | None = None
    capability: ComputeCapability | None = None
    below_capability: ComputeCapability | None = None

    def applies_to(self, runtime: Runtime) -> bool:
        capability = runtime.compute_capability
        if self.before is not None and not runtime.before(self.before):
            return False
        if self.capability is not None and capability != self.capability:
            return False
        return self.below_capability is None or (capability is not None and capability < self.below_capability)


# Compared and hashed by identity: the catalog makes one of each, and sizing caches by them thousands of times a search.
class Scheme(Entry):
    """One quantization: what it stores, which GPUs run it, how good it is."""

    name: Quantization
    quality: Quality
    weight_bits: int
    group_size: int | None
    """Weights that share one scale along the input dimension; None where scales are not by group."""
    unquantized_bytes: int
    """Bytes a value of embeddings, lm_head, norms, biases and of the rotary cache."""
    holdings: tuple[Holding, ...]
    files: tuple[Part, ...]
    """Tensors that a checkpoint stores of each projection; with `files_of` those of the checkpoint that is loaded."""
    files_of: Quantization | None
    """The scheme of the checkpoint, where vLLM makes this one of it while loading."""
    only: frozenset[str] | None
    """The projections that are quantized; None is all."""
    skips_first_and_last_layer: bool
    unquantized: Mapping[int, frozenset[str]] = MappingProxyType({})
    """Projections by layer that one checkpoint leaves at 16 bits, beside what `only` says."""
    vllm_names: tuple[tuple[str | None, str], ...]
    last_vllm: str | None
    """The newest vLLM seen with this scheme, where a newer one was seen without."""
    dtype: str
    native_from: ComputeCapability
    native_below: ComputeCapability | None
    weight_only_from: ComputeCapability | None
    """First compute capability at which, up to `native_from`, weights are stored small and computed at 16 bits."""
    source: str

    def held(self, runtime: Runtime = UNKNOWN_RUNTIME) -> tuple[Part, ...]:
        """The tensors of a quantized linear layer in GPU memory."""
        return next(holding.parts for holding in self.holdings if holding.applies_to(runtime))

    def quantizes(self, projection: str, *, layer: int, layers: int) -> bool:
        """True where that linear layer is stored small, rather than at 16 bits."""
        skipped, unquantized = self.exceptions(layer=layer, layers=layers)
        return not skipped and projection not in unquantized and (self.only is None or projection in self.only)

    def exceptions(self, *, layer: int, layers: int) -> tuple[bool, frozenset[str]]:
        """Projections of that layer that are left at 16 bits, and whether all are: layers with the same are alike."""
        skipped = self.skips_first_and_last_layer and layer in {0, layers - 1}
        return skipped, self.unquantized.get(layer, frozenset())

    def with_group_size(self, group_size: int | None) -> Scheme:
        """This scheme with its scales for so many weights each."""
        if group_size is None or group_size == self.group_size:
            return self

        def regrouped(parts: tuple[Part, ...]) -> tuple[Part, ...]:
            return tuple(
                part._replace(weights=group_size) if part.weights == self.group_size else part for part in parts
            )

        holdings = tuple(each._replace(parts=regrouped(each.parts)) for each in self.holdings)
        return self._replace(group_size=group_size, holdings=holdings, files=regrouped(self.files))

    def with_dtype(self, dtype: str) -> Scheme:
        """This scheme with everything unquantized in that 16-bit type, on the GPUs that have it."""
        least = BFLOAT16_FROM if dtype == "bfloat16" else self.native_from
        weight_only = None if self.weight_only_from is None else max(least, self.weight_only_from)
        return self._replace(dtype=dtype, native_from=max(least, self.native_from), weight_only_from=weight_only)

    def vllm_name(self, vllm_version: str | None = None) -> str | None:
        """Value of `--quantization`; None where the checkpoint says it."""
        runtime = Runtime(vllm_version)
        return next((name for before, name in self.vllm_names if before is None or runtime.before(before)), None)

    def runs_in(self, vllm_version: str) -> bool:
        """True where that vLLM still has this scheme."""
        return self.last_vllm is None or _version(vllm_version) <= _version(self.last_vllm)

    def runs_natively_on(self, gpu: Gpu) -> bool:
        below = self.native_below is None or gpu.compute_capability < self.native_below
        return below and gpu.compute_capability >= self.native_from

    def is_weight_only_on(self, gpu: Gpu) -> bool:
        """True where the GPU can hold such weights but not compute with them: memory is saved, speed is not."""
        if self.weight_only_from is None or self.runs_natively_on(gpu):
            return False
        return self.weight_only_from <= gpu.compute_capability < self.native_from

    def runs_on(self, gpu: Gpu) -> bool:
        return self.runs_natively_on(gpu) or self.is_weight_only_on(gpu)

    def dtype_on(self, gpu: Gpu) -> str:
        """The type for everything unquantized: GPUs before Ampere have no bfloat16."""
        return "float16" if self.dtype == "bfloat16" and gpu.compute_capability < BFLOAT16_FROM else self.dtype


BFLOAT16_FROM: ComputeCapability = (8, 0)


@cache
def scheme(name: Quantization) -> Scheme:
    row = table(FILE, name)
    files_of = Quantization(row["files_of"]) if "files_of" in row else None
    return Scheme(
        name=name,
        quality=Quality(row["quality"]),
        weight_bits=row["weight_bits"],
        group_size=row.get("group_size"),
        unquantized_bytes=row.get("unquantized_bytes", UNQUANTIZED_BYTES),
        holdings=tuple(_holding(each) for each in row["held"]),
        files=_parts(table(FILE, files_of)["files"] if files_of else row["files"]),
        files_of=files_of,
        only=frozenset(row["only"]) if "only" in row else None,
        skips_first_and_last_layer=row.get("skips_first_and_last_layer", False),
        vllm_names=tuple((each.get("before"), each["name"]) for each in row.get("vllm_names", ())),
        last_vllm=row.get("last_vllm"),
        dtype=row["dtype"],
        native_from=capability_of_text(row["native_from"]),
        native_below=_optional_capability(row, "native_below"),
        weight_only_from=_optional_capability(row, "weight_only_from"),
        source=row["source"],
    )


def _holding(row: dict[str, Any]) -> Holding:
    return Holding(
        parts=_parts(row["parts"]),
        before=row.get("before"),
        capability=_optional_capability(row, "capability"),
        below_capability=_optional_capability(row, "below_capability"),
    )


def _parts(rows: list[dict[str, Any]]) -> tuple[Part, ...]:
    return tuple(Part(**{**row, "each": Each(row["each"])}) for row in rows)


def _optional_capability(row: Mapping[str, Any], key: str) -> ComputeCapability | None:
    return capability_of_text(row[key]) if key in row else None


@lru_cache(maxsize=1024)
def _version(text: str) -> tuple[int, ...]:
    """The release, however a log writes it (`0.6.4.dev26+g92d86da2`); what has no number counts as the newest."""
    found = re.match(r"\D*(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else (9999,)
