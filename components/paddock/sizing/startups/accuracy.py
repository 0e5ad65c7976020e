"""Our figures beside those that vLLM printed at a real start-up.

What a row does not determine is left out of the summary, and the row says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from paddock import catalog
from paddock.catalog import Engine, Gpu, Model, Quantization, Scheme, newest_version, scheme
from paddock.catalog.gpus import bare_gpu, gpu_of_text
from paddock.catalog.lookup import UnknownNameError
from paddock.catalog.names import model_of_repository, scheme_of_text
from paddock.catalog.quantizations import Runtime
from paddock.catalog.vllm import Runner, parse_version
from paddock.sizing.memory import lora
from paddock.sizing.memory.engine_args import DEFAULT_LORA, KvCacheDtype, Launch, LoraSlots, launch
from paddock.sizing.memory.fit import Fit, budget, fit
from paddock.sizing.memory.parallelism import Parallelism, illegal, pipeline_ranks
from paddock.sizing.memory.weights import rank_bytes
from paddock.sizing.startups.rows import StartupRow
from paddock.sizing.startups.wordings import version_by_wording
from paddock.units import GIB, MIB_PER_GIB

NEWEST_V0 = "0.7.3"
DRIVER_MATCH = 0.001
"""A memory figure this near to the driver's total is nvidia-smi's, and torch sees less of that card."""
NO_QUANTIZATION = re.compile(r"none|no|auto|unquantized|-", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure: as printed, as predicted."""

    printed: float
    predicted: float
    in_summary: bool

    @property
    def error(self) -> float:
        return self.predicted - self.printed

    @property
    def error_pct(self) -> float:
        return 100 * self.error / self.printed


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReport:
    """What was predicted of one row. Figures that were not printed or cannot be predicted are None."""

    row: StartupRow
    model: str | None
    quantization: str | None
    tensor_parallel: int
    pipeline_parallel: int
    modelled_as: str | None
    usable_gib: float | None
    weights_gib: Compared | None = None
    kv_gib: Compared | None = None
    kv_tokens: Compared | None = None
    kv_tokens_low: int = 0
    """At the low end of the band."""
    kv_tokens_high: int = 0
    started: bool | None = None
    predicted_to_start: bool | None = None
    verdict_in_summary: bool = False
    left_out: tuple[str, ...] = ()
    """Why figures are missing, or not in the summary."""
    notes: tuple[str, ...] = ()

    @property
    def v0(self) -> bool:
        return self.row.engine == "V0"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setup:
    """A start-up in the words of sizing."""

    model: Model
    scheme: Scheme
    gpu: Gpu
    engine: Engine
    launch: Launch
    others_mib: int

    def fit(self) -> Fit:
        return fit(self.model, self.scheme, self.gpu, self.engine, self.launch, others_mib=self.others_mib)


@dataclass(kw_only=True)
class _Case:
    """A row as it is read, gathering what has to be left out."""

    row: StartupRow
    split: Parallelism
    split_stated: bool
    kv_stated: bool = True
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def predict(row: StartupRow) -> RowReport:
    """Everything that the row determines."""
    case = _Case(
        row=row,
        split=Parallelism(tensor=row.tensor_parallel or 1, pipeline=row.pipeline_parallel or 1),
        split_stated=row.tensor_parallel is not None or row.num_gpus == 1,
    )
    if not case.split_stated:
        case.left_out.append("neither tensor parallelism nor a single GPU is stated; taken as vLLM's default of 1")
    named = _named(case)
    setup = _setup(case, *named) if named else None
    found = setup.fit() if setup else None
    kv_gib, kv_tokens = _kv(case, setup, found) if setup and found else (None, None)
    return RowReport(
        row=row,
        model=named[0].name if named else None,
        quantization=named[1].name.value if named else None,
        tensor_parallel=case.split.tensor,
        pipeline_parallel=case.split.pipeline,
        modelled_as=setup.engine.modelled_as if setup else None,
        usable_gib=round(setup.gpu.usable_mib / MIB_PER_GIB, 2) if setup else None,
        weights_gib=_weights(case, *named, setup) if named else None,
        kv_gib=kv_gib,
        kv_tokens=kv_tokens,
        kv_tokens_low=found.kv_cache.capacity_low_tokens if found else 0,
        kv_tokens_high=found.kv_cache.capacity_high_tokens if found else 0,
        started=row.started,
        predicted_to_start=_starts(row, found) if found else None,
        verdict_in_summary=found is not None and row.started is not None,
        left_out=tuple(case.left_out),
        notes=tuple(case.notes),
    )


