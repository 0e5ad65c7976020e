"""One replica as `paddock fit` and `paddock explain` take it: a model on a GPU, with vLLM's own arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError
from paddock.catalog.quantizations import BFLOAT16_FROM
from paddock.catalog.quantizations import scheme as catalog_scheme
from paddock.cli.parsing import values
from paddock.record import Record
from paddock.sizing.memory.engine_args import EngineArgs
from paddock.sizing.memory.fit import fit
from paddock.sizing.memory.parallelism import illegal, over_slices
from paddock.sizing.memory.setup import Setup

if TYPE_CHECKING:
    from paddock.catalog import Engine, Gpu, Scheme


class FixedPlacement(Record):
    """The setup that is to be fitted. `refusal` says why vLLM would not even try."""

    setup: Setup
    concurrent_requests: int
    data_parallel_size: int = 1
    """Replicas, each as this one: without experts they share nothing."""
    taken_as: str | None = None
    """Note where the model was told by the name of a repository that is not the catalog's."""
    refusal: str | None


def fixed_placement(
    model: str,
    *,
    gpu: str | None = None,
    gpu_memory_gib: float | None = None,
    quantization: str | None = None,
    dtype: str = "auto",
    vllm_version: str | None = None,
    tensor_parallel_size: int = 1,
    pipeline_parallel_size: int = 1,
    max_model_len: str | None = None,
    kv_cache_dtype: str = "auto",
    enable_lora: bool = False,
    speculative_config: str | None = None,
    cpu_offload_gb: float | None = None,
    kv_cache_memory_bytes: str | None = None,
    data_parallel_size: int = 1,
    flashinfer: bool = True,
    concurrency: int = 1,
    held_by_others_mib: int = 0,
    **stated: Any,
) -> FixedPlacement:
    """The options as they were typed, `stated` by the names of `EngineArgs`.

    Raises `RefusedError` where they make no sense; what makes sense but cannot run has a `refusal`.
    """
    found, scheme = values.model_and_scheme(model, quantization)
    scheme = values.scheme_in_dtype(scheme, dtype)
    card = values.gpu_of_options(gpu, gpu_memory_gib)
    engine = values.engine_of_option(vllm_version)
    args = EngineArgs(
        tensor_parallel_size=tensor_parallel_size,
        pipeline_parallel_size=pipeline_parallel_size,
        cpu_offload_gb=cpu_offload_gb,
        kv_cache_memory_bytes=values.memory_bytes(kv_cache_memory_bytes, "--kv-cache-memory-bytes"),
        **stated,
    )
    values.within("--data-parallel-size", data_parallel_size, 1, values.MAX_PARALLEL)
    if cpu_offload_gb is not None:
        values.within("--cpu-offload-gb", cpu_offload_gb, 0, values.MAX_GPU_MEMORY_GIB)
    if data_parallel_size > 1 and found.experts is not None:
        raise RefusedError(
            f"--data-parallel-size divides the experts of {found.name} over the replicas, whose tokens each version "
            "gathers in another way, which is not modelled; leave it out, or name a model without experts"
        )
    values.within("--tensor-parallel-size", tensor_parallel_size, 1, values.MAX_PARALLEL)
    values.within("--pipeline-parallel-size", pipeline_parallel_size, 1, values.MAX_PARALLEL)
    values.within("--held-by-others-mib", held_by_others_mib, 0, card.usable_mib)
    values.limited("--concurrency", concurrency, "concurrent_requests")
    if args.gpu_memory_utilization is not None:
        values.utilization(args.gpu_memory_utilization)
    if args.max_num_seqs is not None:
        values.within("--max-num-seqs", args.max_num_seqs, 1, values.MAX_NUM_SEQS)
    if args.max_num_batched_tokens is not None:
        values.within("--max-num-batched-tokens", args.max_num_batched_tokens, 1, values.MAX_BATCHED_TOKENS)
    length = found.max_context_tokens
    automatic = max_model_len is not None and values.is_automatic(max_model_len)
    if max_model_len is not None and not automatic:
        length = values.tokens(max_model_len, "--max-model-len")
    if length > found.max_context_tokens:
        raise RefusedError(
            f"--max-model-len is {length:,} tokens, but {found.name} reads at most {found.max_context_tokens:,}; "
            "lower it"
        )
    kv_dtype = values.kv_cache_dtype(kv_cache_dtype)
    lora = values.lora_of_options(args.max_loras, args.max_lora_rank, enabled=enable_lora)
    args = args._replace(max_model_len=length, kv_cache_dtype=kv_dtype, enable_lora=lora is not None)
    draft = None
    if speculative_config is not None:
        from paddock.cli.parsing.speculative import draft_of_option

        draft = draft_of_option(speculative_config, found, engine, tensor_parallel_size)
    setup = Setup.of(
        found,
        scheme,
        card,
        engine,
        args,
        others_mib=held_by_others_mib,
        flashinfer=flashinfer,
        draft=draft,
    )
    misfit = kv_dtype.refused_with(scheme.name)
    if automatic:
        # vLLM takes the longest that its KV cache holds, and no request at all where that is nothing.
        setup = setup._replace(max_model_len=max(1, fit(setup).kv_cache.max_context_tokens))
    if setup.max_num_batched_tokens < setup.max_num_seqs:
        raise RefusedError(
            f"--max-num-batched-tokens is {setup.max_num_batched_tokens:,}, fewer than --max-num-seqs "
            f"{setup.max_num_seqs:,}; vLLM refuses that: raise the first or lower the second"
        )
    refusal = illegal(found, scheme, setup.split) or over_slices(setup.split, card) or unsupported(scheme, card, engine)
    return FixedPlacement(
        setup=setup,
        concurrent_requests=concurrency,
        data_parallel_size=data_parallel_size,
        taken_as=values.taken_as(model, found),
        refusal=refusal or misfit,
    )


def unsupported(scheme: Scheme, gpu: Gpu, engine: Engine) -> str | None:
    """Reason why that GPU or that vLLM does not run the quantization, or None."""
    if not scheme.runs_on(gpu):
        capability = ".".join(map(str, gpu.compute_capability))
        if (
            scheme.dtype == "bfloat16"
            and gpu.compute_capability < BFLOAT16_FROM
            and catalog_scheme(scheme.name).runs_on(gpu)
        ):
            return f"{gpu.display_name} has no bfloat16 (compute capability {capability}); take --dtype half"
        return f"{gpu.display_name} cannot run {scheme.name} (compute capability {capability})"
    if not scheme.runs_in(engine.version):
        return f"vLLM {engine.version} has no {scheme.name} any more; {scheme.last_vllm} is the newest that has"
    return None
