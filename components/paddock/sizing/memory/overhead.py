"""What vLLM takes on each GPU beside weights and KV cache, term by term as its profile run allocates it."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Engine, Gpu, Model
from paddock.catalog.vllm import Runner
from paddock.sizing.memory.engine_args import Launch
from paddock.sizing.memory.parallelism import Parallelism, PipelineRank, kv_heads_per_rank
from paddock.units import MIB

FP32_BYTES = 4
MAX_CAPTURE_TOKENS = 512
"""Batch sizes above it are not captured: max_cudagraph_capture_size of vllm/config/vllm.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOverhead:
    """The terms on one GPU, in MiB."""

    activation_mib: float
    """The peak of one step's tensors, with cuBLAS's workspace and the sampler's tables where they are counted."""
    cuda_graphs_mib: float
    """Taken from the KV cache; 0 where this version leaves graphs outside of its share."""
    non_torch_mib: float
    """Kernels, NCCL and all-reduce buffers; the CUDA context where this version counts it."""
    outside_mib: float
    """What is needed of the GPU beyond the share of vLLM: the context, and whatever this version does not count."""
    band_mib: float
    """The true sum of the first three lies within this much of ours."""

    @property
    def sum_mib(self) -> float:
        return self.activation_mib + self.cuda_graphs_mib + self.non_torch_mib


def overhead(
    model: Model, engine: Engine, gpu: Gpu, launch: Launch, rank: PipelineRank, *, element_bytes: int, quantized: bool
) -> EngineOverhead:
    """`element_bytes` is the width of the model's dtype; `quantized` whether its linear layers are."""
    memory, sampler = engine.memory, engine.sampler(quantized)
    activation = activation_mib(model, engine, gpu, launch, rank, element_bytes=element_bytes, quantized=quantized)
    tables = sampler.table_bytes * launch.max_num_seqs * model.vocab / MIB if rank.last else 0.0
    graphs = cuda_graphs_mib(engine, launch, rank)
    non_torch = memory.kernels_mib(gpu.compute_capability, launch.split.gpus)
    if launch.split.tensor > 1:
        non_torch += memory.communication_mib(gpu.link)
    if launch.split.gpus > 1 and engine.communicators_counted:
        non_torch += memory.communicators_mib
    if engine.cuda_graph_profile_counted and graphs and launch.split.gpus == 1:
        non_torch += memory.cuda_graph_profile_mib
    outside = 0.0
    if engine.everything_counted:
        activation += tables
    else:
        outside += tables
    if engine.context_counted:
        non_torch += memory.cuda_context_mib
    else:
        outside += memory.cuda_context_mib
    counted_graphs = graphs * engine.cuda_graph_share(quantized)
    outside += graphs - counted_graphs
    if graphs and engine.outside_slack:
        outside += memory.outside_slack_mib
    if engine.runner(quantized) is Runner.V0:
        outside = 0.0  # nothing measured: taken as fitting
    band = memory.band["activation"].of(activation) + memory.band["non_torch"].of(non_torch)
    if counted_graphs:
        band += memory.band["cuda_graphs"].of(counted_graphs)
    return EngineOverhead(
        activation_mib=activation,
        cuda_graphs_mib=counted_graphs,
        non_torch_mib=non_torch,
        outside_mib=outside,
        band_mib=band,
    )


def activation_mib(
    model: Model, engine: Engine, gpu: Gpu, launch: Launch, rank: PipelineRank, *, element_bytes: int, quantized: bool
) -> float:
    """The larger of two peaks, and cuBLAS's workspace: the widest point of a layer, and the sampler.

    The sampler works on the whole vocabulary on every rank of the last stage, so tensor parallelism does not help it.
    """
    eager = launch.enforce_eager or engine.runner(quantized) is Runner.V0
    copies = engine.memory.eager_layer_hidden_copies if eager else engine.memory.layer_hidden_copies
    peak: float = layer_peak_bytes(model, launch, copies, eager=eager, element_bytes=element_bytes)
    if rank.last:
        sampling = sampler_peak_bytes(model, engine, gpu, launch, element_bytes=element_bytes, quantized=quantized)
        peak = max(peak, sampling)
    if not rank.first:
        # What the stage before sends, hidden states and residual, has buffers that stay.
        peak += 2 * launch.max_num_batched_tokens * model.hidden * element_bytes
    return peak / MIB + engine.memory.cublas_workspace_mib(gpu.compute_capability)


def layer_peak_bytes(model: Model, launch: Launch, hidden_copies: int, *, eager: bool, element_bytes: int) -> int:
    """Gate, up and their product, while tensors of hidden width and (compiled) queries, keys and values still live."""
    split = launch.split
    inner = 3 * widest_inner(model, split)
    heads = 0 if eager else attention_width(model, split)
    return launch.max_num_batched_tokens * (hidden_copies * model.hidden + inner + heads) * element_bytes


def widest_inner(model: Model, split: Parallelism) -> int:
    """The feed-forward width of one token on one rank; a mixture of experts runs the shared one beside those chosen."""
    if model.experts is None:
        return model.intermediate // split.tensor
    experts = model.experts
    chosen = (experts.intermediate * experts.per_token + experts.shared_intermediate) // split.tensor
    return max(chosen, model.intermediate // split.tensor)


def attention_width(model: Model, split: Parallelism) -> int:
    return (model.attention_heads // split.tensor + 2 * kv_heads_per_rank(model, split.tensor)) * model.head_dim


def sampler_peak_bytes(
    model: Model, engine: Engine, gpu: Gpu, launch: Launch, *, element_bytes: int, quantized: bool
) -> float:
    """Logits of every sequence, their fp32 copies, the hidden states of the step, and twice those that are sampled."""
    sampler = engine.sampler(quantized)
    seqs = min(launch.max_num_seqs, launch.max_num_batched_tokens)
    # In fp32 the first copy is the logits themselves.
    own = element_bytes if element_bytes < FP32_BYTES or not sampler.fp32_copies else 0
    logits = seqs * model.vocab * (own + FP32_BYTES * sampler.fp32_copies)
    rows = min(gpu.streaming_multiprocessors, seqs) * model.vocab * FP32_BYTES if sampler.row_per_sm else 0
    hidden = (launch.max_num_batched_tokens + 2 * seqs) * model.hidden * element_bytes
    return logits + rows + hidden


def captured_graphs(launch: Launch, full: bool) -> int:
    """How many CUDA graphs are captured: pieces for each batch size, and whole decode steps where the version does."""
    largest = min(2 * launch.max_num_seqs, MAX_CAPTURE_TOKENS)
    sizes = [size for size in (1, 2, 4, *range(8, 256, 8), *range(256, MAX_CAPTURE_TOKENS + 1, 16)) if size <= largest]
    return len(sizes) + (sum(size <= launch.max_num_seqs for size in sizes) if full else 0)


FULL_CAPTURES = 102
"""Graphs of the logs that the constants were measured from: 1024 sequences, pieces and whole steps."""


def cuda_graphs_mib(engine: Engine, launch: Launch, rank: PipelineRank) -> float:
    """What the graphs take, whether this version counts it or not."""
    if launch.enforce_eager:
        return 0.0
    memory = engine.memory
    whole = memory.cuda_graph_base_mib + memory.cuda_graph_mib_per_layer * rank.layers
    if not engine.full_cuda_graphs:
        return whole * memory.cuda_graph_pieces_share
    return whole * captured_graphs(launch, full=True) / FULL_CAPTURES
