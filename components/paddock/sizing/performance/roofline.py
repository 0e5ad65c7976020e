"""Duration of one step of the engine on the GPU: every byte and operation at the rate that it was measured at.

A step decodes one token of each running request and may carry a chunk of prompts. Its kernels run one after another, so
their times add up; each is bound by memory or by arithmetic, whichever is slower (Williams et al., "Roofline", 2009):

    matrices     max(weights once / bandwidth, 2 x weights x tokens / rate, kernels x least time); of E experts, k are
                 computed a token, and those read that any of the tokens is sent to: E (1 - (1 - k / E) ^ tokens)
    attention    KV cache of every running request / bandwidth; prompts: 4 x tokens x context x heads x head_dim / rate
    all-reduce   twice a layer over the tensor-parallel group: 2 (n - 1) / n of the activations / bus, and its latency
    small ones   activations read and written / bandwidth (norms, gate, making inputs 8-bit), and a constant a layer

Stages of a pipeline follow each other: a token passes all of them, however many batches are under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf

from paddock.catalog import Gpu, Model, Scheme
from paddock.catalog.lookup import RefusedError
from paddock.catalog.performance import (
    Efficiency,
    efficiency,
    engine_time,
    pcie_link,
    weight_only_bandwidth_share,
)
from paddock.catalog.quantizations import UNQUANTIZED_BYTES
from paddock.sizing.memory.parameters import has_experts, layer_tensors
from paddock.sizing.memory.setup import Setup

GEMMS_PER_LAYER = 4
"""Queries with keys and values, output, gate with up, down: vLLM merges the first three and the middle two."""
NATIVE_KINDS = {"fp8": "fp8", "int8": "int8", "nvfp4": "fp4"}
"""Arithmetic of schemes by how their name begins; all others, and these where the GPU lacks it, compute at 16 bits."""


@dataclass(frozen=True, slots=True)
class Roofline:
    """Coefficients of one replica, in seconds, so that a step costs a handful of multiplications."""

    weights_seconds: float
    """Reading once every matrix that all tokens pass."""
    experts_seconds: float
    """Reading once all experts."""
    unchosen_share: float
    """Share of the experts that one token is not sent to."""
    token_seconds: float
    """Arithmetic of one token through its matrices."""
    floor_seconds: float
    fixed_seconds: float
    """Small kernels, latency of all-reduces and of the hand-over between stages."""
    output_seconds: float
    """Arithmetic of one sampled token through lm_head."""
    moving_seconds: float
    """Moving one token's activations through the small kernels, every all-reduce and hand-over."""
    kv_seconds: float
    """Reading one token of KV cache."""
    attention_seconds: float
    """Prefill attention of one token to one other."""
    chunk_tokens: float
    """Tokens that layers with chunked attention attend to at most; infinite where there are none."""
    full_share: float
    """Share of the layers that attend to everything all the same."""
    measured: bool
    source: str

    def step_ms(self, decoding: float, context_tokens: float, prefill_tokens: float, prefill_context: float) -> float:
        """One step: `decoding` requests with `context_tokens` each in the cache on average, and `prefill_tokens` of
        prompts, each attending to `prefill_context` tokens on average."""
        tokens = decoding + prefill_tokens
        weights = self.weights_seconds
        if self.experts_seconds:
            weights += self.experts_seconds * (1 - self.unchosen_share**tokens)
        matrices = max(weights, self.token_seconds * tokens + self.output_seconds * decoding, self.floor_seconds)
        attention = self.kv_seconds * decoding * self._attended(context_tokens)
        attention += self.attention_seconds * prefill_tokens * self._attended(prefill_context)
        return 1000 * (matrices + attention + self.moving_seconds * tokens + self.fixed_seconds)

    def _attended(self, context_tokens: float) -> float:
        """Averaged over the layers."""
        if context_tokens <= self.chunk_tokens:
            return context_tokens
        return self.full_share * context_tokens + (1 - self.full_share) * self.chunk_tokens


