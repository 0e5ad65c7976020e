"""From a model, a quantization and a workload to the AWS placement that starts and serves it.

Pure: no cloud, no clock.
"""

from paddock.sizing.host import PodShape, disk_gib, pod_shape
from paddock.sizing.kv_cache import KvCache
from paddock.sizing.memory import Fit, MemoryBudget, Workload, fit
from paddock.sizing.parallelism import Parallelism
from paddock.sizing.parameters import total_parameters
from paddock.sizing.search import Candidate, Demand, Placements, Rejection, search
from paddock.sizing.weights import checkpoint_bytes, ranks_bytes

__all__ = [
    "Candidate",
    "Demand",
    "Fit",
    "KvCache",
    "MemoryBudget",
    "Parallelism",
    "Placements",
    "PodShape",
    "Rejection",
    "Workload",
    "checkpoint_bytes",
    "disk_gib",
    "fit",
    "pod_shape",
    "ranks_bytes",
    "search",
    "total_parameters",
]
