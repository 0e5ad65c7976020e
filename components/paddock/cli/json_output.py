"""JSON that the commands print with `--json`; docs/sizing-schema/ describes it.

Within a version fields are only added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any

from paddock.record import field_names
from paddock.sizing.memory.terms import Estimate, Provenance

if TYPE_CHECKING:
    from paddock.catalog import Engine, Gpu
    from paddock.cli.parsing.fit import FixedPlacement
    from paddock.operations.day_two.changes import Transition
    from paddock.sizing import Candidate, Demand, Fit, MemoryBudget, Rejection, Setup
    from paddock.sizing.memory.changes import Change
    from paddock.sizing.memory.explain import Explanation, Line
    from paddock.sizing.memory.verdict import FitRange
    from paddock.sizing.placement.alternatives import Alternative

FIT_SCHEMA_VERSION = 1
EXPLAIN_SCHEMA_VERSION = 1
SIZE_SCHEMA_VERSION = 2
PLAN_SCHEMA_VERSION = 1
CATALOG_SCHEMA_VERSION = 1
AGAINST_SCHEMA_VERSION = 1
INGEST_SCHEMA_VERSION = 1
CHECKPOINT_SCHEMA_VERSION = 1


def plain(value: Any) -> Any:
    """Catalog and sizing objects as JSON data."""
    if names := field_names(value):
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, date) else value


def fit_data(placement: FixedPlacement, found: FitRange | None, changes: tuple[Change, ...]) -> dict[str, Any]:
    """`paddock fit --json`. Without a fit vLLM would not even try, and `reason` says why."""
    return {
        "schema_version": FIT_SCHEMA_VERSION,
        **_asked(placement),
        **(_refused(placement) if found is None else _answer(placement, found)),
        "changes": [{"flag": each.flag, "kv_tokens": estimate_data(each.fits.estimate(kv_tokens))} for each in changes],
    }


def explain_data(placement: FixedPlacement, explanation: Explanation) -> dict[str, Any]:
    """`paddock explain --json`."""
    return {
        "schema_version": EXPLAIN_SCHEMA_VERSION,
        **_asked(placement),
        "verdict": explanation.fits.verdict.value,
        "starts": explanation.fits.verdict.starts,
        "stage": explanation.stage,
        "stages": explanation.stages,
        "terms": [_line_data(each) for each in explanation.lines],
    }


def against_data(found: Transition) -> dict[str, Any]:
    """`paddock plan --against --json`."""
    return {"schema_version": AGAINST_SCHEMA_VERSION, **plain(found)}


def _asked(placement: FixedPlacement) -> dict[str, Any]:
    setup = placement.setup
    return {
        "model": setup.model.name,
        "quantization": setup.scheme.name.value,
        "gpu": gpu_data(setup.gpu),
        "vllm": vllm_data(setup.engine),
        "launch": launch_data(setup),
        "concurrent_requests": placement.concurrent_requests,
        "held_by_others_mib": setup.others_mib,
        **({"data_parallel_size": placement.data_parallel_size} if placement.data_parallel_size > 1 else {}),
    }


def _refused(placement: FixedPlacement) -> dict[str, Any]:
    return {
        "starts": False,
        "verdict": "refused",
        "reason": placement.refusal,
        "fits": False,
        "memory": None,
        "kv_cache": None,
        "headroom_mib": None,
    }


def _answer(placement: FixedPlacement, found: FitRange) -> dict[str, Any]:
    expected = found.expected
    return {
        "starts": found.verdict.starts,
        "verdict": found.verdict.value,
        "reason": None if found.verdict.starts else why_not(expected),
        "fits": expected.fits,
        "memory": memory_data(expected.memory, placement.setup.engine),
        "kv_cache": {
            "bytes_per_token": expected.kv_cache.bytes_per_token,
            "required_tokens": expected.kv_cache.required_tokens,
            "tokens": estimate_data(found.estimate(kv_tokens)),
            "max_concurrency": estimate_data(found.estimate(lambda fit: fit.kv_cache.max_concurrency)),
            "max_context_tokens": estimate_data(found.estimate(lambda fit: fit.kv_cache.max_context_tokens)),
        },
        "headroom_mib": estimate_data(found.estimate(headroom_mib)),
    }


def why_not(found: Fit) -> str:
    """Reason why vLLM does not come up, and by how much."""
    memory = found.memory
    taken = memory.budget_mib - memory.kv_cache_mib
    if memory.weights_mib > memory.budget_mib:
        return (
            f"the weights alone take {memory.weights_mib:,} MiB of each GPU, "
            f"{memory.weights_mib - memory.budget_mib:,} more than vLLM's share of {memory.budget_mib:,}"
        )
    if memory.kv_cache_mib <= 0:
        return (
            f"weights and engine take {taken:,} MiB of each GPU, "
            f"{-memory.kv_cache_mib:,} more than vLLM's share of {memory.budget_mib:,}"
        )
    if found.kv_cache.max_concurrency < 1:
        return (
            f"the KV cache holds {found.kv_cache.capacity_tokens:,} tokens, fewer than one request of "
            f"{found.setup.max_model_len:,}"
        )
    beside = memory.usable_mib - memory.budget_mib
    if beside < 0:
        # Only a cache that is stated in bytes makes the share larger than the card.
        return (
            f"weights and engine take {taken:,} MiB of each GPU and --kv-cache-memory-bytes {memory.kv_cache_mib:,}, "
            f"together {-beside:,} more than its {memory.usable_mib:,}"
        )
    return (
        f"{memory.outside_mib:,} MiB are needed beside vLLM's share (CUDA context and what it does not count), "
        f"{memory.outside_shortfall_mib:,} more than the {beside:,} there are"
    )


def memory_data(memory: MemoryBudget, engine: Engine) -> dict[str, Any]:
    """Every term in MiB with its band and how it is known; they and the KV cache are vLLM's share."""

    def term(mib: int, half: float, provenance: Provenance) -> dict[str, Any]:
        band = Estimate(max(0.0, mib - half) if half else mib, mib, mib + half)
        return {**estimate_data(band), "provenance": provenance.value}

    bands = engine.memory.band
    return {
        "usable_mib": memory.usable_mib,
        "utilization": memory.utilization,
        "budget_mib": memory.budget_mib,
        "terms": {
            "weights": term(memory.weights_mib, 0, Provenance.EXACT),
            "lora": term(memory.lora_mib, 0, Provenance.EXACT),
            "activation": term(
                memory.activation_mib, bands["activation"].of(memory.activation_mib), Provenance.MODELLED
            ),
            "cuda_graphs": term(
                memory.cuda_graphs_mib,
                bands["cuda_graphs"].of(memory.cuda_graphs_mib) if memory.cuda_graphs_mib else 0,
                Provenance.MODELLED,
            ),
            "non_torch": term(memory.non_torch_mib, bands["non_torch"].of(memory.non_torch_mib), Provenance.MODELLED),
            "kv_cache": {
                **estimate_data(
                    Estimate(
                        memory.kv_cache_mib - memory.band_mib,
                        memory.kv_cache_mib,
                        memory.kv_cache_mib + memory.band_mib,
                    )
                ),
                "provenance": Provenance.MODELLED.value,
            },
        },
        "kv_required_mib": memory.kv_required_mib,
        "outside_mib": memory.outside_mib,
        "band_mib": memory.band_mib,
    }


