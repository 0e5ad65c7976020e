"""The only author of names and tags that something outside must be able to spell."""

from collections.abc import Mapping
from types import MappingProxyType

import pulumi

NO_TAGS: Mapping[str, str] = MappingProxyType({})

POOL_LABEL = "paddock.dev/pool"
GPU_POOL = {POOL_LABEL: "gpu"}
"""The label by which pods choose the GPU pool: one author, so selector and node cannot drift apart."""
SYSTEM_POOL = {POOL_LABEL: "system"}

BASTION = {"paddock:role": "bastion"}
"""The tag by which `paddock tunnel` finds the instance to go through."""
CLUSTER_TAG = "paddock:cluster"
STACK_TAG = "paddock:stack"
"""Whose an AWS resource is, `<project>/<stack>`: what cost reports and `paddock leftovers` ask for."""

GPU_TAINT_KEY = "nvidia.com/gpu"
"""Keeps every pod that asks for no GPU off the expensive nodes."""

GPU_TAINT_VALUE = "present"

GPU_TOLERATION = {"key": GPU_TAINT_KEY, "operator": "Equal", "value": GPU_TAINT_VALUE, "effect": "NoSchedule"}
"""The taint, as pods of the pool answer it."""


def tags(name: str, extra: Mapping[str, str] = NO_TAGS) -> dict[str, str]:
    """Tags of one AWS resource: whose it is (asked by cost reports and clean-up) and its name in the console.

    A caller's tags are kept but never win over ours.
    """
    return {**extra, STACK_TAG: f"{pulumi.get_project()}/{pulumi.get_stack()}", "Name": name}


def cluster_name(name: str) -> str:
    """The EKS name, spelled out because people and kubeconfigs type it and its log group is named after it."""
    return f"{name}-{pulumi.get_stack()}"
