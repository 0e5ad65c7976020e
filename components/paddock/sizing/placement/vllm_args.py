"""How vLLM is told what was decided: the arguments of `vllm serve` for any candidate."""

from __future__ import annotations

from paddock.sizing.memory.engine_args import KvCacheDtype
from paddock.sizing.placement.candidate import Candidate

DRAIN_SECONDS = 120
"""How long running requests may finish after SIGTERM; vLLM's own default of 0 cuts them off."""
NNODES_FROM = (0, 11, 2)
"""The first version seen with `--nnodes`; before it, only Ray spans nodes."""


def engine_arguments(candidate: Candidate, served_model_name: str) -> tuple[str, ...]:
    """Every number that sizing counted on is said, so that another vLLM default cannot undo the sum.

    Without the model's path, host and port, which the service knows, and, where a replica spans nodes, without
    `--node-rank`, `--master-addr` and `--headless`, which each pod knows.
    """
    flags, engine, scheme = candidate.launch, candidate.engine, candidate.scheme
    args: dict[str, object] = {
        "--served-model-name": served_model_name,
        "--max-model-len": flags.max_model_len,
        "--tensor-parallel-size": flags.split.tensor,
        "--pipeline-parallel-size": flags.split.pipeline,
        "--gpu-memory-utilization": flags.gpu_memory_utilization,
        "--max-num-seqs": flags.max_num_seqs,
        "--max-num-batched-tokens": flags.max_num_batched_tokens,
        "--dtype": scheme.dtype_on(candidate.instance.gpu),
    }
    if flags.kv_cache_dtype is not KvCacheDtype.AUTO:
        args["--kv-cache-dtype"] = flags.kv_cache_dtype.value
    # Quantized checkpoints say themselves how they are quantized; others are named.
    if name := scheme.vllm_name(engine.version):
        args["--quantization"] = name
    args["--load-format"] = "runai_streamer"
    if "--shutdown-timeout" in engine.optional_flags:
        args["--shutdown-timeout"] = DRAIN_SECONDS
    if "--disable-access-log-for-endpoints" in engine.optional_flags:
        # The kubelet asks every few seconds for as long as the pod lives.
        args["--disable-access-log-for-endpoints"] = "/health,/metrics"
    if flags.lora is not None:
        args["--max-loras"] = flags.lora.max_loras
        args["--max-lora-rank"] = flags.lora.max_lora_rank
    if candidate.nodes_per_replica > 1 and engine.parsed >= NNODES_FROM:
        args["--nnodes"] = candidate.nodes_per_replica
    elif candidate.nodes_per_replica > 1:
        args["--distributed-executor-backend"] = "ray"
    lora = ("--enable-lora",) if flags.lora is not None else ()
    return (*(text for flag, value in args.items() for text in (flag, str(value))), *lora)
