"""`paddock size --plot`: the memory of one GPU as a waterfall, and what a token costs by how many requests share it.

Needs the optional extra `paddock[plot]`. The same question gives the same SVG, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError, shown
from paddock.cli.console import TIMES, split_text
from paddock.cli.screens.size import METHODS, workload_text
from paddock.sizing import Candidate, Demand
from paddock.sizing.placement.candidate import SECONDS_PER_HOUR
from paddock.units import MIB_PER_GIB

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS = (".png", ".svg")
LINES = 5
"""Placements in the second drawing: more lines cannot be told apart."""
# Okabe and Ito's palette, which colour-blind readers tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")
FREE, TAKEN, CACHE = "#D9D9D9", "#0072B2", "#009E73"
DOTS_PER_INCH = 150


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall, from `start_gib` on, with half its band."""

    name: str
    start_gib: float
    gib: float
    band_gib: float
    colour: str


def refuse_what_cannot_be_drawn(file: Path) -> None:
    """Refuse a wrong ending, folder or a missing library, before anything is computed."""
    if file.suffix.lower() not in ENDINGS:
        raise RefusedError(f"--plot writes {' or '.join(ENDINGS)} files, got {shown(str(file))}; change the ending")
    if not file.parent.is_dir():
        raise RefusedError(f"--plot cannot write {file}: there is no folder {file.parent}; make it first")
    try:
        import matplotlib  # noqa: F401  only whether it is there
    except ImportError:
        raise RefusedError(
            "--plot needs matplotlib, which is not installed; run `pip install '<a checkout of paddock>[plot]'`"
        ) from None


