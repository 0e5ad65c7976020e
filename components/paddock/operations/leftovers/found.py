"""Sorting of the objects that were found: left over, kept on purpose, or somebody else's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from paddock.common.labels import STACK_TAG
from paddock.operations.leftovers.kinds import recognize


@dataclass(frozen=True, slots=True)
class Owner:
    """The stack whose leftovers are asked for."""

    project: str
    stack: str
    name: str
    """Name of the platform in it, from which names of resources grow."""
    retain_weights: bool

    @property
    def tag(self) -> str:
        return f"{self.project}/{self.stack}"

    @property
    def cluster(self) -> str:
        """EKS cluster's name, as `paddock.common.naming.cluster_name` spells it."""
        return f"{self.name}-{self.stack}"

    @property
    def kept(self) -> frozenset[str]:
        """Values of the tag `Name` of what outlives the stack: the weights' bucket and its two keys."""
        kept = (f"{self.name}-store", f"{self.name}-key", f"{self.name}-signing-key")
        return frozenset(kept if self.retain_weights else ())


@dataclass(frozen=True, slots=True)
class Found:
    """One object that exists in the account."""

    arn: str
    tags: Mapping[str, str]
    why: str
    """Tag or name by which it was found."""
    by_cluster: bool = False
    """True where only the cluster's name says whose it is."""


@dataclass(frozen=True, slots=True)
class Leftover:
    arn: str
    kind: str
    id: str
    name: str
    why: str
    bills: str
    delete: str
    first: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Objects of a stack that exist, and whether it is destroyed at all."""

    objects: list[Leftover]
    living_cluster: str | None
    """Name of the stack's cluster until it is being deleted: nothing is left over of a stack that lives."""
    cluster_status: str | None
    """Status of that cluster in EKS's words, such as ACTIVE or UPDATING."""


def left_over(found: Iterable[Found], owner: Owner, cluster_of: str | None = None) -> list[Leftover]:
    """Leftovers in the order in which they can be deleted; kept ones come last.

    `cluster_of` is the stack tag of a cluster of that name that exists now: where it is another stack's, what bears
    the cluster's name is that stack's too.
    """
    listed: dict[str, tuple[int, Leftover]] = {}
    foreign_cluster = cluster_of is not None and cluster_of != owner.tag
    for each in found:
        if each.tags.get(STACK_TAG, owner.tag) != owner.tag or (each.by_cluster and foreign_cluster):
            continue
        known = recognize(each.arn)
        name = each.tags.get("Name", "")
        kept = name in owner.kept and known.kind.says in ("bucket", "key") and not each.by_cluster
        leftover = Leftover(
            arn=each.arn,
            kind=known.kind.says,
            id=known.id,
            name=name,
            why=each.why,
            bills=known.kind.bills,
            delete=known.delete,
            first=known.kind.first,
            kept=kept,
        )
        listed.setdefault(each.arn, (known.order, leftover))
    ordered = sorted(listed.values(), key=lambda pair: (pair[1].kept, pair[0], pair[1].id))
    return [leftover for _, leftover in ordered]
