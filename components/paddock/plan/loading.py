"""Ways to bring the weights from S3 into GPU memory: the seconds of each, and why one is taken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from paddock.catalog import Instance
from paddock.units import GB

BITS_PER_BYTE = 8


class Way(StrEnum):
    STREAM = "stream"
    """Way from S3 through host memory into each GPU, by the Run:ai streamer; nothing is written."""
    COPY = "copy"
    """Copy to the node's own NVMe (instance store) by an init container, from which vLLM reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadingEstimate:
    way: Way
    seconds: float
    """Seconds until the weights are in GPU memory."""
    is_lower_bound: bool
    """True where only a part of the way is known, so that it takes at least so long."""
    is_possible: bool
    """True where the instance type has what it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadingPlan:
    chosen: Way
    why: str
    estimates: tuple[LoadingEstimate, ...]


def plan_loading(
    instance: Instance, *, weights_bytes: int, workers: int, replicas_per_node: int, network_efficiency: float
) -> LoadingPlan:
    """Loading of a replica of `workers` GPUs beside others on its node; streaming is the one that is deployed.

    Every worker of the streamer reads the whole checkpoint; a copy reads it once a replica. Of a copy the network's
    part alone is counted: AWS states no throughput of instance stores, so what writing and reading them adds is left
    out, in the copy's favor.
    """
    bytes_per_second = instance.network_baseline_gbps * GB / BITS_PER_BYTE * network_efficiency
    once = weights_bytes * replicas_per_node / bytes_per_second
    fits = weights_bytes * replicas_per_node < instance.nvme_gb * GB
    stream = LoadingEstimate(way=Way.STREAM, seconds=round(once * workers, 1), is_lower_bound=False, is_possible=True)
    copy = LoadingEstimate(way=Way.COPY, seconds=round(once, 1), is_lower_bound=True, is_possible=fits)
    return LoadingPlan(chosen=Way.STREAM, why=_why(stream, copy, workers), estimates=(stream, copy))


def _why(stream: LoadingEstimate, copy: LoadingEstimate, workers: int) -> str:
    said = f"Weights stream from S3 into GPU memory in about {stream.seconds:,.0f} s"
    if not copy.is_possible:
        return f"{said}; the instance type has no NVMe of its own that would hold a copy."
    if workers == 1:
        return f"{said}; a copy on the node's NVMe would come through the same network first, and so take longer."
    return (
        f"{said}, as each of {workers} workers reads all of them; a copy on the node's NVMe would be read once, in "
        f"{copy.seconds:,.0f} s or more, but is not made yet."
    )
