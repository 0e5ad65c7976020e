"""Tags, labels and taints by which something outside finds what a stack made. It loads no Pulumi."""

from collections.abc import Mapping
from types import MappingProxyType

NO_TAGS: Mapping[str, str] = MappingProxyType({})

POOL_LABEL = "paddock.dev/pool"
"""Node label with the name of the pool: the same before and after the pool is replaced, for people and for pods of
theirs. The pods of components select a pool by `catalog.eks.NODE_GROUP_LABEL`."""

BASTION = {"paddock:role": "bastion"}
"""The tag by which `paddock tunnel` finds the instance to go through."""
CLUSTER_TAG = "paddock:cluster"
MODEL_TAG = "paddock:model"
STACK_TAG = "paddock:stack"
"""Owner of an AWS resource, `<project>/<stack>`, by which cost reports and `paddock leftovers` ask."""

GPU_TAINT_KEY = "nvidia.com/gpu"
"""Keeps every pod that asks for no GPU off the expensive nodes."""

GPU_TAINT_VALUE = "present"

GPU_TOLERATION = {"key": GPU_TAINT_KEY, "operator": "Equal", "value": GPU_TAINT_VALUE, "effect": "NoSchedule"}
"""The taint, as pods of the pool answer it."""
