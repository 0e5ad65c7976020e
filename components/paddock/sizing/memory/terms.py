"""One term of a GPU's memory: its size, the formula that gives it, how sure it is, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from paddock.record import Record

if TYPE_CHECKING:
    from paddock.catalog.vllm import Band

Number = int | float


class Provenance(StrEnum):
    """Source of a figure."""

    EXACT = "exact"
    """Follows from shapes, flags and vLLM's own arithmetic."""
    MEASURED = "measured"
    """Printed or reported by real machines."""
    MODELLED = "modelled"
    """Computed from how vLLM works and from measured constants; has a band."""
    GIVEN = "given"
    """Stated by the caller."""


class Estimate(NamedTuple):
    """The true figure lies between `low` and `high` in nine of ten cases."""

    low: float
    expected: float
    high: float


class Term(Record):
    """Memory of one GPU, with the numbers that stand in its formula."""

    name: str
    formula: str
    inputs: Mapping[str, Number]
    mib: float
    source: str
    as_of: date | None
    provenance: Provenance = Provenance.MODELLED
    band: Band | None = None
    parts: tuple[Term, ...] = ()
    """Inputs that are terms themselves."""

    @property
    def whole_mib(self) -> int:
        return up(self.mib)

    @property
    def half_band_mib(self) -> float:
        """The true size lies within this much of ours."""
        return self.band.of(self.mib) if self.band is not None and self.mib else 0.0


def total(
    name: str,
    inputs: Mapping[str, Number],
    source: str,
    as_of: date | None,
    *,
    band: Band | None = None,
    parts: tuple[Term, ...] = (),
) -> Term:
    """The sum of its inputs."""
    return Term(
        name=name,
        formula=" + ".join(inputs),
        inputs=inputs,
        mib=sum(inputs.values()),
        source=source,
        as_of=as_of,
        band=band,
        parts=parts,
    )


def up(mib: float) -> int:
    """Whole MiB, never less than needed."""
    return -int(-mib // 1)
