"""Our figures beside those that vLLM printed at a real start-up.

What a row does not determine is left out of the summary, and the row says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import partial

from paddock import catalog
from paddock.catalog import Gpu, Model, Quantization, Scheme, scheme
from paddock.catalog.gpus import bare_gpu, gpu_of_text
from paddock.catalog.lookup import UnknownNameError
from paddock.catalog.names import model_of_repository
from paddock.catalog.quantizations import Runtime
from paddock.catalog.vllm import Runner, parse_version
from paddock.sizing.memory import lora
from paddock.sizing.memory.fit import Fit, budget, fit
from paddock.sizing.memory.parallelism import Parallelism, illegal, pipeline_ranks
from paddock.sizing.memory.setup import Setup
from paddock.sizing.memory.weights import offloaded_bytes, rank_bytes
from paddock.sizing.startups.band import Band, band
from paddock.sizing.startups.rows import StartupRow
from paddock.units import GIB, MIB_PER_GIB

DRIVER_MATCH = 0.001
"""A memory figure this near to the driver's total is nvidia-smi's, and torch sees less of that card."""
WEIGHTS_MATCH = 0.005
"""Weights this near to those of a split are of that split: the next one has half or twice as much."""
MOST_RANKS = 16
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
        return 100 * self.error / abs(self.printed)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReport:
    """Prediction for one row. Figures that were not printed or cannot be predicted are None."""

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
    kv_band: Band | None = None
    """Least and most KV cache, over what the row leaves open."""
    started: bool | None = None
    predicted_to_start: bool | None = None
    verdict_in_summary: bool = False
    flashinfer: bool = True
    left_out: tuple[str, ...] = ()
    """Reasons why figures are missing, or not in the summary."""
    notes: tuple[str, ...] = ()

    @property
    def in_band(self) -> bool | None:
        """True where the KV cache that was printed lies within the band; None where none was, or it has no band."""
        if self.kv_band is None:
            return None
        if self.kv_tokens is not None:
            return self.kv_band.holds_tokens(self.kv_tokens.printed)
        return self.kv_gib is not None and self.kv_band.holds_gib(self.kv_gib.printed)

    @property
    def memory_known(self) -> bool:
        """True where the row says how much memory vLLM had: the card's, and its share."""
        return self.usable_gib is not None and self.row.args.gpu_memory_utilization is not None

    @property
    def v0(self) -> bool:
        return self.row.engine == "V0"


@dataclass(kw_only=True)
class _Case:
    """A row as it is read, gathering what has to be left out."""

    row: StartupRow
    split: Parallelism
    split_stated: bool
    split_told: bool = False
    """The printed weights say it, so they prove nothing of ours."""
    kv_stated: bool = True
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def predict(row: StartupRow) -> RowReport:
    """Predict everything that the row determines."""
    case = _Case(
        row=row,
        split=row.args.split,
        split_stated=row.args.tensor_parallel_size is not None or row.num_gpus == 1,
    )
    named = _named(case)
    if named:
        _tell_split(case, *named)
    if not case.split_stated and not case.split_told:
        case.left_out.append("neither tensor parallelism nor a single GPU is stated; taken as vLLM's default of 1")
    setup = _setup(case, *named) if named else None
    found = fit(setup) if setup else None
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
        kv_band=band(row, setup, partial(_printed_kv_gib, row)) if setup and (kv_gib or kv_tokens) else None,
        started=row.started,
        predicted_to_start=_starts(row, found) if found else None,
        verdict_in_summary=found is not None and row.started is not None,
        flashinfer=setup is None or setup.flashinfer,
        left_out=tuple(case.left_out),
        notes=tuple(case.notes),
    )


def _named(case: _Case) -> tuple[Model, Scheme] | None:
    """The model and how it is stored; None where the row leaves either open or we do not model it."""
    row, model_id, stated = case.row, case.row.args.model or "", case.row.args.quantization or ""
    model = model_of_repository(model_id)
    if model is None and row.params_b and "vision" not in f"{row.family} {model_id}".lower():
        model = model_of_repository(f"{row.family} {row.params_b:g}B")
        if model is not None:
            case.notes.append("the model is known by its family and size")
    if model is None:
        case.left_out.append(f"'{model_id}' is not a model we know" if model_id else "no model is named")
        return None
    name = row.startup.quantization
    if name is None and stated and not NO_QUANTIZATION.fullmatch(stated):
        case.left_out.append(f"'{stated}' is not a quantization we know")
        return None
    if name is None:
        case.notes.append("no quantization is named; taken as 16 bit")
    found = scheme(name or Quantization.BF16)
    problem = illegal(model, found, case.split)
    if problem:
        case.left_out.append(problem)
        return None
    return model, found


def _tell_split(case: _Case, model: Model, scheme: Scheme) -> None:
    """Tensor parallelism by the printed weights, where the row states none and one number of ranks alone comes near."""
    row, pipeline = case.row, case.split.pipeline
    if case.split_stated or not row.weights_gib or pipeline > 1:
        return
    runtime = _runtime(row, gpu_of_text(row.gpu))
    near = [
        split
        for split in (Parallelism(2**power) for power in range(MOST_RANKS.bit_length()))
        if (row.num_gpus or MOST_RANKS) >= split.tensor and illegal(model, scheme, split) is None
        if abs(_first_rank_bytes(model, scheme, split, runtime) / GIB / row.weights_gib - 1) < WEIGHTS_MATCH
    ]
    if len(near) == 1:
        case.split, case.split_told = near[0], True
        case.notes.append(f"tensor parallelism of {near[0].tensor} is told by {row.weights_gib} GiB of weights")


