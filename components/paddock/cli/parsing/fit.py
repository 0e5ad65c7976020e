"""One placement as `paddock fit` and `paddock explain` take it: a model on a GPU, with vLLM's own flags."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Engine, Gpu, Model, Scheme
from paddock.catalog.lookup import RefusedError
from paddock.cli.parsing import values
from paddock.sizing.memory.engine_args import Launch, launch
from paddock.sizing.memory.parallelism import Parallelism, illegal


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The options as they were typed; None where an option was left out."""

    gpu: str | None = None
    gpu_memory_gib: float | None = None
    quantization: str | None = None
    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    max_model_len: str | None = None
    gpu_memory_utilization: float | None = None
    kv_cache_dtype: str = "auto"
    max_num_batched_tokens: int | None = None
    max_num_seqs: int | None = None
    enforce_eager: bool = False
    max_loras: int | None = None
    max_lora_rank: int | None = None
    vllm_version: str | None = None
    concurrency: int = 1
    held_by_others_mib: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedPlacement:
    """What is to be fitted. `refusal` says why vLLM would not even try."""

    model: Model
    scheme: Scheme
    gpu: Gpu
    engine: Engine
    launch: Launch
    concurrent_requests: int
    others_mib: int
    refusal: str | None

    @property
    def started(self) -> tuple[Model, Scheme, Gpu, Engine, Launch]:
        """What sizing asks for, in its order."""
        return self.model, self.scheme, self.gpu, self.engine, self.launch


def fixed_placement(model_words: str, flags: Flags) -> FixedPlacement:
    """Raises `RefusedError` where the words make no sense; what makes sense but cannot run has a `refusal`."""
    model, scheme = values.model_and_scheme(model_words, flags.quantization)
    gpu = values.gpu_of_words(flags.gpu, flags.gpu_memory_gib)
    engine = values.engine_of_words(flags.vllm_version)
    values.within("--tensor-parallel-size", flags.tensor_parallel_size, 1, values.MAX_PARALLEL)
    values.within("--pipeline-parallel-size", flags.pipeline_parallel_size, 1, values.MAX_PARALLEL)
    values.within("--held-by-others-mib", flags.held_by_others_mib, 0, gpu.usable_mib)
    values.limited("--concurrency", flags.concurrency, "concurrent_requests")
    if flags.gpu_memory_utilization is not None:
        values.utilization(flags.gpu_memory_utilization)
    if flags.max_num_seqs is not None:
        values.within("--max-num-seqs", flags.max_num_seqs, 1, values.MAX_NUM_SEQS)
    if flags.max_num_batched_tokens is not None:
        values.within("--max-num-batched-tokens", flags.max_num_batched_tokens, 1, values.MAX_BATCHED_TOKENS)
    length = model.max_context_tokens
    if flags.max_model_len is not None:
        length = values.tokens(flags.max_model_len, "--max-model-len")
    if length > model.max_context_tokens:
        raise RefusedError(
            f"--max-model-len is {length:,} tokens, but {model.name} reads at most {model.max_context_tokens:,}; "
            "lower it"
        )
    split = Parallelism(flags.tensor_parallel_size, flags.pipeline_parallel_size)
    started = launch(
        engine,
        gpu,
        split=split,
        max_model_len=length,
        gpu_memory_utilization=flags.gpu_memory_utilization,
        max_num_seqs=flags.max_num_seqs,
        max_num_batched_tokens=flags.max_num_batched_tokens,
        kv_cache_dtype=values.kv_cache_dtype(flags.kv_cache_dtype),
        enforce_eager=flags.enforce_eager,
        lora=values.lora_of_words(flags.max_loras, flags.max_lora_rank),
    )
    if started.max_num_batched_tokens < started.max_num_seqs:
        raise RefusedError(
            f"--max-num-batched-tokens is {started.max_num_batched_tokens:,}, fewer than --max-num-seqs "
            f"{started.max_num_seqs:,}; vLLM refuses that: raise the first or lower the second"
        )
    return FixedPlacement(
        model=model,
        scheme=scheme,
        gpu=gpu,
        engine=engine,
        launch=started,
        concurrent_requests=flags.concurrency,
        others_mib=flags.held_by_others_mib,
        refusal=illegal(model, scheme, split) or unsupported(scheme, gpu, engine),
    )


def unsupported(scheme: Scheme, gpu: Gpu, engine: Engine) -> str | None:
    """Why that GPU or that vLLM does not run the quantization, or None."""
    if not scheme.runs_on(gpu):
        capability = ".".join(map(str, gpu.compute_capability))
        return f"{gpu.display_name} cannot run {scheme.name} (compute capability {capability})"
    if not scheme.runs_in(engine.version):
        return f"vLLM {engine.version} has no {scheme.name} any more; {scheme.last_vllm} is the newest that has"
    return None
