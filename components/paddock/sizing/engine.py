"""What vLLM takes on each GPU beside weights and KV cache. Modelled, not exact: every sum of these has a band."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Batch, Engine, Model
from paddock.catalog.quantizations import UNQUANTIZED_BYTES
from paddock.sizing.parallelism import Parallelism, PipelineRank, kv_heads_per_rank
from paddock.units import MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOverhead:
    """The terms on one GPU, in MiB."""

    activation_mib: float
    """The peak of one step's intermediate tensors."""
    cuda_graphs_mib: float
    non_torch_mib: float
    """CUDA context, NCCL and all-reduce buffers."""
    band_mib: float
    """The true sum lies within this much of ours."""

    @property
    def sum_mib(self) -> float:
        return self.activation_mib + self.cuda_graphs_mib + self.non_torch_mib


def overhead(model: Model, engine: Engine, batch: Batch, split: Parallelism, rank: PipelineRank) -> EngineOverhead:
    activation = activation_mib(model, engine, batch, split, rank)
    graphs = cuda_graphs_mib(engine, rank)
    non_torch = non_torch_mib(engine, split)
    return EngineOverhead(
        activation_mib=activation,
        cuda_graphs_mib=graphs,
        non_torch_mib=non_torch,
        band_mib=engine.memory.band_share * (activation + graphs + non_torch) + engine.memory.band_mib,
    )


def activation_mib(model: Model, engine: Engine, batch: Batch, split: Parallelism, rank: PipelineRank) -> float:
    """The larger of two peaks: the widest point of a layer, and the sampler with its copies of the logits.

    The sampler works on the whole vocabulary on every rank of the last stage, so tensor parallelism does not help it.
    """
    peak = layer_peak_bytes(model, batch, split)
    if rank.last:
        peak = max(peak, sampler_peak_bytes(model, engine, batch))
    return peak / MIB


def layer_peak_bytes(model: Model, batch: Batch, split: Parallelism) -> int:
    """Within a layer: residual and normed input, queries, keys and values, then gate, up and their product."""
    inner = 3 * model.intermediate // split.tensor
    heads = model.attention_heads // split.tensor + 2 * kv_heads_per_rank(model, split.tensor)
    width = 4 * model.hidden + inner + heads * model.head_dim
    return batch.max_num_batched_tokens * width * UNQUANTIZED_BYTES


def sampler_peak_bytes(model: Model, engine: Engine, batch: Batch) -> int:
    logits = batch.max_num_seqs * model.vocab * engine.memory.bytes_per_logit
    hidden = engine.memory.hidden_copies * batch.max_num_batched_tokens * model.hidden * UNQUANTIZED_BYTES
    return logits + hidden


def cuda_graphs_mib(engine: Engine, rank: PipelineRank) -> float:
    return engine.memory.cuda_graph_base_mib + engine.memory.cuda_graph_mib_per_layer * rank.layers


def non_torch_mib(engine: Engine, split: Parallelism) -> float:
    return engine.memory.non_torch_mib if split.tensor == 1 else engine.memory.non_torch_tensor_parallel_mib
