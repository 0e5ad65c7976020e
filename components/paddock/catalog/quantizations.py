"""The ways in which a model's linear layers are stored, and the GPUs that run each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from paddock.catalog.files import toml
from paddock.catalog.gpus import ComputeCapability, Gpu

UNQUANTIZED_BYTES = 2
"""Embeddings, lm_head and norms keep 16 bits in every scheme."""


class Quantization(StrEnum):
    """How the weights of linear layers are stored; read by sizing, by the vLLM arguments and by the weights' folder."""

    BF16 = "bf16"
    FP8 = "fp8"
    INT8 = "int8"
    INT4 = "int4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One quantization: bits a weight, what its scales take, which GPUs run it."""

    name: Quantization
    weight_bits: int
    channel_scale_bytes: int
    """Bytes an output channel for its scale; 0 where the scheme has none."""
    group_size: int | None
    """Weights that share one scale along the input dimension; None where scales are not by group."""
    group_scale_bytes: int
    dtype: str
    native_from: ComputeCapability
    native_below: ComputeCapability | None
    weight_only_from: ComputeCapability | None
    """From here to `native_from` weights are stored small and computed at 16 bits."""
    source: str

    def runs_natively_on(self, gpu: Gpu) -> bool:
        below = self.native_below is None or gpu.compute_capability < self.native_below
        return below and gpu.compute_capability >= self.native_from

    def is_weight_only_on(self, gpu: Gpu) -> bool:
        """Whether the GPU can hold such weights but not compute with them: memory is saved, speed is not."""
        if self.weight_only_from is None or self.runs_natively_on(gpu):
            return False
        return self.weight_only_from <= gpu.compute_capability < self.native_from

    def runs_on(self, gpu: Gpu) -> bool:
        return self.runs_natively_on(gpu) or self.is_weight_only_on(gpu)

    def dtype_on(self, gpu: Gpu) -> str:
        """The 16-bit type for everything unquantized: GPUs before Ampere have no bfloat16."""
        return self.dtype if gpu.compute_capability >= BFLOAT16_FROM else "float16"


BFLOAT16_FROM: ComputeCapability = (8, 0)


@cache
def schemes() -> MappingProxyType[Quantization, Scheme]:
    data = toml("quantizations.toml")
    return MappingProxyType({name: _scheme(name, data[name]) for name in Quantization})


def scheme(name: Quantization) -> Scheme:
    return schemes()[name]


def _scheme(name: Quantization, row: dict[str, Any]) -> Scheme:
    def capability(key: str) -> ComputeCapability | None:
        return _capability(row[key]) if key in row else None

    return Scheme(
        name=name,
        weight_bits=row["weight_bits"],
        channel_scale_bytes=row.get("channel_scale_bytes", 0),
        group_size=row.get("group_size"),
        group_scale_bytes=row.get("group_scale_bytes", 0),
        dtype=row["dtype"],
        native_from=_capability(row["native_from"]),
        native_below=capability("native_below"),
        weight_only_from=capability("weight_only_from"),
        source=row["source"],
    )


def _capability(text: str) -> ComputeCapability:
    major, minor = text.split(".")
    return int(major), int(minor)
