"""A start-up log beside what we would have predicted, term by term, and the constants that would make them agree.

One log is one measurement: what is proposed belongs into the catalog only with its source, and where several agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from paddock.catalog import Engine, Gpu, Model, Quantization, Scheme, engine, newest_version, scheme
from paddock.catalog.gpus import all_gpus, bare_gpu
from paddock.catalog.lookup import RefusedError
from paddock.catalog.names import model_of_repository, scheme_of_text
from paddock.catalog.vllm import Runner
from paddock.sizing.memory import overhead as engine_terms
from paddock.sizing.memory.engine_args import KvCacheDtype, Launch, LoraSlots, launch
from paddock.sizing.memory.fit import UNQUANTIZED, Fit, MemoryBudget, budget, fit
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank, illegal, pipeline_ranks
from paddock.sizing.memory.weights import rank_bytes
from paddock.sizing.startups.log import Flags, Outcome, StartupLog, Term
from paddock.units import GIB, MIB_PER_GIB

SAME_CARD_SHARE = 0.002
"""A total this near to a card's is that card's: drivers differ by less, cards by more."""
NEWEST_V0 = "0.7.3"
LORA_SLOTS = 1
LORA_RANK = 16
"""What `--enable-lora` alone reserves (vllm/config/lora.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What whoever asks knows better than the log."""

    model: Model | None = None
    scheme: Scheme | None = None
    gpu: Gpu | None = None
    vllm_version: str | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    gpu_memory_utilization: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What was taken for one of the inputs, and from where."""

    name: str
    value: str
    taken_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One figure as printed and as predicted; `stage` counts from 1, None where the log does not say or one is all."""

    term: str
    stage: int | None
    unit: str
    printed: float
    predicted: float
    step: float
    """What the last printed digit is worth."""
    band: float
    """Half the width of the predicted figure's band; 0 where it is exact."""

    @property
    def error(self) -> float:
        return self.predicted - self.printed

    @property
    def error_pct(self) -> float | None:
        return 100 * self.error / self.printed if self.printed else None

    @property
    def agrees(self) -> bool:
        """To the printed digit, or within the band. Ours are rounded up to whole MiB."""
        return abs(self.error) <= self.band + self.step + (1 / MIB_PER_GIB if self.unit == "GiB" else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A constant that this log determines."""

    file: str
    table: str
    line: str
    now: str
    needed: bool
    """Whether the log lies outside of the band of what the catalog has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    log: StartupLog
    inputs: tuple[Input, ...]
    comparisons: tuple[Comparison, ...]
    proposals: tuple[Proposal, ...]
    predicted_to_start: bool | None
    missing: tuple[str, ...]
    """What the log does not determine, and the option that would."""


def calibrate(log: StartupLog, overrides: Overrides) -> Calibration:
    """Raises `RefusedError` where the log does not name a model that we know and no override does."""
    return _Case(log, overrides).result()


class _Case:
    def __init__(self, log: StartupLog, overrides: Overrides) -> None:
        self.log, self.overrides, self.flags = log, overrides, log.flags
        self.inputs: list[Input] = []
        self.missing: list[str] = []
        self.model = self._model()
        self.scheme = self._scheme()
        self.engine = self._engine()
        self.split = self._split()
        self.gpu = self._gpu()
        self.ranks = pipeline_ranks(self.model, self.split.pipeline)
        self.quantized = self.scheme.name not in UNQUANTIZED

    def result(self) -> Calibration:
        comparisons: list[Comparison] = []
        proposals: list[Proposal] = []
        starts: bool | None = None
        if self.flags.cpu_offload_gb:
            self.missing.append("weights are offloaded to the host in part, which is not modelled")
        elif self.gpu is None:
            comparisons += self._weights()
            self.missing.append("the GPU's memory is not printed; name the card by --gpu or give --gpu-memory-gib")
        else:
            started = self._launch(self.gpu)
            found = fit(self.model, self.scheme, self.gpu, self.engine, started)
            budgets = [self._budget(self.gpu, started, rank) for rank in self.ranks]
            comparisons += self._memory(budgets, started)
            comparisons += self._cache(budgets, found)
            proposals += self._proposals(self.gpu, started, comparisons)
            starts = found.starts
        return Calibration(
            log=self.log,
            inputs=tuple(self.inputs),
            comparisons=tuple(comparisons),
            proposals=tuple(proposals),
            predicted_to_start=starts,
            missing=tuple(self.missing),
        )

    def _taken(self, name: str, value: object, taken_from: str) -> None:
        self.inputs.append(Input(name=name, value=str(value), taken_from=taken_from))

    def _model(self) -> Model:
        if self.overrides.model is not None:
            self._taken("model", self.overrides.model.name, "--model")
            return self.overrides.model
        if self.flags.model is None:
            raise RefusedError("the log does not name the model; name it by --model, such as llama-3.1-8b")
        found = model_of_repository(self.flags.model)
        if found is None:
            raise RefusedError(
                f"'{self.flags.model}', which the log names, is not a model we know; "
                "name the one whose shapes it has by --model"
            )
        self._taken("model", found.name, f"the log: {self.flags.model}")
        return found

    def _scheme(self) -> Scheme:
        if self.overrides.scheme is not None:
            self._taken("quantization", self.overrides.scheme.name, "--quantization")
            return self.overrides.scheme
        method, named = self.flags.quantization, scheme_of_text(self.flags.model or "")
        if method in {"fp8", "fp8_per_tensor"} and named is None:
            # An unquantized checkpoint that vLLM quantizes while loading.
            named = Quantization.FP8_RUNTIME
        elif method is not None and named is None:
            named = scheme_of_text(method.replace("_marlin", ""))
            if named is None:
                raise RefusedError(
                    f"the log's quantization={method} leaves open which scheme it is; say so by --quantization"
                )
        if named is None:
            full = self.flags.dtype == "float32"
            named = Quantization.FP32 if full else Quantization.BF16
        self._taken("quantization", named, f"the log: quantization={method}, dtype={self.flags.dtype}")
        return scheme(named)

    def _engine(self) -> Engine:
        version = self.overrides.vllm_version or self.log.version
        if version is None:
            version = NEWEST_V0 if self.log.generation == "V0" else newest_version()
            self.missing.append(f"no vLLM version is printed; taken as {version}: say which by --vllm-version")
        found = engine(version)
        where = "--vllm-version" if self.overrides.vllm_version else "the log" if self.log.version else "assumed"
        self._taken("vLLM", f"{version}, modelled as {found.modelled_as}", where)
        return found

    def _split(self) -> Parallelism:
        tensor = self.overrides.tensor_parallel or self.flags.tensor_parallel_size
        pipeline = self.overrides.pipeline_parallel or self.flags.pipeline_parallel_size
        split = Parallelism(tensor or 1, pipeline or 1)
        refusal = illegal(self.model, self.scheme, split)
        if refusal:
            raise RefusedError(
                f"{self.model.name} in {self.scheme.name}: {refusal}; correct it by --tensor-parallel-size"
            )
        stated = self.overrides.tensor_parallel is not None
        where = "--tensor-parallel-size" if stated else "the log" if tensor else "vLLM's default"
        self._taken("parallelism", f"TP {split.tensor}, PP {split.pipeline}", where)
        return split

    def _gpu(self) -> Gpu | None:
        printed = self.log.total_gib
        if self.overrides.gpu is not None:
            given = self.overrides.gpu
            self._taken("GPU", f"{given.display_name}, {given.usable_mib:,} MiB", "--gpu")
            return given
        if printed is None or printed <= 0:
            return None
        mib = round(printed * MIB_PER_GIB)
        near = min(all_gpus().values(), key=lambda card: abs(card.usable_mib - mib))
        if abs(near.usable_mib - mib) <= SAME_CARD_SHARE * near.usable_mib:
            self._taken("GPU", f"{near.display_name}, {mib:,} MiB", "by its memory in the log; --gpu if it is another")
            return near.with_usable(mib, f"{printed:.2f} GiB, vLLM start-up log")
        self._taken("GPU", f"{mib:,} MiB, kernels as on an A10G", "the log; name the card by --gpu")
        return bare_gpu(mib)

    def _launch(self, gpu: Gpu) -> Launch:
        flags = self.flags
        share = self.overrides.gpu_memory_utilization or flags.gpu_memory_utilization
        if share is None:
            share = self.engine.gpu_memory_utilization
            self.missing.append(
                f"no utilization is printed; taken as that version's default of {share}: else --gpu-memory-utilization"
            )
        started = launch(
            self.engine,
            gpu,
            split=self.split,
            max_model_len=flags.max_model_len or self.model.max_context_tokens,
            gpu_memory_utilization=share,
            max_num_seqs=flags.max_num_seqs,
            max_num_batched_tokens=flags.max_num_batched_tokens,
            kv_cache_dtype=KvCacheDtype.FP8 if (flags.kv_cache_dtype or "").startswith("fp8") else KvCacheDtype.AUTO,
            enforce_eager=bool(flags.enforce_eager),
            lora=_lora(flags),
        )
        self._taken(
            "utilization", share, "the log" if flags.gpu_memory_utilization else "--gpu-memory-utilization, or default"
        )
        self._taken("context", f"{started.max_model_len:,} tokens", "the log" if flags.max_model_len else "the model's")
        batch = f"{started.max_num_seqs:,} sequences, {started.max_num_batched_tokens:,} tokens"
        stated = flags.max_num_seqs or flags.max_num_batched_tokens
        self._taken("a step", batch, "the log" if stated else "that version's default")
        return started

    def _budget(self, gpu: Gpu, started: Launch, rank: PipelineRank) -> MemoryBudget:
        return budget(self.model, self.scheme, gpu, self.engine, started, rank, required_bytes=0)

    def _weights(self) -> Iterator[Comparison]:
        held = [rank_bytes(self.model, self.scheme, self.split, rank) / GIB for rank in self.ranks]
        yield from self._by_stage("weights", Term.WEIGHTS, lambda stage: held[stage], max, lambda _: 0.0)

    def _memory(self, budgets: list[MemoryBudget], started: Launch) -> Iterator[Comparison]:
        bands = self.engine.memory.band

        def part(figure: Callable[[MemoryBudget], float]) -> Callable[[int], float]:
            return lambda stage: figure(budgets[stage]) / MIB_PER_GIB

        def band(name: str) -> Callable[[float], float]:
            return lambda gib: bands[name].of(gib * MIB_PER_GIB) / MIB_PER_GIB

        yield from self._by_stage(
            "weights", Term.WEIGHTS, part(lambda each: each.weights_mib + each.lora_mib), max, lambda _: 0.0
        )
        yield from self._by_stage(
            "activation", Term.ACTIVATION, part(lambda each: each.activation_mib), max, band("activation")
        )
        yield from self._by_stage(
            "weights and activation",
            Term.TORCH_PEAK,
            part(lambda each: each.weights_mib + each.lora_mib + each.activation_mib),
            max,
            band("activation"),
        )
        yield from self._by_stage(
            "non-torch memory", Term.NON_TORCH, part(lambda each: each.non_torch_mib), max, band("non_torch")
        )
        yield from self._by_stage(
            "weights and non-torch",
            Term.CONSUMED,
            part(lambda each: each.weights_mib + each.lora_mib + each.non_torch_mib),
            max,
            band("non_torch"),
        )
        yield from self._by_stage(
            "all but the KV cache",
            Term.NON_KV,
            part(lambda each: each.budget_mib - each.kv_cache_mib - each.cuda_graphs_mib),
            max,
            lambda _: max(each.band_mib for each in budgets) / MIB_PER_GIB,
        )
        graphs = [engine_terms.cuda_graphs_mib(self.engine, started, rank) / MIB_PER_GIB for rank in self.ranks]
        yield from self._by_stage(
            "CUDA graphs", Term.CUDA_GRAPHS, lambda stage: graphs[stage], max, band("cuda_graphs")
        )
        if any(each.cuda_graphs_mib for each in budgets):
            yield from self._by_stage(
                "CUDA graphs, counted",
                Term.CUDA_GRAPHS_ESTIMATED,
                part(lambda each: each.cuda_graphs_mib),
                max,
                band("cuda_graphs"),
            )
        yield from self._by_stage(
            "KV cache",
            Term.KV_CACHE,
            part(lambda each: each.kv_cache_mib),
            min,
            lambda _: max(each.band_mib for each in budgets) / MIB_PER_GIB,
        )

    def _cache(self, budgets: list[MemoryBudget], found: Fit) -> Iterator[Comparison]:
        cache = found.kv_cache
        share = max(each.band_mib / max(1, each.kv_cache_mib) for each in budgets)
        if self.log.kv_tokens is not None:
            yield Comparison(
                term="KV cache",
                stage=None,
                unit="tokens",
                printed=self.log.kv_tokens,
                predicted=cache.capacity_tokens,
                step=1,
                band=share * cache.capacity_tokens,
            )
        requests = self.log.lowest(Term.MAX_CONCURRENCY)
        if requests is not None:
            yield Comparison(
                term="requests of the full context",
                stage=None,
                unit="",
                printed=requests,
                predicted=cache.max_concurrency,
                step=0.01,
                band=share * cache.max_concurrency,
            )

    def _by_stage(
        self,
        name: str,
        term: Term,
        predicted: Callable[[int], float],
        decides: Callable[..., float],
        band: Callable[[float], float],
    ) -> Iterator[Comparison]:
        """One comparison for each stage that printed; of those that do not say, the one that decides over all."""
        readings = self.log.values(term)
        for stage in sorted({each.pipeline_rank for each in readings}, key=lambda each: (each is None, each or 0)):
            mine = [each for each in readings if each.pipeline_rank == stage]
            ours = decides(predicted(each) for each in range(len(self.ranks))) if stage is None else predicted(stage)
            yield Comparison(
                term=name,
                stage=None if stage is None or len(self.ranks) == 1 else stage + 1,
                unit="GiB",
                printed=decides(each.value for each in mine),
                predicted=ours,
                step=mine[0].step,
                band=band(ours),
            )

    def _proposals(self, gpu: Gpu, started: Launch, comparisons: list[Comparison]) -> Iterator[Proposal]:
        """Of the constants, those that this log alone determines: each is solved for with all others as they are."""
        by_term = {each.term: each for each in comparisons if each.unit == "GiB" and each.stage in {None, 1}}
        yield from self._usable(gpu)
        if found := by_term.get("non-torch memory"):
            yield from self._non_torch(gpu, found)
        if found := by_term.get("activation"):
            yield from self._activation(gpu, started, found)
        if found := by_term.get("CUDA graphs"):
            yield from self._graphs(found)

    def _usable(self, gpu: Gpu) -> Iterator[Proposal]:
        printed = self.log.highest(Term.TOTAL)
        known = all_gpus().get(gpu.name)
        if printed is None or known is None:
            return
        mib = round(printed * MIB_PER_GIB)
        half_step = 0.005 * MIB_PER_GIB
        yield Proposal(
            file="gpus.toml",
            table=f"[{gpu.name}]",
            line=f"usable_mib = {mib}",
            now=str(known.usable_mib),
            needed=abs(mib - known.usable_mib) > max(half_step, SAME_CARD_SHARE * known.usable_mib),
        )

    def _non_torch(self, gpu: Gpu, found: Comparison) -> Iterator[Proposal]:
        constants, gpus = self.engine.memory, self.split.gpus
        kernels = constants.kernels_mib(gpu.compute_capability, gpus)
        missing_mib = -found.error * MIB_PER_GIB
        if self.split.tensor > 1:
            known = constants.communication_mib(gpu.link)
            line = f"communication.{gpu.link} = {max(0, round(known + missing_mib))}"
        else:
            known = kernels
            value = max(0, round(kernels + missing_mib))
            major, minor = gpu.compute_capability
            key = "mib" if gpus == 1 else "several_mib"
            line = f'{{ from = "{major}.{minor}", {key} = {value} }},  # a row of kernels'
        yield Proposal(file="vllm.toml", table="[memory]", line=line, now=f"{known:g}", needed=not found.agrees)

    def _activation(self, gpu: Gpu, started: Launch, found: Comparison) -> Iterator[Proposal]:
        element = self.scheme.unquantized_bytes
        constants, runner = self.engine.memory, self.engine.runner(self.quantized)
        eager = started.enforce_eager or runner is Runner.V0
        copies = constants.eager_layer_hidden_copies if eager else constants.layer_hidden_copies
        layer = engine_terms.layer_peak_bytes(self.model, started, copies, eager=eager, element_bytes=element)
        sampler = engine_terms.sampler_peak_bytes(
            self.model, self.engine, gpu, started, element_bytes=element, quantized=self.quantized
        )
        missing_bytes = -found.error * GIB
        if self.ranks[0].last and sampler > layer:
            each = 4 * min(started.max_num_seqs, started.max_num_batched_tokens) * self.model.vocab
            now, key = self.engine.sampler(self.quantized).fp32_copies, "sampler_fp32_copies"
            if runner is Runner.V2:
                key = f"v2_{key}"
            table = f'[[range]]  # since = "{self.engine.modelled_as}"'
        else:
            each = started.max_num_batched_tokens * self.model.hidden * element
            now, key = copies, "eager_layer_hidden_copies" if eager else "layer_hidden_copies"
            table = "[memory]"
        yield Proposal(
            file="vllm.toml",
            table=table,
            line=f"{key} = {max(0, round(now + missing_bytes / each))}",
            now=str(now),
            needed=not found.agrees,
        )

    def _graphs(self, found: Comparison) -> Iterator[Proposal]:
        constants, layers = self.engine.memory, self.ranks[0].layers
        now = constants.cuda_graph_base_mib
        if found.predicted <= 0:
            return
        # The terms are in proportion to base + layers x per_layer, of which one log can solve for the first.
        whole = (now + constants.cuda_graph_mib_per_layer * layers) * found.printed / found.predicted
        yield Proposal(
            file="vllm.toml",
            table="[memory]",
            line=f"cuda_graph_base_mib = {max(0, round(whole - constants.cuda_graph_mib_per_layer * layers))}",
            now=f"{now:g}",
            needed=not found.agrees,
        )


def _lora(flags: Flags) -> LoraSlots | None:
    if not flags.enable_lora:
        return None
    return LoraSlots(max_loras=flags.max_loras or LORA_SLOTS, max_lora_rank=flags.max_lora_rank or LORA_RANK)


def agrees_on_start(found: Calibration) -> bool | None:
    """Whether the outcome was foretold; None where the log or the prediction leaves it open."""
    outcome = found.log.outcome
    if found.predicted_to_start is None or outcome in {Outcome.UNKNOWN, Outcome.NOT_FREE}:
        return None
    return found.predicted_to_start is (outcome is Outcome.STARTED)
