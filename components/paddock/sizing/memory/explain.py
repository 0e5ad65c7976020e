"""Explanation of a fit, line by line: formula, the numbers in it, result, band and source.

The formulas are checked: a test computes each one from the numbers that stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from paddock.catalog import vllm
from paddock.catalog.gpus import GIVEN_MEMORY
from paddock.sizing.memory import draft_memory, kv_cache
from paddock.sizing.memory.fit import MemoryBudget, budget, rank_token_bytes
from paddock.sizing.memory.overhead import overhead
from paddock.sizing.memory.parallelism import PipelineRank, kv_heads_per_rank, pipeline_ranks
from paddock.sizing.memory.parameters import embedding, final_norm, lm_head
from paddock.sizing.memory.terms import Estimate, Number, Provenance, Term
from paddock.sizing.memory.verdict import FitRange, fit_range
from paddock.sizing.memory.weights import rope_cache_bytes, shard
from paddock.units import MIB

if TYPE_CHECKING:
    from paddock.sizing.memory.engine_args import LoraSlots
    from paddock.sizing.memory.setup import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step of the calculation; `filled` is the `formula` with its numbers. Both are empty for what is looked up."""

    name: str
    depth: int
    """1 for a part of the line of depth 0 that follows its parts."""
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
    """The lines of the tightest GPU, in the order in which one follows from the other."""

    fits: FitRange
    stage: int
    """Pipeline stage of the tightest GPU, from 1."""
    stages: int
    lines: tuple[Line, ...]

    def line(self, name: str) -> Line:
        return next(each for each in self.lines if each.name == name)


def explain(setup: Setup, *, concurrent_requests: int = 1) -> Explanation:
    """The same figures as `memory.fit`, with their derivation."""
    fits = fit_range(setup, concurrent_requests=concurrent_requests)
    memory = fits.expected.memory
    ranks = pipeline_ranks(setup.model, setup.split.pipeline)
    stage, rank = next(
        (stage, rank)
        for stage, rank in enumerate(ranks)
        if budget(setup, rank, required_bytes=memory.kv_required_mib * MIB) == memory
    )
    lines = (
        *_share(setup, memory),
        *_vllm_terms(setup, rank, memory),
        _kv_cache(memory),
        *_tokens(setup, rank, fits, concurrent_requests),
        *_outside(setup, rank, memory),
    )
    return Explanation(fits=fits, stage=stage + 1, stages=len(ranks), lines=lines)


def _line(
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
) -> Line:
    return Line(
        name=name,
        depth=depth,
        formula=formula,
        filled=filled(formula, inputs),
        inputs=inputs,
        result=result if isinstance(result, Estimate) else Estimate(result, result, result),
        unit=unit,
        provenance=provenance,
        source=source,
        as_of=as_of,
    )


def _term(term: Term, result: Estimate | float, *, source: str | None = None, depth: int = 0) -> Line:
    return _line(
        term.name,
        term.formula,
        term.inputs,
        result,
        term.provenance,
        term.source if source is None else source,
        depth=depth,
        as_of=term.as_of,
    )


def _parts(term: Term) -> Iterator[Line]:
    return (_term(each, each.mib, depth=1) for each in term.parts)


def _share(setup: Setup, memory: MemoryBudget) -> Iterator[Line]:
    gpu, given = setup.gpu, setup.gpu.usable_source == GIVEN_MEMORY
    yield _line(
        "usable memory",
        "",
        {},
        gpu.usable_mib,
        Provenance.GIVEN if given else Provenance.MEASURED,
        "given" if given else f"{gpu.display_name}: {gpu.usable_source}",
        as_of=None if given else gpu.as_of,
    )
    if setup.kv_cache_memory_bytes is not None:
        yield _line(
            "vLLM's share",
            "",
            {},
            memory.budget_mib,
            Provenance.MODELLED,
            "--kv-cache-memory-bytes and all that is beside it, whatever the utilization",
        )
        return
    default = setup.gpu_memory_utilization == setup.engine.gpu_memory_utilization
    yield _line(
        "vLLM's share",
        "usable × utilization",
        {"usable": gpu.usable_mib, "utilization": memory.utilization},
        memory.budget_mib,
        Provenance.EXACT,
        f"--gpu-memory-utilization, {'the default' if default else 'as given'}: {setup.engine.source}",
        as_of=vllm.as_of(),
    )


