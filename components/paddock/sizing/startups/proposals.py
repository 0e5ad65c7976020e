"""Constants of the catalog that a start-up log speaks for, as TOML to paste."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paddock.catalog import Gpu
from paddock.catalog.gpus import all_gpus
from paddock.catalog.vllm import Runner
from paddock.sizing.memory.overhead import sampler, widest_layer
from paddock.sizing.memory.parallelism import pipeline_ranks
from paddock.sizing.memory.setup import Setup
from paddock.sizing.startups.comparison import Comparison
from paddock.units import GIB, MIB_PER_GIB

SAME_CARD_SHARE = 0.002
"""A total this near to a card's is that card's: drivers differ by less, cards by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A constant that this log determines."""

    file: str
    table: str
    line: str
    now: str
    needed: bool
    """True where the log lies outside of the band of what the catalog has."""


def proposals(setup: Setup, printed_total_gib: float | None, comparisons: Iterable[Comparison]) -> Iterator[Proposal]:
    """Constants that this log alone determines: each is solved for with all others as they are."""
    by_term = {each.term: each for each in comparisons if each.unit == "GiB" and each.stage in {None, 1}}
    yield from _usable(setup.gpu, printed_total_gib)
    if found := by_term.get("non-torch memory"):
        yield from _non_torch(setup, found)
    if found := by_term.get("activation"):
        yield from _activation(setup, found)
    if found := by_term.get("CUDA graphs"):
        yield from _graphs(setup, found)


def _usable(gpu: Gpu, printed: float | None) -> Iterator[Proposal]:
    known = all_gpus().get(gpu.name)
    if printed is None or known is None:
        return
    mib = round(printed * MIB_PER_GIB)
    half_step = 0.005 * MIB_PER_GIB
    yield Proposal(
        file="gpus.toml",
        table=f"[{gpu.name}]",
        line=f"usable_mib = {mib}",
        now=str(known.usable_mib),
        needed=abs(mib - known.usable_mib) > max(half_step, SAME_CARD_SHARE * known.usable_mib),
    )


def _non_torch(setup: Setup, found: Comparison) -> Iterator[Proposal]:
    constants, gpu, gpus = setup.engine.memory, setup.gpu, setup.split.gpus
    kernels = constants.kernels_mib(gpu.compute_capability, gpus)
    missing_mib = -found.error * MIB_PER_GIB
    if setup.split.tensor > 1:
        known = constants.communication_mib(gpu.link)
        line = f"communication.{gpu.link} = {max(0, round(known + missing_mib))}"
    else:
        known = kernels
        value = max(0, round(kernels + missing_mib))
        major, minor = gpu.compute_capability
        key = "mib" if gpus == 1 else "several_mib"
        line = f'{{ from = "{major}.{minor}", {key} = {value} }},  # a row of kernels'
    yield Proposal(file="vllm.toml", table="[memory]", line=line, now=f"{known:g}", needed=not found.agrees)


def _activation(setup: Setup, found: Comparison) -> Iterator[Proposal]:
    engine, tokens = setup.engine, setup.max_num_batched_tokens
    missing_bytes = -found.error * GIB
    if setup.split.pipeline == 1 and sampler(setup).mib > widest_layer(setup).mib:
        each = 4 * min(setup.max_num_seqs, tokens) * setup.model.vocab
        now, key = engine.sampler(setup.quantized).fp32_copies, "sampler_fp32_copies"
        if engine.runner(setup.quantized) is Runner.V2:
            key = f"v2_{key}"
        table = f'[[range]]  # since = "{engine.modelled_as}"'
    else:
        each = tokens * setup.model.hidden * setup.value_bytes
        now, key, table = engine.memory.layer_hidden_copies, "layer_hidden_copies", "[memory]"
    yield Proposal(
        file="vllm.toml",
        table=table,
        line=f"{key} = {max(0, round(now + missing_bytes / each))}",
        now=str(now),
        needed=not found.agrees,
    )


def _graphs(setup: Setup, found: Comparison) -> Iterator[Proposal]:
    constants, layers = setup.engine.memory, pipeline_ranks(setup.model, setup.split.pipeline)[0].layers
    now = constants.cuda_graph_base_mib
    if found.predicted <= 0:
        return
    # The terms are in proportion to base + layers x per_layer, of which one log can solve for the first.
    whole = (now + constants.cuda_graph_mib_per_layer * layers) * found.printed / found.predicted
    yield Proposal(
        file="vllm.toml",
        table="[memory]",
        line=f"cuda_graph_base_mib = {max(0, round(whole - constants.cuda_graph_mib_per_layer * layers))}",
        now=f"{now:g}",
        needed=not found.agrees,
    )
