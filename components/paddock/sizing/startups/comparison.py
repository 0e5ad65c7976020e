"""One figure as vLLM printed it and as we predict it."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.units import MIB_PER_GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One figure as printed and as predicted; `stage` counts from 1, None where the log does not say or one is all."""

    term: str
    stage: int | None
    unit: str
    printed: float
    predicted: float
    step: float
    """Worth of the last printed digit."""
    band: float
    """Half the width of the predicted figure's band; 0 where it is exact."""

    @property
    def error(self) -> float:
        return self.predicted - self.printed

    @property
    def error_pct(self) -> float | None:
        return 100 * self.error / self.printed if self.printed else None

    @property
    def agrees(self) -> bool:
        """True to the printed digit, or within the band. Ours are rounded up to whole MiB."""
        return abs(self.error) <= self.band + self.step + (1 / MIB_PER_GIB if self.unit == "GiB" else 0)
