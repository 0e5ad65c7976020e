"""From a model, a quantization and a workload to the AWS placement that starts and serves it.

Pure: no cloud, no clock.
"""

from paddock.sizing.candidate import Candidate
from paddock.sizing.demand import Demand, Placements, Rejection, acceptable_schemes
from paddock.sizing.fallbacks import fallbacks
from paddock.sizing.host import PodShape, disk_gib, pod_shape
from paddock.sizing.kv_cache import KvCache
from paddock.sizing.launch import KvCacheDtype, Launch, LoraSlots, launch
from paddock.sizing.memory import Fit, MemoryBudget, fit
from paddock.sizing.parallelism import Parallelism
from paddock.sizing.parameters import total_parameters
from paddock.sizing.performance import Performance, Traffic
from paddock.sizing.ranking import RankBy
from paddock.sizing.search import search
from paddock.sizing.weights import checkpoint_bytes, ranks_bytes
from paddock.sizing.workload import Workload

__all__ = [
    "Candidate",
    "Demand",
    "Fit",
    "KvCache",
    "KvCacheDtype",
    "Launch",
    "LoraSlots",
    "MemoryBudget",
    "Parallelism",
    "Performance",
    "Placements",
    "PodShape",
    "RankBy",
    "Rejection",
    "Traffic",
    "Workload",
    "acceptable_schemes",
    "checkpoint_bytes",
    "disk_gib",
    "fallbacks",
    "fit",
    "launch",
    "pod_shape",
    "ranks_bytes",
    "search",
    "total_parameters",
]
