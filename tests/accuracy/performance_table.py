"""The published speeds beside our predictions: the tables of docs/performance-model.md.

.venv/bin/python -m tests.accuracy.performance_table    writes them; the second needs the extra `paddock[perf]`
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from statistics import median

from paddock.sizing.memory.parallelism import Parallelism
from paddock.sizing.performance.latency import Performance, estimate
from paddock.sizing.performance.operator_tables import PACKAGE, best_estimate
from paddock.sizing.workload import Traffic
from tests.unit.sizing.setups import setup_of
from tools.markdown import item

ANCHORS = Path(__file__).parent / "performance_anchors.csv"
PAGE = Path(__file__).parents[2] / "docs" / "performance-model.md"
COMPARED = ("calibration", "check", "old_engine")

Estimate = Callable[..., Performance]


@dataclass(frozen=True)
class Compared:
    """One published figure and what we say."""

    row: dict[str, str]
    predicted: float
    method: str

    @property
    def published(self) -> float:
        return float(self.row["published"])

    @property
    def error_percent(self) -> float:
        return 100 * (self.predicted / self.published - 1)


def anchors() -> list[dict[str, str]]:
    with ANCHORS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def compare(row: dict[str, str], ask: Estimate) -> Compared:
    setup = setup_of(
        row["model"],
        row["scheme"],
        row["gpu"],
        split=Parallelism(int(row["tensor"]), int(row["pipeline"])),
        max_num_batched_tokens=int(row["max_num_batched_tokens"]),
    )
    traffic = Traffic(int(row["input_tokens"]), int(row["output_tokens"]))
    found = ask(setup, traffic, int(row["concurrency"]), nvlink=row["nvlink"] == "yes")
    predicted = {
        "itl_ms": found.itl_ms,
        "ttft_ms": found.ttft_ms,
        "output_tokens_per_second": found.output_tokens_per_second,
        "tokens_per_second_a_request": 1000 / found.itl_ms,
    }[row["quantity"]]
    return Compared(row, predicted, found.method)


def compared(ask: Estimate = estimate) -> list[Compared]:
    return [compare(row, ask) for row in anchors() if row["group"] in COMPARED]


def errors(rows: Iterable[Compared], group: str) -> list[float]:
    return sorted(abs(each.error_percent) for each in rows if each.row["group"] == group)


def percentile_90(values: list[float]) -> float:
    """The value that nine in ten do not exceed."""
    return values[min(len(values) - 1, -(-9 * len(values) // 10) - 1)]


def table(rows: list[Compared]) -> str:
    lines = ["| anchor | what | published | predicted | error |", "| --- | --- | ---: | ---: | ---: |"]
    for group in COMPARED:
        lines += [
            f"| {each.row['id']} | {each.row['quantity']} | {each.published:g} | {each.predicted:.4g} | "
            f"{each.error_percent:+.0f} % |"
            for each in rows
            if each.row["group"] == group
        ]
        found = errors(rows, group)
        if found:
            lines.append(
                f"| **{group}** ({len(found)}) | absolute error | | median {median(found):.0f} % | "
                f"p90 {percentile_90(found):.0f} % |"
            )
    return "\n".join(lines)


def left_out() -> str:
    """Anchors by the reason why they are not compared, each with its published figure."""
    found: dict[str, list[str]] = {}
    for row in anchors():
        if row["group"] not in COMPARED:
            served = " ".join(filter(None, (row["model"], row["scheme"])))
            found.setdefault(row["why"], []).append(f"{row['id']} ({served}, {row['gpu']}: {row['published']})")
    return "\n".join(item(f"**{why}**: {', '.join(rows)}") for why, rows in found.items())


def operator_table() -> str:
    return table([each for each in compared(best_estimate) if each.method == "aiconfigurator"])


def fill(page: str, name: str, text: str) -> str:
    """The page with `text` between its marks for `name`."""
    before, rest = page.split(f"<!-- {name} -->", 1)
    after = rest.split(f"<!-- /{name} -->", 1)[1]
    return f"{before}<!-- {name} -->\n\n{text}\n\n<!-- /{name} -->{after}"


def section(page: str, name: str) -> str:
    return page.split(f"<!-- {name} -->\n\n", 1)[1].split(f"\n\n<!-- /{name} -->", 1)[0]


def main() -> None:
    page = fill(PAGE.read_text(encoding="utf-8"), "roofline", table(compared()))
    page = fill(page, "left out", left_out())
    if util.find_spec(PACKAGE):
        page = fill(page, "tables", operator_table())
    else:
        sys.stderr.write(f"{PACKAGE} is not installed: its table stays as it is\n")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
