"""Cases that are not answered right yet. Each still misses: what mends one takes its row away."""

from __future__ import annotations

from collections.abc import Mapping

HUB = "transit gateway to the company's network, with a route to its addresses alone"
"""Refused as a way that is not seen through: no declaration accepts it, an exception of the rule alone."""
KNOWN_MISSES: Mapping[str, frozenset[str]] = {"pack": frozenset({HUB}), "proof": frozenset({HUB})}
