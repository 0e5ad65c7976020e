"""Screen of a sizing: the best placements, their memory, why cheaper ones fail, alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paddock.catalog import Engine, Purchase, instance
from paddock.catalog.instances import PRICE_REGION
from paddock.cli.console import DASH, TIMES, gpus, indented, section, split_text
from paddock.cli.parsing.size import flag_text
from paddock.cli.screens.fitting_table import Column, FittingTable
from paddock.cli.screens.memory_bar import gib, memory_bar
from paddock.sizing import Candidate, Demand, KvCache, Placements, Rejection, Workload
from paddock.sizing.placement.alternatives import Alternative

NEAREST_SHOWN = 5
REJECTED_SHOWN = 3
CHANGES_SHOWN = 5


def size_screen(
    demand: Demand,
    shown: tuple[Candidate, ...],
    placements: Placements,
    changes: tuple[Alternative, ...],
    taken_as: str | None = None,
) -> RenderableType:
    """The answer in one screen: the placements to show, best first, and why the others fail."""
    best = shown[0] if shown else None
    if best is None:
        return Group(
            _panel(demand, Text("No instance type holds it.", style="bold red"), "red"),
            section("Nearest"),
            indented(rejections_table(placements.nearest[:NEAREST_SHOWN] or placements.rejected[:NEAREST_SHOWN])),
            *changes_part("What would make it possible", changes, None),
        )
    cheaper = tuple(
        each for each in placements.rejected if each.usd_per_hour is not None and each.usd_per_hour < best.usd_per_hour
    )
    several = len(demand.schemes) > 1
    notes = (f"{price_note(best, demand.region)}{newer_note(demand.engine)}", taken_as)
    return Group(
        _panel(demand, candidates_table(shown, several), "green"),
        indented(speed_text(best, shown)),
        section(f"Memory of each GPU of {best.instance.instance_type}: {gib(best.fit.memory.usable_mib)} usable"),
        indented(memory_bar(best.fit.memory, best.engine)),
        indented(kv_text(best.fit.kv_cache, demand.workload.max_model_len, asked_text(best))),
        *rejected_part(tuple(reversed(cheaper))),
        *changes_part("What would make it cheaper", changes, best),
        indented(Text("\n" + " ".join(filter(None, notes)), style="dim")),
    )


def _panel(demand: Demand, inner: RenderableType, colour: str) -> RenderableType:
    title = f"{demand.model.display_name} · {schemes_text(demand)} · {workload_text(demand.workload)}"
    return Panel(inner, title=f"[bold]{title}[/]", title_align="left", border_style=colour, padding=(0, 1))


def schemes_text(demand: Demand) -> str:
    names = [each.name.value for each in demand.schemes]
    return names[0] if len(names) == 1 else f"{len(names)} quantizations"


def workload_text(work: Workload) -> str:
    if work.requests_per_second is not None and work.traffic is not None:
        lengths = f"{work.traffic.input_tokens:,} + {work.traffic.output_tokens:,}"
        return f"{work.requests_per_second:g}/s of {lengths} tokens"
    return f"{work.concurrent_requests:,} {TIMES} {work.max_model_len:,} tokens"


def candidates_table(candidates: tuple[Candidate, ...], several_schemes: bool) -> FittingTable:
    """The best first; columns that say the least go where the terminal is narrow."""
    replicated = any(each.replicas > 1 for each in candidates)
    columns = [
        Column("Instances"),
        Column("GPUs", goes=2),
        *([Column("Weights")] if several_schemes else []),
        Column(f"Replicas {TIMES} split" if replicated else "Split", goes=3),
        Column("Headroom", right=True, goes=1),
        Column("tok/s", right=True, goes=4),
        Column("$/h", right=True),
        Column("$/Mtok", right=True),
    ]
    rows = []
    for each in candidates:
        split = split_text(each.split.tensor, each.split.pipeline)
        rate, usd = each.output_tokens_per_second, each.usd_per_million_output_tokens
        rows.append(
            [
                f"{each.nodes} {TIMES} {each.instance.instance_type}",
                gpus(each.instance.gpus, each.instance.gpu.name),
                *([each.scheme.name.value] if several_schemes else []),
                f"{each.replicas} {TIMES} {split}" if replicated else split,
                gib(each.fit.memory.headroom_mib),
                DASH if rate is None else f"{rate:,.0f}",
                f"{each.usd_per_hour:,.2f}",
                DASH if usd is None else f"{usd:,.2f}",
            ]
        )
    return FittingTable(columns, rows, best_first=True)


METHODS = {"roofline": "by the roofline, modelled", "aiconfigurator": "by tables of measured operators"}


def speed_text(best: Candidate, shown: Sequence[Candidate]) -> Text:
    """Latency and throughput of the first, and how they are known; whose speed is known in another way."""
    speed = best.performance
    if speed is None:
        return Text("Speed unknown: no source states this GPU's arithmetic.", style="dim")
    text = Text.assemble(
        f"At {best.concurrency:,} requests a replica: first token after ",
        (milliseconds(speed.ttft_ms), "bold"),
        ", then one every ",
        (milliseconds(speed.itl_ms), "bold"),
        f"; {DASH}{speed.low_share:.0%} to +{speed.high_share:.0%} ({METHODS[speed.method]}).",
    )
    missed = missed_targets(best)
    if missed:
        text.append(f" That misses {' and '.join(missed)}.", style="yellow")
    others = sorted(
        {each.instance.gpu.name for each in shown if each.performance and each.performance.method != speed.method}
    )
    if others:
        text.append(f" {', '.join(others)}: {METHODS[other_method(speed.method)]}.")
    return text


def missed_targets(best: Candidate) -> list[str]:
    """Latency targets that measured tables say are not met, where the roofline said they are."""
    work, speed = best.workload, best.performance
    if speed is None:
        return []
    missed = []
    if work.max_ttft_ms is not None and speed.ttft_ms > work.max_ttft_ms:
        missed.append(f"the {milliseconds(work.max_ttft_ms)} asked for the first token")
    if work.max_itl_ms is not None and speed.itl_ms > work.max_itl_ms:
        missed.append(f"the {milliseconds(work.max_itl_ms)} asked between tokens")
    return missed


def other_method(method: str) -> str:
    return next(each for each in METHODS if each != method)


def milliseconds(value: float) -> str:
    return f"{value / 1000:,.1f} s" if value >= 1000 else f"{value:,.0f} ms"


def rejected_part(rejected: tuple[Rejection, ...]) -> tuple[RenderableType, ...]:
    if not rejected:
        return ()
    shown = one_a_gpu(rejected)[:REJECTED_SHOWN]
    heading = "Cheaper, but" if len(shown) == len(rejected) else f"Cheaper, but ({len(shown)} of {len(rejected)})"
    return (section(heading), indented(rejections_table(shown)))


def one_a_gpu(rejected: tuple[Rejection, ...]) -> tuple[Rejection, ...]:
    """The first of each kind of GPU: six sizes of one family fail for one reason."""
    first: dict[str, Rejection] = {}
    for each in rejected:
        first.setdefault(instance(each.instance_type).gpu.name, each)
    return tuple(first.values())


def rejections_table(rejected: tuple[Rejection, ...]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    for each in rejected:
        cost = "no price" if each.usd_per_hour is None else f"${each.usd_per_hour:,.2f}/h"
        kind = instance(each.instance_type)
        nodes = ceil(each.tensor_parallel * each.pipeline_parallel / kind.gpus)
        name = each.instance_type if nodes == 1 else f"{nodes} {TIMES} {each.instance_type}"
        table.add_row(name, kind.gpu.name, cost, each.reason)
    return table


def changes_part(heading: str, changes: tuple[Alternative, ...], best: Candidate | None) -> tuple[RenderableType, ...]:
    if not changes:
        return ()
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True, style="dim")
    for each in changes[:CHANGES_SHOWN]:
        found = each.best
        where = f"{found.nodes} {TIMES} {found.instance.instance_type}"
        if best is None or found.scheme is not best.scheme:
            where += f", {found.scheme.name}"
        saved = "" if best is None else f"{DASH}{1 - found.usd_per_hour / best.usd_per_hour:.0%}"
        table.add_row(flag_text(each), where, f"${found.usd_per_hour:,.2f}/h", saved)
    return (section(heading), indented(table))


def newer_note(engine: Engine) -> str:
    """Says of what a version that the catalog does not have yet is taken for."""
    if not engine.newer_than_catalog:
        return ""
    return f" vLLM {engine.version} is newer than the catalog and modelled as {engine.modelled_as}."


def price_note(best: Candidate, region: str) -> str:
    offered = f"All are offered in {region}. "
    if best.purchase is Purchase.SAVINGS_PLAN:
        return offered + (
            f"With a savings plan ${best.usd_per_hour_low:,.2f} to ${best.usd_per_hour:,.2f} an hour: "
            f"sources state only the largest discount. Prices of {PRICE_REGION}, GPU nodes alone."
        )
    return offered + (
        f"{best.purchase.option.capitalize()} prices of {PRICE_REGION}, GPU nodes alone; `paddock plan` adds the rest."
    )


def asked_text(best: Candidate) -> str:
    """Requests that a replica is asked to hold, where they are not so many of the full context."""
    work = best.workload
    if work.requests_per_second is None or work.traffic is None:
        return f"{best.concurrency:,} asked for"
    return f"{best.concurrency:,} of {work.traffic.tokens:,} in flight"


def kv_text(cache: KvCache, max_model_len: int, asked: str) -> Text:
    return Text.assemble(
        f"\nThe KV cache of a replica holds {cache.capacity_tokens:,} tokens: ",
        (f"{cache.max_concurrency:.1f} requests", "bold"),
        f" of {max_model_len:,} at once; {asked}.",
    )
