"""Speed of each GPU at vLLM's work: measured shares of its data sheet, and what the engine adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from paddock.catalog.gpus import Gpu
from paddock.catalog.lookup import toml


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTime:
    """Time that vLLM takes beside the GPU's kernels, and the error band of the whole model."""

    host_ms_per_step: float
    host_us_per_request: float
    prefill_dispatch_ms_per_layer: float
    gemm_floor_us: float
    """The least that one matrix kernel takes."""
    quantize_us: float
    """Time before each matrix kernel with 8-bit or 4-bit inputs."""
    p2p_latency_us: float
    nvlink_bus_share: float
    nvlink_latency_us: float
    weight_only_compute_share: float
    """Share of the 16-bit matrix's rate."""
    low_share: float
    high_share: float
    unmeasured_share: float
    """The band of a GPU whose shares are another's."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """One GPU. Keys are kinds of arithmetic: `16bit`, `fp8`, `int8`, `fp4`."""

    gemm_bandwidth_share: Mapping[str, float]
    gemm_compute_share: Mapping[str, float]
    half_dense_tflops: float | None
    """Rate of FP16, where the data sheet has no BF16."""
    int8_dense_tops: float | None
    fp4_dense_tflops: float | None
    attention_bandwidth_share: float
    attention_compute_share: float
    layer_overhead_us: float
    measured: bool
    """True where these are its own shares."""
    source: str

    def dense_tflops(self, kind: str, gpu: Gpu) -> float | None:
        """Rate in the data sheet for that arithmetic; None where the GPU has none or nobody says."""
        match kind:
            case "16bit":
                return gpu.bf16_dense_tflops or self.half_dense_tflops
            case "fp8":
                return gpu.fp8_dense_tflops
            case "int8":
                return self.int8_dense_tops
            case _:
                return self.fp4_dense_tflops


@dataclass(frozen=True, slots=True, kw_only=True)
class PcieLink:
    """An all-reduce among that many GPUs without NVLink."""

    bus_gb_per_second: float
    latency_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTables:
    """The names under which `aiconfigurator-core` knows our GPUs, schemes and models."""

    version: str
    systems: Mapping[str, str]
    kernels: Mapping[str, str]
    models: tuple[tuple[str, Mapping[str, int]], ...]
    """Its name and the shape by which ours is recognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConstants:
    """Constants of `paddock.sizing.training.memory`; the data file says where each comes from."""

    adamw_bytes: int
    adamw_8bit_bytes: int
    nf4_bits: float
    logit_bytes: int
    logit_bytes_high: int
    logit_chunks_low: int
    context_mib: int
    fragmentation_high_share: float
    source: str


UNKNOWN_GPU_LIKE = "L40S"
"""A GPU that only has a size: the shares of the slowest kind that was measured."""


@cache
def engine_time() -> EngineTime:
    data = _data()
    return EngineTime(
        host_ms_per_step=data["engine"]["host_ms_per_step"],
        host_us_per_request=data["engine"]["host_us_per_request"],
        prefill_dispatch_ms_per_layer=data["engine"]["prefill_dispatch_ms_per_layer"],
        gemm_floor_us=data["engine"]["gemm_floor_us"],
        quantize_us=data["engine"]["quantize_us"],
        p2p_latency_us=data["p2p"]["latency_us"],
        nvlink_bus_share=data["nvlink"]["bus_share"],
        nvlink_latency_us=data["nvlink"]["latency_us"],
        weight_only_compute_share=data["weight_only"]["compute_share_of_16_bit"],
        low_share=data["band"]["low_share"],
        high_share=data["band"]["high_share"],
        unmeasured_share=data["band"]["unmeasured_share"],
        source=data["engine"]["source"],
    )


@cache
def weight_only_bandwidth_share(bits: int) -> float:
    """Share of the 16-bit matrix's share, for weights kept at `bits`, computed at 16; the nearest that was measured."""
    table = {int(key): share for key, share in _data()["weight_only"]["bandwidth_share_of_16_bit"].items()}
    return float(table[min(table, key=lambda known: abs(known - bits))])


@cache
def pcie_link(gpu_name: str, gpus: int) -> PcieLink:
    """Share of the smallest measured group that holds that many GPUs; where none does, of the largest."""
    data = _data()["pcie"]
    bus = _data()["gpu"].get(gpu_name, {}).get("pcie_bus_gb_per_second", data["bus_gb_per_second"])
    sizes = sorted(int(key) for key in bus)
    size = str(next((size for size in sizes if size >= gpus), sizes[-1]))
    return PcieLink(bus_gb_per_second=bus[size], latency_us=data["latency_us"][size])


@cache
def efficiency(gpu_name: str) -> Efficiency:
    """The GPU's measured shares, or those of the one that it is said to be like."""
    table = _data()["gpu"]
    row = table.get(gpu_name, {"like": UNKNOWN_GPU_LIKE})
    like = row.get("like")
    merged: dict[str, Any] = {**(table[like] if like else {}), **row}
    return Efficiency(
        gemm_bandwidth_share=MappingProxyType(merged["gemm_bandwidth_share"]),
        gemm_compute_share=MappingProxyType(merged["gemm_compute_share"]),
        half_dense_tflops=merged.get("half_dense_tflops"),
        int8_dense_tops=merged.get("int8_dense_tops"),
        fp4_dense_tflops=merged.get("fp4_dense_tflops"),
        attention_bandwidth_share=merged["attention_bandwidth_share"],
        attention_compute_share=merged["attention_compute_share"],
        layer_overhead_us=merged["layer_overhead_us"],
        measured=like is None,
        source=f"operators of {like or gpu_name} in aiconfigurator-core 0.12.0, read {_data()['as_of']}",
    )


@cache
def operator_tables() -> OperatorTables:
    data = _data()["aiconfigurator"]
    return OperatorTables(
        version=data["version"],
        systems=MappingProxyType(data["systems"]),
        kernels=MappingProxyType(data["kernels"]),
        models=tuple((row["name"], MappingProxyType(row["shape"])) for row in data["models"]),
    )


@cache
def training_constants() -> TrainingConstants:
    return TrainingConstants(**_data()["training"])


@cache
def _data() -> dict[str, Any]:
    return toml("performance.toml")