def draw(demand: Demand, candidates: Sequence[Candidate], file: Path) -> None:
    """Write both drawings, of which the first is of the best candidate; raises `RefusedError` where it cannot."""
    import matplotlib as mpl  # not at the top: it takes longer than any command, and is optional
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Typed by matplotlib key by key, which only a dictionary in this place is checked for.
    with mpl.rc_context(
        {"svg.hashsalt": "paddock", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(13, 6), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        draw_waterfall(left, candidates[0])
        draw_costs(right, demand, candidates[:LINES])
        figure.suptitle(
            f"{demand.model.display_name} · {workload_text(demand.workload)} · {demand.region}", fontsize=12
        )
        # The default metadata carries the day.
        metadata: dict[str, Any] = {"Date": None} if file.suffix.lower() == ".svg" else {}
        try:
            figure.savefig(file, dpi=DOTS_PER_INCH, metadata=metadata)
        except OSError as error:
            raise RefusedError(f"--plot cannot write {file}: {(error.strerror or str(error)).lower()}") from None


def waterfall(candidate: Candidate) -> tuple[Step, ...]:
    """Steps from nothing to the whole GPU; what vLLM takes first stands first."""
    memory, bands = candidate.fit.memory, candidate.engine.memory.band
    beside = memory.usable_mib - memory.budget_mib
    outside = min(memory.outside_mib, beside)
    needed = min(memory.kv_required_mib, max(0, memory.kv_cache_mib))
    graphs = memory.cuda_graphs_mib
    parts: list[tuple[str, float, float, str]] = [
        ("weights", memory.weights_mib, 0, TAKEN),
        ("LoRA slots", memory.lora_mib, 0, TAKEN),
        ("activation", memory.activation_mib, bands["activation"].of(memory.activation_mib), TAKEN),
        ("CUDA graphs", graphs, bands["cuda_graphs"].of(graphs), TAKEN),
        ("CUDA, NCCL", memory.non_torch_mib, bands["non_torch"].of(memory.non_torch_mib), TAKEN),
        ("KV cache, asked for", needed, 0, CACHE),
        ("KV cache, to spare", memory.kv_cache_mib - needed, memory.band_mib, CACHE),
        ("needed beside it", outside, 0, FREE),
        ("not for vLLM", beside - outside, 0, FREE),
    ]
    steps, start = [], 0.0
    for name, mib, band, colour in parts:
        if mib > 0:
            steps.append(Step(name, start / MIB_PER_GIB, mib / MIB_PER_GIB, band / MIB_PER_GIB, colour))
            start += mib
    return tuple(steps)


def draw_waterfall(axes: Axes, candidate: Candidate) -> None:
    from matplotlib.patches import Patch

    steps = waterfall(candidate)
    total = candidate.fit.memory.usable_mib / MIB_PER_GIB
    rows = range(len(steps))
    axes.barh(
        rows,
        [each.gib for each in steps],
        left=[each.start_gib for each in steps],
        color=[each.colour for each in steps],
        height=0.62,
    )
    for row, each in zip(rows, steps, strict=True):
        end = each.start_gib + each.gib
        if each.band_gib:
            axes.errorbar(end, row, xerr=each.band_gib, color="black", capsize=3, linewidth=1)
        if row + 1 < len(steps):
            axes.plot([end, end], [row, row + 1], color="#888888", linewidth=0.7, linestyle=":")
        label = f"{each.gib:.1f}" + (f" ±{each.band_gib:.1f}" if each.band_gib else "")
        # Beside the bar, on the side where there is room.
        free_right = total - end - each.band_gib
        if free_right > 0.2 * total:
            axes.text(end + each.band_gib + 0.01 * total, row, label, va="center", ha="left")
        else:
            white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            axes.text(each.start_gib - 0.012 * total, row, label, va="center", ha="right", bbox=white)
    axes.axvline(candidate.fit.memory.budget_mib / MIB_PER_GIB, color="#D55E00", linewidth=1.2, linestyle="--")
    axes.text(
        candidate.fit.memory.budget_mib / MIB_PER_GIB,
        -0.72,
        f"vLLM's share, {candidate.fit.memory.utilization:.0%} ",
        color="#D55E00",
        ha="right",
        va="center",
        fontsize=8,
    )
    kinds = (("taken by vLLM; the black mark is its band", TAKEN), ("KV cache", CACHE), ("beside vLLM's share", FREE))
    axes.legend(handles=[Patch(color=colour, label=kind) for kind, colour in kinds], loc="lower left", fontsize=8)
    axes.set_yticks(rows, [each.name for each in steps])
    axes.set_ylim(len(steps) - 0.4, -1)
    axes.set_xlim(0, total * 1.005)
    axes.set_xlabel("GiB of one GPU")
    axes.set_title(
        f"Memory of each {candidate.instance.gpu.display_name}\n{name_of(candidate)}, {total:.1f} GiB usable",
        loc="left",
        fontsize=10,
    )


def cost_curve(candidate: Candidate) -> list[tuple[int, float]]:
    """Requests in flight over all replicas, and dollars a million output tokens, up to what the KV cache holds.

    Empty for GPUs whose speed nobody states.
    """
    work, cache = candidate.workload, candidate.fit.kv_cache
    most = int(cache.max_concurrency)
    if work.requests_per_second is not None:
        traffic = work.typical_traffic
        most = cache.capacity_tokens // (traffic.input_tokens + traffic.output_tokens)
    most = min(most, candidate.setup.max_num_seqs)
    points = []
    for concurrency in steps_to(most):
        speed = candidate.performance_at(concurrency)
        if speed is None:
            return []
        tokens_per_hour = speed.output_tokens_per_second * candidate.replicas * SECONDS_PER_HOUR
        points.append((concurrency * candidate.replicas, candidate.usd_per_hour * 1e6 / tokens_per_hour))
    return points


def steps_to(most: int) -> list[int]:
    """1 to `most` in steps of about a fifth."""
    counts, count = [], 1
    while count < most:
        counts.append(count)
        count = max(count + 1, ceil(count * 1.2))
    return [*counts, most] if most >= 1 else []


def draw_costs(axes: Axes, demand: Demand, candidates: Sequence[Candidate]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for each, colour in zip(candidates, COLOURS, strict=False):
        points = cost_curve(each)
        if points:
            requests, usd = zip(*points, strict=True)
            label = f"{name_of(each)}: ${each.usd_per_hour:,.2f}/h"
            axes.plot(requests, usd, color=colour, label=label, linewidth=1.8)
            axes.plot(requests[-1], usd[-1], color=colour, marker="s", markersize=5)
    asked = demand.workload.concurrent_requests
    if asked is not None:
        total_tokens = asked * (demand.replicas or 1)
        axes.axvline(total_tokens, color="#888888", linewidth=1, linestyle="--")
        axes.annotate(
            f"asked for: {total_tokens:,}",
            (total_tokens, 0.99),
            xycoords=("data", "axes fraction"),
            xytext=(-4, 0),
            textcoords="offset points",
            rotation=90,
            va="top",
            ha="right",
            color="#666666",
            fontsize=8,
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${value:,.10g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(True, which="major", color="#EEEEEE")
    axes.set_axisbelow(True)
    axes.set_xlabel("requests in flight over all replicas; squares: the KV cache is full")
    axes.set_ylabel("dollars a million output tokens")
    band = candidates[0].performance
    how = "" if band is None else f"\n{METHODS[band.method]}, ±{max(band.low_share, band.high_share):.0%}"
    axes.set_title(f"Cost against concurrency{how}", loc="left", fontsize=10)
    if axes.get_legend_handles_labels()[0]:
        # Below: wherever it stood within, it would hide a line of some answer.
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, fontsize=8, frameon=False)


def name_of(candidate: Candidate) -> str:
    split = split_text(candidate.split.tensor, candidate.split.pipeline)
    copies = "" if candidate.replicas == 1 else f"{candidate.replicas} {TIMES} "
    return f"{candidate.nodes} {TIMES} {candidate.instance.instance_type}, {candidate.scheme.name}, {copies}{split}"
