"""GPU memory of vLLM beside weights and KV cache, term by term as its profile run allocates it."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from paddock.catalog import Model, vllm
from paddock.catalog.gpus import Link
from paddock.catalog.vllm import Runner
from paddock.record import Record
from paddock.sizing.memory import draft_memory
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank
from paddock.sizing.memory.parameters import embedding
from paddock.sizing.memory.terms import Number, Provenance, Term, total
from paddock.sizing.memory.weights import shard
from paddock.units import MIB

if TYPE_CHECKING:
    from paddock.sizing.memory.setup import Setup

FP32_BYTES = 4
CAPTURE_SIZES = (1, 2, 4, *range(8, 256, 8), *range(256, 513, 16))
"""Batch sizes that may be captured: max_cudagraph_capture_size of vllm/config/vllm.py is 512."""
FULL_CAPTURES = 102
"""Graphs of the logs that the constants were measured from: 1024 sequences, pieces and whole steps."""


class EngineOverhead(Record):
    """The terms on one GPU."""

    activation: Term
    """The peak of one step's tensors, with cuBLAS's workspace and the sampler's tables where they are counted."""
    cuda_graphs: Term
    """Taken from the KV cache; 0 where this version leaves graphs outside of its share."""
    non_torch: Term
    """Kernels, NCCL and all-reduce buffers; the CUDA context where this version counts it."""
    outside: Term
    """GPU memory outside `--gpu-memory-utilization`: the CUDA context and allocations that this vLLM version does not
    account for, and other processes."""
    warm_mib: float
    """Part of the activation that is not there where torch.compile finds its work in a cache."""

    @property
    def sum_mib(self) -> float:
        return self.activation.mib + self.cuda_graphs.mib + self.non_torch.mib

    @property
    def band_mib(self) -> float:
        """The true `sum_mib` lies within this much of ours."""
        return self.activation.half_band_mib + self.non_torch.half_band_mib + self.cuda_graphs.half_band_mib


def overhead(setup: Setup, rank: PipelineRank) -> EngineOverhead:
    """The terms on a GPU of that pipeline stage."""
    graphs = cuda_graphs(setup, rank)
    tables = penalty_tables(setup) if rank.last and setup.engine.sampler(setup.quantized).table_bytes else None
    counted = setup.engine.everything_counted
    return EngineOverhead(
        activation=activation(setup, rank, tables if counted else None),
        cuda_graphs=counted_graphs(setup, graphs),
        non_torch=non_torch(setup, graphs),
        outside=outside(setup, graphs, None if counted else tables),
        warm_mib=warm_mib(setup, rank),
    )


def activation(setup: Setup, rank: PipelineRank, tables: Term | None = None) -> Term:
    """The largest peak, and cuBLAS's workspace: the widest point of a layer, or the samplers.

    Samplers work on the whole vocabulary on every rank of the last stage, so tensor parallelism does not help them.
    """
    runs = profiled(setup, rank)
    peaks = (*runs, compilation(setup)) if rank.first and benchmarks_kernels(setup) else runs
    added = tuple(each for each in (None if rank.first else received(setup), tables) if each is not None)
    cublas = setup.engine.memory.cublas_workspace_mib(setup.gpu.compute_capability)
    names = [f"{each.name} + cublas" for each in runs] + [each.name for each in peaks[len(runs) :]]
    return Term(
        name="activation",
        formula=" + ".join(
            [f"max({', '.join(names)})" if len(names) > 1 else names[0], *(each.name for each in added)]
        ),
        inputs={
            **{each.name: each.mib for each in peaks},
            "cublas": cublas,
            **{each.name: each.mib for each in added},
        },
        mib=peak_mib(runs, peaks, cublas) + sum(each.mib for each in added),
        source=setup.engine.source,
        as_of=vllm.as_of(),
        band=setup.engine.memory.band["activation"],
        parts=(*peaks, *added),
    )


def profiled(setup: Setup, rank: PipelineRank) -> tuple[Term, ...]:
    """Peaks of what the profile runs on that stage."""
    if not rank.last:
        return (widest_layer(setup),)
    rejection = draft_memory.rejection_sampler(setup)
    return (widest_layer(setup), sampler(setup), *(() if rejection is None else (rejection,)))


def peak_mib(runs: tuple[Term, ...], peaks: tuple[Term, ...], cublas: float) -> float:
    """Highest peak: what runs has cuBLAS's workspace beside it, what is compiled before anything runs has not."""
    return max(each.mib + (cublas if each in runs else 0) for each in peaks)


def warm_mib(setup: Setup, rank: PipelineRank) -> float:
    if not (rank.first and benchmarks_kernels(setup)):
        return 0.0
    cublas = setup.engine.memory.cublas_workspace_mib(setup.gpu.compute_capability)
    return max(0.0, compilation(setup).mib - cublas - max(each.mib for each in profiled(setup, rank)))


def benchmarks_kernels(setup: Setup) -> bool:
    return setup.engine.compilation_counted and not is_eager(setup)


