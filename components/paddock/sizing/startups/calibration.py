"""A start-up log beside what we would have predicted, term by term, and the constants that would make them agree.

One log is one measurement: what is proposed belongs into the catalog only with its source, and where several agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from paddock.catalog import Engine, Gpu, Model, Quantization, Runtime, Scheme, engine, scheme
from paddock.catalog.gpus import all_gpus, bare_gpu
from paddock.catalog.lookup import RefusedError
from paddock.catalog.names import model_of_repository
from paddock.sizing.memory.engine_args import EngineArgs
from paddock.sizing.memory.fit import Fit, MemoryBudget, budget, fit
from paddock.sizing.memory.overhead import cuda_graphs
from paddock.sizing.memory.parallelism import Parallelism, illegal, pipeline_ranks
from paddock.sizing.memory.setup import Setup
from paddock.sizing.memory.weights import rank_bytes
from paddock.sizing.startups.comparison import Comparison
from paddock.sizing.startups.log import Figure, Outcome, StartupLog
from paddock.sizing.startups.proposals import SAME_CARD_SHARE, Proposal, proposals
from paddock.units import GIB, MIB_PER_GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Facts that whoever asks knows better than the log."""

    model: Model | None = None
    scheme: Scheme | None = None
    gpu: Gpu | None = None
    vllm_version: str | None = None
    args: EngineArgs = field(default_factory=EngineArgs)
    """Parallelism and utilization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One of the inputs: the value that was taken, and its origin."""

    name: str
    value: str
    taken_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    log: StartupLog
    inputs: tuple[Input, ...]
    comparisons: tuple[Comparison, ...]
    proposals: tuple[Proposal, ...]
    predicted_to_start: bool | None
    missing: tuple[str, ...]
    """Facts that the log does not determine, and the option that would."""


def calibrate(log: StartupLog, overrides: Overrides) -> Calibration:
    """Raises `RefusedError` where the log does not name a model that we know and no override does."""
    return _Case(log, overrides).result()