def _line_data(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "depth": line.depth,
        "formula": line.formula,
        "filled": line.filled,
        "inputs": {name: tidy(value) for name, value in line.inputs.items()},
        "result": estimate_data(line.result),
        "unit": line.unit,
        "provenance": line.provenance.value,
        "source": line.source,
        "as_of": None if line.as_of is None else str(line.as_of),
    }


def gpu_data(gpu: Gpu) -> dict[str, Any]:
    return {"name": gpu.name, "usable_mib": gpu.usable_mib, "source": gpu.usable_source}


def vllm_data(engine: Engine) -> dict[str, Any]:
    return {
        "version": engine.version,
        "modelled_as": engine.modelled_as,
        "newer_than_catalog": engine.newer_than_catalog,
    }


def launch_data(setup: Setup) -> dict[str, Any]:
    """vLLM's flags by their own names."""
    return {
        "tensor_parallel_size": setup.split.tensor,
        "pipeline_parallel_size": setup.split.pipeline,
        "max_model_len": setup.max_model_len,
        "gpu_memory_utilization": setup.gpu_memory_utilization,
        "max_num_seqs": setup.max_num_seqs,
        "max_num_batched_tokens": setup.max_num_batched_tokens,
        "kv_cache_dtype": setup.kv_cache_dtype.value,
        "enforce_eager": setup.enforce_eager,
        "max_loras": setup.lora.max_loras if setup.lora else None,
        "max_lora_rank": setup.lora.max_lora_rank if setup.lora else None,
        **({} if setup.draft is None else {"speculative_method": setup.draft.method.value}),
        **({"cpu_offload_bytes": setup.cpu_offload_bytes} if setup.cpu_offload_bytes else {}),
        **_cache_bytes(setup),
    }