def _named(case: _Case) -> tuple[Model, Scheme] | None:
    """The model and how it is stored; None where the row leaves either open or we do not model it."""
    row = case.row
    if "cpu_offload" in row.outcome:
        case.left_out.append("weights are offloaded to the host in part, which is not modelled")
        return None
    model = model_of_repository(row.model_id)
    if model is None and row.params_b and "vision" not in f"{row.family} {row.model_id}".lower():
        model = model_of_repository(f"{row.family} {row.params_b:g}B")
        if model is not None:
            case.notes.append("the model is known by its family and size")
    if model is None:
        case.left_out.append(f"'{row.model_id}' is not a model we know" if row.model_id else "no model is named")
        return None
    name = _scheme_name(row)
    if name is None and row.quantization and not NO_QUANTIZATION.fullmatch(row.quantization):
        case.left_out.append(f"'{row.quantization}' is not a quantization we know")
        return None
    if name is None:
        case.notes.append("no quantization is named; taken as 16 bit")
    found = scheme(name or Quantization.BF16)
    problem = illegal(model, found, case.split)
    if problem:
        case.left_out.append(problem)
        return None
    return model, found


def _scheme_name(row: StartupRow) -> Quantization | None:
    """By the stated quantization; where that is only a format, such as compressed-tensors, by the repository's name."""
    stated, by_name = scheme_of_text(row.quantization), scheme_of_text(row.model_id)
    if stated is Quantization.FP8 and by_name is None:
        # fp8 of a checkpoint that is not: vLLM makes it while loading.
        return Quantization.FP8_RUNTIME
    return stated or by_name


def _setup(case: _Case, model: Model, scheme: Scheme) -> _Setup | None:
    """What is not stated is vLLM's default, and keeps the KV cache out of the summary."""
    row, gpu = case.row, _gpu(case)
    if gpu is None:
        case.left_out.append("no GPU memory and no known GPU is stated")
        return None
    version = _version(row)
    try:
        engine = catalog.engine(version)
    except UnknownNameError as error:
        case.left_out.append(str(error))
        return None
    if row.version is None:
        case.kv_stated = False
        by = ", by the wording of its lines" if version_by_wording(row.quote) else ""
        case.left_out.append(f"no vLLM version is stated; taken as {version}{by}")
    if row.gpu_memory_utilization is None:
        case.kv_stated = False
        case.left_out.append(f"no utilization is stated; taken as the default of {engine.gpu_memory_utilization:.2f}")
    slots = _lora_slots(row.lora)
    if slots:
        case.notes.append(f"adapters are enabled; room for {slots.max_loras} of rank {slots.max_lora_rank}")
    return _Setup(
        model=model,
        scheme=scheme,
        gpu=gpu,
        engine=engine,
        launch=launch(
            engine,
            gpu,
            split=case.split,
            max_model_len=row.max_model_len or model.max_context_tokens,
            gpu_memory_utilization=row.gpu_memory_utilization,
            max_num_seqs=row.max_num_seqs,
            max_num_batched_tokens=row.max_num_batched_tokens,
            kv_cache_dtype=KvCacheDtype.FP8 if row.kv_cache_dtype.startswith("fp8") else KvCacheDtype.AUTO,
            enforce_eager=row.enforce_eager,
            lora=slots,
        ),
        others_mib=row.others_mib,
    )


def _lora_slots(text: str) -> LoraSlots | None:
    """`max_loras=4, max_lora_rank=32`, or vLLM's defaults where adapters are only said to be enabled."""
    if not text or text.lower() in {"false", "none", "no", "disabled"}:
        return None
    loras, rank = re.search(r"max_loras\D{0,3}(\d{1,4})", text), re.search(r"rank\D{0,3}(\d{1,4})", text)
    return LoraSlots(
        max_loras=int(loras[1]) if loras else DEFAULT_LORA.max_loras,
        max_lora_rank=int(rank[1]) if rank else DEFAULT_LORA.max_lora_rank,
    )


