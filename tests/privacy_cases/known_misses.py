"""Cases that are not answered right yet. Each still misses: what mends one takes its row away."""

from __future__ import annotations

from collections.abc import Mapping

KNOWN_MISSES: Mapping[str, frozenset[str]] = {
    "pack": frozenset(
        {
            "flow logs go to the bucket of another account: who talks to whom, and how much",
            "key of the weights may be used by another account",
            "secrets of Kubernetes are encrypted with the key of another account",
        }
    ),
    "proof": frozenset({}),
}
