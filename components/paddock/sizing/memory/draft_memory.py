"""The memory of a draft model or an EAGLE head: weights and KV cache on each GPU of the last stage, and the rejection
sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.catalog import vllm
from paddock.catalog.quantizations import UNQUANTIZED_BYTES
from paddock.sizing.memory import kv_cache
from paddock.sizing.memory.draft import Draft, Drafting
from paddock.sizing.memory.parallelism import Parallelism, kv_heads_per_rank
from paddock.sizing.memory.terms import Provenance, Term
from paddock.sizing.memory.weights import ranks_bytes
from paddock.units import MIB

if TYPE_CHECKING:
    from paddock.sizing.memory.setup import Setup

EAGLE_3_VOCABULARY = 32_000
"""Tokens that the published EAGLE-3 heads of Llama draft: `draft_vocab_size`."""


def weights_bytes(setup: Setup) -> int:
    """Bytes on each GPU of the last stage; vLLM prints them within 'Model loading took'.

    A head is taken as one layer of the model and what makes its input of hidden states, whole on each rank (vLLM
    llama_eagle.py, llama_eagle3.py), with the model's embedding and (EAGLE) lm_head: an estimate, as one may have
    another width, more layers, or an embedding of its own.
    """
    draft, model, tensor = setup.draft, setup.model, setup.split.tensor
    if draft is None or draft.method is Drafting.NGRAM:
        return 0
    if draft.model is not None and draft.scheme is not None:
        return ranks_bytes(draft.model, draft.scheme, Parallelism(tensor), setup.runtime)[0]
    third = draft.method is Drafting.EAGLE_3
    hidden, keys = model.hidden, 2 * kv_heads_per_rank(model, tensor) * model.head_dim
    queries = model.attention_heads // tensor * model.head_dim
    attention = (queries + keys) * hidden * (2 if third else 1) + queries * hidden
    layer = attention + 3 * hidden * (model.intermediate // tensor)
    inputs = hidden * hidden * (3 if third else 2)
    head = EAGLE_3_VOCABULARY // tensor * hidden if third else 0
    return (layer + inputs + head) * UNQUANTIZED_BYTES


def weights_term(setup: Setup, draft: Draft) -> Term | None:
    """The same for a derivation; None where nothing is held."""
    held = weights_bytes(setup)
    if not held:
        return None
    head = "one layer of the model stands for the head, an estimate: vLLM llama_eagle.py, llama_eagle3.py"
    return Term(
        name="draft",
        formula="bytes ÷ MiB",
        inputs={"bytes": held},
        mib=held / MIB,
        source=head if draft.model is None else f"shapes: {draft.model.source}",
        as_of=vllm.as_of() if draft.model is None else draft.model.as_of,
        provenance=Provenance.MODELLED if draft.is_head else Provenance.EXACT,
    )


def token_bytes(setup: Setup) -> int:
    """Keys and values of one token on each GPU of the last stage."""
    draft, tensor = setup.draft, setup.split.tensor
    if draft is None or draft.method is Drafting.NGRAM:
        return 0
    drafting = draft.model or setup.model
    layers = 1 if draft.model is None else draft.model.layers
    return layers * kv_cache.layer_bytes_per_token(drafting, tensor, setup.kv_value_bytes)


def rejection_sampler(setup: Setup) -> Term | None:
    """The sampler that takes or rejects what was drafted; None where nothing drafts or the profile does not run it.

    It sorts or masks by torch and Triton even where FlashInfer samples.
    """
    constants, model = setup.engine.sampler(setup.quantized, flashinfer=setup.flashinfer), setup.model
    if setup.draft is None or not constants.rejection_own_copies:
        return None
    seqs, tokens = min(setup.max_num_seqs, setup.max_num_batched_tokens), setup.max_num_batched_tokens
    copies_bytes = constants.rejection_own_copies * setup.value_bytes + 4 * constants.rejection_fp32_copies
    rows = min(setup.gpu.streaming_multiprocessors, seqs) if constants.row_per_sm else 0
    return Term(
        name="rejection_sampler",
        formula="(seqs × vocab × (own × bytes + 4 × copies) + (tokens + 2 × seqs) × hidden × bytes + 4 × rows × vocab) "
        "÷ MiB",
        inputs={
            "seqs": seqs,
            "vocab": model.vocab,
            "own": constants.rejection_own_copies,
            "bytes": setup.value_bytes,
            "copies": constants.rejection_fp32_copies,
            "tokens": tokens,
            "hidden": model.hidden,
            "rows": rows,
        },
        mib=(
            seqs * model.vocab * copies_bytes
            + (tokens + 2 * seqs) * model.hidden * setup.value_bytes
            + 4 * rows * model.vocab
        )
        / MIB,
        source="logits of drafts and of the tokens after them: vLLM v1/sample/rejection_sampler.py",
        as_of=vllm.as_of(),
    )
