"""A placement that works, and what it costs and does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from paddock.catalog import Engine, Instance, Model, Purchase, Scheme
from paddock.catalog.lookup import RefusedError
from paddock.sizing.memory.fit import Fit, fit
from paddock.sizing.memory.parallelism import Parallelism
from paddock.sizing.memory.setup import Setup
from paddock.sizing.performance.latency import Performance
from paddock.sizing.performance.replica import Speed
from paddock.sizing.performance.roofline import roofline
from paddock.sizing.placement.pod_shape import disk_gib
from paddock.sizing.workload import Workload

SECONDS_PER_HOUR = 3600


# With a dictionary and not slots: what only a reader wants to know is computed when it is read, once.
@dataclass(frozen=True, kw_only=True)
class Candidate:
    instance: Instance
    setup: Setup
    workload: Workload
    purchase: Purchase
    replicas: int
    concurrency: int
    """Requests in flight in each replica."""
    headroom_tokens: int
    """KV cache of all replicas beyond what the workload takes."""
    usd_per_hour: float
    """Hourly price of all nodes in USD; with a Savings Plan, the upper bound."""
    by_tables: bool = False
    """True where its speed is to be read from measured tables that cover it; a search goes by the roofline."""

    @property
    def model(self) -> Model:
        return self.setup.model

    @property
    def scheme(self) -> Scheme:
        return self.setup.scheme

    @property
    def engine(self) -> Engine:
        return self.setup.engine

    @property
    def split(self) -> Parallelism:
        return self.setup.split

    @property
    def nodes_per_replica(self) -> int:
        return nodes_per_replica(self.instance, self.split)

    @property
    def replicas_a_node_holds(self) -> int:
        """0 where a replica spans nodes."""
        return self.instance.gpus // self.split.gpus

    @property
    def nodes(self) -> int:
        return nodes(self.instance, self.split, self.replicas)

    @property
    def replicas_per_node(self) -> int:
        """Replicas on the fullest node; 1 where a replica spans nodes, as each holds a part of one."""
        return max(1, min(self.replicas, self.replicas_a_node_holds))

    @property
    def disk_gib(self) -> int:
        """Data volume of each node."""
        return disk_gib(self.instance.gpus)

    @property
    def usd_per_hour_low(self) -> float:
        """The least that it can be: differs from `usd_per_hour` only where the source of the price is a limit."""
        price = self.instance.price(self.purchase)
        return self.usd_per_hour if price is None else self.nodes * price.usd_per_hour_low

    @cached_property
    def fit(self) -> Fit:
        """The memory of one replica with what it is asked to hold."""
        requests, tokens = held(self.workload, self.concurrency)
        return fit(self.setup, concurrent_requests=requests, max_model_len=tokens)

    @cached_property
    def performance(self) -> Performance | None:
        """Speed of one replica at its concurrency; None for GPUs whose speed nobody states."""
        return self.performance_at(self.concurrency)

    def performance_at(self, concurrency: int) -> Performance | None:
        speed = Speed(setup=self.setup, nvlink=self.instance.nvlink, traffic=self.workload.typical_traffic)
        try:
            return speed.by_tables(concurrency) if self.by_tables else speed.at(concurrency)
        except RefusedError:
            return None

    @property
    def longest_step_seconds(self) -> float | None:
        """The end of a prompt of full length beside running requests; None where nobody states the GPU's speed."""
        setup = self.setup
        try:
            steps = roofline(setup, nvlink=self.instance.nvlink)
        except RefusedError:
            return None
        length, part = setup.max_model_len, setup.max_num_batched_tokens
        return steps.step_ms(self.concurrency, length, part, length) / 1000

    @property
    def output_tokens_per_second(self) -> float | None:
        """Throughput of all replicas: the rate that is asked for, else that of so many requests in flight."""
        if self.workload.requests_per_second is not None:
            return self.workload.requests_per_second * self.workload.typical_traffic.output_tokens
        return None if self.performance is None else self.performance.output_tokens_per_second * self.replicas

    @property
    def usd_per_million_output_tokens(self) -> float | None:
        tokens = self.output_tokens_per_second
        return None if tokens is None else self.usd_per_hour * 1e6 / (tokens * SECONDS_PER_HOUR)

    @property
    def request_ms(self) -> float | None:
        """Time from the arrival of an average request to its last token."""
        found = self.performance
        if found is None:
            return None
        return found.ttft_ms + (self.workload.typical_traffic.output_tokens - 1) * found.itl_ms


def held(workload: Workload, concurrency: int) -> tuple[int, int]:
    """Requests and the length of each that a replica must hold: always one of the full context."""
    if workload.requests_per_second is None or workload.traffic is None:
        return concurrency, workload.max_model_len
    tokens = workload.traffic.input_tokens + workload.traffic.output_tokens
    return (concurrency, tokens) if concurrency * tokens > workload.max_model_len else (1, workload.max_model_len)


def nodes_per_replica(instance: Instance, split: Parallelism) -> int:
    return -(-split.gpus // instance.gpus)


def nodes(instance: Instance, split: Parallelism, replicas: int) -> int:
    """Nodes that it takes: replicas share a node where they fit, and a replica spans several where it does not."""
    a_node_holds = instance.gpus // split.gpus
    return ceil(replicas / a_node_holds) if a_node_holds else replicas * nodes_per_replica(instance, split)


def one_an_instance_type(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The first of each: of quantizations that cost the same the best one stands first."""
    first: dict[str, Candidate] = {}
    for each in candidates:
        first.setdefault(each.instance.instance_type, each)
    return tuple(first.values())
