"""Ways to bring the weights from S3 into GPU memory: the seconds of each, which is taken, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from paddock.catalog import Instance
from paddock.catalog.loading import copier_rates, instance_store_rates
from paddock.catalog.nodes import allocatable_ephemeral_mib
from paddock.choices import WeightsLoading
from paddock.sizing import PodShape
from paddock.sizing.placement.pod_shape import IMAGE_GIB, needed_memory_mib
from paddock.units import GB, GIB, MIB, MIB_PER_GIB

BITS_PER_BYTE = 8
MB = 10**6
OTHER_FILES_MIB = 1024
"""Tokenizer, configuration, papers and the headers of shards, beside the tensors."""
TENSORS_SAFETY = 1.02
"""A checkpoint's bytes are counted from its tensors, of which one's own may have a few more."""


class Way(StrEnum):
    STREAMER = "streamer"
    """Way from S3 through host memory into each GPU, by the Run:ai streamer; nothing is written."""
    NVME = "nvme"
    """Copy to the node's own NVMe (instance store) by an init container, from which the streamer reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadingEstimate:
    way: Way
    seconds_low: float
    seconds_high: float
    """Seconds until the weights of a new pod are in GPU memory."""
    restart_seconds: float
    """The most that a container needs for it that restarts in its pod."""
    is_possible: bool
    """True where the instance type has what it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadingPlan:
    chosen: Way
    why: str
    estimates: tuple[LoadingEstimate, ...]
    disk_mib: int
    """Disk of each pod for its copy; 0 where there is none."""
    copy_seconds: int
    """The longest copy that is not a failure; 0 where there is none."""

    @property
    def start_seconds(self) -> float:
        """The most that vLLM itself takes to load, once what comes before it is done."""
        return next(each.restart_seconds for each in self.estimates if each.way is self.chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Weights of a replica, and where they go."""

    instance: Instance
    pod: PodShape
    weights_bytes: int
    replicas_per_node: int
    network_efficiency: float
    """Share of the baseline bandwidth that is counted on."""

    @property
    def workers(self) -> int:
        return self.pod.gpus

    @property
    def node_bytes(self) -> int:
        """Bytes that all replicas of a node load, each once."""
        return self.weights_bytes * self.replicas_per_node

    @property
    def disk_mib(self) -> int:
        return ceil(self.weights_bytes * TENSORS_SAFETY / MIB) + OTHER_FILES_MIB

    @property
    def needed_mib(self) -> int:
        """The node's disk where each replica has a copy: the image and their scratch are on it too."""
        return IMAGE_GIB * MIB_PER_GIB + self.replicas_per_node * (self.pod.ephemeral_mib + self.disk_mib)

    @property
    def store_mib(self) -> int:
        """The instance store's part that the kubelet gives to pods."""
        return allocatable_ephemeral_mib(self.instance.nvme_gb * GB // GIB)


def plan_loading(load: Load, asked: WeightsLoading, safety_factor: float) -> LoadingPlan:
    """The way that is asked for, or of `auto` the one that is faster whatever the bandwidths within their bands.

    `disk_problem` says whether a copy that is asked for has a place.
    """
    stream, copy = _stream(load), _copy(load)
    faster = copy.is_possible and _is_surely_faster(load)
    chosen = Way(asked) if asked is not WeightsLoading.AUTO else Way.NVME if faster else Way.STREAMER
    copies = chosen is Way.NVME
    return LoadingPlan(
        chosen=chosen,
        why=_why(load, asked, chosen, stream, copy),
        estimates=(stream, copy),
        disk_mib=load.disk_mib if copies else 0,
        copy_seconds=ceil(safety_factor * copy.seconds_high) if copies else 0,
    )


def disk_problem(load: Load) -> str | None:
    """Reason why the node's own NVMe holds no copy for each replica, or None."""
    name, store_gb = load.instance.instance_type, load.instance.nvme_gb
    if not store_gb:
        return f"{name} has no instance store (local NVMe)"
    if load.needed_mib <= load.store_mib:
        return None
    return (
        f"the instance store of {name} has {store_gb:,} GB, of which pods may fill {load.store_mib:,} MiB; the image "
        f"and {load.replicas_per_node} x the weights with their scratch take {load.needed_mib:,} MiB"
    )


def _network(load: Load) -> tuple[float, float]:
    """Bytes a second from S3, least and most: what is counted on, and all of the card at its best."""
    instance = load.instance
    least = instance.network_baseline_gbps * GB / BITS_PER_BYTE * load.network_efficiency
    return least, instance.network_peak_gbps * GB / BITS_PER_BYTE


def _stream(load: Load) -> LoadingEstimate:
    """Every worker of the streamer reads the whole checkpoint."""
    least, most = _network(load)
    read = load.node_bytes * load.workers
    high = round(read / least, 1)
    return LoadingEstimate(
        way=Way.STREAMER,
        seconds_low=round(read / most, 1),
        seconds_high=high,
        restart_seconds=high,
        is_possible=True,
    )


def _copy(load: Load) -> LoadingEstimate:
    """A copy comes through the network once a replica; then each worker reads it, from memory where that holds it."""
    least, most = _network(load)
    written_low, written_high = _writing(load)
    read = _reading(load)
    return LoadingEstimate(
        way=Way.NVME,
        seconds_low=round(max(load.node_bytes / most, written_low), 1),
        seconds_high=round(max(load.node_bytes / least, written_high) + read, 1),
        restart_seconds=round(read, 1),
        is_possible=disk_problem(load) is None,
    )


def _writing(load: Load) -> tuple[float, float]:
    """Seconds of all replicas of a node to check and write their copies at once, however fast S3 is."""
    disk, copier, store_gb = instance_store_rates(), copier_rates(), load.instance.nvme_gb
    files = ceil(load.weights_bytes / GB / copier.file_gb)
    cores = min(load.instance.vcpus, load.replicas_per_node * min(files, copier.most_processes))

    def seconds(core: float, write: float) -> float:
        return load.node_bytes / MB / min(core * cores, write * max(store_gb, 1))

    return (
        seconds(copier.mb_per_second_per_core_high, disk.write_mb_per_second_per_gb_high),
        seconds(copier.mb_per_second_per_core_low, disk.write_mb_per_second_per_gb_low),
    )


def _reading(load: Load) -> float:
    """The most seconds of all workers of a node to read their copies: once from the disk where memory then holds it."""
    spare_mib = load.pod.memory_mib - needed_memory_mib(load.workers)
    times = 1 if load.weights_bytes <= spare_mib * MIB else load.workers
    rate = instance_store_rates().read_mb_per_second_per_gb_low * max(load.instance.nvme_gb, 1)
    return load.node_bytes * times / MB / rate


def _is_surely_faster(load: Load) -> bool:
    """True where the slowest disk and copier still beat the streamer on the fastest network, which favors it most."""
    _, most = _network(load)
    copy = max(load.node_bytes / most, _writing(load)[1]) + _reading(load)
    return copy < load.node_bytes * load.workers / most


def _why(load: Load, asked: WeightsLoading, chosen: Way, stream: LoadingEstimate, copy: LoadingEstimate) -> str:
    workers = f"each of {load.workers} workers reads all of them" if load.workers > 1 else "one worker reads them"
    streams, copies = _seconds(stream), _seconds(copy)
    given = "" if asked is WeightsLoading.AUTO else ", as weights_loading says"
    restart = (
        f"A container that restarts in its pod would take {copy.restart_seconds:,.0f} s or less from the disk, and "
        f"{stream.restart_seconds:,.0f} s or less by streaming."
    )
    if chosen is Way.NVME:
        return (
            f"Weights are copied to the node's NVMe once and read there, in {copies}{given}; from S3 into GPU memory "
            f"they would stream in {streams}, as {workers}. {restart}"
        )
    said = f"Weights stream from S3 into GPU memory in {streams}{given}, as {workers}"
    if not copy.is_possible:
        return f"{said}; {disk_problem(load)}, so no copy is made there."
    if load.workers == 1:
        because = "comes through the same network first, and so takes longer"
    elif asked is WeightsLoading.AUTO:
        because = "is not surely faster"
    else:
        because = "may be faster or not"
    return f"{said}; a copy on the node's NVMe {because}: {copies}. {restart}"


def _seconds(estimate: LoadingEstimate) -> str:
    low, high = f"{estimate.seconds_low:,.0f}", f"{estimate.seconds_high:,.0f}"
    return f"about {low} s" if low == high else f"{low} to {high} s"
