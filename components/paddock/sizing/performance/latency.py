"""What requests see of a replica: time to the first token, time between tokens, and how many it serves.

Continuous batching in a steady state: as many requests as the concurrency are always in flight. Each of them is
prefilled in chunks that ride on the steps of the others and then decodes one token a step, so for every token decoded
input/output tokens are prefilled. A step holds at most `max_num_batched_tokens`; requests beyond what that lets decode
wait for their prefill. Everything else is Little's law: requests in flight = requests a second x seconds each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from paddock.catalog import Gpu, Model, Scheme
from paddock.catalog.lookup import RefusedError
from paddock.catalog.performance import engine_time
from paddock.sizing.memory.parallelism import Parallelism
from paddock.sizing.performance.roofline import roofline
from paddock.sizing.workload import Traffic

MAX_NUM_BATCHED_TOKENS = 8192
"""vLLM's API server on GPUs of 70 GiB and more; the caller knows the engine's own (`Engine.batch`)."""
MOST_CONCURRENCY = 8192
"""Where the search for a concurrency ends."""

Method = Literal["roofline", "aiconfigurator"]


@dataclass(frozen=True, slots=True)
class Performance:
    """One replica under steady load. Latencies are means."""

    ttft_ms: float
    """From arrival to the first token, with the wait for the step under way and, beyond saturation, in the queue."""
    itl_ms: float
    output_tokens_per_second: float
    requests_per_second: float
    low_share: float
    """A true latency may be this share less, a true throughput that much more."""
    high_share: float
    method: Method
    source: str


class StepTimes(Protocol):
    """What knows how long a step takes on the GPUs."""

    @property
    def measured(self) -> bool: ...
    @property
    def source(self) -> str: ...
    def step_ms(
        self, decoding: float, context_tokens: float, prefill_tokens: float, prefill_context: float
    ) -> float: ...


def estimate(
    model: Model,
    scheme: Scheme,
    gpu: Gpu,
    split: Parallelism,
    traffic: Traffic,
    concurrency: int,
    *,
    nvlink: bool,
    kv_bytes_per_element: float = 2,
    max_num_batched_tokens: int = MAX_NUM_BATCHED_TOKENS,
) -> Performance:
    """One replica by the roofline.

    Whether the KV cache holds that concurrency is `memory.fit`'s answer, not this one's. Raises `RefusedError`.
    """
    steps = roofline(model, scheme, gpu, split, nvlink=nvlink, kv_bytes_per_element=kv_bytes_per_element)
    return served(steps, "roofline", model, split, traffic, concurrency, max_num_batched_tokens)


def concurrency_for_rate(
    model: Model,
    scheme: Scheme,
    gpu: Gpu,
    split: Parallelism,
    traffic: Traffic,
    requests_per_second: float,
    *,
    nvlink: bool,
    kv_bytes_per_element: float = 2,
    max_num_batched_tokens: int = MAX_NUM_BATCHED_TOKENS,
    most: int = MOST_CONCURRENCY,
) -> int | None:
    """The fewest requests in flight that serve that rate; None where the replica cannot with any up to `most`."""
    if not requests_per_second > 0:
        raise RefusedError(f"a rate of {requests_per_second:g} requests a second asks for nothing; state more than 0")
    steps = roofline(model, scheme, gpu, split, nvlink=nvlink, kv_bytes_per_element=kv_bytes_per_element)

    def enough(concurrency: int) -> bool:
        found = served(steps, "roofline", model, split, traffic, concurrency, max_num_batched_tokens)
        return found.requests_per_second >= requests_per_second

    below, reached = 0, 1
    while not enough(reached):
        if reached >= most:
            return None
        below, reached = reached, min(2 * reached, most)
    return _bisect(below, reached, enough)


def max_concurrency_within(
    model: Model,
    scheme: Scheme,
    gpu: Gpu,
    split: Parallelism,
    traffic: Traffic,
    *,
    nvlink: bool,
    max_ttft_ms: float | None = None,
    max_itl_ms: float | None = None,
    kv_bytes_per_element: float = 2,
    max_num_batched_tokens: int = MAX_NUM_BATCHED_TOKENS,
    most: int = MOST_CONCURRENCY,
) -> int:
    """The most requests in flight, up to `most`, whose mean latencies meet the targets; 0 where one misses them."""
    steps = roofline(model, scheme, gpu, split, nvlink=nvlink, kv_bytes_per_element=kv_bytes_per_element)

    def misses(concurrency: int) -> bool:
        found = served(steps, "roofline", model, split, traffic, concurrency, max_num_batched_tokens)
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
    model: Model,
    split: Parallelism,
    traffic: Traffic,
    concurrency: int,
    max_num_batched_tokens: int = MAX_NUM_BATCHED_TOKENS,
) -> Performance:
    """What `concurrency` requests in flight see of steps that take that long; raises `RefusedError` for none."""
    if concurrency < 1:
        raise RefusedError(f"a concurrency of {concurrency} serves nobody; ask for at least 1 request in flight")
    engine = engine_time()
    inputs, outputs, stages = traffic.input_tokens, traffic.output_tokens, split.pipeline
    context = inputs + outputs / 2
    budget = max(1, max_num_batched_tokens)

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
    ttft = wait + queue + prefill + engine.prefill_dispatch_ms_per_layer * model.layers
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
