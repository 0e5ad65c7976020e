"""The catalog as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from paddock.catalog import Instance, Model, Quantization, scheme
from paddock.cli.console import DASH, TIMES
from paddock.cli.screens.fitting_table import Column, FittingTable
from paddock.sizing import checkpoint_bytes
from paddock.units import GIB


def models_screen(models: Iterable[Model], sized_only: Iterable[Model]) -> RenderableType:
    return Group(
        models_table(models),
        Text("\nSized only, by these names or by their repositories; no stack serves them:\n", style="dim"),
        models_table(sized_only),
    )


def models_table(models: Iterable[Model]) -> RenderableType:
    columns = [
        Column("Model"),
        Column("Params", right=True),
        Column("Layers", right=True, goes=2),
        Column("Context", right=True),
        Column("GiB, bf16", right=True, goes=4),
        Column("Stored as", goes=1),
        Column("License", goes=3),
    ]
    rows = [
        [
            each.name,
            f"{each.parameters / 1e9:,.1f} B",
            str(each.layers),
            f"{each.max_context_tokens:,}",
            f"{checkpoint_bytes(each, scheme(Quantization.BF16)) / GIB:,.1f}",
            " ".join(each.checkpoints),
            each.license,
        ]
        for each in sorted(models, key=lambda model: model.parameters)
    ]
    return FittingTable(columns, rows, style={"header_style": "bold"})


def instances_table(instances: Iterable[Instance]) -> RenderableType:
    columns = [
        Column("Instance"),
        Column("GPUs"),
        Column("GPU GiB", right=True, goes=4),
        Column("vCPUs", right=True, goes=2),
        Column("GiB", right=True, goes=3),
        Column("Gbit/s", right=True, goes=1),
        Column("$/h", right=True),
        Column("spot $/h", right=True, goes=5),
    ]
    rows = [
        [
            each.instance_type,
            f"{each.gpus} {TIMES} {each.gpu.name}",
            f"{each.gpu.usable_mib / 1024:.1f}",
            str(each.vcpus),
            f"{each.memory_mib // 1024:,}",
            f"{each.network_baseline_gbps:g}",
            usd(each.on_demand_usd_per_hour),
            usd(each.spot_usd_per_hour),
        ]
        for each in instances
    ]
    caption = (
        f"GPU GiB: usable, as torch reports it; GiB: the host's. Prices: us-east-1; {DASH} where no source states one."
    )
    # Narrower gaps than elsewhere: it just fits 80 columns.
    return Group(
        FittingTable(columns, rows, style={"header_style": "bold", "padding": (0, 1, 0, 0)}), Text(caption, style="dim")
    )


def usd(amount: float | None) -> str:
    return DASH if amount is None else f"{amount:,.3f}"