def compilation(setup: Setup) -> Term:
    """A copy of the embedding's table, with what a step's tokens look up in it and what is added to that.

    Inductor times kernels that it may combine on random tensors of their shapes, the table among them, and the profile
    run is where it compiles. With a warm compile cache there is none of this: see `EngineOverhead.warm_mib`.
    """
    (rows, hidden), width = shard(setup.model, embedding(setup.model), setup.split.tensor), setup.value_bytes
    return Term(
        name="compilation",
        formula="(rows + 2 × tokens) × hidden × bytes ÷ MiB",
        inputs={"rows": rows, "tokens": setup.max_num_batched_tokens, "hidden": hidden, "bytes": width},
        mib=(rows + 2 * setup.max_num_batched_tokens) * hidden * width / MIB,
        source="vLLM config/compilation.py: benchmark_combo_kernel; torch _inductor/codegen/triton_combo_kernel.py; "
        "vLLM issues 54122 and 54383",
        as_of=vllm.as_of(),
    )


def widest_layer(setup: Setup) -> Term:
    """Gate, up and their product, while tensors of hidden width still live, and (compiled) what Inductor times with."""
    model, tokens, constants = setup.model, setup.max_num_batched_tokens, setup.engine.memory
    inner, width = widest_inner(model, setup.split), setup.value_bytes
    flush = 0.0 if is_eager(setup) else constants.l2_cache_mib(setup.gpu.compute_capability)
    return Term(
        name="widest_layer",
        formula="tokens × (copies × hidden + 3 × inner) × bytes ÷ MiB + flush",
        inputs={
            "tokens": tokens,
            "copies": constants.layer_hidden_copies,
            "hidden": model.hidden,
            "inner": inner,
            "bytes": width,
            "flush": flush,
        },
        mib=tokens * (constants.layer_hidden_copies * model.hidden + 3 * inner) * width / MIB + flush,
        source="vLLM model_executor/models/llama.py: what lives at the widest point of a layer, of a step's tokens; "
        "torch _inductor/runtime/benchmarking.py: a buffer as large as the L2 cache",
        as_of=vllm.as_of(),
    )


def is_eager(setup: Setup) -> bool:
    return setup.enforce_eager or setup.engine.runner(setup.quantized) is Runner.V0


