"""Search for the best split of one quantization, on one instance type after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from math import ceil
from typing import NamedTuple

from paddock.catalog import Batch, Engine, Gpu, Instance, Purchase, Quantization, Scheme, all_instances
from paddock.catalog.lookup import RefusedError
from paddock.sizing.memory.engine_args import EngineArgs, KvCacheDtype
from paddock.sizing.memory.kv_cache import required_tokens
from paddock.sizing.memory.parallelism import Parallelism, splits_of, splits_over_nodes
from paddock.sizing.memory.setup import Setup
from paddock.sizing.performance.replica import Speed, load
from paddock.sizing.placement.candidate import Candidate, held, nodes, nodes_per_replica
from paddock.sizing.placement.headroom import BySplit, Headroom, headroom, headrooms
from paddock.sizing.placement.pod_shape import adapters_mib, loading_mib, too_small
from paddock.sizing.placement.ranking import RankBy, rank
from paddock.sizing.placement.request import Demand, Rejection
from paddock.units import MIB_PER_GIB

FP8_KV_CACHE_FROM = (8, 0)
"""FlashInfer's floor (v1/attention/backends/flashinfer.py of 0.33.0); Triton's fp8 needs more."""

TRITON_FP8_KV_CACHE_FROM = (8, 9)
"""Triton's floor (triton_attn.py of 0.33.0), which is left for a model in fp32: FlashInfer takes 16 bits only."""

