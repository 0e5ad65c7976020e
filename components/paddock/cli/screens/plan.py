"""Screen of a plan: the answer first, then the memory, the bill, and the explanations."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paddock.catalog import engine
from paddock.choices import EndpointZones
from paddock.cli.console import DASH, TIMES, bullets, gpus, indented, printable, replicas_text, section
from paddock.cli.screens.memory_bar import gib, memory_bar
from paddock.cli.screens.size import METHODS, kv_text, milliseconds, rejected_part, workload_text
from paddock.economics import Price, endpoints_price
from paddock.privacy.declaration import EXPIRES
from paddock.units import MIB

if TYPE_CHECKING:
    from paddock.plan.parts import ModelPlan
    from paddock.plan.plan import Plan
    from paddock.sizing import Workload


def plan_screen(plan: Plan) -> RenderableType:
    """A whole plan, for `paddock plan` and for the end of `make up`."""
    model, placement = plan.model, plan.model.placement
    not_copied = "" if model.engine.image else "\nimage: not copied yet, see `paddock images sync`"
    answer = Text.assemble(
        (f"{placement.nodes} {TIMES} {placement.instance_type}", "bold green"),
        f"  {model.capacity_type.replace('_', ' ')} in {plan.region}\n",
        f"{gpus(placement.gpus_per_instance, placement.gpu.display_name)} a node; ",
        replicas_text(placement.replicas, placement.tensor_parallel, placement.pipeline_parallel),
        f"\n{gib(model.weights_bytes / MIB)} of weights from {model.checkpoint}; starts within ",
        f"{ceil((model.pull_seconds + model.loading.copy_seconds + model.probes.startup_seconds) / 60)} min\n",
        adapters_text(model),
        (f"${plan.price.usd_per_hour:,.2f} an hour", "bold"),
        f", ${plan.price.usd_per_month:,.0f} a month",
        (f"  (prices as of {plan.price.as_of} or later)", "dim"),
        (not_copied, "yellow"),
    )
    title = f"{model.display_name} · {model.quantization} · {workload_text(model.workload)}"
    return Group(
        Panel(answer, title=f"[bold]{title}[/]", title_align="left", border_style="green", padding=(0, 1)),
        section(f"Memory of each GPU: {gib(model.memory.usable_mib)} usable"),
        indented(memory_bar(model.memory, engine(model.engine.vllm_version))),
        indented(speed_part(plan)),
        indented(kv_text(model.kv_cache, model.workload.max_model_len, asked_text(model.workload))),
        section("Price on AWS"),
        indented(price_table(plan.price)),
        indented(endpoints_text(plan)),
        section("vCPUs that the account's quotas must allow"),
        indented(bullets(tuple(f"{each.vcpus} of {each.name} ({each.code})" for each in plan.quotas))),
        section("Why"),
        indented(bullets((*model.why, model.loading.why))),
        *rejected_part(model.rejected),
        *fallbacks_part(model),
        *doors_part(plan),
        *notice_part(model),
    )


def adapters_text(model: ModelPlan) -> str:
    """LoRA adapters, a line; empty where there are none."""
    named = ", ".join(f"{name} ({each})" for name, each in model.adapters.revisions.items())
    return f"LoRA adapters beside it: {named}\n" if named else ""


def speed_part(plan: Plan) -> Text:
    """Speed and price of tokens, with the band of what the speed is known by."""
    speed, usd = plan.model.performance, plan.usd_per_million_output_tokens
    if speed is None or usd is None:
        return Text("\nSpeed unknown: no source states this GPU's arithmetic.", style="dim")
    work, replicas = plan.model.workload, plan.model.placement.replicas
    load = "at that rate" if work.requests_per_second is not None else f"with {work.concurrent_requests:,} at once"
    return Text.assemble(
        f"\nAnswers {load}{' a replica' if replicas > 1 else ''}: ",
        (f"{speed.output_tokens_per_second * replicas:,.0f} tokens/s", "bold"),
        f", the first after {milliseconds(speed.ttft_ms)}, then one every {milliseconds(speed.itl_ms)}; ",
        (f"${usd:,.2f} a million tokens", "bold"),
        f"; speeds {DASH}{speed.low_share:.0%} to +{speed.high_share:.0%}, {METHODS[speed.method]}.",
    )


def asked_text(work: Workload) -> str:
    if work.requests_per_second is not None:
        return f"{work.requests_per_second:g} a second are asked for"
    return f"{work.concurrent_requests} asked for"


def fallbacks_part(model: ModelPlan) -> tuple[RenderableType, ...]:
    """Other placements for when AWS has no capacity, in order."""
    if not model.fallbacks:
        return ()
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    for each in model.fallbacks:
        placement = each.placement
        table.add_row(
            f"{placement.nodes} {TIMES} {placement.instance_type}",
            each.quantization.value,
            replicas_text(placement.replicas, placement.tensor_parallel, placement.pipeline_parallel),
            f"${each.usd_per_hour:,.2f}/h",
        )
    return (section("If AWS has none left"), indented(table))


def doors_part(plan: Plan) -> tuple[RenderableType, ...]:
    """Doors that the stack declares, a line each."""
    lines = [
        f"{each['kind']} of {each['resource']} to {each['who']}: {each['reason']}"
        + (f", until {each[EXPIRES]}" if EXPIRES in each else "")
        for each in plan.doors
    ]
    return (section("Declared doors"), indented(bullets(tuple(map(printable, lines))))) if lines else ()


def notice_part(model: ModelPlan) -> tuple[RenderableType, ...]:
    """Notice that the license wants shown to users."""
    return (section("To be shown to users"), indented(printable(model.notice))) if model.notice else ()


WHERE = {EndpointZones.ALL: "all zones", EndpointZones.ONE: "one zone"}


def endpoints_text(plan: Plan) -> Text:
    """Cost of the endpoints, and with the other choice of zones."""

    def cost(choice: EndpointZones) -> str:
        line = endpoints_price(plan.network.zones_of_endpoints(choice), bastion=plan.cluster.bastion)
        return f"${line.usd_per_month:,.2f} a month"

    here = plan.network.endpoint_zones
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