def widest_inner(model: Model, split: Parallelism) -> int:
    """The feed-forward width of one token on one rank; a mixture of experts runs the shared one beside those chosen."""
    if model.experts is None:
        return model.intermediate // split.tensor
    experts = model.experts
    chosen = (experts.intermediate * experts.per_token + experts.shared_intermediate) // split.tensor
    return max(chosen, model.intermediate // split.tensor)


def sampler(setup: Setup) -> Term:
    """Logits of every sequence, their fp32 copies, the hidden states of the step, and twice those that are sampled."""
    model, tokens, width = setup.model, setup.max_num_batched_tokens, setup.value_bytes
    constants = setup.engine.sampler(setup.quantized, flashinfer=setup.flashinfer)
    seqs = min(setup.max_num_seqs, tokens)
    # In fp32 the first copy is the logits themselves.
    own = width if width < FP32_BYTES or not constants.fp32_copies else 0
    inputs: dict[str, Number] = {
        "seqs": seqs,
        "vocab": model.vocab,
        "own": own,
        "copies": constants.fp32_copies,
        "tokens": tokens,
        "hidden": model.hidden,
        "bytes": width,
    }
    peak = seqs * model.vocab * (own + FP32_BYTES * constants.fp32_copies) + (tokens + 2 * seqs) * model.hidden * width
    rows = ""
    if constants.row_per_sm:
        inputs["sms"] = min(setup.gpu.streaming_multiprocessors, seqs)
        peak += FP32_BYTES * min(setup.gpu.streaming_multiprocessors, seqs) * model.vocab
        rows = " + 4 × sms × vocab"
    return Term(
        name="sampler",
        formula=f"(seqs × vocab × (own + 4 × copies) + (tokens + 2 × seqs) × hidden × bytes{rows}) ÷ MiB",
        inputs=inputs,
        mib=peak / MIB,
        source="logits of --max-num-seqs, their fp32 copies, hidden states: vLLM v1/sample, v1/worker/gpu/sample",
        as_of=vllm.as_of(),
    )


def received(setup: Setup) -> Term:
    """Buffers of a later pipeline stage for what the stage before sends."""
    tokens, hidden, width = setup.max_num_batched_tokens, setup.model.hidden, setup.value_bytes
    return Term(
        name="received",
        formula="2 × tokens × hidden × bytes ÷ MiB",
        inputs={"tokens": tokens, "hidden": hidden, "bytes": width},
        mib=2 * tokens * hidden * width / MIB,
        source="hidden states and residual of the stage before, in buffers that stay: "
        "vLLM v1/worker/gpu_model_runner.py",
        as_of=vllm.as_of(),
        provenance=Provenance.EXACT,
    )


def penalty_tables(setup: Setup) -> Term:
    """Tables of the sampler, of every sequence over the vocabulary."""
    table_bytes = setup.engine.sampler(setup.quantized).table_bytes
    return Term(
        name="penalty_tables",
        formula="table_bytes × seqs × vocab ÷ MiB",
        inputs={"table_bytes": table_bytes, "seqs": setup.max_num_seqs, "vocab": setup.model.vocab},
        mib=table_bytes * setup.max_num_seqs * setup.model.vocab / MIB,
        source="vLLM v1/worker/gpu/sample: int32 counts and a bit mask of every sequence and token",
        as_of=vllm.as_of(),
        provenance=Provenance.EXACT,
    )


def non_torch(setup: Setup, graphs: Term) -> Term:
    """Memory that PyTorch does not own."""
    engine, gpus = setup.engine, setup.split.gpus
    constants = engine.memory
    inputs: dict[str, Number] = {"kernels": constants.kernels_mib(setup.gpu.compute_capability, gpus)}
    if setup.split.tensor > 1:
        lazily_between = None if engine.capture_counted else setup.split.tensor
        inputs["communication"] = constants.communication_mib(setup.gpu.link, lazily_between)
    if gpus > 1 and engine.communicators_counted:
        inputs["communicators"] = constants.communicators_mib
    if engine.graphs_profiled(setup.quantized) and graphs.mib and gpus == 1:
        inputs["trial_capture"] = constants.cuda_graph_profile_mib
    if engine.context_counted:
        inputs["cuda_context"] = constants.cuda_context_mib
    return total("non-torch memory", inputs, constants.source, vllm.as_of(), band=constants.band["non_torch"])


def captured_graphs(setup: Setup) -> int:
    """CUDA graphs that are captured: pieces for each batch size, and whole decode steps."""
    return bisect_right(CAPTURE_SIZES, 2 * setup.max_num_seqs) + bisect_right(CAPTURE_SIZES, setup.max_num_seqs)


def cuda_graphs(setup: Setup, rank: PipelineRank) -> Term:
    """The graphs, whether this version counts them or not; 0 with `--enforce-eager`."""
    constants = setup.engine.memory
    inputs: dict[str, Number] = {
        "base": constants.cuda_graph_base_mib,
        "layer": constants.cuda_graph_mib_per_layer,
        "layers": rank.layers,
    }
    whole = constants.cuda_graph_base_mib + constants.cuda_graph_mib_per_layer * rank.layers
    if setup.engine.full_cuda_graphs:
        captures = captured_graphs(setup)
        inputs |= {"captures": captures, "measured_captures": FULL_CAPTURES}
        formula, mib = "(base + layer × layers) × captures ÷ measured_captures", whole * captures / FULL_CAPTURES
    else:
        inputs["pieces"] = constants.cuda_graph_pieces_share
        formula, mib = "(base + layer × layers) × pieces", whole * constants.cuda_graph_pieces_share
    return Term(
        name="graphs",
        formula=formula,
        inputs=inputs,
        mib=0.0 if setup.enforce_eager else mib,
        source=constants.source,
        as_of=vllm.as_of(),
    )


def counted_graphs(setup: Setup, graphs: Term) -> Term:
    """The share of the graphs that this version estimates and takes from the KV cache."""
    share = setup.engine.cuda_graph_share(setup.quantized)
    return Term(
        name="CUDA graphs, counted",
        formula="graphs × estimate_share",
        inputs={"graphs": graphs.mib, "estimate_share": share},
        mib=graphs.mib * share,
        source=setup.engine.source,
        as_of=vllm.as_of(),
        band=setup.engine.memory.band["cuda_graphs"],
        parts=(graphs,),
    )


def outside(setup: Setup, graphs: Term, tables: Term | None) -> Term:
    """Memory that has to be free beside the share of `--gpu-memory-utilization`.

    The older V0 engine's was not measured and is taken as fitting, but for what its oldest versions leak.
    """
    engine, inputs, parts = setup.engine, dict[str, Number](), list[Term]()
    if engine.captures_leak and setup.split.tensor > 1 and setup.gpu.link is Link.PCIE and not setup.enforce_eager:
        leak = engine.memory.captured_all_reduce_mib_per_rank_and_layer
        inputs["captured_all_reduces"] = leak * setup.split.tensor * setup.model.layers
    if engine.runner(setup.quantized) is not Runner.V0:
        share = engine.cuda_graph_share(setup.quantized)
        if not engine.context_counted:
            inputs["cuda_context"] = engine.memory.cuda_context_mib
        if tables is not None:
            inputs["penalty_tables"] = tables.mib
            parts.append(tables)
        if graphs.mib and share:
            inputs["uncounted_graphs"] = graphs.mib - graphs.mib * share
        elif graphs.mib:
            inputs["graphs"] = graphs.mib
            parts.append(graphs)
        if graphs.mib and engine.outside_slack:
            inputs["slack"] = engine.memory.outside_slack_mib
    if setup.others_mib:
        inputs["other_processes"] = setup.others_mib
    return total("needed outside the share", inputs, "not counted by this version", vllm.as_of(), parts=tuple(parts))
