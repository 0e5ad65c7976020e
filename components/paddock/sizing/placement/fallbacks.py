"""Fallbacks for when AWS has no capacity: other machines, in the order of preference."""

from __future__ import annotations

from paddock.sizing.placement.candidate import Candidate
from paddock.sizing.placement.request import Placements

MOST_FALLBACKS = 5


def fallbacks(placements: Placements, most: int = MOST_FALLBACKS) -> tuple[Candidate, ...]:
    """The candidates after the first, one a family, and of the first one's own family one other size.

    A family runs out together, so a second of the same would help no more than the first.
    """
    if not placements.candidates:
        return ()
    first, *others = placements.candidates
    families: set[str] = set()
    found: list[Candidate] = []
    for each in others:
        if each.instance.instance_type == first.instance.instance_type or each.instance.family in families:
            continue
        families.add(each.instance.family)
        found.append(each)
    return tuple(found[:most])
