"""GPU memory to fine-tune a model: full, LoRA or QLoRA.

Per GPU, of parameters P and trained parameters T (Rajbhandari et al. 2020, "ZeRO"), divided by the GPUs where sharded:

    weights      2 P in bf16; QLoRA keeps the matrices at 4.127 bits (NF4); adapters in fp32
    gradients    2 T; 4 T of adapters
    optimizer    8 T for AdamW, 2 T for its 8-bit kind, and 4 T of fp32 master weights where P themselves are trained

and never divided, of the GPU's own tokens:

    activations  what the backward pass needs of every layer (Korthikanti et al. 2022, "Reducing Activation
                 Recomputation", equation 1), here for grouped queries, a gated feed-forward and flash attention, which
                 keeps no scores: 2 bytes x (4 hidden + 2 queries + 2 keys + 4 intermediate) a token and layer. With
                 checkpointing only each layer's input is kept, and one layer at a time is computed again
    logits       tokens x vocabulary, as bf16, as fp32, and as the gradient
    gathered     a sharded layer is whole while it is used, the next one as well; NF4 is unpacked matrix by matrix

and before training, of QLoRA, on each GPU whatever the sharding:

    loading      all of the quantized model, which bitsandbytes makes on the GPU, while PEFT turns its tables of 16 bits
                 into fp32, one after the other (`prepare_model_for_kbit_training`). Others load on the host, and FSDP
                 with `cpu_ram_efficient_loading` and `bnb_4bit_quant_storage` divides these as well
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from paddock.catalog import Model
from paddock.catalog.lookup import RefusedError
from paddock.catalog.performance import training_constants
from paddock.catalog.quantizations import UNQUANTIZED_BYTES
from paddock.sizing.memory.parameters import total_parameters
from paddock.units import MIB

GATHERED_LAYERS = 2
"""FSDP and ZeRO-3 hold the layer in use and fetch the next one."""
FP32_BYTES = 4
ADAPTER_BYTES = 4
"""PEFT trains adapters in fp32 beside a base in bf16 or NF4."""


class Method(StrEnum):
    """Fine-tuning method."""

    FULL = "full"
    LORA = "lora"
    QLORA = "qlora"


class Optimizer(StrEnum):
    ADAMW = "adamw"
    ADAMW_8BIT = "adamw-8bit"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingMemory:
    """One GPU, in MiB. The terms add up to `expected_mib`."""

    weights_mib: float
    gradients_mib: float
    optimizer_mib: float
    master_weights_mib: float
    activations_mib: float
    logits_mib: float
    gathered_mib: float
    context_mib: float
    loading_mib: float
    """Peak before training begins, with the CUDA context; 0 where the model is loaded on the host."""
    low_mib: float
    """Low end, with fused kernels: loss in chunks, norms and activation function computed again."""
    high_mib: float
    """High end, with every copy that autograd may keep, and a fragmented allocator."""
    trained_parameters: int
    source: str

    @property
    def expected_mib(self) -> float:
        """Sum of the terms, with plain PyTorch, flash attention and no fused loss."""
        return (
            self.weights_mib
            + self.gradients_mib
            + self.optimizer_mib
            + self.master_weights_mib
            + self.activations_mib
            + self.logits_mib
            + self.gathered_mib
            + self.context_mib
        )


def training_memory(
    model: Model,
    method: Method,
    *,
    sequence_tokens: int,
    batch: int,
    gpus: int = 1,
    lora_rank: int = 16,
    checkpointing: bool = True,
    sharded: bool = True,
    optimizer: Optimizer = Optimizer.ADAMW,
    master_weights: bool = True,
) -> TrainingMemory:
    """Memory that each of `gpus` needs for `batch` sequences of its own.

    `sharded` divides weights, gradients and optimizer over the GPUs (FSDP, ZeRO-3); without it each holds all.
    `lora_rank` is of adapters on all seven matrices of every layer. Without `master_weights` a full fine-tuning updates
    bf16 in place. Raises `RefusedError` for sizes below 1, a sequence beyond the model's context, and models with a
    mixture of experts.
    """
    _check(model, sequence_tokens, batch, gpus, lora_rank)
    constants = training_constants()
    shards = gpus if sharded else 1
    tokens = sequence_tokens * batch
    full = method is Method.FULL
    parameters = total_parameters(model)
    trained = parameters if full else lora_parameters(model, lora_rank)
    trained_bytes = UNQUANTIZED_BYTES if full else ADAPTER_BYTES
    state_bytes = constants.adamw_bytes if optimizer is Optimizer.ADAMW else constants.adamw_8bit_bytes

    weights = base_bytes(model, method) + (0 if full else trained * ADAPTER_BYTES)
    divided = weights + trained * (trained_bytes + state_bytes)
    masters = 4 * trained if full and master_weights else 0
    gathered = gathered_bytes(model, method, shards)
    activations, fused = activation_bytes(model, checkpointing)
    logits = tokens * model.vocab * constants.logit_bytes
    fixed = (divided + masters) / shards + gathered + constants.context_mib * MIB
    return TrainingMemory(
        weights_mib=weights / shards / MIB,
        gradients_mib=trained * trained_bytes / shards / MIB,
        optimizer_mib=trained * state_bytes / shards / MIB,
        master_weights_mib=masters / shards / MIB,
        activations_mib=activations * tokens / MIB,
        logits_mib=logits / MIB,
        gathered_mib=gathered / MIB,
        context_mib=constants.context_mib,
        loading_mib=loading_bytes(model, method) / MIB + (constants.context_mib if method is Method.QLORA else 0),
        low_mib=(fixed + fused * tokens + logits / constants.logit_chunks_low) / MIB,
        high_mib=(fixed + activations * tokens + tokens * model.vocab * constants.logit_bytes_high)
        / MIB
        * (1 + constants.fragmentation_high_share),
        trained_parameters=trained,
        source=constants.source,
    )


def lora_parameters(model: Model, rank: int) -> int:
    """Two thin matrices beside each of the seven: queries, keys, values, output, gate, up, down."""
    hidden, inner = model.hidden, model.intermediate
    queries, keys = model.attention_heads * model.head_dim, model.kv_heads * model.head_dim
    sides = 2 * (hidden + queries) + 2 * (hidden + keys) + 3 * (hidden + inner)
    return rank * model.layers * sides


def base_bytes(model: Model, method: Method) -> float:
    """The model itself: bf16, or for QLoRA its matrices in NF4 and embeddings, lm_head and norms in bf16."""
    parameters = total_parameters(model)
    if method is not Method.QLORA:
        return parameters * UNQUANTIZED_BYTES
    tables = model.vocab * model.hidden * (1 if model.tied_embeddings else 2)
    norms = model.hidden * (2 * model.layers + 1)
    matrices = parameters - tables - norms
    return matrices * training_constants().nf4_bits / 8 + (tables + norms) * UNQUANTIZED_BYTES


def loading_bytes(model: Model, method: Method) -> int | float:
    """Most that QLoRA holds of each GPU before FSDP divides it: 36.8 GiB of 70B and a table that finds no room."""
    if method is not Method.QLORA:
        return 0
    table, tables = model.vocab * model.hidden, 1 if model.tied_embeddings else 2
    grown = (tables - 1) * table * (FP32_BYTES - UNQUANTIZED_BYTES)
    return base_bytes(model, method) + grown + table * FP32_BYTES


def activation_bytes(model: Model, checkpointing: bool) -> tuple[float, float]:
    """Bytes a token over all layers: as plain kernels keep them, and with norms and the gate computed again (fused)."""
    hidden, inner = model.hidden, model.intermediate
    queries, keys = model.attention_heads * model.head_dim, model.kv_heads * model.head_dim
    plain = UNQUANTIZED_BYTES * (4 * hidden + 2 * queries + 2 * keys + 4 * inner)
    fused = UNQUANTIZED_BYTES * (2 * hidden + 2 * queries + 2 * keys + 2 * inner)
    if not checkpointing:
        return model.layers * plain, model.layers * fused
    kept = model.layers * UNQUANTIZED_BYTES * hidden
    return kept + plain, kept + fused


def gathered_bytes(model: Model, method: Method, shards: int) -> float:
    """Bytes that are whole for a while: layers of a sharded model, one unpacked matrix of a quantized one."""
    tables = model.vocab * model.hidden * (1 if model.tied_embeddings else 2)
    layer = (base_bytes(model, method) - tables * UNQUANTIZED_BYTES) / model.layers
    whole = GATHERED_LAYERS * layer if shards > 1 else 0.0
    unpacked = model.hidden * model.intermediate * UNQUANTIZED_BYTES if method is Method.QLORA else 0
    return whole + unpacked


def _check(model: Model, sequence_tokens: int, batch: int, gpus: int, lora_rank: int) -> None:
    for name, value in (
        ("sequence_tokens", sequence_tokens),
        ("batch", batch),
        ("gpus", gpus),
        ("lora_rank", lora_rank),
    ):
        if value < 1:
            raise RefusedError(f"{name} is {value}; it must be at least 1")
    if model.experts is not None:
        raise RefusedError(
            f"the memory to fine-tune {model.display_name} is not modelled: it has a mixture of experts; "
            "choose a model without one"
        )
    if sequence_tokens > model.max_context_tokens:
        raise RefusedError(
            f"sequence_tokens is {sequence_tokens}, but {model.display_name} reads at most {model.max_context_tokens}"
        )