def _cache_bytes(setup: Setup) -> dict[str, Any]:
    stated = setup.kv_cache_memory_bytes
    return {} if stated is None else {"kv_cache_memory_bytes": stated}


def estimate_data(estimate: Estimate) -> dict[str, Any]:
    return {"low": tidy(estimate.low), "expected": tidy(estimate.expected), "high": tidy(estimate.high)}


def tidy(value: float) -> float:
    """Rounded to what is meant; whole numbers are whole."""
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded


def kv_tokens(found: Fit) -> float:
    return found.kv_cache.capacity_tokens


def headroom_mib(found: Fit) -> float:
    """KV cache beyond what is asked for, at that end of the band."""
    memory = found.memory
    return memory.kv_cache_mib - memory.kv_required_mib - memory.outside_shortfall_mib


def size_data(
    demand: Demand, shown: Sequence[Candidate], rejected: Sequence[Rejection], changes: Sequence[Alternative]
) -> dict[str, Any]:
    """`paddock size --json`."""
    from paddock.cli.parsing.size import flag_text

    work = demand.workload
    return {
        "schema_version": SIZE_SCHEMA_VERSION,
        "model": demand.model.name,
        "quantizations": [each.name.value for each in demand.schemes],
        "region": demand.region,
        "purchase": demand.purchase.value,
        "rank_by": demand.rank_by.value,
        "vllm": vllm_data(demand.engine),
        "workload": {
            "max_model_len": work.max_model_len,
            "concurrent_requests": work.concurrent_requests,
            "requests_per_second": work.requests_per_second,
            "input_tokens": work.traffic.input_tokens if work.traffic else None,
            "output_tokens": work.traffic.output_tokens if work.traffic else None,
            "max_ttft_ms": work.max_ttft_ms,
            "max_itl_ms": work.max_itl_ms,
            "kv_cache_dtype": work.kv_cache_dtype.value,
            "max_loras": work.lora.max_loras if work.lora else None,
            "max_lora_rank": work.lora.max_lora_rank if work.lora else None,
        },
        "replicas": demand.replicas,
        "placements": [candidate_data(each) for each in shown],
        "rejected": [plain(each) for each in rejected],
        "changes": [{"flag": flag_text(each), "placement": candidate_data(each.best)} for each in changes],
    }


def candidate_data(candidate: Candidate) -> dict[str, Any]:
    found, speed = candidate.fit, candidate.performance
    usd_per_million = candidate.usd_per_million_output_tokens
    return {
        "instance_type": candidate.instance.instance_type,
        "quantization": candidate.scheme.name.value,
        "gpu": candidate.instance.gpu.name,
        "gpus_per_instance": candidate.instance.gpus,
        "tensor_parallel": candidate.split.tensor,
        "pipeline_parallel": candidate.split.pipeline,
        "replicas": candidate.replicas,
        "concurrency_per_replica": candidate.concurrency,
        "nodes": candidate.nodes,
        "usd_per_hour": round(candidate.usd_per_hour, 6),
        "usd_per_hour_low": round(candidate.usd_per_hour_low, 6),
        "usd_per_million_output_tokens": None if usd_per_million is None else round(usd_per_million, 4),
        "performance": None
        if speed is None
        else {
            "ttft_ms": round(speed.ttft_ms, 2),
            "itl_ms": round(speed.itl_ms, 3),
            "output_tokens_per_second": round(speed.output_tokens_per_second, 2),
            "requests_per_second": round(speed.requests_per_second, 4),
            "low_share": speed.low_share,
            "high_share": speed.high_share,
            "method": speed.method,
            "source": speed.source,
        },
        "launch": launch_data(candidate.setup),
        "memory": memory_data(found.memory, candidate.engine),
        "headroom_mib": found.memory.headroom_mib,
        "kv_cache": {
            "bytes_per_token": found.kv_cache.bytes_per_token,
            "capacity_tokens": found.kv_cache.capacity_tokens,
            "capacity_low_tokens": found.kv_cache.capacity_low_tokens,
            "capacity_high_tokens": found.kv_cache.capacity_high_tokens,
            "required_tokens": found.kv_cache.required_tokens,
            "max_concurrency": found.kv_cache.max_concurrency,
            "max_context_tokens": found.kv_cache.max_context_tokens,
        },
    }
