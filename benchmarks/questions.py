"""Questions to sizing and its peers: real start-ups of vLLM, in words that every tool has for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.figures import ROOT
from paddock import catalog
from paddock.catalog import Model, Quantization
from paddock.catalog.gpus import gpu_of_text
from paddock.sizing import KvCacheDtype
from paddock.sizing.memory import kv_cache
from paddock.sizing.startups.accuracy import RowReport, predict
from paddock.sizing.startups.rows import StartupRow, read_rows
from paddock.units import MIB, MIB_PER_GIB

STARTUPS: Path = ROOT / "tests" / "accuracy" / "vllm_startup.csv"
GIB = MIB * MIB_PER_GIB
KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """vLLM's own answer. None: it did not say."""

    weights_gib: float | None
    """Per GPU."""
    kv_tokens: int | None
    kv_tokens_from_gib: bool
    """The row has GiB; the tokens are those that so much memory holds."""
    started: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Weights, KV tokens, does it start?"""

    label: str
    """The id of the row of `vllm_startup.csv`, or a name where no start-up is at hand."""
    model: Model
    quantization: Quantization
    gpu: str
    """A name of the catalog."""
    tensor_parallel: int
    pipeline_parallel: int
    gpu_memory_utilization: float
    max_model_len: int
    kv_cache_dtype: KvCacheDtype
    vllm_version: str
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    flashinfer: bool = True
    others_mib: int = 0
    """GPU memory that other processes held; only paddock has a word for it."""
    printed: Printed | None = None

    @property
    def gpus(self) -> int:
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def kv_bytes_per_token(self) -> int:
        """Over all GPUs."""
        scheme = catalog.scheme(self.quantization)
        return kv_cache.bytes_per_token(self.model, self.kv_cache_dtype.element_bytes(scheme.unquantized_bytes))

    @property
    def title(self) -> str:
        cards = f"{self.gpus} × {self.gpu}" if self.gpus > 1 else f"one {self.gpu}"
        cache = "" if self.kv_cache_dtype is KvCacheDtype.AUTO else ", fp8 KV cache"
        return (
            f"{self.model.display_name}, {self.quantization.value}, {cards}, utilization "
            f"{self.gpu_memory_utilization}, context {self.max_model_len:,}{cache}, vLLM {self.vllm_version}"
        )


L4 = Question(
    label="L4",
    model=catalog.model("llama-3.1-8b"),
    quantization=Quantization.BF16,
    gpu="L4",
    tensor_parallel=1,
    pipeline_parallel=1,
    gpu_memory_utilization=0.95,
    max_model_len=8192,
    kv_cache_dtype=KvCacheDtype.AUTO,
    vllm_version="0.19.0",
)
"""The cheapest card that may do, of which no start-up is at hand: only the tools' answers can be compared."""

SHOWN = ("12", "3", "94", "23", "33")
"""Rows whose answers are shown in full: bf16; 70B of 8 bits on two and on one H100; 4 bits; another version."""


def all_questions() -> list[Question]:
    """Each row of the V1 engine that states model, split, GPU, utilization and version, and prints its KV cache."""
    reports = [predict(row) for row in read_rows(STARTUPS)]
    return [found for found in map(question, reports) if found is not None]


def question(report: RowReport) -> Question | None:
    """None where the row does not determine the KV cache: then no tool can be judged by it."""
    row = report.row
    gpu = gpu_of_text(row.gpu)
    compared = report.kv_tokens or report.kv_gib
    if report.v0 or compared is None or not compared.in_summary:
        return None
    if gpu is None or report.model is None or report.quantization is None:
        return None
    if row.args.gpu_memory_utilization is None or row.version is None:
        return None
    found = Question(
        label=row.id,
        model=catalog.model(report.model),
        quantization=Quantization(report.quantization),
        gpu=gpu.name,
        tensor_parallel=report.tensor_parallel,
        pipeline_parallel=report.pipeline_parallel,
        gpu_memory_utilization=row.args.gpu_memory_utilization,
        max_model_len=row.args.max_model_len or catalog.model(report.model).max_context_tokens,
        kv_cache_dtype=KvCacheDtype.FP8 if (row.args.kv_cache_dtype or "").startswith("fp8") else KvCacheDtype.AUTO,
        vllm_version=row.version,
        max_num_seqs=row.args.max_num_seqs,
        max_num_batched_tokens=row.args.max_num_batched_tokens,
        flashinfer=report.flashinfer,
        others_mib=row.others_mib,
    )
    return _with_printed(found, row)


def _with_printed(asked: Question, row: StartupRow) -> Question:
    tokens = row.kv_cache_tokens
    if tokens is None and row.kv_cache_gib is not None:
        tokens = round(row.kv_cache_gib * GIB * asked.gpus / asked.kv_bytes_per_token)
    printed = Printed(
        weights_gib=row.weights_gib,
        kv_tokens=tokens,
        kv_tokens_from_gib=row.kv_cache_tokens is None and tokens is not None,
        started=row.started,
    )
    return replace(asked, printed=printed)
