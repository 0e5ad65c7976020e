"""Facts of a preflight: what the account, the registry, the store and this machine say, each or why it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from paddock.operations.preflight.row import Unseen
from paddock.plan.plan import Plan
from paddock.settings import Settings

PROJECT = "paddock"
PLATFORM = "llama"
"""Names in Pulumi.yaml and __main__.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One stack, as it would be made today."""

    stack: str
    stack_file: str
    settings: Settings
    plan: Plan
    """Made without the budget, which is a check of its own."""
    today: date
    project: str = PROJECT
    name: str = PLATFORM

    @property
    def tag(self) -> str:
        return f"{self.project}/{self.stack}"

    @property
    def cluster(self) -> str:
        """EKS cluster's name, as `paddock.common.naming.cluster_name` spells it."""
        return f"{self.name}-{self.stack}"

    @property
    def region(self) -> str:
        return self.plan.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    account: str
    arn: str
    principal: str | None
    """ARN that IAM can simulate: a user's or a role's; None for root and federated users."""


@dataclass(frozen=True, slots=True)
class NoCaller:
    """AWS takes the credentials for nobody's, or there are none."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    denied: tuple[str, ...]
    """Actions that IAM would refuse, as `action on resource`."""
    open: tuple[str, ...]
    """Actions that depend on conditions of the request, which a simulation does not know."""
    allowed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    name: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    id: str
    zone_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    id: str
    cidrs: tuple[str, ...]
    own: bool
    """True for that of the stack itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    id: str
    zone: str
    available: int
    block: bool
    """True for a capacity block for ML, which only instances of its own market start in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EksSupport:
    status: str
    standard_support_ends: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    status: str
    names: tuple[str, ...]
    expires: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Folder of the checkpoint in the store; `bucket` is None where the stack has no store yet."""

    bucket: str | None
    prefix: str
    files: Mapping[str, int] = field(default_factory=dict)
    """Sizes in bytes, by name within the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Verdict on the revision that the stack file pins, as `paddock weights verify` comes to it."""

    problems: tuple[str, ...]
    unread: tuple[str, ...]
    """Parts that could not be read from here, which is no problem of the revision."""
    checked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """This machine, from which `pulumi` and `paddock` run."""

    versions: Mapping[str, str | None]
    """Version by program, empty where it says none; None where it is not on PATH."""
    addresses: tuple[str, ...]
    """Own addresses by which it reaches others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    caller: Caller | NoCaller | Unseen
    rights: Rights | Unseen
    quotas: Mapping[str, float | Unseen]
    """Values by the quota's code."""
    vcpus_in_use: Mapping[str, int] | Unseen
    """Number by the quota's code, without the stack's own."""
    vpcs: tuple[Vpc, ...] | Unseen
    endpoints_in_use: int | Unseen
    """Interface endpoints of others in the existing VPC; 0 for a new one."""
    load_balancers_in_use: int | Unseen
    """Network load balancers of others."""
    zones: tuple[Zone, ...] | Unseen
    offering: tuple[str, ...] | Unseen
    """Ids of zones that offer the instance type."""
    subnets: tuple[Subnet, ...] | Unseen
    """Subnets of the existing VPC that the settings name; none for a new one."""
    reservations: tuple[Reservation, ...] | Unseen
    eks: Mapping[str, EksSupport] | Unseen
    cluster_version: str | Unseen | None
    """Kubernetes version of the stack's cluster; None where there is no cluster."""
    cluster_endpoint: str | None
    images: Mapping[str, bool | Unseen]
    """True for an image that its registry has by that digest."""
    folder: Folder | Unseen
    signature: Signature | Unseen | None
    """None where no revision is pinned, or nothing of it is there."""
    certificate: Certificate | Unseen | None
    """None where the settings name none."""
    authority: str | Unseen | None
    """Status of the private CA; None where the settings name none."""
    machine: Machine
