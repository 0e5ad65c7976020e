"""Options of `fit` and `explain` that say more of one engine: what drafts, and memory in bytes."""

from __future__ import annotations

import re
from typing import Any

from paddock.catalog import Model
from paddock.catalog.lookup import RefusedError, shown
from paddock.sizing.memory.draft import Draft, Drafting

BYTES = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)([kmgt]?)(?:i?b)?", re.ASCII | re.IGNORECASE)
FACTORS = "kmgt"


def memory_bytes(text: str, option: str) -> int:
    """`25769803776`, `24G` (binary) or `24g` (decimal), as vLLM's `human_readable_int` reads them."""
    found = BYTES.fullmatch(text.strip())
    if found is None:
        raise RefusedError(f"{option} must be a number of bytes such as 24G or 25769803776, got {shown(text)}")
    unit = found[2]
    factor = 1 if not unit else (1024 if unit.isupper() else 1000) ** (FACTORS.index(unit.lower()) + 1)
    return int(float(found[1]) * factor)


def draft_of_option(text: str | None, target: Model) -> Draft | None:
    """The JSON of `--speculative-config`; raises `RefusedError` for what is none, or is not modelled."""
    if text is None:
        return None
    import json

    try:
        config: Any = json.loads(text)
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise RefusedError(f"--speculative-config must be a JSON object, got {shown(text)}")
    name, method = config.get("model"), config.get("method")
    if method is None and isinstance(name, str):
        method = _method_of(name)
    if method not in set(Drafting):
        raise RefusedError(f"--speculative-config has method {shown(method)}; modelled are {', '.join(Drafting)}")
    if method != Drafting.MODEL:
        return Draft(method=Drafting(method))
    if not isinstance(name, str):
        raise RefusedError('--speculative-config with a draft model must name it: "model"')
    from paddock.cli.parsing import values

    drafting, scheme = values.model_and_scheme(name, None)
    if drafting.vocab != target.vocab:
        raise RefusedError(
            f"{drafting.name} drafts of {drafting.vocab:,} tokens, {target.name} has {target.vocab:,}; "
            "take a model with the same vocabulary"
        )
    return Draft(method=Drafting.MODEL, model=drafting, scheme=scheme)


def _method_of(name: str) -> Drafting:
    """Method by the repository's name, as vLLM tells it (config/speculative.py)."""
    lower = name.lower()
    if "eagle3" in lower or "eagle-3" in lower:
        return Drafting.EAGLE_3
    return Drafting.EAGLE if "eagle" in lower else Drafting.MODEL