class _Case:
    def __init__(self, log: StartupLog, overrides: Overrides) -> None:
        self.log, self.overrides, self.args = log, overrides, log.args
        self.inputs: list[Input] = []
        self.missing: list[str] = []
        self.model = self._model()
        self.scheme = self._scheme()
        self.engine = self._engine()
        self.split = self._split()
        self.gpu = self._gpu()
        self.ranks = pipeline_ranks(self.model, self.split.pipeline)

    def result(self) -> Calibration:
        comparisons: list[Comparison] = []
        proposed: tuple[Proposal, ...] = ()
        starts: bool | None = None
        if self.args.cpu_offload_gb:
            self.missing.append("weights are offloaded to the host in part, which is not modelled")
        elif self.gpu is None:
            comparisons += self._weights()
            self.missing.append("the GPU's memory is not printed; name the card by --gpu or give --gpu-memory-gib")
        else:
            setup = self._setup(self.gpu)
            found = fit(setup)
            budgets = [budget(setup, rank) for rank in self.ranks]
            comparisons += self._memory(budgets, setup)
            comparisons += self._cache(budgets, found)
            proposed = tuple(proposals(setup, self.log.highest(Figure.TOTAL), comparisons))
            starts = found.starts
        return Calibration(
            log=self.log,
            inputs=tuple(self.inputs),
            comparisons=tuple(comparisons),
            proposals=proposed,
            predicted_to_start=starts,
            missing=tuple(self.missing),
        )

    def _taken(self, name: str, value: object, taken_from: str) -> None:
        self.inputs.append(Input(name=name, value=str(value), taken_from=taken_from))

    def _model(self) -> Model:
        if self.overrides.model is not None:
            self._taken("model", self.overrides.model.name, "--model")
            return self.overrides.model
        if self.args.model is None:
            raise RefusedError("the log does not name the model; name it by --model, such as llama-3.1-8b")
        found = model_of_repository(self.args.model)
        if found is None:
            raise RefusedError(
                f"'{self.args.model}', which the log names, is not a model we know; "
                "name the one whose shapes it has by --model"
            )
        self._taken("model", found.name, f"the log: {self.args.model}")
        return found

    def _scheme(self) -> Scheme:
        if self.overrides.scheme is not None:
            self._taken("quantization", self.overrides.scheme.name, "--quantization")
            return self.overrides.scheme
        method, dtype, named = self.args.quantization, self.args.dtype, self.log.startup.quantization
        if named is None and method is not None:
            raise RefusedError(
                f"the log's quantization={method} leaves open which scheme it is; say so by --quantization"
            )
        if named is None:
            named = Quantization.FP32 if dtype == "float32" else Quantization.BF16
        self._taken("quantization", named, f"the log: quantization={method}, dtype={dtype}")
        return scheme(named)

    def _engine(self) -> Engine:
        version = self.overrides.vllm_version or self.log.version
        if version is None:
            version = self.log.startup.assumed_version
            self.missing.append(f"no vLLM version is printed; taken as {version}: say which by --vllm-version")
        found = engine(version)
        where = "--vllm-version" if self.overrides.vllm_version else "the log" if self.log.version else "assumed"
        self._taken("vLLM", f"{version}, modelled as {found.modelled_as}", where)
        return found

    def _split(self) -> Parallelism:
        better, stated = self.overrides.args, self.args
        tensor = better.tensor_parallel_size or stated.tensor_parallel_size
        split = Parallelism(tensor or 1, better.pipeline_parallel_size or stated.pipeline_parallel_size or 1)
        refusal = illegal(self.model, self.scheme, split)
        if refusal:
            raise RefusedError(
                f"{self.model.name} in {self.scheme.name}: {refusal}; correct it by --tensor-parallel-size"
            )
        overridden = better.tensor_parallel_size is not None
        where = "--tensor-parallel-size" if overridden else "the log" if tensor else "vLLM's default"
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

    def _setup(self, gpu: Gpu) -> Setup:
        args = self.args
        share = self.overrides.args.gpu_memory_utilization or args.gpu_memory_utilization
        if share is None:
            share = self.engine.gpu_memory_utilization
            self.missing.append(
                f"no utilization is printed; taken as that version's default of {share}: else --gpu-memory-utilization"
            )
        startup = replace(
            self.log.startup,
            args=replace(
                args,
                gpu_memory_utilization=share,
                tensor_parallel_size=self.split.tensor,
                pipeline_parallel_size=self.split.pipeline,
            ),
        )
        setup = startup.setup(self.model, self.scheme, gpu, self.engine)
        self._taken(
            "utilization", share, "the log" if args.gpu_memory_utilization else "--gpu-memory-utilization, or default"
        )
        self._taken("context", f"{setup.max_model_len:,} tokens", "the log" if args.max_model_len else "the model's")
        batch = f"{setup.max_num_seqs:,} sequences, {setup.max_num_batched_tokens:,} tokens"
        stated = args.max_num_seqs or args.max_num_batched_tokens
        default = "that version's default" + (" of LLM()" if startup.offline else "")
        self._taken("a step", batch, "the log" if stated else default)
        return setup

    def _weights(self) -> Iterator[Comparison]:
        runtime = Runtime(self.engine.release)
        held = [rank_bytes(self.model, self.scheme, self.split, rank, runtime) / GIB for rank in self.ranks]
        yield from self._by_stage("weights", Figure.WEIGHTS, held, max, lambda _: 0.0)

    def _memory(self, budgets: list[MemoryBudget], setup: Setup) -> Iterator[Comparison]:
        bands = self.engine.memory.band

        def band(name: str) -> Callable[[float], float]:
            return lambda gib: bands[name].of(gib * MIB_PER_GIB) / MIB_PER_GIB

        def exact(_: float) -> float:
            return 0.0

        def whole_band(_: float) -> float:
            return max(each.band_mib for each in budgets) / MIB_PER_GIB

        def weights(each: MemoryBudget) -> int:
            return each.weights_mib + each.lora_mib

        def not_cache(each: MemoryBudget) -> int:
            return each.budget_mib - each.kv_cache_mib - each.cuda_graphs_mib

        graphs = [cuda_graphs(setup, rank).mib for rank in self.ranks]
        counted = [each.cuda_graphs_mib for each in budgets]
        rows: tuple[tuple[str, Figure, Iterable[float], Callable[[float], float]], ...] = (
            ("weights", Figure.WEIGHTS, map(weights, budgets), exact),
            ("activation", Figure.ACTIVATION, (each.activation_mib for each in budgets), band("activation")),
            (
                "weights and activation",
                Figure.TORCH_PEAK,
                (weights(each) + each.activation_mib for each in budgets),
                band("activation"),
            ),
            ("non-torch memory", Figure.NON_TORCH, (each.non_torch_mib for each in budgets), band("non_torch")),
            (
                "weights and non-torch",
                Figure.CONSUMED,
                (weights(each) + each.non_torch_mib for each in budgets),
                band("non_torch"),
            ),
            ("all but the KV cache", Figure.NON_KV, map(not_cache, budgets), whole_band),
            ("CUDA graphs", Figure.CUDA_GRAPHS, graphs, band("cuda_graphs")),
            ("CUDA graphs, counted", Figure.CUDA_GRAPHS_ESTIMATED, counted, band("cuda_graphs")),
            ("KV cache", Figure.KV_CACHE, (each.kv_cache_mib for each in budgets), whole_band),
        )
        for name, figure, mib, half_band in rows:
            if figure is not Figure.CUDA_GRAPHS_ESTIMATED or any(counted):
                decides = min if figure is Figure.KV_CACHE else max
                yield from self._by_stage(name, figure, [each / MIB_PER_GIB for each in mib], decides, half_band)

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
        requests = self.log.lowest(Figure.MAX_CONCURRENCY)
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
        figure: Figure,
        predicted: list[float],
        decides: Callable[..., float],
        band: Callable[[float], float],
    ) -> Iterator[Comparison]:
        """One comparison for each stage that printed; of those that do not say, the one that decides over all."""
        readings = self.log.values(figure)
        for stage in sorted({each.pipeline_rank for each in readings}, key=lambda each: (each is None, each or 0)):
            mine = [each for each in readings if each.pipeline_rank == stage]
            ours = decides(predicted) if stage is None else predicted[stage]
            yield Comparison(
                term=name,
                stage=None if stage is None or len(self.ranks) == 1 else stage + 1,
                unit="GiB",
                printed=decides(each.value for each in mine),
                predicted=ours,
                step=mine[0].step,
                band=band(ours),
            )


def agrees_on_start(found: Calibration) -> bool | None:
    """True where the outcome was foretold; None where the log or the prediction leaves it open."""
    outcome = found.log.outcome
    if found.predicted_to_start is None or outcome in {Outcome.UNKNOWN, Outcome.NOT_FREE}:
        return None
    return found.predicted_to_start is (outcome is Outcome.STARTED)
