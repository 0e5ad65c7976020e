"""Start-up of vLLM as its log states it: the arguments, the figures that each process printed, and the outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from paddock.sizing.memory.engine_args import EngineArgs
from paddock.sizing.memory.kv_cache import BLOCK_TOKENS
from paddock.sizing.startups.startup import Startup


class Figure(StrEnum):
    """A figure that vLLM prints. Memory is in GiB, also where old versions write GB."""

    TOTAL = "total_gib"
    """The GPU's memory as torch reports it."""
    FREE = "free_gib"
    """Memory of it that was free when vLLM came."""
    WEIGHTS = "weights_gib"
    ACTIVATION = "activation_gib"
    NON_TORCH = "non_torch_gib"
    TORCH_PEAK = "torch_peak_gib"
    """Weights and activation together, as 0.6.4 prints them."""
    CONSUMED = "consumed_gib"
    """Weights and non-torch memory together, as versions since 0.27 print them."""
    NON_KV = "non_kv_gib"
    """All that is taken from the KV cache."""
    CUDA_GRAPHS = "cuda_graphs_gib"
    CUDA_GRAPHS_ESTIMATED = "cuda_graphs_estimated_gib"
    KV_CACHE = "kv_cache_gib"
    GPU_BLOCKS = "gpu_blocks"
    KV_TOKENS = "kv_tokens"
    MAX_CONCURRENCY = "max_concurrency"


class Outcome(StrEnum):
    STARTED = "started"
    OUT_OF_MEMORY = "out of memory"
    CONTEXT_TOO_LONG = "the context does not fit the KV cache"
    NO_KV_CACHE = "no memory is left for the KV cache"
    NOT_FREE = "other processes hold the memory"
    UNKNOWN = "the log does not say"

    @property
    def failed(self) -> bool:
        return self not in {Outcome.STARTED, Outcome.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure as one process printed it."""

    figure: Figure
    value: float
    step: float
    """Worth of its last digit."""
    pipeline_rank: int | None
    """None where the process does not say which stage it is."""


@dataclass(slots=True, kw_only=True)
class StartupLog:
    """One start-up; where the log holds several, the last."""

    version: str | None = None
    generation: str | None = None
    """`V0` or `V1`, as the engine calls itself; `V2` where the newer model runner runs."""
    args: EngineArgs = field(default_factory=EngineArgs)
    readings: list[Reading] = field(default_factory=list)
    outcome: Outcome = Outcome.UNKNOWN
    startups: int = 0
    offline: bool = False
    """`LLM()` in a program started it."""
    flashinfer: bool | None = None
    """Whether FlashInfer samples, where the log tells."""

    def values(self, figure: Figure) -> list[Reading]:
        """The readings of a figure, of each process only the most precise."""
        finest = min((each.step for each in self.readings if each.figure is figure), default=0.0)
        return [each for each in self.readings if each.figure is figure and each.step == finest]

    def lowest(self, figure: Figure) -> float | None:
        return min((each.value for each in self.values(figure)), default=None)

    def highest(self, figure: Figure) -> float | None:
        return max((each.value for each in self.values(figure)), default=None)

    @property
    def kv_tokens(self) -> float | None:
        """The KV cache in tokens, from blocks where the version prints only those."""
        tokens = self.lowest(Figure.KV_TOKENS)
        blocks = self.lowest(Figure.GPU_BLOCKS)
        if tokens is None and blocks is not None:
            return blocks * (self.args.block_size or BLOCK_TOKENS)
        return tokens

    @property
    def total_gib(self) -> float | None:
        """The GPU's memory: printed, or from what was used and left of vLLM's share of it."""
        printed = self.highest(Figure.TOTAL)
        if printed is not None:
            return printed
        used, left = self.highest(Figure.NON_KV), self.lowest(Figure.KV_CACHE)
        share, estimate = self.args.gpu_memory_utilization, self.highest(Figure.CUDA_GRAPHS_ESTIMATED)
        # With an estimate of graphs printed, whether it was taken off too depends on the version.
        if used is None or left is None or not share or estimate is not None:
            return None
        return (used + left) / share

    @property
    def startup(self) -> Startup:
        return Startup(
            args=self.args,
            version=self.version,
            v0=self.generation == "V0",
            flashinfer=self.flashinfer is not False,
            offline=self.offline,
        )
