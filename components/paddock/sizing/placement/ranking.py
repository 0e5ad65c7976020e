"""Order of the placements that work."""

from __future__ import annotations

from enum import StrEnum

from paddock.catalog import Quality
from paddock.sizing.placement.candidate import Candidate


class RankBy(StrEnum):
    """Figure that is to be least."""

    COST = "cost"
    """Dollars an hour."""
    COST_PER_TOKEN = "cost-per-token"  # noqa: S105  no password
    """Dollars a million output tokens."""
    LATENCY = "latency"
    """The time of a whole request."""


QUALITY_RANK = {quality: rank for rank, quality in enumerate(reversed(Quality))}


def rank(candidate: Candidate, by: RankBy, region: str) -> tuple[float | str, ...]:
    """The key to sort by. Ties go to the better quantization, then to no pipeline bubbles, then to the most room for
    more requests, then to what AWS offers in the most zones and regions; the name last, so that order never wavers."""
    setup, instance = candidate.setup, candidate.instance
    zones, regions = instance.availability(region)
    return (
        least(candidate, by),
        candidate.usd_per_hour,
        QUALITY_RANK[setup.scheme.quality],
        setup.split.pipeline,
        -candidate.headroom_tokens,
        -zones,
        -regions,
        instance.instance_type,
        setup.scheme.name,
    )


def least(candidate: Candidate, by: RankBy) -> float:
    """The figure that is ranked by; endless where it is not known."""
    match by:
        case RankBy.COST:
            return candidate.usd_per_hour
        case RankBy.COST_PER_TOKEN:
            usd = candidate.usd_per_million_output_tokens
            return float("inf") if usd is None else usd
        case RankBy.LATENCY:
            milliseconds = candidate.request_ms
            return float("inf") if milliseconds is None else milliseconds
