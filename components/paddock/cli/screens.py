"""What a person sees of a plan and of a sizing: the answer first, then the memory, the bill, and the reasons."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paddock.catalog import instance
from paddock.cli.console import TIMES
from paddock.cli.memory_bar import gib, memory_bar
from paddock.economics import HOURS_PER_MONTH, Price
from paddock.sizing import Candidate, Demand, KvCache, Placements, Rejection
from paddock.units import MIB

if TYPE_CHECKING:
    from paddock.plan import Plan

REJECTED_SHOWN = 3


def plan_screen(plan: Plan) -> RenderableType:
    """A whole plan, for `paddock plan` and for the end of `make up`."""
    placement, settings = plan.placement, plan.settings
    answer = Text.assemble(
        (f"{placement.nodes} {TIMES} {placement.instance_type}", "bold green"),
        f"  {settings.capacity_type.replace('_', ' ')} in {settings.region}\n",
        f"{gpus(placement.gpus_per_instance, placement.gpu.display_name)} a node; ",
        replicas_text(placement.replicas, placement.tensor_parallel, placement.pipeline_parallel),
        f"\n{gib(plan.weights_bytes / MIB)} of weights from {plan.checkpoint}; starts within ",
        f"{ceil(plan.probes.startup_seconds / 60)} min\n",
        (f"${plan.price.usd_per_hour:,.2f} an hour", "bold"),
        f", ${plan.price.usd_per_month:,.0f} a month",
        (f"  (prices as of {plan.price.as_of} or later)", "dim"),
    )
    title = (
        f"{plan.model.display_name} · {settings.quantization} · "
        f"{settings.concurrent_requests} {TIMES} {settings.context_tokens:,} tokens"
    )
    return Group(
        Panel(answer, title=f"[bold]{title}[/]", title_align="left", border_style="green", padding=(0, 1)),
        section(f"Memory of each GPU: {gib(plan.memory.usable_mib)} usable"),
        indented(memory_bar(plan.memory)),
        indented(kv_text(plan.kv_cache, settings.context_tokens)),
        section("Price on AWS"),
        indented(price_table(plan.price)),
        section("Why"),
        indented(bullets(plan.why)),
        *rejected_part(plan.rejected),
    )


def size_screen(demand: Demand, placements: Placements, top: int) -> RenderableType:
    """The best placements, the memory of the first, and the nearest misses."""
    work = demand.workload
    title = (
        f"{demand.model.display_name} · {demand.scheme.name} · {work.concurrent_requests} {TIMES} "
        f"{work.context_tokens:,} tokens · {demand.region}"
    )
    if not placements.candidates:
        return Group(
            Panel(
                Text("No instance type holds it.", style="bold red"),
                title=f"[bold]{title}[/]",
                title_align="left",
                border_style="red",
                padding=(0, 1),
            ),
            section("Nearest"),
            indented(rejections_table(placements.nearest[:top] or placements.rejected[:top])),
        )
    best = placements.candidates[0]
    cheaper = [
        each for each in placements.rejected if each.usd_per_hour is not None and each.usd_per_hour < best.usd_per_hour
    ]
    return Group(
        Panel(
            candidates_table(placements.candidates[:top]),
            title=f"[bold]{title}[/]",
            title_align="left",
            border_style="green",
            padding=(0, 1),
        ),
        section(f"Memory of each GPU of {best.instance.instance_type}: {gib(best.fit.memory.usable_mib)} usable"),
        indented(memory_bar(best.fit.memory)),
        indented(kv_text(best.fit.kv_cache, work.context_tokens)),
        *rejected_part(tuple(reversed(cheaper))),
        indented(
            Text(
                f"\n{demand.capacity_type.replace('_', '-').capitalize()} prices of us-east-1, GPU nodes alone; "
                f"`paddock plan` adds the rest.",
                style="dim",
            )
        ),
    )


def candidates_table(candidates: tuple[Candidate, ...]) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    table.add_column("Instance")
    table.add_column("GPUs")
    table.add_column("Split")
    for heading in ("KV tokens", "Headroom", "$/h", "$/month"):
        table.add_column(heading, justify="right")
    for number, each in enumerate(candidates):
        table.add_row(
            f"{each.nodes} {TIMES} {each.instance.instance_type}",
            gpus(each.instance.gpus, each.instance.gpu.name),
            split_text(each.split.tensor, each.split.pipeline),
            f"{each.fit.kv_cache.capacity_tokens:,}",
            gib(each.fit.memory.headroom_mib),
            f"{each.usd_per_hour:,.2f}",
            f"{each.usd_per_hour * HOURS_PER_MONTH:,.0f}",
            style="bold green" if number == 0 else "",
        )
    return table


def price_table(price: Price) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_footer=True, footer_style="bold")
    table.add_column("", footer="total")
    table.add_column("", justify="right")
    table.add_column("$/h", justify="right", footer=f"{price.usd_per_hour:,.3f}")
    table.add_column("$/month", justify="right", footer=f"{price.usd_per_month:,.2f}")
    table.add_column("as of", style="dim")
    for line in price.lines:
        table.add_row(
            line.name,
            f"{line.quantity:,.6g}",
            f"{line.usd_per_hour:,.3f}",
            f"{line.usd_per_month:,.2f}",
            str(line.as_of),
        )
    note = Text(f"Prices of {price.region}, 730 hours a month; without {', '.join(price.excludes)}.", style="dim")
    return Group(table, note)


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
        table.add_row(each.instance_type, instance(each.instance_type).gpu.name, cost, each.reason)
    return table


def kv_text(cache: KvCache, context_tokens: int) -> Text:
    asked = cache.required_tokens // context_tokens
    return Text.assemble(
        f"\nThe KV cache of a replica holds {cache.capacity_tokens:,} tokens: ",
        (f"{cache.max_concurrency:.1f} requests", "bold"),
        f" of {context_tokens:,} at once; {asked} asked for.",
    )


def replicas_text(replicas: int, tensor: int, pipeline: int) -> str:
    copies = "1 replica" if replicas == 1 else f"{replicas} replicas"
    return f"{copies}, {split_text(tensor, pipeline)}"


def split_text(tensor: int, pipeline: int) -> str:
    if tensor * pipeline == 1:
        return "1 GPU"
    parts = [f"TP {tensor}"] * (tensor > 1) + [f"PP {pipeline}"] * (pipeline > 1)
    return f" {TIMES} ".join(parts)


def gpus(count: int, name: str) -> str:
    return f"{count} {TIMES} {name}"


def section(title: str) -> RenderableType:
    return Padding(Text(title, style="bold"), (1, 0, 0, 0))


def indented(inner: RenderableType) -> RenderableType:
    return Padding(inner, (0, 0, 0, 2))


def bullets(lines: tuple[str, ...]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for line in lines:
        table.add_row("•", line)
    return table
