"""vLLM by version: defaults, batch limits and the constants of its memory and start-up, from `data/vllm.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from paddock.catalog.gpus import ComputeCapability, Gpu, Link, capability_of_text
from paddock.catalog.lookup import UnknownNameError, shown, toml
from paddock.record import Entry, Record

Version = tuple[int, int, int]

V0_CHUNKED_FROM_TOKENS = 32_768
V0_CHUNK_TOKENS = 512
V0_LEAST_BATCHED_TOKENS = 2048
"""Engine V0 reads a whole context in one step; beyond 32,768 tokens in chunks of 512 (vLLM 0.6.3 config.py)."""


class Runner(StrEnum):
    """Model runner of vLLM that profiles the memory."""

    V0 = "V0"
    V1 = "V1"
    V2 = "V2"


class Batch(NamedTuple):
    """The largest step: sequences, and tokens over all of them."""

    max_num_seqs: int
    max_num_batched_tokens: int


class Band(Record):
    """The true figure lies within `share` of a term and `mib` more, in nine of ten cases."""

    share: float
    mib: float

    def of(self, mib: float) -> float:
        """Half the band's width, in MiB."""
        return self.share * mib + self.mib


class EngineMemory(Record):
    """Constants of the memory model, the same for all versions; `data/vllm.toml` says where each was measured."""

    kernels: tuple[Mapping[str, Any], ...]
    cuda_graph_profile_mib: float
    communication: Mapping[Link, float]
    communicators_mib: float
    cuda_context_mib: float
    cublas_workspace: tuple[Mapping[str, Any], ...]
    communication_sharp_mib_per_rank: float
    captured_all_reduce_mib_per_rank_and_layer: float
    l2_cache: tuple[Mapping[str, Any], ...]
    layer_hidden_copies: int
    cuda_graph_base_mib: float
    cuda_graph_mib_per_layer: float
    cuda_graph_pieces_share: float
    outside_slack_mib: float
    band: Mapping[str, Band]
    source: str

    def kernels_mib(self, capability: ComputeCapability, gpus: int) -> float:
        row = _last(self.kernels, capability)
        return float(row["mib"] if gpus == 1 else row["several_mib"])

    def cublas_workspace_mib(self, capability: ComputeCapability) -> float:
        return float(_last(self.cublas_workspace, capability)["kib"]) / 1024

    def l2_cache_mib(self, capability: ComputeCapability) -> float:
        return float(_last(self.l2_cache, capability)["mib"])

    def communication_mib(self, link: Link, lazily_between: int | None = None) -> float:
        """Memory of all-reduces on each rank: once graphs were captured, or of the first one between so many ranks."""
        if lazily_between is not None and link is Link.SHARP:
            return self.communication_sharp_mib_per_rank * lazily_between
        return self.communication[link]


class EngineStartup(Record):
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


class Sampler(Record):
    """The tensors of `max_num_seqs` by vocabulary that sampling takes."""

    fp32_copies: int
    """Copies of the logits at the peak, beside those in the model's dtype."""
    row_per_sm: bool
    table_bytes: float
    """Kept for good, a sequence and token of the vocabulary."""
    rejection_own_copies: int = 0
    """Copies of the logits in the model's dtype at the peak of the rejection sampler, where something drafts;
    0: the profile does not run it."""
    rejection_fp32_copies: int = 0


# Compared and hashed by identity: `engine` makes one of each version.
class Engine(Entry):
    """One vLLM version. `data/vllm.toml` explains the fields."""

    version: str
    parsed: Version
    modelled_as: str
    """The start of the version range whose constants are used."""
    newer_than_catalog: bool
    unquantized_runner: Runner
    quantized_runner: Runner
    gpu_memory_utilization: float
    optional_flags: frozenset[str]
    """Flags of `vllm serve` that not every modelled version has."""
    context_counted: bool
    communicators_counted: bool
    everything_counted: bool
    v1_cuda_graph_share: float
    v2_cuda_graph_share: float
    outside_slack: bool
    cuda_graph_profile_counted: bool
    full_cuda_graphs: bool
    chunked_attention_batches: int
    capture_counted: bool
    captures_leak: bool
    compilation_counted: bool
    v1_sampler: Sampler
    v2_sampler: Sampler
    sampler_without_flashinfer: Sampler
    memory: EngineMemory
    startup: EngineStartup
    source: str

    @property
    def release(self) -> str:
        """The version without what development builds add."""
        return ".".join(map(str, self.parsed))

    def runner(self, quantized: bool) -> Runner:
        return self.quantized_runner if quantized else self.unquantized_runner

    def sampler(self, quantized: bool, *, flashinfer: bool = True) -> Sampler:
        """The sampler of the official image, which has FlashInfer."""
        if self.runner(quantized) is Runner.V2:
            return self.v2_sampler
        return self.v1_sampler if flashinfer else self.sampler_without_flashinfer

    def cuda_graph_share(self, quantized: bool) -> float:
        """Share of CUDA graphs' memory taken from the KV cache; 0 where graphs lie outside the share of vLLM."""
        return self.v2_cuda_graph_share if self.runner(quantized) is Runner.V2 else self.v1_cuda_graph_share

    def graphs_profiled(self, quantized: bool) -> bool:
        """True where graphs are captured on trial before others' memory than torch's is read; runner V2 does not."""
        return self.cuda_graph_profile_counted and self.runner(quantized) is not Runner.V2

    def batch(self, gpu: Gpu, max_model_len: int, *, offline: bool = False) -> Batch:
        """Default that the API server, or `LLM()` in a program, chooses on that GPU when nothing is asked for."""
        row = _batch_row(self, gpu)
        tokens = row["offline_max_num_batched_tokens" if offline else "max_num_batched_tokens"]
        return Batch(row["max_num_seqs"], tokens or _v0_batched_tokens(max_model_len))