ONE_GPU = Parallelism()
Kind = tuple[int, int, bool, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An instance type as it is sold in a region."""

    instance: Instance
    offered: bool
    usd_per_hour: float | None
    sold: bool
    """True where it is offered, and at a known price."""
    kind: Kind
    """The same for types with the same GPUs, linked in the same way."""


@cache
def offers(region: str, purchase: Purchase) -> tuple[Offer, ...]:
    return tuple(offer(each, region, purchase) for each in all_instances().values())


@lru_cache(maxsize=4096)
def offer(instance: Instance, region: str, purchase: Purchase) -> Offer:
    price, offered = instance.price(purchase), region in instance.regions
    return Offer(
        instance=instance,
        offered=offered,
        sold=offered and price is not None,
        usd_per_hour=None if price is None else price.usd_per_hour,
        kind=(id(instance.gpu), instance.gpus, instance.nvlink, instance.joins_others),
    )


class Working(NamedTuple):
    """A split that works on a kind of GPU."""

    setup: Setup
    replicas: int
    nodes: int
    concurrency: int
    headroom_tokens: int


class Miss(NamedTuple):
    """A split that does not work."""

    split: Parallelism
    reason: str = ""
    """Empty where memory lacks: `nearest` says it of the one that is shown."""
    headroom: Headroom | None = None
    lacking_mib: int | None = None
    requests: int = 0
    tokens: int = 0


@dataclass(slots=True)
class InstanceSearch:
    """Splits found for one kind of GPU, which serve all instances that have it."""

    demand: Demand
    scheme: Scheme
    settled: bool = field(init=False)
    """True where the fewest nodes are the best: the number of replicas is given, and money decides."""
    held_mib: int = field(init=False)
    """Host memory of each worker for adapters and the checkpoint's largest tensor."""
    args: EngineArgs = field(init=False)
    asked: int | None = field(init=False)
    """Requests that each replica must hold; None where that is for the search to say."""
    setups: dict[Batch, Setup] = field(default_factory=dict)
    started: dict[int, tuple[Setup, BySplit]] = field(default_factory=dict)
    found: dict[tuple[Kind, Parallelism], Working | Miss] = field(default_factory=dict)
    best: dict[Kind, Working | Miss] = field(default_factory=dict)

    def __post_init__(self) -> None:
        demand, work = self.demand, self.demand.workload
        self.settled = (
            demand.replicas is not None
            and demand.rank_by is RankBy.COST
            and work.requests_per_second is None
            and not work.has_targets
        )
        self.asked = None if demand.replicas is None else work.concurrent_requests
        self.held_mib = adapters_mib(demand.model, self.scheme, work.lora) + loading_mib(demand.model, self.scheme)
        self.args = EngineArgs(
            max_model_len=work.max_model_len,
            kv_cache_dtype=work.kv_cache_dtype,
            enable_lora=work.lora is not None,
            max_loras=None if work.lora is None else work.lora.max_loras,
            max_lora_rank=None if work.lora is None else work.lora.max_lora_rank,
            max_cpu_loras=None if work.lora is None else work.lora.max_cpu_loras,
        )

    def best_on(self, offer: Offer) -> Candidate | Rejection:
        """The best split on this instance type, or the reason why none works."""
        if not offer.sold:
            return self._rejection(offer, Miss(ONE_GPU, self._unavailable(offer)))
        if not self.settled:
            return self._first_of_rank(offer)
        best = self.best.get(offer.kind)
        if best is None:
            best = self.best[offer.kind] = self._first(offer, with_host=False)
        if isinstance(best, Working) and self._host_refuses(offer, best.setup.split):
            best = self._first(offer, with_host=True)
        return self._candidate(offer, best) if isinstance(best, Working) else self._rejection(offer, best)

    def _unavailable(self, offer: Offer) -> str:
        if not offer.offered:
            return f"not offered in {self.demand.region}"
        return self._unfit(offer.instance.gpu) or f"no {self.demand.purchase.option} price is known"

    def _unfit(self, gpu: Gpu) -> str | None:
        return unfit(self.scheme, gpu, self.demand.engine, self.demand.workload.kv_cache_dtype)

    def _first_of_rank(self, offer: Offer) -> Candidate | Rejection:
        """The best of all splits that work, where price, speed or the number of replicas decides."""
        if reason := self._unfit(offer.instance.gpu):
            return self._rejection(offer, Miss(ONE_GPU, reason))
        tried = [self._tried(offer, split) for split in splits_of(offer.instance.gpus)]
        if memory_lacks(tried):
            over = splits_over_nodes(offer.instance, self.demand.nodes_per_replica)
            tried += [self._tried(offer, split) for split in over]
        candidates = [self._candidate(offer, each) for each in tried if isinstance(each, Working)]
        if not candidates:
            return self._rejection(offer, nearest(each for each in tried if isinstance(each, Miss)))
        return min(candidates, key=lambda each: rank(each, self.demand.rank_by, self.demand.region))

    def _first(self, offer: Offer, *, with_host: bool) -> Working | Miss:
        """The first split that works, cheapest first; the host is looked at only where the GPUs are enough."""
        demand, instance = self.demand, offer.instance
        if reason := self._unfit(instance.gpu):
            return Miss(ONE_GPU, reason)
        best, whole, others = cheapest_first(instance.gpus, demand.replicas or 1, demand.model.layers)
        found = self._tried(offer, best, with_host=with_host)
        if isinstance(found, Working):
            return found
        misses = [found]
        # More GPUs never hold less: where all of them together do not, their parts need not be tried.
        if memory_lacks([self._tried(offer, split, with_host=False) for split in whole]):
            others = whole
        for split in (*others, *splits_over_nodes(instance, demand.nodes_per_replica)):
            found = self._tried(offer, split, with_host=with_host)
            if isinstance(found, Working):
                return found
            misses.append(found)
        return nearest(misses)

    def _host_refuses(self, offer: Offer, split: Parallelism) -> str | None:
        return too_small(offer.instance, min(split.gpus, offer.instance.gpus), self.held_mib)

    def _tried(self, offer: Offer, split: Parallelism, *, with_host: bool = True) -> Working | Miss:
        reason = self._host_refuses(offer, split) if with_host else None
        if reason:
            return Miss(split, reason)
        key = (offer.kind, split)
        tried = self.found.get(key)
        if tried is None:
            tried = self.found[key] = self._try(offer.instance, split)
        return tried

    def _try(self, instance: Instance, split: Parallelism) -> Working | Miss:
        demand, work, gpu = self.demand, self.demand.workload, instance.gpu
        if id(gpu) not in self.started:
            self.started[id(gpu)] = self._started(gpu)
        started, found_before = self.started[id(gpu)]
        found = found_before.get(split)
        if found is None:
            found = found_before[split] = headroom(started._replace(gpu=gpu, split=split))
        if isinstance(found, str):
            return Miss(split, found)
        asked = self.asked or 1
        short = found.lacking_mib(asked, work.max_model_len)
        if short > 0:
            return Miss(split, "", found, short, asked, work.max_model_len)
        setup = started._replace(gpu=gpu, split=split)
        try:
            load = (demand.replicas or 1, asked) if self.settled else self._load(instance, found, setup)
        except RefusedError as unknown_speed:
            return Miss(split, str(unknown_speed))
        if isinstance(load, str):
            return Miss(split, load, lacking_mib=0)  # it holds, and is too slow
        replicas, concurrency = load
        spare = found.spare_tokens(*held(work, concurrency))
        return Working(setup, replicas, nodes(instance, split, replicas), concurrency, replicas * spare)

    def _load(self, instance: Instance, found: Headroom, setup: Setup) -> tuple[int, int] | str:
        demand, work = self.demand, self.demand.workload
        traffic = work.typical_traffic
        speed = Speed(setup=setup, nvlink=instance.nvlink, traffic=traffic)
        each = work.concurrent_requests
        if each is not None and demand.replicas is not None:
            return load(work, speed, each * demand.replicas, each, demand.replicas)
        tokens = work.max_model_len if each is not None else traffic.input_tokens + traffic.output_tokens
        most = max(1, min(found.most_requests(tokens), setup.max_num_seqs))
        loaded = load(work, speed, each or 1, most, demand.replicas or 1)
        if isinstance(loaded, str) or each is None:
            return loaded
        # As many of the replicas as the nodes hold anyway: each has fewer requests then, and none costs more.
        paid = nodes(instance, setup.split, loaded[0]) * (instance.gpus // setup.split.gpus)
        replicas = max(loaded[0], min(paid, each))
        return replicas, ceil(each / replicas)

    def _started(self, gpu: Gpu) -> tuple[Setup, BySplit]:
        """The setup by that GPU's default batch, with `--max-num-seqs` for every request, and headroom by split."""
        batch = self.demand.engine.batch(gpu, self.demand.workload.max_model_len)
        if batch not in self.setups:
            self.setups[batch] = self._setup(gpu)
        return self.setups[batch], headrooms(self.setups[batch], gpu)

    def _setup(self, gpu: Gpu) -> Setup:
        """The setup on one such GPU, the same on any other with its default batch."""
        demand, args = self.demand, self.args
        setup = Setup.of(demand.model, self.scheme, gpu, demand.engine, args)
        if self.asked is None or self.asked <= setup.max_num_seqs:
            return setup
        return Setup.of(demand.model, self.scheme, gpu, demand.engine, args._replace(max_num_seqs=self.asked))

    def _candidate(self, offer: Offer, working: Working) -> Candidate:
        demand = self.demand
        return Candidate(
            instance=offer.instance,
            setup=working.setup,
            workload=demand.workload,
            purchase=demand.purchase,
            replicas=working.replicas,
            concurrency=working.concurrency,
            headroom_tokens=working.headroom_tokens,
            usd_per_hour=working.nodes * (offer.usd_per_hour or 0),
        )

    def _rejection(self, offer: Offer, miss: Miss) -> Rejection:
        split, usd = miss.split, offer.usd_per_hour
        return Rejection(
            instance_type=offer.instance.instance_type,
            quantization=self.scheme.name,
            tensor_parallel=split.tensor,
            pipeline_parallel=split.pipeline,
            usd_per_hour=None if usd is None else usd * nodes_per_replica(offer.instance, split),
            reason=miss.reason,
            shortfall_mib=miss.lacking_mib,
        )


@lru_cache(maxsize=4096)
def unfit(scheme: Scheme, gpu: Gpu, engine: Engine, kv_cache_dtype: KvCacheDtype) -> str | None:
    """Reason why this GPU is out of the question whatever the model, or None."""
    smaller_cache = kv_cache_dtype is not KvCacheDtype.AUTO
    if not scheme.runs_on(gpu):
        capability = ".".join(str(part) for part in gpu.compute_capability)
        return f"{gpu.display_name} cannot run {scheme.name} (compute capability {capability})"
    if smaller_cache and gpu.compute_capability < FP8_KV_CACHE_FROM:
        return f"vLLM keeps no fp8 KV cache on the {gpu.display_name}"
    in_fp32 = scheme.name is Quantization.FP32
    if smaller_cache and in_fp32 and gpu.compute_capability < TRITON_FP8_KV_CACHE_FROM:
        return f"vLLM keeps no fp8 KV cache of a model in fp32 on the {gpu.display_name}"
    if misfit := kv_cache_dtype.refused_with(scheme.name):
        return misfit
    return None if scheme.runs_in(engine.version) else f"vLLM {engine.version} no longer has {scheme.name}"


@lru_cache(maxsize=1024)
def cheapest_first(
    gpus: int, replicas: int, layers: int
) -> tuple[Parallelism, tuple[Parallelism, ...], tuple[Parallelism, ...]]:
    """The first of a node's splits, the others that take all its GPUs, and all others.

    The fewest nodes come first; among those no pipeline bubbles, even stages, and then the GPUs that are paid for
    anyway put to work: the more of them hold the KV cache, the more of it there is.
    """

    def key(split: Parallelism) -> tuple[int, ...]:
        count = ceil(replicas / (gpus // split.gpus))
        return (count, split.pipeline, layers % split.pipeline, -split.tensor)

    best, *others = sorted(splits_of(gpus), key=key)
    return best, tuple(each for each in others if each.gpus == gpus), tuple(others)


def memory_lacks(tried: Sequence[Working | Miss]) -> bool:
    """True where none works, and at least one for want of memory."""
    misses = [each for each in tried if isinstance(each, Miss)]
    return len(misses) == len(tried) and any(each.lacking_mib is not None for each in misses)


def nearness(miss: Miss) -> tuple[object, ...]:
    """Lacking little memory is nearer than lacking much, and that is nearer than being illegal."""
    return (miss.lacking_mib is None, miss.lacking_mib or 0, miss.split.pipeline, miss.split.tensor)


def nearest(misses: Iterable[Miss]) -> Miss:
    """The nearest of them, with its reason."""
    miss = min(misses, key=nearness)
    if miss.headroom is None or miss.lacking_mib is None:
        return miss
    reason = lacking(miss.lacking_mib, miss.headroom, miss.requests, miss.tokens)
    return Miss(miss.split, reason, lacking_mib=miss.lacking_mib)


def lacking(mib: int, headroom: Headroom, requests: int, tokens: int) -> str:
    stage = headroom.tightest(requests, tokens)
    memory = stage.memory
    lacks = f"lacks {mib / MIB_PER_GIB:.1f} GiB a GPU" if mib >= MIB_PER_GIB / 10 else f"lacks {mib} MiB a GPU"
    if memory.weights_mib > memory.budget_mib:
        return f"{lacks}; weights alone take {memory.weights_mib / MIB_PER_GIB:.1f} GiB"
    if 0 < mib == stage.outside_lacking_mib:
        return f"{lacks} beyond vLLM's share of {memory.utilization:g}, for what it does not count"
    if stage.free_mib <= 0:
        return f"{lacks} for weights, engine and KV cache"
    return f"{lacks} for the KV cache of {required_tokens(tokens, requests):,} tokens"
