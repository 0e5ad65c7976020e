"""Speed of sizing: the whole search and one `fit` in a warm process, the commands in a fresh one."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, islice

from benchmarks.figures import PADDOCK, STEPS, Figure, p90, seconds, taking_turns
from paddock import catalog
from paddock.catalog import Engine, Gpu, Model, Quantization, Scheme
from paddock.sizing import Demand, EngineArgs, Parallelism, RankBy, Setup, Workload, fit, search
from paddock.sizing.memory.parallelism import illegal
from paddock.sizing.performance.latency import estimate
from paddock.sizing.workload import Traffic

REGION = "us-east-1"
SEARCH_LIMIT_MS = 100.0
ESTIMATE_LIMIT_MS = 0.02
FIT_LIMIT_MS = 1.0
IMPORT_LIMIT_SECONDS = 0.1
HELP_LIMIT_SECONDS = 0.3

FITS = 2000
COLD_RUNS = 15
CONTEXTS = (1_500, 4_000, 8_000, 16_000, 32_000, 100_000)
CONCURRENCIES = (1, 4, 16, 64, 256)
KINDS = len(CONTEXTS) * len(CONCURRENCIES)
"""Their numbers share no divisor, so that counting through both at once meets every pair."""

COMMANDS = {
    ("size", "llama-3.1-8b", "--roofline"): 0.4,
    ("fit", "llama-3.1-8b", "--gpu", "H100"): 0.2,
    ("fit", "llama-3.1-8b", "--gpu", "H100", "--json"): 0.075,
    ("explain", "llama-3.1-8b", "--gpu", "H100"): 0.2,
}
"""Commands in a fresh process, with the seconds that each may take."""


def figures() -> list[Figure]:
    measures: dict[str, Callable[[], list[Figure]]] = {
        "the whole search": lambda: [whole_search()],
        "the whole search, ranked by $/M tokens": lambda: [whole_search_by_tokens()],
        "one fit, one estimate": lambda: [one_fit(), one_estimate()],
        "commands in fresh processes, in turns": cold_commands,
        "imports, in turns": import_cost,
    }
    found = []
    for title, measure in measures.items():
        with STEPS.step(title):
            found += measure()
    return found


def workloads() -> Iterator[Workload]:
    """Never the same twice, so that nothing can be remembered by workload: each context is a little longer."""
    for i in count():
        context = CONTEXTS[i % len(CONTEXTS)] + i
        yield Workload(max_model_len=context, concurrent_requests=CONCURRENCIES[i % len(CONCURRENCIES)])


def whole_search() -> Figure:
    """Every model in every quantization on every instance, one workload a round.

    Warm: flags and splits were met before, as weights and engine do not depend on the requests; no workload was.
    """
    times = _search_rounds(1 + 2 * KINDS, RankBy.COST)
    warm = times[-KINDS:]
    spread = f"{min(warm):.0f} to {max(warm):.0f} ms, p90 {p90(warm):.0f}"
    note = f"{_size()}; {KINDS} workloads after {KINDS} others, {spread}; the first of a process {times[0]:.0f} ms"
    return Figure("the whole search, warm", statistics.median(warm), SEARCH_LIMIT_MS, "ms", note)


def whole_search_by_tokens() -> Figure:
    """The same by $/M tokens, which needs the throughput of every candidate."""
    rounds = len(CONTEXTS)
    warm = _search_rounds(2 * rounds, RankBy.COST_PER_TOKEN)[-rounds:]
    note = f"{rounds} workloads after {rounds} others, {min(warm):.0f} to {max(warm):.0f} ms, p90 {p90(warm):.0f}"
    return Figure("the same, ranked by $/M tokens", statistics.median(warm), None, "ms", note)


def _search_rounds(rounds: int, rank_by: RankBy) -> list[float]:
    """Milliseconds of each round."""
    models, schemes, engine = list(catalog.all_models().values()), _schemes(), _engine()
    times = []
    for workload in islice(workloads(), rounds):
        started = time.perf_counter()
        for model in models:
            for scheme in schemes:
                search(
                    Demand(
                        model=model, schemes=(scheme,), engine=engine, workload=workload, region=REGION, rank_by=rank_by
                    )
                )
        times.append(1000 * (time.perf_counter() - started))
    return times


def _size() -> str:
    models, instances = len(catalog.all_models()), len(catalog.all_instances())
    return f"{models} models × {len(_schemes())} quantizations × {instances} instance types"


def one_fit() -> Figure:
    """Time of one `fit`, of another model, GPU, split and context each time."""
    engine = _engine()
    cases = list(_placements())
    times = []
    for i in range(FITS + len(cases)):
        model, scheme, gpu, split = cases[i % len(cases)]
        started = time.perf_counter()
        fit(Setup.of(model, scheme, gpu, engine, _args(split, 1_000 + i)), concurrent_requests=1 + i % 64)
        times.append(1000 * (time.perf_counter() - started))
    warm = times[len(cases) :]
    note = f"p90 {p90(warm):.2f} ms of {len(warm):,}, {len(cases)} placements, another context each time"
    return Figure("one `fit`, warm", statistics.median(warm), FIT_LIMIT_MS, "ms", note)


def _args(split: Parallelism, max_model_len: int) -> EngineArgs:
    return EngineArgs(
        tensor_parallel_size=split.tensor, pipeline_parallel_size=split.pipeline, max_model_len=max_model_len
    )


def one_estimate() -> Figure:
    """Throughput and latency by the roofline, at another concurrency each time."""
    engine = _engine()
    cases = list(_placements())
    traffic = Traffic(1000, 300)
    times = []
    for i in range(FITS + len(cases)):
        model, scheme, gpu, split = cases[i % len(cases)]
        setup = Setup.of(model, scheme, gpu, engine, _args(split, 8_192))
        started = time.perf_counter()
        estimate(setup, traffic, 1 + i % 64, nvlink=True)
        times.append(1000 * (time.perf_counter() - started))
    warm = times[len(cases) :]
    return Figure("one estimate of speed", statistics.median(warm), ESTIMATE_LIMIT_MS, "ms", f"p90 {p90(warm):.3f} ms")


def cold_commands() -> list[Figure]:
    """The median of each, and how many times that of a bare interpreter it is, which takes turns with them."""
    bare, *columns = taking_turns(
        lambda: seconds([sys.executable, "-c", "pass"]),
        *((lambda arguments=arguments: seconds([PADDOCK, *arguments], allowed=(0, 1))) for arguments in COMMANDS),
        runs=COLD_RUNS,
    )
    python = statistics.median(bare)
    return [
        Figure(
            f"`paddock {' '.join(arguments)}`",
            statistics.median(column),
            COMMANDS[arguments],
            "s",
            f"fresh process; {min(column):.3f} to {max(column):.3f} s, "
            f"{statistics.median(column) / python:.1f} x `python -c pass`",
        )
        for arguments, column in zip(COMMANDS, columns, strict=True)
    ]


def import_cost() -> list[Figure]:
    """Start-up time of `paddock.sizing` beyond a bare interpreter, and of `paddock --help` as a user feels it."""
    bare, sizing, help_ = taking_turns(
        lambda: seconds([sys.executable, "-c", "pass"]),
        lambda: seconds([sys.executable, "-c", "import paddock.sizing"]),
        lambda: seconds([PADDOCK, "--help"]),
    )
    cost = statistics.median(sizing) - statistics.median(bare)
    return [
        Figure("importing `paddock.sizing`", cost, IMPORT_LIMIT_SECONDS, "s", "beyond starting Python"),
        Figure("`paddock --help`", statistics.median(help_), HELP_LIMIT_SECONDS, "s", "whole process"),
    ]


def _engine() -> Engine:
    return catalog.engine(catalog.newest_version())


def _schemes() -> list[Scheme]:
    return [catalog.scheme(name) for name in Quantization]


def _placements() -> Iterator[tuple[Model, Scheme, Gpu, Parallelism]]:
    splits = [Parallelism(1), Parallelism(2), Parallelism(8), Parallelism(4, 2)]
    for model in catalog.all_models().values():
        for scheme in (catalog.scheme(Quantization.BF16), catalog.scheme(Quantization.FP8)):
            for gpu in (catalog.gpu("L4"), catalog.gpu("H100")):
                yield from ((model, scheme, gpu, split) for split in splits if not illegal(model, scheme, split))
