"""Sizing: from a model, a quantization and a workload to the AWS placement that starts and serves it.

Pure: no cloud, no clock.
"""

from typing import TYPE_CHECKING

from paddock.lazy import lazy

if TYPE_CHECKING:
    from paddock.sizing.memory.engine_args import EngineArgs, KvCacheDtype, LoraSlots
    from paddock.sizing.memory.fit import Fit, MemoryBudget, fit
    from paddock.sizing.memory.kv_cache import KvCache
    from paddock.sizing.memory.parallelism import Parallelism
    from paddock.sizing.memory.parameters import total_parameters
    from paddock.sizing.memory.setup import Setup
    from paddock.sizing.memory.weights import checkpoint_bytes, ranks_bytes
    from paddock.sizing.performance.latency import Performance
    from paddock.sizing.placement.candidate import Candidate
    from paddock.sizing.placement.fallbacks import fallbacks
    from paddock.sizing.placement.pod_shape import PodShape, pod_shape
    from paddock.sizing.placement.ranking import RankBy
    from paddock.sizing.placement.request import Demand, Placements, Rejection, acceptable_schemes
    from paddock.sizing.placement.search import search
    from paddock.sizing.workload import Traffic, Workload

__getattr__ = lazy(
    __name__,
    {
        "memory.engine_args": "EngineArgs KvCacheDtype LoraSlots",
        "memory.fit": "Fit MemoryBudget fit",
        "memory.kv_cache": "KvCache",
        "memory.parallelism": "Parallelism",
        "memory.parameters": "total_parameters",
        "memory.setup": "Setup",
        "memory.weights": "checkpoint_bytes ranks_bytes",
        "performance.latency": "Performance",
        "placement.candidate": "Candidate",
        "placement.fallbacks": "fallbacks",
        "placement.pod_shape": "PodShape pod_shape",
        "placement.ranking": "RankBy",
        "placement.request": "Demand Placements Rejection acceptable_schemes",
        "placement.search": "search",
        "workload": "Traffic Workload",
    },
)
__all__ = [
    "Candidate",
    "Demand",
    "EngineArgs",
    "Fit",
    "KvCache",
    "KvCacheDtype",
    "LoraSlots",
    "MemoryBudget",
    "Parallelism",
    "Performance",
    "Placements",
    "PodShape",
    "RankBy",
    "Rejection",
    "Setup",
    "Traffic",
    "Workload",
    "acceptable_schemes",
    "checkpoint_bytes",
    "fallbacks",
    "fit",
    "pod_shape",
    "ranks_bytes",
    "search",
    "total_parameters",
]
