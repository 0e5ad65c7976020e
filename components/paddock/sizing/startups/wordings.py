"""Version of vLLM by the wording of its memory figures, the sampler by what it says of itself, and who started it."""

from __future__ import annotations

import re

WORDINGS: tuple[tuple[str, str], ...] = (
    # The newest version with each wording; the first match holds. Read in vllm/worker/ and vllm/v1/worker/ of each.
    (r"initial_memory_usage=[\d.]+ ?GiB", "0.6.4"),
    (r"model weights take [\d.]+ ?GiB", "0.7.3"),
    (r"Loading model weights took \d+\.\d{4} GB", "0.7.3"),
    (r"Model loading took \d+\.\d{4} GB and", "0.8.3"),
    (r"Model loading took \d+\.\d{4} GiB and", "0.11.2"),
    (r"Model loading took \d+\.\d{4} GiB memory", "0.13.0"),
)


def version_by_wording(log: str) -> str | None:
    """The newest version that words its figures so; None where today's still do, or nothing is recognised."""
    return next((version for pattern, version in WORDINGS if re.search(pattern, log)), None)


SAMPLERS = (
    (r"Using FlashInfer for top-p & top-k sampling", True),
    (r"FlashInfer is not available|Falling back to (?:the PyTorch-native|default sampling) implementation", False),
)
"""v1/sample/ops/topk_topp_sampler.py of 0.8.5 to 0.26.0."""


def flashinfer_by_wording(log: str) -> bool | None:
    """True where the lines say that FlashInfer samples, False where torch does; None where they say neither."""
    return next((installed for pattern, installed in SAMPLERS if re.search(pattern, log)), None)


OFFLINE = re.compile(r"[\[ ]llm\.py:\d{1,4}\]|^(?:Adding requests|Processed prompts): +\d{1,3}%")
"""Lines of entrypoints/llm.py: its own, and the progress of `LLM.generate`."""


def is_offline(line: str) -> bool:
    """True where only `LLM()` in a program writes such a line."""
    return OFFLINE.search(line) is not None