def _vllm_terms(setup: Setup, rank: PipelineRank, memory: MemoryBudget) -> Iterator[Line]:
    """All that is taken from the KV cache, in whole MiB."""
    weights, terms = weights_term(setup, rank, memory.weights_mib), overhead(setup, rank)
    yield from (*_parts(weights), _term(weights, weights.mib))
    if setup.lora is not None:
        yield _term(slots := lora_term(setup, setup.lora, memory.lora_mib), slots.mib)
    # Graphs where the version counts them; where it does not, they stand under what is needed outside.
    for term in (terms.activation, terms.non_torch, *([terms.cuda_graphs] if terms.cuda_graphs.mib else [])):
        whole = float(term.whole_mib)
        half = term.band.of(whole) if term.band else 0.0
        yield from (*_parts(term), _term(term, Estimate(max(0.0, whole - half), whole, whole + half)))


def weights_term(setup: Setup, rank: PipelineRank, mib: int) -> Term:
    """The weights of one GPU by what they consist of: tables, and a mean layer."""
    model, width = setup.model, setup.value_bytes
    parts = []
    if rank.first:
        parts.append(_vocabulary_term(setup, "embedding", shard(model, embedding(model), setup.split.tensor)))
    if rank.last and not (model.tied_embeddings and rank.first):
        parts.append(_vocabulary_term(setup, "lm_head", shard(model, lm_head(model), setup.split.tensor)))
    positions = model.rope_cache_tokens or model.max_context_tokens
    parts.append(
        Term(
            name="rope_table",
            formula="positions × head_dim × bytes ÷ MiB",
            inputs={"positions": positions, "head_dim": model.head_dim, "bytes": width},
            mib=rope_cache_bytes(model, width) / MIB,
            source="vLLM layers/rotary_embedding: one table of sines and cosines on every GPU",
            as_of=vllm.as_of(),
            provenance=Provenance.EXACT,
        )
    )
    if rank.last and setup.draft is not None and (draft := draft_memory.weights_term(setup, setup.draft)) is not None:
        parts.append(draft)
    inputs: dict[str, Number] = {each.name: each.mib for each in parts}
    if rank.last:
        inputs["norm"] = final_norm(model).parameters * width / MIB
    layer = (mib - sum(inputs.values())) / rank.layers
    return Term(
        name="weights",
        formula=" + ".join(["layers × layer", *inputs]),
        inputs={"layers": rank.layers, "layer": layer, **inputs},
        mib=mib,
        source=f"shapes: {model.source}; {setup.scheme.name}: {setup.scheme.source}; "
        "a mean layer, with torch's rounding",
        as_of=model.as_of,
        provenance=Provenance.MODELLED if setup.draft is not None and setup.draft.is_head else Provenance.EXACT,
        parts=tuple(parts),
    )


def _vocabulary_term(setup: Setup, name: str, shape: tuple[int, ...]) -> Term:
    (rows, columns), width = shape, setup.value_bytes
    return Term(
        name=name,
        formula="rows × columns × bytes ÷ MiB",
        inputs={"rows": rows, "columns": columns, "bytes": width},
        mib=rows * columns * width / MIB,
        source=f"{setup.model.source}; the vocabulary is padded to 64, then divided by tensor parallelism",
        as_of=setup.model.as_of,
        provenance=Provenance.EXACT,
    )


def lora_term(setup: Setup, slots: LoraSlots, mib: int) -> Term:
    """Slots for adapters; `widths` is solved for."""
    width = setup.value_bytes
    return Term(
        name="LoRA slots",
        formula="max_loras × max_lora_rank × widths × bytes ÷ MiB",
        inputs={
            "max_loras": slots.max_loras,
            "max_lora_rank": slots.max_lora_rank,
            "widths": round(mib * MIB / (slots.max_loras * slots.max_lora_rank * width)),
            "bytes": width,
        },
        mib=mib,
        source="vLLM lora/layers: A and B of every projection, the embedding and lm_head; "
        "widths: the sum of their sides",
        as_of=vllm.as_of(),
        provenance=Provenance.EXACT,
    )