def _gpu(case: _Case) -> Gpu | None:
    """The printed memory on the named card; torch's own figure where the printed one is nvidia-smi's or none is."""
    row = case.row
    named = gpu_of_text(row.gpu)
    if row.gpu_mem_gib is None:
        return named
    printed_mib = round(row.gpu_mem_gib * MIB_PER_GIB)
    if named is None:
        return bare_gpu(printed_mib)
    if named.driver_mib and abs(printed_mib / named.driver_mib - 1) < DRIVER_MATCH:
        case.notes.append(f"{row.gpu_mem_gib} GiB is what nvidia-smi prints; torch sees {named.usable_mib:,} MiB")
        return named
    return named.with_usable(printed_mib, f"{row.gpu_mem_gib} GiB, printed at start-up")


def _weights(case: _Case, model: Model, scheme: Scheme, setup: _Setup | None) -> Compared | None:
    """Of the first pipeline stage, the one that logs print first."""
    row = case.row
    if not row.weights_gib:
        return None
    rank = pipeline_ranks(model, case.split.pipeline)[0]
    gpu = setup.gpu if setup else gpu_of_text(row.gpu)
    runtime = Runtime(_release(_version(row)), gpu.compute_capability if gpu else None)
    held = rank_bytes(model, scheme, case.split, rank, runtime)
    slots = setup.launch.lora if setup else None
    if setup is not None and slots is not None and setup.engine.unquantized_runner is not Runner.V0:
        # V0 makes the slots after the figure is printed.
        held += lora.rank_bytes(model, scheme, case.split, rank, slots.max_loras, slots.max_lora_rank, runtime)
    return Compared(printed=row.weights_gib, predicted=held / GIB, in_summary=case.split_stated)


def _version(row: StartupRow) -> str:
    """The one that is stated, or the newest of the row's engine whose lines are worded so."""
    newest = NEWEST_V0 if row.engine == "V0" else newest_version()
    return row.version or version_by_wording(row.quote) or newest


def _release(version: str) -> str | None:
    """The three numbers of a version; None for what is none."""
    try:
        return ".".join(map(str, parse_version(version)))
    except UnknownNameError:
        return None


def _kv(case: _Case, setup: _Setup, found: Fit) -> tuple[Compared | None, Compared | None]:
    """GiB on the rank that was printed, tokens of the whole replica."""
    row = case.row
    in_summary = case.split_stated and case.kv_stated
    gib = tokens = None
    if row.kv_cache_gib:
        gib = Compared(printed=row.kv_cache_gib, predicted=_printed_kv_gib(row, setup, found), in_summary=in_summary)
    if row.kv_cache_tokens:
        tokens = Compared(printed=row.kv_cache_tokens, predicted=found.kv_cache.capacity_tokens, in_summary=in_summary)
    return gib, tokens


def _printed_kv_gib(row: StartupRow, setup: _Setup, found: Fit) -> float:
    """Stages differ: where the row's GiB are more than its tokens take, a roomier stage was printed."""
    tightest = max(0, found.memory.kv_cache_mib) / MIB_PER_GIB
    split = setup.launch.split
    if split.pipeline == 1 or not row.kv_cache_tokens or not row.kv_cache_gib:
        return tightest
    if row.kv_cache_tokens * found.kv_cache.bytes_per_token / split.gpus / GIB > row.kv_cache_gib * 0.999:
        return tightest
    first = pipeline_ranks(setup.model, split.pipeline)[0]
    memory = budget(setup.model, setup.scheme, setup.gpu, setup.engine, setup.launch, first, required_bytes=0)
    return max(0, memory.kv_cache_mib) / MIB_PER_GIB


def _starts(row: StartupRow, found: Fit) -> bool:
    """Where no context is stated, one token is enough to start."""
    if row.max_model_len is not None:
        return found.starts
    return found.kv_cache.capacity_tokens > 0 and found.memory.outside_shortfall_mib == 0
