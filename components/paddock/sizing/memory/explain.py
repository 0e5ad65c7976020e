"""Every term of a fit: its formula, the numbers in it, what comes out, how sure that is, and who says so.

The formulas are checked: a test computes each one from the numbers that stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from paddock.catalog import Engine, Gpu, Model, Scheme, vllm
from paddock.catalog.gpus import GIVEN_MEMORY
from paddock.catalog.vllm import Runner
from paddock.sizing.memory import kv_cache
from paddock.sizing.memory import overhead as engine_terms
from paddock.sizing.memory.engine_args import Launch
from paddock.sizing.memory.fit import UNQUANTIZED, budget
from paddock.sizing.memory.parallelism import PipelineRank, kv_heads_per_rank, pipeline_ranks
from paddock.sizing.memory.parameters import embedding, final_norm, lm_head
from paddock.sizing.memory.verdict import Estimate, Outlook, outlook
from paddock.sizing.memory.weights import rope_cache_bytes, shard
from paddock.units import MIB

Number = int | float


class Provenance(StrEnum):
    """How a figure is known."""

    EXACT = "exact"
    """Follows from shapes, flags and vLLM's own arithmetic."""
    MEASURED = "measured"
    """As printed or reported by real machines."""
    MODELLED = "modelled"
    """Computed from how vLLM works and from measured constants; has a band."""
    GIVEN = "given"
    """By whoever asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One step of the calculation; `filled` is the `formula` with its numbers. Both are empty for what is looked up."""

    name: str
    depth: int
    """1 for a part of the term of depth 0 that follows its parts."""
    formula: str
    filled: str
    inputs: Mapping[str, Number]
    result: Estimate
    unit: str
    provenance: Provenance
    source: str
    as_of: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The terms of the tightest GPU, in the order in which one follows from the other."""

    outlook: Outlook
    stage: int
    """Which pipeline stage the tightest GPU is in, from 1."""
    stages: int
    terms: tuple[Term, ...]

    def term(self, name: str) -> Term:
        return next(each for each in self.terms if each.name == name)


def explain(
    model: Model,
    scheme: Scheme,
    gpu: Gpu,
    engine: Engine,
    launch: Launch,
    *,
    concurrent_requests: int = 1,
    others_mib: int = 0,
) -> Explanation:
    """The same figures as `memory.fit`, with their derivation."""
    found = outlook(model, scheme, gpu, engine, launch, concurrent_requests=concurrent_requests, others_mib=others_mib)
    tightest = found.expected.memory
    required_bytes = tightest.kv_required_mib * MIB
    ranks = pipeline_ranks(model, launch.split.pipeline)
    stage, rank = next(
        (stage, rank)
        for stage, rank in enumerate(ranks)
        if budget(model, scheme, gpu, engine, launch, rank, required_bytes=required_bytes, others_mib=others_mib)
        == tightest
    )
    writer = _Writer(model, scheme, gpu, engine, launch, rank, found, others_mib)
    writer.write(concurrent_requests)
    return Explanation(outlook=found, stage=stage + 1, stages=len(ranks), terms=tuple(writer.terms))


class _Writer:
    def __init__(
        self,
        model: Model,
        scheme: Scheme,
        gpu: Gpu,
        engine: Engine,
        launch: Launch,
        rank: PipelineRank,
        found: Outlook,
        others_mib: int,
    ) -> None:
        self.model, self.scheme, self.gpu, self.engine = model, scheme, gpu, engine
        self.launch, self.rank, self.found = launch, rank, found
        self.memory, self.others_mib = found.expected.memory, others_mib
        self.quantized = scheme.name not in UNQUANTIZED
        self.bytes = scheme.unquantized_bytes
        self.terms: list[Term] = []

    def write(self, concurrent_requests: int) -> None:
        self._budget()
        self._weights()
        self._lora()
        self._activation()
        self._non_torch()
        self._cuda_graphs()
        self._kv_cache()
        self._tokens(concurrent_requests)
        self._outside()

    def _add(
        self,
        name: str,
        formula: str,
        inputs: Mapping[str, Number],
        result: Estimate | float,
        provenance: Provenance,
        source: str,
        *,
        unit: str = "MiB",
        depth: int = 0,
        as_of: date | None = None,
    ) -> float:
        estimate = result if isinstance(result, Estimate) else Estimate(result, result, result)
        self.terms.append(
            Term(
                name=name,
                depth=depth,
                formula=formula,
                filled=filled(formula, inputs),
                inputs=inputs,
                result=estimate,
                unit=unit,
                provenance=provenance,
                source=source,
                as_of=as_of,
            )
        )
        return estimate.expected

    def _banded(self, name: str, mib: float) -> Estimate:
        half = self.engine.memory.band[name].of(mib)
        return Estimate(max(0.0, mib - half), mib, mib + half)

    def _budget(self) -> None:
        gpu, memory = self.gpu, self.memory
        given = gpu.usable_source == GIVEN_MEMORY
        self._add(
            "usable memory",
            "",
            {},
            gpu.usable_mib,
            Provenance.GIVEN if given else Provenance.MEASURED,
            "given" if given else f"{gpu.display_name}: {gpu.usable_source}",
            as_of=None if given else gpu.as_of,
        )
        default = self.launch.gpu_memory_utilization == self.engine.gpu_memory_utilization
        self._add(
            "vLLM's share",
            "usable × utilization",
            {"usable": gpu.usable_mib, "utilization": memory.utilization},
            memory.budget_mib,
            Provenance.EXACT,
            f"--gpu-memory-utilization, {'the default' if default else 'as given'}: {self.engine.source}",
            as_of=vllm.as_of(),
        )

    def _weights(self) -> None:
        model, rank, tensor = self.model, self.rank, self.launch.split.tensor
        head = shard(model, lm_head(model), tensor)
        parts: dict[str, float] = {}
        if rank.first:
            rows, columns = shard(model, embedding(model), tensor)
            parts["embedding"] = self._sized("embedding", {"rows": rows, "columns": columns})
        tied = model.tied_embeddings and rank.first
        if rank.last and not tied:
            parts["lm_head"] = self._sized("lm_head", {"rows": head[0], "columns": head[1]})
        parts["rope_table"] = self._add(
            "rope_table",
            "positions × head_dim × bytes ÷ MiB",
            {
                "positions": model.rope_cache_tokens or model.max_context_tokens,
                "head_dim": model.head_dim,
                "bytes": self.bytes,
            },
            rope_cache_bytes(model, self.bytes) / MIB,
            Provenance.EXACT,
            "vLLM layers/rotary_embedding: one table of sines and cosines on every GPU",
            depth=1,
            as_of=vllm.as_of(),
        )
        if rank.last:
            parts["norm"] = final_norm(model).parameters * self.bytes / MIB
        layers = self.memory.weights_mib - sum(parts.values())
        inputs: dict[str, Number] = {"layers": rank.layers, "layer": layers / rank.layers, **parts}
        self._add(
            "weights",
            " + ".join(["layers × layer", *parts]),
            inputs,
            self.memory.weights_mib,
            Provenance.EXACT,
            f"shapes: {model.source}; {self.scheme.name}: {self.scheme.source}; a mean layer, with torch's rounding",
            as_of=model.as_of,
        )

    def _sized(self, name: str, shape: Mapping[str, Number]) -> float:
        rows, columns = shape.values()
        return self._add(
            name,
            "rows × columns × bytes ÷ MiB",
            {**shape, "bytes": self.bytes},
            rows * columns * self.bytes / MIB,
            Provenance.EXACT,
            f"{self.model.source}; the vocabulary is padded to 64, then divided by tensor parallelism",
            depth=1,
            as_of=self.model.as_of,
        )

    def _lora(self) -> None:
        slots = self.launch.lora
        if slots is None:
            return
        values = slots.max_loras * slots.max_lora_rank * self.bytes
        self._add(
            "LoRA slots",
            "max_loras × max_lora_rank × widths × bytes ÷ MiB",
            {
                "max_loras": slots.max_loras,
                "max_lora_rank": slots.max_lora_rank,
                "widths": round(self.memory.lora_mib * MIB / values),
                "bytes": self.bytes,
            },
            self.memory.lora_mib,
            Provenance.EXACT,
            "vLLM lora/layers: A and B of every projection, the embedding and lm_head; widths: the sum of their sides",
            as_of=vllm.as_of(),
        )

    def _activation(self) -> None:
        model, launch, split = self.model, self.launch, self.launch.split
        constants = self.engine.memory
        eager = launch.enforce_eager or self.engine.runner(self.quantized) is Runner.V0
        copies = constants.eager_layer_hidden_copies if eager else constants.layer_hidden_copies
        peaks: dict[str, Number] = {}
        peaks["widest_layer"] = self._add(
            "widest_layer",
            "tokens × (copies × hidden + 3 × inner + heads) × bytes ÷ MiB",
            {
                "tokens": launch.max_num_batched_tokens,
                "copies": copies,
                "hidden": model.hidden,
                "inner": engine_terms.widest_inner(model, split),
                "heads": 0 if eager else engine_terms.attention_width(model, split),
                "bytes": self.bytes,
            },
            engine_terms.layer_peak_bytes(model, launch, copies, eager=eager, element_bytes=self.bytes) / MIB,
            Provenance.MODELLED,
            "vLLM model_executor/models/llama.py: what lives at the widest point of a layer, of a step's tokens",
            depth=1,
            as_of=vllm.as_of(),
        )
        if self.rank.last:
            peaks["sampler"] = self._sampler()
        inputs: dict[str, Number] = {
            **peaks,
            "cublas": constants.cublas_workspace_mib(self.gpu.compute_capability),
        }
        formula = f"max({', '.join(peaks)}) + cublas" if len(peaks) > 1 else "widest_layer + cublas"
        if not self.rank.first:
            inputs["received"] = self._received()
            formula += " + received"
        sampler = self.engine.sampler(self.quantized)
        if self.rank.last and self.engine.everything_counted and sampler.table_bytes:
            inputs["penalty_tables"] = self._penalty_tables()
            formula += " + penalty_tables"
        self._add(
            "activation",
            formula,
            inputs,
            self._banded("activation", float(self.memory.activation_mib)),
            Provenance.MODELLED,
            self.engine.source,
            as_of=vllm.as_of(),
        )

    def _received(self) -> float:
        tokens, hidden = self.launch.max_num_batched_tokens, self.model.hidden
        return self._add(
            "received",
            "2 × tokens × hidden × bytes ÷ MiB",
            {"tokens": tokens, "hidden": hidden, "bytes": self.bytes},
            2 * tokens * hidden * self.bytes / MIB,
            Provenance.EXACT,
            "hidden states and residual of the stage before, in buffers that stay: vLLM v1/worker/gpu_model_runner.py",
            depth=1,
            as_of=vllm.as_of(),
        )

    def _sampler(self) -> float:
        model, launch, engine = self.model, self.launch, self.engine
        sampler = engine.sampler(self.quantized)
        seqs = min(launch.max_num_seqs, launch.max_num_batched_tokens)
        own = self.bytes if self.bytes < engine_terms.FP32_BYTES or not sampler.fp32_copies else 0
        inputs: dict[str, Number] = {
            "seqs": seqs,
            "vocab": model.vocab,
            "own": own,
            "copies": sampler.fp32_copies,
            "tokens": launch.max_num_batched_tokens,
            "hidden": model.hidden,
            "bytes": self.bytes,
        }
        formula = "(seqs × vocab × (own + 4 × copies) + (tokens + 2 × seqs) × hidden × bytes) ÷ MiB"
        if sampler.row_per_sm:
            inputs["sms"] = min(self.gpu.streaming_multiprocessors, seqs)
            formula = formula.replace(") ÷ MiB", " + 4 × sms × vocab) ÷ MiB")
        return self._add(
            "sampler",
            formula,
            inputs,
            engine_terms.sampler_peak_bytes(
                model, engine, self.gpu, launch, element_bytes=self.bytes, quantized=self.quantized
            )
            / MIB,
            Provenance.MODELLED,
            "logits of --max-num-seqs, their fp32 copies, hidden states: vLLM v1/sample, v1/worker/gpu/sample",
            depth=1,
            as_of=vllm.as_of(),
        )

    def _penalty_tables(self) -> float:
        table_bytes = self.engine.sampler(self.quantized).table_bytes
        return self._add(
            "penalty_tables",
            "table_bytes × seqs × vocab ÷ MiB",
            {"table_bytes": table_bytes, "seqs": self.launch.max_num_seqs, "vocab": self.model.vocab},
            table_bytes * self.launch.max_num_seqs * self.model.vocab / MIB,
            Provenance.EXACT,
            "vLLM v1/worker/gpu/sample: int32 counts and a bit mask of every sequence and token",
            depth=1,
            as_of=vllm.as_of(),
        )

    def _non_torch(self) -> None:
        constants, split = self.engine.memory, self.launch.split
        inputs: dict[str, Number] = {"kernels": constants.kernels_mib(self.gpu.compute_capability, split.gpus)}
        if split.tensor > 1:
            inputs["communication"] = constants.communication_mib(self.gpu.link)
        if split.gpus > 1 and self.engine.communicators_counted:
            inputs["communicators"] = constants.communicators_mib
        graphs = engine_terms.cuda_graphs_mib(self.engine, self.launch, self.rank)
        if self.engine.cuda_graph_profile_counted and graphs and split.gpus == 1:
            inputs["trial_capture"] = constants.cuda_graph_profile_mib
        if self.engine.context_counted:
            inputs["cuda_context"] = constants.cuda_context_mib
        self._add(
            "non-torch memory",
            " + ".join(inputs),
            inputs,
            self._banded("non_torch", float(self.memory.non_torch_mib)),
            Provenance.MODELLED,
            constants.source,
            as_of=vllm.as_of(),
        )

    def _cuda_graphs(self) -> None:
        """Of the versions that count them; where they do not, they stand under what is needed outside."""
        memory = self.memory
        if not memory.cuda_graphs_mib:
            return
        graphs = self._graphs()
        share = self.engine.cuda_graph_share(self.quantized)
        self._add(
            "CUDA graphs, counted",
            "graphs × estimate_share",
            {"graphs": graphs, "estimate_share": share},
            self._banded("cuda_graphs", float(memory.cuda_graphs_mib)),
            Provenance.MODELLED,
            self.engine.source,
            as_of=vllm.as_of(),
        )

    def _graphs(self) -> float:
        constants = self.engine.memory
        inputs: dict[str, Number] = {
            "base": constants.cuda_graph_base_mib,
            "layer": constants.cuda_graph_mib_per_layer,
            "layers": self.rank.layers,
        }
        if self.engine.full_cuda_graphs:
            inputs["captures"] = engine_terms.captured_graphs(self.launch, full=True)
            inputs["measured_captures"] = engine_terms.FULL_CAPTURES
            formula = "(base + layer × layers) × captures ÷ measured_captures"
        else:
            inputs["pieces"] = constants.cuda_graph_pieces_share
            formula = "(base + layer × layers) × pieces"
        return self._add(
            "graphs",
            formula,
            inputs,
            engine_terms.cuda_graphs_mib(self.engine, self.launch, self.rank),
            Provenance.MODELLED,
            constants.source,
            depth=1,
            as_of=vllm.as_of(),
        )

    def _kv_cache(self) -> None:
        memory = self.memory
        parts: dict[str, Number] = {"weights": memory.weights_mib}
        if memory.lora_mib:
            parts["lora_slots"] = memory.lora_mib
        parts |= {"activation": memory.activation_mib, "non_torch": memory.non_torch_mib}
        if memory.cuda_graphs_mib:
            parts["cuda_graphs"] = memory.cuda_graphs_mib
        left = memory.kv_cache_mib
        self._add(
            "KV cache",
            "share − " + " − ".join(parts),
            {"share": memory.budget_mib, **parts},
            Estimate(left - memory.band_mib, left, left + memory.band_mib),
            Provenance.MODELLED,
            "what is left of vLLM's share",
        )

    def _tokens(self, concurrent_requests: int) -> None:
        model, launch, cache = self.model, self.launch, self.found.expected.kv_cache
        element = launch.kv_cache_dtype.element_bytes(self.bytes)
        token_bytes = kv_cache.rank_bytes_per_token(model, launch.split.tensor, self.rank, element)
        self._add(
            "KV bytes a token",
            "2 × layers × kv_heads × head_dim × bytes",
            {
                "layers": self.rank.layers,
                "kv_heads": kv_heads_per_rank(model, launch.split.tensor),
                "head_dim": model.head_dim,
                "bytes": element,
            },
            token_bytes,
            Provenance.EXACT,
            f"keys and values on this GPU; --kv-cache-dtype {launch.kv_cache_dtype}; {model.source}",
            unit="bytes",
            as_of=model.as_of,
        )
        tokens = self.found.estimate(lambda fit: fit.kv_cache.capacity_tokens)
        whole = kv_cache.whole_blocks(max(0, self.memory.kv_cache_mib) * MIB / token_bytes)
        chunked = cache.capacity_tokens != whole
        self._add(
            "KV cache in tokens",
            "" if chunked else "floor(kv_cache × MiB ÷ token ÷ block) × block",
            {}
            if chunked
            else {"kv_cache": max(0, self.memory.kv_cache_mib), "token": token_bytes, "block": kv_cache.BLOCK_TOKENS},
            tokens,
            Provenance.MODELLED,
            "vLLM v1/core/kv_cache_utils.py: whole blocks; the smallest stage decides"
            + ("; layers with chunked attention hold their chunk alone" if model.attention_chunk_tokens else ""),
            unit="tokens",
        )
        request = kv_cache.required_tokens(launch.max_model_len, 1)
        self._add(
            "requests of the full context",
            "tokens ÷ context",
            {"tokens": cache.capacity_tokens, "context": request},
            self.found.estimate(lambda fit: fit.kv_cache.max_concurrency),
            Provenance.MODELLED,
            "at least 1 for vLLM to start; --max-model-len in whole blocks",
            unit="requests",
        )
        self._add(
            "KV cache asked for",
            "" if chunked else "requests × context × token ÷ MiB",
            {} if chunked else {"requests": concurrent_requests, "context": request, "token": token_bytes},
            self.memory.kv_required_mib,
            Provenance.EXACT,
            f"{concurrent_requests} × {launch.max_model_len:,} tokens on this GPU",
        )

    def _outside(self) -> None:
        """What vLLM does not take from the KV cache must fit beside its share."""
        memory, constants = self.memory, self.engine.memory
        if not memory.outside_mib:
            return
        inputs: dict[str, Number] = {}
        graphs = engine_terms.cuda_graphs_mib(self.engine, self.launch, self.rank)
        if not self.engine.context_counted:
            inputs["cuda_context"] = constants.cuda_context_mib
        sampler = self.engine.sampler(self.quantized)
        if self.rank.last and not self.engine.everything_counted and sampler.table_bytes:
            inputs["penalty_tables"] = self._penalty_tables()
        share = self.engine.cuda_graph_share(self.quantized)
        if graphs and share:
            inputs["uncounted_graphs"] = graphs * (1 - share)
        elif graphs:
            inputs["graphs"] = self._graphs()
        if graphs and self.engine.outside_slack:
            inputs["slack"] = constants.outside_slack_mib
        if self.others_mib:
            inputs["other_processes"] = self.others_mib
        self._add(
            "needed outside the share",
            " + ".join(inputs),
            inputs,
            memory.outside_mib,
            Provenance.MODELLED,
            f"not counted by this version; the GPU has {memory.usable_mib - memory.budget_mib:,} MiB beside its share",
            as_of=vllm.as_of(),
        )


def filled(formula: str, inputs: Mapping[str, Number]) -> str:
    """The formula with each name replaced by its number."""
    return re.sub(r"\b[a-z_]+\b", lambda found: number(inputs[found[0]]) if found[0] in inputs else found[0], formula)


def number(value: Number) -> str:
    """As short as exactness allows: `128,256`, `0.92`, `14.96`."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.3f}".rstrip("0")
