"""The only author of names and tags that something outside must be able to spell."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import pulumi

from paddock.catalog.lookup import RefusedError, shown

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


RESOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""Of a resource in Pulumi, from which AWS names and tags are made."""

CLUSTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""Source: EKS API, CreateCluster, botocore 1.44.5."""


class NameRefusedError(RefusedError, pulumi.RunError, ValueError):
    """A name that AWS would refuse, or that would mean more than itself."""


def tags(name: str, extra: Mapping[str, str] = NO_TAGS) -> dict[str, str]:
    """Tags of one AWS resource: whose it is (asked by cost reports and clean-up) and its name in the console.

    A caller's tags are kept but never win over ours. Raises `NameRefusedError`.
    """
    if not RESOURCE_NAME.fullmatch(name):
        raise NameRefusedError(
            f"a resource cannot be named {shown(name)}; use letters, digits, hyphens and underscores"
        )
    return {**extra, STACK_TAG: f"{pulumi.get_project()}/{pulumi.get_stack()}", "Name": name}


def cluster_name(name: str) -> str:
    """The EKS name, spelled out because people and kubeconfigs type it and its log group is named after it.

    Raises `NameRefusedError`.
    """
    spelled = f"{name}-{pulumi.get_stack()}"
    if not CLUSTER_NAME.fullmatch(spelled):
        raise NameRefusedError(
            f"EKS takes no cluster named {shown(spelled)}, after component and stack; use letters, digits, hyphens and "
            f"underscores, 100 together"
        )
    return spelled
