"""Output of `paddock chat`: how fast an answer came, in a line or as data."""

from __future__ import annotations

from paddock.operations.chat.conversation import Spoken


def spoken_data(spoken: Spoken, model: str) -> dict[str, object]:
    """One answer as data."""
    return {
        "schema_version": 1,
        "model": model,
        "text": spoken.text,
        "tokens": spoken.tokens,
        "ttft_ms": None if spoken.ttft_ms is None else round(spoken.ttft_ms, 1),
        "seconds": round(spoken.seconds, 3),
        "tokens_per_second": None if spoken.tokens_per_second is None else round(spoken.tokens_per_second, 1),
        "stopped": spoken.stopped,
    }


def speed_line(spoken: Spoken) -> str:
    """Time to the first token and rate after it, in one line."""
    if spoken.ttft_ms is None:
        return "(stopped before the first token)" if spoken.stopped else "(an empty answer)"
    rate = f", then {spoken.tokens_per_second:,.0f} tokens/s" if spoken.tokens_per_second else ""
    stopped = "stopped; " if spoken.stopped else ""
    return f"({stopped}{spoken.tokens:,} tokens, the first after {spoken.ttft_ms:,.0f} ms{rate})"