def roofline(setup: Setup, *, nvlink: bool) -> Roofline:
    """The replica's coefficients; raises `RefusedError` for arithmetic whose speed on that GPU nobody states."""
    model, scheme, gpu, split = setup.model, setup.scheme, setup.gpu, setup.split
    engine, shares, work = engine_time(), efficiency(gpu.name), matrix_work(model, scheme)
    kind = arithmetic(scheme, gpu, shares)
    rate, half_rate = _rate(shares, gpu, kind), _rate(shares, gpu, "16bit")
    bandwidth = gpu.memory_bandwidth_gb_per_second * 1e9
    half_bandwidth = bandwidth * shares.gemm_bandwidth_share["16bit"]
    matrix_bandwidth = bandwidth * shares.gemm_bandwidth_share[kind]
    if kind == "16bit" and scheme.weight_bits < 8 * UNQUANTIZED_BYTES:
        rate *= engine.weight_only_compute_share
        matrix_bandwidth *= weight_only_bandwidth_share(scheme.weight_bits)
    tensor, hops = split.tensor, split.pipeline - 1
    head = model.vocab * model.hidden / tensor
    reduces = 2 * model.layers + 1 if tensor > 1 else 0
    bus, reduce_latency_us = _link(gpu, tensor, nvlink)
    small_us = shares.layer_overhead_us + (0.0 if kind == "16bit" else GEMMS_PER_LAYER * engine.quantize_us)
    activation_bytes = small_kernel_bytes(model, work.gated_width, tensor, kind)
    hidden_bytes = model.hidden * UNQUANTIZED_BYTES
    kv_heads, query_heads = max(1.0, model.kv_heads / tensor), model.attention_heads / tensor
    return Roofline(
        weights_seconds=(work.scheme_bytes / matrix_bandwidth + work.half_bytes / half_bandwidth) / tensor
        + head * UNQUANTIZED_BYTES / half_bandwidth,
        experts_seconds=work.expert_bytes / tensor / matrix_bandwidth,
        unchosen_share=work.unchosen_share,
        token_seconds=2 * (work.scheme_weights / rate + work.half_weights / half_rate) / tensor,
        floor_seconds=model.layers * GEMMS_PER_LAYER * engine.gemm_floor_us / 1e6,
        fixed_seconds=(model.layers * small_us + reduces * reduce_latency_us + hops * engine.p2p_latency_us) / 1e6,
        output_seconds=2 * head / half_rate,
        moving_seconds=model.layers * activation_bytes / half_bandwidth
        + hidden_bytes * (reduces * 2 * (tensor - 1) / tensor + hops) / bus,
        kv_seconds=2
        * model.layers
        * kv_heads
        * model.head_dim
        * setup.kv_value_bytes
        / (bandwidth * shares.attention_bandwidth_share),
        attention_seconds=4
        * model.layers
        * query_heads
        * model.head_dim
        / (_dense(shares, gpu, "16bit") * shares.attention_compute_share),
        chunk_tokens=model.attention_chunk_tokens or inf,
        full_share=1 / model.full_attention_every if model.full_attention_every else 1.0,
        measured=shares.measured and model.experts is None,
        source=shares.source,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixWork:
    """The matrices of all layers, of one copy of the model: what a step reads and what a token is multiplied with."""

    scheme_bytes: int
    """Matrices that every token passes, as the scheme stores them."""
    half_bytes: int
    """Those of them that the scheme leaves at 16 bits."""
    expert_bytes: int
    """All experts that a router chooses among."""
    unchosen_share: float
    scheme_weights: int
    """Weights that one token passes and the scheme stores, its chosen experts with them."""
    half_weights: int
    gated_width: float
    """Features between gate and down projection that one token passes, a layer on average."""


@lru_cache(maxsize=2**12)
def matrix_work(model: Model, scheme: Scheme) -> MatrixWork:
    """Sum over every layer: some schemes leave some at 16 bits, some models have experts in some."""
    parts = [part for part in scheme.held() if not part.while_loading]
    experts = model.experts
    scheme_bytes = half_bytes = expert_bytes = scheme_weights = half_weights = 0
    for layer in range(model.layers):
        for tensor in layer_tensors(model, layer):
            if len(tensor.shape) < 2:
                continue
            routed = experts is not None and tensor.copies > 1
            weights = tensor.shape[0] * tensor.shape[1]
            passed = weights * (experts.per_token if experts is not None and routed else 1)
            if tensor.linear and scheme.quantizes(tensor.name, layer=layer, layers=model.layers):
                held = sum(part.stored_bytes(*tensor.shape) for part in parts)
                scheme_weights += passed
                scheme_bytes += 0 if routed else held
            else:
                held = weights * UNQUANTIZED_BYTES
                half_weights += passed
                half_bytes += 0 if routed else held
            expert_bytes += tensor.copies * held if routed else 0
    return MatrixWork(
        scheme_bytes=scheme_bytes,
        half_bytes=half_bytes,
        expert_bytes=expert_bytes,
        unchosen_share=1 - experts.per_token / experts.count if experts else 1.0,
        scheme_weights=scheme_weights,
        half_weights=half_weights,
        gated_width=sum(_gated_width(model, layer) for layer in range(model.layers)) / model.layers,
    )


def _gated_width(model: Model, layer: int) -> int:
    if model.experts and has_experts(model, layer):
        return model.experts.shared_intermediate + model.experts.per_token * model.experts.intermediate
    return model.intermediate


def small_kernel_bytes(model: Model, gated_width: float, tensor: int, kind: str) -> float:
    """Bytes that one token reads and writes in a layer outside of the matrices and attention.

    Two residual adds with their norms, each reading and writing two activations, and the gated activation; where inputs
    are made 8-bit or smaller, those of the four matrices, read at 16 bits and written at 8.
    """
    queries, inner = model.attention_heads * model.head_dim / tensor, gated_width / tensor
    moved = (8 * model.hidden + 3 * inner) * UNQUANTIZED_BYTES
    if kind == "16bit":
        return moved
    return moved + (2 * model.hidden + queries + inner) * (UNQUANTIZED_BYTES + 1)


def arithmetic(scheme: Scheme, gpu: Gpu, shares: Efficiency) -> str:
    """Arithmetic in which that GPU multiplies the matrices: `16bit`, `fp8`, `int8` or `fp4`."""
    if scheme.weight_bits > 8 * UNQUANTIZED_BYTES:
        raise RefusedError(
            f"how fast {gpu.display_name} computes in {scheme.name} is not known; choose a 16-bit scheme"
        )
    if scheme.runs_natively_on(gpu):
        for prefix, kind in NATIVE_KINDS.items():
            if scheme.name.startswith(prefix) and kind in shares.gemm_compute_share and shares.dense_tflops(kind, gpu):
                return kind
    return "16bit"


def _dense(shares: Efficiency, gpu: Gpu, kind: str) -> float:
    tflops = shares.dense_tflops(kind, gpu)
    if not tflops:
        raise RefusedError(
            f"how fast {gpu.display_name} computes at 16 bits is not known, so no speed can be estimated; "
            "choose a GPU of `paddock gpus` that states its dense TFLOPs"
        )
    return tflops * 1e12


def _rate(shares: Efficiency, gpu: Gpu, kind: str) -> float:
    return _dense(shares, gpu, kind) * shares.gemm_compute_share[kind]


def _link(gpu: Gpu, tensor: int, nvlink: bool) -> tuple[float, float]:
    """Bytes a second of the bus between the GPUs, and the latency of an all-reduce in microseconds."""
    if nvlink and gpu.nvlink_gb_per_second:
        engine = engine_time()
        return gpu.nvlink_gb_per_second / 2 * 1e9 * engine.nvlink_bus_share, engine.nvlink_latency_us
    link = pcie_link(gpu.name, max(2, tensor))
    return link.bus_gb_per_second * 1e9, link.latency_us
