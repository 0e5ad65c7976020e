"""`--speculative-config` of `fit` and `explain`: the draft model or the head that it names, and what vLLM refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError, shown
from paddock.cli.options import SPECULATIVE_EXAMPLE
from paddock.sizing.memory.draft import Draft, Drafting

if TYPE_CHECKING:
    from paddock.catalog import Engine, Model

KEYS = frozenset(
    {
        "method",
        "model",
        "num_speculative_tokens",
        "draft_tensor_parallel_size",
        "enforce_eager",
        "revision",
        "code_revision",
        "max_model_len",
        "prompt_lookup_max",
        "prompt_lookup_min",
        "attention_backend",
        "disable_by_batch_size",
        "disable_log_stats",
        "disable_logprobs",
        "disable_padded_drafter_batch",
        "use_local_argmax_reduction",
        "rejection_sample_method",
    }
)
"""Fields of SpeculativeConfig (vllm/config/speculative.py, 0.9.1 to 0.33.0) that leave the memory as modelled."""
NO_DRAFT_MODEL_SINCE, DRAFT_MODEL_AGAIN_SINCE = (0, 10, 0), (0, 15, 0)
"""Versions between which V1 alone is left and has no draft models: NotImplementedError of speculative.py 0.10.0 and
0.14.0; 0.15.0 has v1/spec_decode/draft_model.py (wheels, read 2026-11-28)."""


def draft_of_option(text: str, target: Model, engine: Engine, tensor_parallel_size: int) -> Draft:
    """The JSON of `--speculative-config`; raises `RefusedError` for what vLLM refuses, or is not modelled."""
    config = _object(text)
    if unknown := sorted(config.keys() - KEYS):
        raise RefusedError(
            f"--speculative-config has {', '.join(map(shown, unknown))}, which vLLM does not know or which is not "
            f"modelled; known are {', '.join(sorted(KEYS))}"
        )
    name, method = config.get("model"), _method(config)
    tokens = config.get("num_speculative_tokens")
    if type(tokens) is not int or tokens < 1:
        given = "is missing" if tokens is None else f"is {shown(tokens)}"
        raise RefusedError(
            f"num_speculative_tokens {given} in --speculative-config; vLLM wants a whole number of 1 or more, such as 5"
        )
    if method is Drafting.NGRAM:
        return Draft(method=method)
    if not isinstance(name, str):
        raise RefusedError(f"--speculative-config with {method} must name its model, e.g. {SPECULATIVE_EXAMPLE}")
    _refuse_tensor_parallel(config.get("draft_tensor_parallel_size"), tensor_parallel_size, method)
    if method is not Drafting.MODEL:
        return Draft(method=method)
    if NO_DRAFT_MODEL_SINCE <= engine.parsed < DRAFT_MODEL_AGAIN_SINCE:
        raise RefusedError(
            f"vLLM {engine.version} has no draft models (NotImplementedError from 0.10.0 until 0.15.0); "
            "take an EAGLE head, ngram, or another --vllm-version"
        )
    from paddock.cli.parsing import values

    drafting, scheme = values.model_and_scheme(name, None)
    if drafting.vocab != target.vocab:
        raise RefusedError(
            f"{drafting.name} drafts of {drafting.vocab:,} tokens, {target.name} has {target.vocab:,}; "
            "take a model with the same vocabulary"
        )
    return Draft(method=method, model=drafting, scheme=scheme)


def _object(text: str) -> dict[str, Any]:
    import json

    try:
        config: Any = json.loads(text)
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise RefusedError(f"--speculative-config must be a JSON object, e.g. {SPECULATIVE_EXAMPLE}, got {shown(text)}")
    return config


def _method(config: dict[str, Any]) -> Drafting:
    """Method as vLLM tells it: a head that is not named as one is known by its repository (config/speculative.py)."""
    name, method = config.get("model"), config.get("method")
    if method is None and name in ("ngram", "[ngram]"):
        return Drafting.NGRAM
    if method in (None, Drafting.MODEL):
        lower = name.lower() if isinstance(name, str) else ""
        return Drafting.EAGLE if "eagle-" in lower else Drafting.EAGLE_3 if "eagle3" in lower else Drafting.MODEL
    if method not in tuple(Drafting):
        raise RefusedError(f"--speculative-config has method {shown(method)}; modelled are {', '.join(Drafting)}")
    return Drafting(method)


def _refuse_tensor_parallel(size: Any, target: int, method: Drafting) -> None:
    """`draft_tensor_parallel_size` that vLLM refuses: see `_verify_and_get_draft_tp`, and of draft models
    `_raise_if_draft_tp_mismatch` of v1/spec_decode/draft_model.py."""
    allowed = (target,) if method is Drafting.MODEL else (1, target)
    if size is not None and (type(size) is not int or size not in allowed):
        raise RefusedError(
            f"draft_tensor_parallel_size is {shown(size)} in --speculative-config; vLLM takes "
            f"{' or '.join(map(str, sorted(set(allowed))))} with --tensor-parallel-size {target}: leave it out"
        )
