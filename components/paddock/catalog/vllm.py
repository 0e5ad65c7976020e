"""vLLM by version: what it does with GPU memory, how it batches, how long it starts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from paddock.catalog.files import toml
from paddock.catalog.gpus import Gpu
from paddock.catalog.lookup import UnknownNameError

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The most that one step of the engine takes on."""

    max_num_seqs: int
    max_num_batched_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineMemory:
    """Constants of the modelled terms; `data/vllm.toml` says where each was measured."""

    bytes_per_logit: int
    hidden_copies: int
    non_torch_mib: int
    non_torch_tensor_parallel_mib: int
    cuda_graph_base_mib: int
    cuda_graph_mib_per_layer: int
    band_share: float
    band_mib: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStartup:
    """Constants of the start-up budget."""

    compile_seconds: float
    compile_seconds_per_100_gb: float
    process_seconds: float
    graph_capture_seconds: float
    network_efficiency: float
    safety_factor: float
    engine_ready_timeout_default_seconds: int
    streamer_bytes_per_reader_gb: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One vLLM version."""

    version: str
    modelled_as: str
    """The start of the version range whose constants are used."""
    newer_than_catalog: bool
    gpu_memory_utilization: float
    optional_flags: frozenset[str]
    """Flags of `vllm serve` that not every modelled version has."""
    cuda_graphs_in_budget: bool
    memory: EngineMemory
    startup: EngineStartup
    source: str

    def batch(self, gpu: Gpu) -> Batch:
        """What the API server chooses on that GPU when nothing is asked for."""
        for row in _data()["batch"]:
            if gpu.usable_mib >= row["usable_mib_from"] and gpu.name not in row.get("except_gpus", []):
                return Batch(max_num_seqs=row["max_num_seqs"], max_num_batched_tokens=row["max_num_batched_tokens"])
        raise AssertionError("the last batch row holds for every GPU")


def newest_version() -> str:
    version: str = _data()["newest"]
    return version


def oldest_version() -> str:
    version: str = _data()["range"][0]["since"]
    return version


@cache
def engine(version: str) -> Engine:
    """The engine of that version; versions newer than the catalog are modelled as its newest.

    Raises `UnknownNameError` for anything else.
    """
    asked, newest = parse_version(version), parse_version(newest_version())
    row = None
    for candidate in _data()["range"]:
        if asked >= parse_version(candidate["since"]):
            row = candidate
    if row is None:
        raise UnknownNameError(f"vLLM {version} is older than {oldest_version()}, the oldest that is modelled")
    return Engine(
        version=version,
        modelled_as=row["since"],
        newer_than_catalog=asked > newest,
        gpu_memory_utilization=row["gpu_memory_utilization"],
        optional_flags=frozenset(row["optional_flags"]),
        cuda_graphs_in_budget=row["cuda_graphs_in_budget"],
        memory=EngineMemory(**_data()["memory"]),
        startup=EngineStartup(**_data()["startup"]),
        source=row["source"],
    )


def parse_version(text: str) -> Version:
    """`0.33.0` as (0, 33, 0); raises `UnknownNameError` for anything that is not three numbers."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise UnknownNameError(f"'{text}' is not a vLLM version; write it like {newest_version()}")
    return tuple(int(part) for part in parts)


@cache
def _data() -> dict[str, Any]:
    return toml("vllm.toml")
