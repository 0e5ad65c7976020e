"""The only author of names and tags that something outside must be able to spell."""

import re
from collections.abc import Mapping

import pulumi

from paddock.catalog.lookup import RefusedError, shown
from paddock.common.labels import NO_TAGS, POOL_LABEL, STACK_TAG

RESOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""Name of a resource in Pulumi, from which AWS names and tags are made."""

LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""Source: kubernetes.io/docs/concepts/overview/working-with-objects/labels, read 2026-11-28."""

CLUSTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""Source: EKS API, CreateCluster, botocore 1.44.5."""


PULUMI_DIGITS = 8
"""Hyphen and digits that Pulumi puts behind a name to make a physical one."""
NODE_GROUP_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{62 - PULUMI_DIGITS}}}")
"""Source: EKS API, CreateNodegroup, 63 characters; docs of the console for which ones, read 2026-11-28."""


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


def pool_label(name: str) -> dict[str, str]:
    """Node label of one pool of a cluster. Raises `NameRefusedError`."""
    if not LABEL_VALUE.fullmatch(name):
        raise NameRefusedError(
            f"Kubernetes takes no node label {shown(name)}, after the pool's name; use letters, digits, hyphens and "
            f"underscores, 63 together and a letter or digit last"
        )
    return {POOL_LABEL: name}


def node_group_name(name: str) -> str:
    """The name of a node group in Pulumi, of which Pulumi makes the physical one. Raises `NameRefusedError`."""
    if not NODE_GROUP_NAME.fullmatch(name):
        raise NameRefusedError(
            f"EKS takes no node group named {shown(name)} with Pulumi's digits behind it; use letters, digits, hyphens "
            f"and underscores, {63 - PULUMI_DIGITS} together: shorten the component's name"
        )
    return name


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
