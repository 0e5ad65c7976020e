"""The catalog as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import RenderableType
from rich.table import Table

from paddock.catalog import Instance, Model, Quantization, scheme
from paddock.cli.console import DASH, TIMES
from paddock.sizing import checkpoint_bytes
from paddock.units import GIB


def models_table(models: Iterable[Model]) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Model", no_wrap=True)
    for heading in ("Params", "Layers", "Context", "GiB, bf16"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Stored as")
    table.add_column("License", no_wrap=True)
    for each in sorted(models, key=lambda model: model.parameters):
        table.add_row(
            each.name,
            f"{each.parameters / 1e9:,.1f} B",
            str(each.layers),
            f"{each.max_context_tokens:,}",
            f"{checkpoint_bytes(each, scheme(Quantization.BF16)) / GIB:,.1f}",
            " ".join(each.checkpoints),
            each.license,
        )
    return table


def instances_table(instances: Iterable[Instance]) -> RenderableType:
    # Narrower gaps than elsewhere: it just fits 80 columns.
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("Instance", no_wrap=True)
    table.add_column("GPUs", no_wrap=True)
    for heading in ("GPU GiB", "vCPUs", "GiB", "Gbit/s", "$/h", "spot $/h"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in instances:
        table.add_row(
            each.instance_type,
            f"{each.gpus} {TIMES} {each.gpu.name}",
            f"{each.gpu.usable_mib / 1024:.1f}",
            str(each.vcpus),
            f"{each.memory_mib // 1024:,}",
            f"{each.network_baseline_gbps:g}",
            usd(each.on_demand_usd_per_hour),
            usd(each.spot_usd_per_hour),
        )
    table.caption = (
        f"GPU GiB: usable, as torch reports it; GiB: the host's. Prices: us-east-1; {DASH} where no source states one."
    )
    table.caption_justify = "left"
    return table


def usd(amount: float | None) -> str:
    return DASH if amount is None else f"{amount:,.3f}"
