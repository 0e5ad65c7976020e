"""Latency and throughput of a replica: time to the first token, time between tokens, and how many it serves.

Continuous batching in a steady state: as many requests as the concurrency are always in flight. Each of them is
prefilled in chunks that ride on the steps of the others and then decodes one token a step, so for every token decoded
input/output tokens are prefilled. A step holds at most `max_num_batched_tokens`; requests beyond what that lets decode
wait for their prefill. Everything else is Little's law: requests in flight = requests a second x seconds each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from paddock.catalog.lookup import RefusedError
from paddock.catalog.performance import engine_time
from paddock.sizing.memory.setup import Setup
from paddock.sizing.performance.roofline import roofline
from paddock.sizing.workload import Traffic

MOST_CONCURRENCY = 8192
"""The search for a concurrency ends here."""

Method = Literal["roofline", "aiconfigurator"]


@dataclass(frozen=True, slots=True)
class Performance:
    """One replica under steady load. Latencies are means."""

    ttft_ms: float
    """Arrival to the first token, with the wait for the step under way and, beyond saturation, in the queue."""
    itl_ms: float
    output_tokens_per_second: float
    requests_per_second: float
    low_share: float
    """A true latency may be this share less, a true throughput that much more."""
    high_share: float
    method: Method
    source: str


class StepTimes(Protocol):
    """Source of the time that a step takes on the GPUs."""

    @property
    def measured(self) -> bool: ...
    @property
    def source(self) -> str: ...
    def step_ms(
        self, decoding: float, context_tokens: float, prefill_tokens: float, prefill_context: float
    ) -> float: ...


def estimate(
    setup: Setup,
    traffic: Traffic,
    concurrency: int,
    *,
    nvlink: bool,
) -> Performance:
    """One replica by the roofline.

    `memory.fit` says if the KV cache holds that concurrency, not this. Raises `RefusedError`.
    """
    steps = roofline(setup, nvlink=nvlink)
    return served(steps, "roofline", setup, traffic, concurrency)


def concurrency_for_rate(
    setup: Setup,
    traffic: Traffic,
    requests_per_second: float,
    *,
    nvlink: bool,
    most: int = MOST_CONCURRENCY,
) -> int | None:
    """The fewest requests in flight that serve that rate; None where the replica cannot with any up to `most`."""
    if not requests_per_second > 0:
        raise RefusedError(f"a rate of {requests_per_second:g} requests a second asks for nothing; state more than 0")
    steps = roofline(setup, nvlink=nvlink)

    def enough(concurrency: int) -> bool:
        found = served(steps, "roofline", setup, traffic, concurrency)
        return found.requests_per_second >= requests_per_second

    below, reached = 0, 1
    while not enough(reached):
        if reached >= most:
            return None
        below, reached = reached, min(2 * reached, most)
    return _bisect(below, reached, enough)


def max_concurrency_within(
    setup: Setup,
    traffic: Traffic,
    *,
    nvlink: bool,
    max_ttft_ms: float | None = None,
    max_itl_ms: float | None = None,
    most: int = MOST_CONCURRENCY,
) -> int:
    """The most requests in flight, up to `most`, whose mean latencies meet the targets; 0 where one misses them."""
    steps = roofline(setup, nvlink=nvlink)

    def misses(concurrency: int) -> bool:
        found = served(steps, "roofline", setup, traffic, concurrency)
        return (max_ttft_ms is not None and found.ttft_ms > max_ttft_ms) or (
            max_itl_ms is not None and found.itl_ms > max_itl_ms
        )

    return most if not misses(most) else _bisect(0, most, misses) - 1


def _bisect(below: int, reached: int, holds: Callable[[int], bool]) -> int:
    """The least number above `below` for which it holds, when it holds for `reached`."""
    while reached - below > 1:
        middle = (below + reached) // 2
        if holds(middle):
            reached = middle
        else:
            below = middle
    return reached


def served(
    steps: StepTimes,
    method: Method,
    setup: Setup,
    traffic: Traffic,
    concurrency: int,
) -> Performance:
    """Latencies of `concurrency` requests in flight, of steps that take that long; raises `RefusedError` for none."""
    if concurrency < 1:
        raise RefusedError(f"a concurrency of {concurrency} serves nobody; ask for at least 1 request in flight")
    engine = engine_time()
    inputs, outputs, stages = traffic.input_tokens, traffic.output_tokens, setup.split.pipeline
    context = inputs + outputs / 2
    budget = max(1, setup.max_num_batched_tokens)

    in_flight = max(1.0, concurrency / stages)
    decoding = min(in_flight, max(1.0, budget * outputs / (inputs + outputs)))
    chunk = min(inputs, budget)
    chunks = inputs / chunk
    others = decoding * (concurrency - 1) / concurrency
    chunks_a_step = others * chunks / outputs

    def step(requests: float, prefill_tokens: float) -> float:
        host = engine.host_ms_per_step + engine.host_us_per_request * requests / 1000
        return host + steps.step_ms(requests, context, prefill_tokens, inputs / 2)

    if chunks_a_step < 1:
        inter_token = (1 - chunks_a_step) * step(decoding, 0) + chunks_a_step * step(decoding, chunk)
        prefill_step = step(others, chunk)
    else:
        inter_token = prefill_step = step(decoding, chunks_a_step * chunk)
    prefill = prefill_step * (chunks + stages - 1) / stages
    wait = inter_token / 2 if concurrency > 1 else 0.0
    queue = (in_flight - decoding) * outputs * inter_token / decoding
    ttft = wait + queue + prefill + engine.prefill_dispatch_ms_per_layer * setup.model.layers
    requests_per_second = 1000 * concurrency / (ttft + (outputs - 1) * inter_token)
    widened = 0.0 if steps.measured else engine.unmeasured_share
    return Performance(
        ttft_ms=ttft,
        itl_ms=inter_token,
        output_tokens_per_second=requests_per_second * outputs,
        requests_per_second=requests_per_second,
        low_share=max(widened, engine.low_share),
        high_share=max(widened, engine.high_share),
        method=method,
        source=steps.source,
    )
