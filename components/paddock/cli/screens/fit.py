"""Screen of `paddock fit`: the answer, the figures with their band, the memory, the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paddock.catalog import Quantization
from paddock.cli.console import TIMES, indented, section, split_text
from paddock.cli.json_output import headroom_mib, kv_tokens, why_not
from paddock.cli.screens.memory_bar import gib, memory_bar
from paddock.sizing.memory.verdict import FitRange, StartVerdict

if TYPE_CHECKING:
    from paddock.cli.parsing.fit import FixedPlacement
    from paddock.sizing.memory.changes import Change
    from paddock.sizing.memory.setup import Setup

SENTENCES = {
    StartVerdict.STARTS: ("It starts.", "green"),
    StartVerdict.PROBABLY_STARTS: ("It probably starts, but not if the engine takes as much more as it may.", "yellow"),
    StartVerdict.PROBABLY_FAILS: ("It probably does not start.", "red"),
    StartVerdict.FAILS: ("It does not start.", "red"),
}


def fit_screen(placement: FixedPlacement, found: FitRange, changes: tuple[Change, ...]) -> RenderableType:
    """The answer to `paddock fit`."""
    memory, engine = found.expected.memory, placement.setup.engine
    sentence, colour = SENTENCES[found.verdict]
    answer = Text(sentence, style=f"bold {colour}")
    if not found.verdict.starts:
        reason = why_not(found.expected)
        answer.append(f"\n{reason[0].upper()}{reason[1:]}.", style="not bold default")
    elif not found.expected.fits:
        answer.append(
            f"\n{placement.concurrent_requests:,} requests of {placement.setup.max_model_len:,} tokens may not fit at "
            "once: some would wait.",
            style="not bold yellow",
        )
    return Group(
        title_panel(placement, answer, colour),
        *(
            []
            if found.verdict is StartVerdict.FAILS and memory.kv_cache_mib <= 0
            else [indented(figures(placement, found))]
        ),
        section(f"Memory of each GPU: {gib(memory.usable_mib)} usable, {gib(memory.budget_mib)} for vLLM"),
        indented(memory_bar(memory, engine)),
        *changes_part(changes, found),
        indented(Text("\n" + "\n".join(footnotes(placement)), style="dim")),
    )


def refused_screen(placement: FixedPlacement) -> RenderableType:
    """The answer where vLLM would not even try."""
    text = Text("It does not start.", style="bold red")
    text.append(f"\n{placement.refusal}", style="not bold default")
    return title_panel(placement, text, "red")


def title_panel(placement: FixedPlacement, inner: RenderableType, colour: str) -> RenderableType:
    setup, split = placement.setup, placement.setup.split
    where = f"{split.gpus} {TIMES} {setup.gpu.name}"
    if placement.data_parallel_size > 1:
        where = f"{placement.data_parallel_size} {TIMES} {where}"
    if split.gpus > 1:
        where += f" ({split_text(split.tensor, split.pipeline)})"
    title = f"{setup.model.display_name} · {stored_as(setup)} · {where} · vLLM {setup.engine.version}"
    return Panel(inner, title=f"[bold]{title}[/]", title_align="left", border_style=colour, padding=(0, 1))


def stored_as(setup: Setup) -> str:
    """The quantization; of 16 bits fp16 where vLLM casts to it."""
    half = setup.scheme.name is Quantization.BF16 and setup.scheme.dtype_on(setup.gpu) == "float16"
    return "fp16" if half else str(setup.scheme.name)


def figures(placement: FixedPlacement, found: FitRange) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for heading in ("low", "expected", "high"):
        table.add_column(heading, justify="right", style="bold" if heading == "expected" else "")
    rows: tuple[tuple[str, Callable[[float], str], Callable[..., float]], ...] = (
        ("KV cache, GiB a GPU", lambda mib: f"{mib / 1024:,.2f}", lambda fit: fit.memory.kv_cache_mib),
        ("KV cache, tokens", lambda tokens: f"{tokens:,.0f}", kv_tokens),
        (
            f"requests of {placement.setup.max_model_len:,} tokens at once",
            lambda requests: f"{requests:,.2f}",
            lambda fit: fit.kv_cache.max_concurrency,
        ),
        ("longest context, tokens", lambda tokens: f"{tokens:,.0f}", lambda fit: fit.kv_cache.max_context_tokens),
        (
            f"headroom over {placement.concurrent_requests:,} such, GiB a GPU",
            lambda mib: f"{mib / 1024:,.2f}",
            headroom_mib,
        ),
    )
    for name, written, figure in rows:
        estimate = found.estimate(figure)
        table.add_row(name, written(estimate.low), written(estimate.expected), written(estimate.high))
    return table


def changes_part(changes: tuple[Change, ...], found: FitRange) -> tuple[RenderableType, ...]:
    if found.verdict is StartVerdict.STARTS:
        return ()
    if not changes:
        return (section("No single flag is enough"), indented(Text("Take a larger GPU, or change several flags.")))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    for each in changes:
        cache = each.fits.expected.kv_cache
        table.add_row(each.flag, f"{cache.capacity_tokens:,} tokens, {cache.max_concurrency:.1f} requests at once")
    return (section("It would start with one of"), indented(table))


def footnotes(placement: FixedPlacement) -> list[str]:
    """Assumptions: defaults, newer versions, the memory of an unnamed card."""
    setup, engine, gpu = placement.setup, placement.setup.engine, placement.setup.gpu
    taken = (
        f"Utilization {setup.gpu_memory_utilization:g}, {setup.max_num_seqs:,} sequences and "
        f"{setup.max_num_batched_tokens:,} tokens a step, KV cache dtype {setup.kv_cache_dtype}; "
        "what was not given is that version's default."
    )
    notes = [taken]
    if placement.taken_as is not None:
        notes.append(placement.taken_as)
    if placement.data_parallel_size > 1:
        notes.append(f"All figures are of one of {placement.data_parallel_size} replicas.")
    if setup.draft is not None:
        notes.append(f"Weights and KV cache are with those of the draft model or head ({setup.draft.method}).")
        if setup.draft.is_head:
            notes.append(
                "A head is taken as one layer of the model, an estimate: one may have another width or embedding."
            )
    if setup.cpu_offload_bytes:
        notes.append("Weights are those that stay on the GPU; a step waits for the others, which come from the host.")
    if engine.newer_than_catalog:
        notes.append(f"vLLM {engine.version} is newer than the catalog and modelled as {engine.modelled_as}.")
    if gpu.is_estimate:
        notes.append(
            f"The memory of {gpu.display_name} is an estimate: {gpu.usable_source.removeprefix('estimate: ')}."
        )
    if not gpu.aliases:
        notes.append(
            "The memory is taken as torch reports it: a card sold as 24 GB has 22 to 23.5 GiB. Kernels as on an A10G."
        )
    return notes
