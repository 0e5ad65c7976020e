"""Facts of a stack that stands, each or why it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from paddock.operations.doctor.kube import Event, Node, Pod
from paddock.operations.preflight.facts import Caller, NoCaller
from paddock.operations.preflight.row import Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroup:
    name: str
    status: str
    issues: tuple[str, ...]
    """Faults of its health by EKS, as `code: message`."""
    wanted: int
    release: str
    newest_release: str | Unseen
    """Newest release of its kind of AMI; as `release` where this kind has none to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    name: str
    status: str
    issues: tuple[str, ...]
    version: str
    default_version: str | Unseen
    """EKS's default for the cluster's Kubernetes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The cluster as EKS describes it."""

    status: str
    version: str
    endpoint: str
    certificate_authority: str
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """Facts of Kubernetes itself, asked through its API."""

    nodes: tuple[Node, ...] | Unseen
    pods: tuple[Pod, ...] | Unseen
    events: tuple[Event, ...] | Unseen
    logs: Mapping[str, tuple[str, ...] | Unseen] = field(default_factory=dict)
    """Last lines by `pod/container`, of its last run where it crashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    caller: Caller | NoCaller | Unseen
    cluster: Standing | Unseen | None
    groups: tuple[NodeGroup, ...] | Unseen
    addons: tuple[Addon, ...] | Unseen
    quotas: Mapping[str, float | Unseen]
    vcpus_in_use: Mapping[str, int] | Unseen
    """Number by the quota's code, the stack's own included."""
    inside: Inside | Unseen
    """Unseen where no way leads to the cluster's API."""
    outputs: Mapping[str, object] | Unseen
    """Outputs of the stack, secrets left out."""
