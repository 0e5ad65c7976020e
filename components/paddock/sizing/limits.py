"""Limits of the numbers of a request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from paddock.catalog.lookup import RefusedError, shown


class Limit(NamedTuple):
    """Range of a number: from `lowest` to `highest`, or, where there is no lowest, any above 0 up to `highest`."""

    highest: int
    lowest: int | None = None

    @property
    def allowed(self) -> str:
        if self.lowest is None:
            return f"a number above 0, up to {self.highest:,}"
        return f"a whole number from {self.lowest:,} to {self.highest:,}"

    def check(self, name: str, value: object) -> None:
        """Raise `RefusedError` for a value outside, or of another type; None is no value."""
        if value is not None and not self._holds(value):
            raise RefusedError(f"{name} must be {self.allowed}, got {shown(value)}")

    def _holds(self, value: object) -> bool:
        if isinstance(value, bool):
            return False
        # Written so that NaN is outside.
        if self.lowest is None:
            return isinstance(value, int | float) and 0 < value <= self.highest
        return isinstance(value, int) and self.lowest <= value <= self.highest


LONGEST_CONTEXT_TOKENS = 10_485_760
"""The longest `max_context_tokens` in the catalog, Llama 4 Scout's."""

LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "max_model_len": Limit(LONGEST_CONTEXT_TOKENS, 256),
        "concurrent_requests": Limit(4096, 1),
        "requests_per_second": Limit(100_000),
        "input_tokens": Limit(LONGEST_CONTEXT_TOKENS, 1),
        "output_tokens": Limit(LONGEST_CONTEXT_TOKENS, 1),
        "max_ttft_ms": Limit(3_600_000),
        "max_itl_ms": Limit(60_000),
        "max_loras": Limit(256, 1),
        "replicas": Limit(64, 1),
    }
)
"""Limits of a request by the names of its numbers, for stack files, the command line and `Workload` alike."""
