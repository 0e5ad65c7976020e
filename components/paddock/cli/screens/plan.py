"""What a person sees of a plan: the answer first, then the memory, the bill, and the reasons."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paddock.catalog import engine
from paddock.choices import EndpointZones
from paddock.cli.console import TIMES, bullets, gpus, indented, replicas_text, section
from paddock.cli.screens.memory_bar import gib, memory_bar
from paddock.cli.screens.size import kv_text, rejected_part
from paddock.economics import Price, endpoints_price
from paddock.plan.plan import endpoint_zones
from paddock.units import MIB

if TYPE_CHECKING:
    from paddock.plan.plan import Plan
    from paddock.settings import Settings


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
    title = f"{plan.model.display_name} · {plan.quantization} · {load_text(settings)}"
    return Group(
        Panel(answer, title=f"[bold]{title}[/]", title_align="left", border_style="green", padding=(0, 1)),
        section(f"Memory of each GPU: {gib(plan.memory.usable_mib)} usable"),
        indented(memory_bar(plan.memory, engine(settings.vllm_version))),
        indented(kv_text(plan.kv_cache, settings.max_model_len, asked_text(settings))),
        section("Price on AWS"),
        indented(price_table(plan.price)),
        indented(endpoints_text(plan)),
        section("Why"),
        indented(bullets(plan.why)),
        *rejected_part(plan.rejected),
        *fallbacks_part(plan),
    )


def load_text(settings: Settings) -> str:
    if settings.requests_per_second is not None:
        lengths = f"{settings.input_tokens:,} + {settings.output_tokens:,}"
        return f"{settings.requests_per_second:g}/s of {lengths} tokens"
    return f"{settings.concurrent_requests} {TIMES} {settings.max_model_len:,} tokens"


def asked_text(settings: Settings) -> str:
    if settings.requests_per_second is not None:
        return f"{settings.requests_per_second:g} a second are asked for"
    return f"{settings.concurrent_requests} asked for"


def fallbacks_part(plan: Plan) -> tuple[RenderableType, ...]:
    """Where to go when AWS has no capacity, in order."""
    if not plan.fallbacks:
        return ()
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    for each in plan.fallbacks:
        placement = each.placement
        table.add_row(
            f"{placement.nodes} {TIMES} {placement.instance_type}",
            each.quantization.value,
            replicas_text(placement.replicas, placement.tensor_parallel, placement.pipeline_parallel),
            f"${each.usd_per_hour:,.2f}/h",
        )
    return (section("If AWS has none left"), indented(table))


WHERE = {EndpointZones.ALL: "all zones", EndpointZones.ONE: "one zone"}


def endpoints_text(plan: Plan) -> Text:
    """What the endpoints cost, and what they would with the other choice of zones."""

    def cost(choice: EndpointZones) -> str:
        line = endpoints_price(endpoint_zones(plan.settings, choice), bastion=plan.settings.has_bastion)
        return f"${line.usd_per_month:,.2f} a month"

    here = plan.settings.endpoint_zones
    there = next(each for each in EndpointZones if each is not here)
    return Text(
        f"Endpoints in {WHERE[here]}: {cost(here)}; in {WHERE[there]} (endpoint_zones: {there}): {cost(there)}."
    )


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