def _setup(case: _Case, model: Model, scheme: Scheme) -> Setup | None:
    """The setup with vLLM's defaults; one that is not stated keeps the KV cache out of the summary."""
    row, startup, gpu = case.row, case.row.startup, _gpu(case)
    if gpu is None:
        case.left_out.append("no GPU memory and no known GPU is stated")
        return None
    try:
        engine = catalog.engine(startup.assumed_version)
    except UnknownNameError as error:
        case.left_out.append(str(error))
        return None
    if row.version is None:
        case.kv_stated = False
        by = ", by the wording of its lines" if startup.version else ""
        case.left_out.append(f"no vLLM version is stated; taken as {startup.assumed_version}{by}")
    if row.args.gpu_memory_utilization is None:
        case.kv_stated = False
        case.left_out.append(f"no utilization is stated; taken as the default of {engine.gpu_memory_utilization:.2f}")
    if slots := row.args.lora:
        case.notes.append(f"adapters are enabled; room for {slots.max_loras} of rank {slots.max_lora_rank}")
    return _as_installed(case, startup.setup(model, scheme, gpu, engine))


def _as_installed(case: _Case, setup: Setup) -> Setup:
    """The setup as its image has it: without FlashInfer where the printed activation is nearer to that."""
    without, rank = replace(setup, flashinfer=False), pipeline_ranks(setup.model, setup.split.pipeline)[-1]
    ours, theirs = (budget(each, rank).activation_mib / MIB_PER_GIB for each in (setup, without))
    printed = case.row.activation_gib
    if case.row.flashinfer is False:
        case.notes.append("its lines say that FlashInfer does not sample")
    if case.row.flashinfer is not None or printed is None or abs(theirs - printed) >= abs(ours - printed):
        return setup
    case.notes.append(f"an activation of {printed} GiB is that of a start without FlashInfer")
    return without


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


def _weights(case: _Case, model: Model, scheme: Scheme, setup: Setup | None) -> Compared | None:
    """Weights of the first pipeline stage, the one that logs print first."""
    row = case.row
    if not row.weights_gib:
        return None
    rank = pipeline_ranks(model, case.split.pipeline)[0]
    runtime = _runtime(row, setup.gpu if setup else gpu_of_text(row.gpu))
    held = _first_rank_bytes(model, scheme, case.split, runtime)
    if setup is not None and setup.cpu_offload_bytes:
        held -= offloaded_bytes(model, scheme, case.split, rank, setup.cpu_offload_bytes, runtime)
    slots = setup.lora if setup else None
    if setup is not None and slots is not None and setup.engine.unquantized_runner is not Runner.V0:
        # V0 makes the slots after the figure is printed.
        held += lora.rank_bytes(model, scheme, case.split, rank, slots.max_loras, slots.max_lora_rank, runtime)
    offloaded = row.args.cpu_offload_gb is not None
    if offloaded:
        case.left_out.append("what CPU offload leaves of the weights is rounded to more than its error; not summed up")
    return Compared(printed=row.weights_gib, predicted=held / GIB, in_summary=case.split_stated and not offloaded)


def _first_rank_bytes(model: Model, scheme: Scheme, split: Parallelism, runtime: Runtime) -> int:
    return rank_bytes(model, scheme, split, pipeline_ranks(model, split.pipeline)[0], runtime)


def _runtime(row: StartupRow, gpu: Gpu | None) -> Runtime:
    return Runtime(_release(row.startup.assumed_version), gpu.compute_capability if gpu else None)


def _release(version: str) -> str | None:
    """The three numbers of a version; None for what is none."""
    try:
        return ".".join(map(str, parse_version(version)))
    except UnknownNameError:
        return None


def _kv(case: _Case, setup: Setup, found: Fit) -> tuple[Compared | None, Compared | None]:
    """GiB on the rank that was printed, tokens of the whole replica."""
    row = case.row
    in_summary = (case.split_stated or case.split_told) and case.kv_stated
    gib = tokens = None
    if row.kv_cache_gib:
        gib = Compared(printed=row.kv_cache_gib, predicted=_printed_kv_gib(row, setup, found), in_summary=in_summary)
    if row.kv_cache_tokens:
        tokens = Compared(printed=row.kv_cache_tokens, predicted=found.kv_cache.capacity_tokens, in_summary=in_summary)
    return gib, tokens


def _printed_kv_gib(row: StartupRow, setup: Setup, found: Fit) -> float:
    """Stages differ: where the row's GiB are more than its tokens take, a roomier stage was printed."""
    tightest = max(0, found.memory.kv_cache_mib) / MIB_PER_GIB
    split = setup.split
    if row.kv_cache_gib is not None and row.kv_cache_gib < 0:
        # vLLM prints what is lacking, and ends.
        return found.memory.kv_cache_mib / MIB_PER_GIB
    if split.pipeline == 1 or not row.kv_cache_tokens or not row.kv_cache_gib:
        return tightest
    if row.kv_cache_tokens * found.kv_cache.bytes_per_token / split.gpus / GIB > row.kv_cache_gib * 0.999:
        return tightest
    first = pipeline_ranks(setup.model, split.pipeline)[0]
    return max(0, budget(setup, first).kv_cache_mib) / MIB_PER_GIB


def _starts(row: StartupRow, found: Fit) -> bool:
    """Forecast of the start; where no context is stated, one token is enough."""
    if row.args.max_model_len is not None:
        return found.starts
    return found.kv_cache.capacity_tokens > 0 and found.memory.outside_shortfall_mib == 0
