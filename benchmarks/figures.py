"""One measured figure beside its bound, and fair ways to take it.

Machines are noisy, so each figure is a median of several runs, and where two things are compared they take turns.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from rich.console import Console

from local.progress import Steps
from tools.markdown import item

ROOT = Path(__file__).parents[1]
PADDOCK = str(ROOT / ".venv" / "bin" / "paddock")
RUNS = 5
STEPS = Steps(Console(stderr=True, highlight=False))
"""Progress goes to stderr: stdout has the tables alone."""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    limit: float | None
    """None: nothing is promised."""
    unit: str
    note: str = ""

    @property
    def holds(self) -> bool:
        return self.limit is None or self.value <= self.limit

    def row(self) -> str:
        bound, verdict = "none", "–"
        if self.limit is not None:
            bound, verdict = f"{self.limit:g} {self.unit}", "yes" if self.holds else "**no**"
        return f"| {self.name} | {self.value:.3g} {self.unit} | {bound} | {verdict} |"


def table(figures: Sequence[Figure]) -> str:
    return "\n".join(
        [
            "| what | measured | bound | holds |",
            "| --- | --- | --- | --- |",
            *(figure.row() for figure in figures),
            "",
            *(item(f"{figure.name}: {figure.note}") for figure in figures if figure.note),
            "",
        ]
    )


def seconds(
    command: Sequence[str],
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    allowed: Collection[int] = (0,),
) -> float:
    """The wall time of a whole process; raises `CalledProcessError` for an exit status that is not `allowed`."""
    started = time.perf_counter()
    ended = subprocess.run(
        command,
        cwd=folder,
        env=None if environment is None else dict(environment),
        check=False,
        stdout=subprocess.DEVNULL,
    )
    elapsed = time.perf_counter() - started
    if ended.returncode not in allowed:
        raise subprocess.CalledProcessError(ended.returncode, command)
    return elapsed


def taking_turns(*measures: Callable[[], float], runs: int = RUNS) -> list[list[float]]:
    """Each measure `runs` times after one that is not counted, one after the other, so that noise hits all alike."""
    for measure in measures:
        measure()
    rounds = [[measure() for measure in measures] for _ in range(runs)]
    return [list(column) for column in zip(*rounds, strict=True)]


def p90(values: Collection[float]) -> float:
    """The nearest rank: the smallest value that nine tenths of all do not exceed."""
    return sorted(values)[ceil(0.9 * len(values)) - 1]