def _kv_cache(memory: MemoryBudget) -> Line:
    parts: dict[str, Number] = {"weights": memory.weights_mib}
    if memory.lora_mib:
        parts["lora_slots"] = memory.lora_mib
    parts |= {"activation": memory.activation_mib, "non_torch": memory.non_torch_mib}
    if memory.cuda_graphs_mib:
        parts["cuda_graphs"] = memory.cuda_graphs_mib
    left = memory.kv_cache_mib
    return _line(
        "KV cache",
        "share − " + " − ".join(parts),
        {"share": memory.budget_mib, **parts},
        Estimate(left - memory.band_mib, left, left + memory.band_mib + memory.warm_mib),
        Provenance.MODELLED,
        "what is left of vLLM's share",
    )


def _tokens(setup: Setup, rank: PipelineRank, fits: FitRange, concurrent_requests: int) -> Iterator[Line]:
    model, memory, cache = setup.model, fits.expected.memory, fits.expected.kv_cache
    token_bytes = rank_token_bytes(setup, rank)
    drafted = token_bytes - kv_cache.rank_bytes_per_token(model, setup.split.tensor, rank, setup.kv_value_bytes)
    yield _line(
        "KV bytes a token",
        "2 × layers × kv_heads × head_dim × bytes" + (" + draft" if drafted else ""),
        {
            "layers": rank.layers,
            "kv_heads": kv_heads_per_rank(model, setup.split.tensor),
            "head_dim": model.head_dim,
            "bytes": setup.kv_value_bytes,
            **({"draft": drafted} if drafted else {}),
        },
        token_bytes,
        Provenance.EXACT,
        f"keys and values on this GPU; --kv-cache-dtype {setup.kv_cache_dtype}; {model.source}",
        unit="bytes",
        as_of=model.as_of,
    )
    kv_mib = max(0, memory.kv_cache_mib)
    chunked = cache.capacity_tokens != kv_cache.whole_blocks(kv_mib * MIB / token_bytes)
    yield _line(
        "KV cache in tokens",
        "" if chunked else "floor(kv_cache × MiB ÷ token ÷ block) × block",
        {} if chunked else {"kv_cache": kv_mib, "token": token_bytes, "block": kv_cache.BLOCK_TOKENS},
        fits.estimate(lambda fit: fit.kv_cache.capacity_tokens),
        Provenance.MODELLED,
        "vLLM v1/core/kv_cache_utils.py: whole blocks; the smallest stage decides"
        + ("; layers with chunked attention hold their chunk alone" if model.attention_chunk_tokens else ""),
        unit="tokens",
    )
    request = kv_cache.required_tokens(setup.max_model_len, 1)
    yield _line(
        "requests of the full context",
        "tokens ÷ context",
        {"tokens": cache.capacity_tokens, "context": request},
        fits.estimate(lambda fit: fit.kv_cache.max_concurrency),
        Provenance.MODELLED,
        "at least 1 for vLLM to start; --max-model-len in whole blocks",
        unit="requests",
    )
    yield _line(
        "KV cache asked for",
        "" if chunked else "requests × context × token ÷ MiB",
        {} if chunked else {"requests": concurrent_requests, "context": request, "token": token_bytes},
        memory.kv_required_mib,
        Provenance.EXACT,
        f"{concurrent_requests} × {setup.max_model_len:,} tokens on this GPU",
    )


def _outside(setup: Setup, rank: PipelineRank, memory: MemoryBudget) -> Iterator[Line]:
    term, beside = overhead(setup, rank).outside, memory.usable_mib - memory.budget_mib
    if memory.outside_mib:
        source = f"{term.source}; the GPU has {beside:,} MiB beside its share"
        yield from (*_parts(term), _term(term, memory.outside_mib, source=source))


def filled(formula: str, inputs: Mapping[str, Number]) -> str:
    """The formula with each name replaced by its number."""
    return re.sub(r"\b[a-z_]+\b", lambda found: number(inputs[found[0]]) if found[0] in inputs else found[0], formula)


def number(value: Number) -> str:
    """Number as short as exactness allows: `128,256`, `0.92`, `14.96`."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.3f}".rstrip("0")
