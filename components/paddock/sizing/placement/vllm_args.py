"""Arguments of `vllm serve` for a candidate."""

from __future__ import annotations

from dataclasses import replace

from paddock.sizing.placement.candidate import Candidate
from paddock.sizing.placement.shutdown import drain_seconds

NNODES_FROM = (0, 11, 2)
"""The first version seen with `--nnodes`; before it, only Ray spans nodes."""


def engine_arguments(candidate: Candidate, served_model_name: str) -> tuple[str, ...]:
    """Every number that sizing counted on is said, so that another vLLM default cannot undo the sum.

    Without the model's path, host and port, which the service knows, and, where a replica spans nodes, without
    `--node-rank`, `--master-addr` and `--headless`, which each pod knows.
    """
    engine, scheme = candidate.engine, candidate.scheme
    nodes = candidate.nodes_per_replica
    by_ray = nodes > 1 and engine.parsed < NNODES_FROM
    return replace(
        candidate.setup.args,
        served_model_name=served_model_name,
        dtype=scheme.dtype_on(candidate.instance.gpu),
        # Quantized checkpoints say themselves how they are quantized; others are named.
        quantization=scheme.vllm_name(engine.version) or None,
        load_format="runai_streamer",
        shutdown_timeout=drain_seconds(candidate.purchase) if "--shutdown-timeout" in engine.optional_flags else None,
        # The kubelet asks every few seconds for as long as the pod lives.
        disable_access_log_for_endpoints="/health,/ready,/metrics"
        if "--disable-access-log-for-endpoints" in engine.optional_flags
        else None,
        enable_auto_tool_choice=True if candidate.model.tool_call_parser else None,
        tool_call_parser=candidate.model.tool_call_parser,
        chat_template=candidate.model.chat_template,
        nnodes=nodes if nodes > 1 and not by_ray else None,
        distributed_executor_backend="ray" if by_ray else None,
    ).to_args()
