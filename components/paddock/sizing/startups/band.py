"""Band of a start-up's KV cache: that of the fit, over all that the row leaves open.

Where the version is not stated, each of that engine may have printed it; where nothing tells whether FlashInfer
samples, either may; where the card is known by its name alone, its driver may report more memory than others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from paddock import catalog
from paddock.catalog.gpus import most_usable_mib
from paddock.catalog.vllm import Engine, Runner, modelled_versions, parse_version
from paddock.sizing.memory.fit import Fit, fit
from paddock.sizing.memory.setup import Setup
from paddock.sizing.startups.rows import StartupRow
from paddock.units import MIB_PER_GIB

PRINTED_GIB = 0.005
"""GiB are printed in hundredths."""


class Band(NamedTuple):
    """Least and most KV cache of the GPU that was printed, and of the replica."""

    low_gib: float
    high_gib: float
    low_tokens: int
    high_tokens: int

    def holds_gib(self, printed: float) -> bool:
        return self.low_gib - PRINTED_GIB <= printed <= self.high_gib + PRINTED_GIB

    def holds_tokens(self, printed: float) -> bool:
        return self.low_tokens <= printed <= self.high_tokens


def band(row: StartupRow, setup: Setup, printed_gib: Callable[[Setup, Fit], float]) -> Band:
    """`printed_gib` is the cache of the GPU whose figure the row has."""
    bands: list[Band] = []
    for each in open_setups(row, setup):
        found = fit(each)
        memory, cache, gib = found.memory, found.kv_cache, printed_gib(each, found)
        bands.append(
            Band(
                gib - memory.band_mib / MIB_PER_GIB,
                gib + (memory.band_mib + memory.warm_mib) / MIB_PER_GIB,
                cache.capacity_low_tokens,
                cache.capacity_high_tokens,
            )
        )
    lows, highs, low_tokens, high_tokens = zip(*bands, strict=True)
    return Band(min(lows), max(highs), min(low_tokens), max(high_tokens))


def open_setups(row: StartupRow, setup: Setup) -> Iterator[Setup]:
    """Each start that the row may be of, the given one first."""
    engines = [setup.engine, *(() if row.version else other_engines(row, setup))]
    most = most_usable_mib(setup.gpu) if row.gpu_mem_gib is None else None
    gpus = [setup.gpu, *(() if most is None else (setup.gpu.with_usable(most, setup.gpu.usable_source),))]
    told = row.flashinfer is not None or row.activation_gib is not None
    for engine in engines:
        both = not told and engine.sampler(setup.quantized) != engine.sampler(setup.quantized, flashinfer=False)
        for gpu in gpus:
            for flashinfer in (setup.flashinfer, not setup.flashinfer) if both else (setup.flashinfer,):
                yield row.startup.setup(setup.model, setup.scheme, gpu, engine)._replace(flashinfer=flashinfer)


def other_engines(row: StartupRow, setup: Setup) -> Iterator[Engine]:
    """Versions of the engine that the row names, up to the newest that words its lines so."""
    for version in modelled_versions():
        engine = catalog.engine(version)
        v0 = engine.unquantized_runner is Runner.V0
        if parse_version(version) <= setup.engine.parsed and (row.engine is None or v0 == (row.engine == "V0")):
            yield engine
