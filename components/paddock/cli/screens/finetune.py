"""Screen of `paddock finetune`: the memory of each GPU by term, and where it fits."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paddock.catalog import Gpu
from paddock.cli.console import TIMES, indented, section
from paddock.cli.json_output import tidy
from paddock.cli.screens.memory_bar import gib
from paddock.sizing.training.memory import Method, TrainingMemory
from paddock.sizing.training.search import Training, TrainingInstance, holds, obstacle, surely_holds

FINETUNE_SCHEMA_VERSION = 1
TERMS = (
    ("weights", "weights_mib"),
    ("gradients", "gradients_mib"),
    ("optimizer", "optimizer_mib"),
    ("fp32 master weights", "master_weights_mib"),
    ("activations", "activations_mib"),
    ("logits and loss", "logits_mib"),
    ("gathered layers", "gathered_mib"),
    ("CUDA context", "context_mib"),
)
LOADING = ("while loading, instead", "loading_mib")


def finetune_screen(
    training: Training, gpus: int, gpu: Gpu | None, memory: TrainingMemory, instances: tuple[TrainingInstance, ...]
) -> RenderableType:
    """The answer to `paddock finetune`."""
    sharded = " sharded" if training.sharded and gpus > 1 else ""
    title = (
        f"{training.model.display_name} · {training.method.value} · {training.batch} {TIMES} "
        f"{training.sequence_tokens:,} tokens a GPU · {gpus} GPU{'s' * (gpus > 1)}{sharded}"
    )
    answer = Text(f"{gib(memory.expected_mib)} of each GPU", style="bold")
    answer.append(f", {gib(memory.low_mib)} to {gib(memory.high_mib)}", style="not bold")
    colour = "green"
    if gpu is not None:
        why = obstacle(memory, gpu)
        colour = "green" if why is None else "red"
        says = "does not fit" if why is not None else "fits" if surely_holds(memory, gpu) else "probably fits"
        if why is None and memory.loading_mib > gpu.usable_mib:
            why = "only if the model is divided as it is loaded, and not by each GPU after that"
        because = "" if why is None else f": {why}"
        answer.append(
            f": {says} the {gib(gpu.usable_mib)} of the {gpu.display_name}{because}.", style=f"not bold {colour}"
        )
    return Group(
        Panel(answer, title=f"[bold]{title}[/]", title_align="left", border_style=colour, padding=(0, 1)),
        indented(terms_table(memory)),
        *instances_part(instances),
        indented(Text("\n" + footnote(training, memory), style="dim")),
    )


def terms_table(memory: TrainingMemory) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, field in (*TERMS, LOADING):
        mib: float = getattr(memory, field)
        if mib:
            table.add_row(name, gib(mib))
    return table


def instances_part(instances: tuple[TrainingInstance, ...]) -> tuple[RenderableType, ...]:
    if not instances:
        return (section("No single node holds it"), indented(Text("Try lora or qlora, checkpointing, fewer tokens.")))
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("GPUs")
    for heading in ("each GPU", "of", "$/h"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for each in instances:
        instance = each.instance
        table.add_row(
            instance.instance_type,
            f"{instance.gpus} {TIMES} {instance.gpu.name}",
            gib(each.memory.expected_mib),
            gib(instance.gpu.usable_mib),
            f"{each.usd_per_hour:,.2f}",
            "" if each.surely else doubt(each),
        )
    return (section("Where it fits, with all GPUs of a node"), indented(table))


def doubt(candidate: TrainingInstance) -> str:
    too_much = candidate.memory.loading_mib > candidate.instance.gpu.usable_mib
    return "not while loading, unless divided" if too_much else "not at the high end of the band"


def footnote(training: Training, memory: TrainingMemory) -> str:
    trained = f"{memory.trained_parameters / 1e6:,.0f} million parameters are trained"
    rank = f" (adapters of rank {training.lora_rank})" if training.method is not Method.FULL else ""
    kept = "with" if training.checkpointing else "without"
    return (
        f"{trained}{rank}, {training.optimizer.value}, {kept} activation checkpointing. All terms are modelled: low is "
        "with fused kernels and a chunked loss, high with a fragmented allocator."
    )


def finetune_data(
    training: Training, gpus: int, gpu: Gpu | None, memory: TrainingMemory, instances: tuple[TrainingInstance, ...]
) -> dict[str, Any]:
    """`paddock finetune --json`."""
    return {
        "schema_version": FINETUNE_SCHEMA_VERSION,
        "model": training.model.name,
        "method": training.method.value,
        "optimizer": training.optimizer.value,
        "sequence_tokens": training.sequence_tokens,
        "batch": training.batch,
        "lora_rank": None if training.method is Method.FULL else training.lora_rank,
        "checkpointing": training.checkpointing,
        "sharded": training.sharded,
        "gpus": gpus,
        "gpu": None if gpu is None else gpu.name,
        "fits": None if gpu is None else holds(memory, gpu),
        "memory_mib": memory_data(memory),
        "trained_parameters": memory.trained_parameters,
        "source": memory.source,
        "places": [
            {
                "instance_type": each.instance.instance_type,
                "gpu": each.instance.gpu.name,
                "gpus": each.instance.gpus,
                "usable_mib": each.instance.gpu.usable_mib,
                "memory_mib": memory_data(each.memory),
                "usd_per_hour": each.usd_per_hour,
                "fits_at_the_high_end": each.surely,
            }
            for each in instances
        ],
    }


def memory_data(memory: TrainingMemory) -> dict[str, Any]:
    terms = {field.removesuffix("_mib"): tidy(getattr(memory, field)) for _, field in TERMS}
    return {
        "terms": terms,
        "loading": tidy(memory.loading_mib),
        "low": tidy(memory.low_mib),
        "expected": tidy(memory.expected_mib),
        "high": tidy(memory.high_mib),
    }