@lru_cache(maxsize=1024)
def _batch_row(engine: Engine, gpu: Gpu) -> Mapping[str, Any]:
    for row in _data()["batch"]:
        matches = gpu.usable_mib >= row["usable_mib_from"] and gpu.name not in row.get("except_gpus", [])
        if matches and engine.parsed >= parse_version(row["since"]):
            return MappingProxyType(row)
    raise AssertionError("the last batch row holds for every GPU")


def _v0_batched_tokens(max_model_len: int) -> int:
    return V0_CHUNK_TOKENS if max_model_len > V0_CHUNKED_FROM_TOKENS else max(max_model_len, V0_LEAST_BATCHED_TOKENS)


def as_of() -> date:
    """The day on which vLLM's sources were read."""
    day: date = _data()["as_of"]
    return day


def newest_version() -> str:
    version: str = _data()["newest"]
    return version


def oldest_version() -> str:
    return modelled_versions()[0]


def modelled_versions() -> tuple[str, ...]:
    """The first version of each range, oldest first."""
    return tuple(each["since"] for each in _data()["range"])


@cache
def engine(version: str) -> Engine:
    """The engine of that version; versions newer than the catalog are modelled as its newest.

    Raises `UnknownNameError` for anything else.
    """
    asked, newest = parse_version(version), parse_version(newest_version())
    row: dict[str, Any] = {}
    for candidate in _data()["range"]:
        if asked >= parse_version(candidate["since"]):
            row |= candidate
    if not row:
        raise UnknownNameError(f"vLLM {version} is older than {oldest_version()}, the oldest that is modelled")
    memory = dict(_data()["memory"])
    bands = {name: Band(**band) for name, band in memory.pop("band").items()}
    v1_sampler = Sampler(
        fp32_copies=row["sampler_fp32_copies"],
        row_per_sm=row["sampler_row_per_sm"],
        table_bytes=0,
        rejection_own_copies=row["rejection_own_copies"],
        rejection_fp32_copies=row["rejection_fp32_copies"],
    )
    return Engine(
        version=version,
        parsed=asked,
        modelled_as=row["since"],
        newer_than_catalog=asked > newest,
        unquantized_runner=Runner(row["runner"]),
        quantized_runner=Runner(row.get("quantized_runner", row["runner"])),
        gpu_memory_utilization=row["gpu_memory_utilization"],
        optional_flags=frozenset(row["optional_flags"]),
        context_counted=row["context_counted"],
        communicators_counted=row["communicators_counted"],
        everything_counted=row["everything_counted"],
        v1_cuda_graph_share=row["cuda_graph_share"],
        v2_cuda_graph_share=row.get("v2_cuda_graph_share", row["cuda_graph_share"]),
        outside_slack=row["outside_slack"],
        cuda_graph_profile_counted=row["cuda_graph_profile_counted"],
        full_cuda_graphs=row["full_cuda_graphs"],
        chunked_attention_batches=row["chunked_attention_batches"],
        capture_counted=row["capture_counted"],
        captures_leak=row["captures_leak"],
        compilation_counted=row["compilation_counted"],
        v1_sampler=v1_sampler,
        sampler_without_flashinfer=v1_sampler._replace(
            fp32_copies=row.get("without_flashinfer_fp32_copies", row["sampler_fp32_copies"])
        ),
        v2_sampler=Sampler(
            fp32_copies=row.get("v2_sampler_fp32_copies", 0), row_per_sm=False, table_bytes=row["sampler_table_bytes"]
        ),
        memory=EngineMemory(
            band=MappingProxyType(bands),
            kernels=tuple(memory.pop("kernels")),
            communication={Link(link): mib for link, mib in memory.pop("communication").items()},
            cublas_workspace=tuple(memory.pop("cublas_workspace")),
            l2_cache=tuple(memory.pop("l2_cache")),
            **memory,
        ),
        startup=EngineStartup(**_data()["startup"]),
        source=row["source"],
    )


def deployable_engine(version: str) -> Engine:
    """The engine of a version that the platform can run; raises `UnknownNameError` for those that cannot start."""
    found, oldest = engine(version), _data()["deployable_from"]
    if found.parsed < parse_version(oldest):
        raise UnknownNameError(
            f"vLLM {version} can be sized but does not start here: before {oldest} it needs a user with a name, and "
            f"the oldest ones a model from Hugging Face; use {oldest} or newer"
        )
    return found


@cache
def parse_version(text: str) -> Version:
    """`0.33.0` as (0, 33, 0); post and development releases count as the release that they name.

    Raises `UnknownNameError` for anything else.
    """
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:[.+]?(?:post|dev|rc)\d+)*(?:\+[\w.]+)?", text, re.ASCII)
    if match is None:
        raise UnknownNameError(f"{shown(text)} is not a vLLM version; write it like {newest_version()}")
    return int(match[1]), int(match[2]), int(match[3])


def _last(rows: tuple[Mapping[str, Any], ...], capability: ComputeCapability) -> Mapping[str, Any]:
    """The row of the newest architecture that is not newer than this one; the first for those older than all."""
    found = rows[0]
    for row in rows:
        if capability >= capability_of_text(row["from"]):
            found = row
    return found


@cache
def _data() -> dict[str, Any]:
    return toml("vllm.toml")
