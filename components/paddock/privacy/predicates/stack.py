"""Predicates of a whole stack: a resource that lacks another one beside it."""

from collections.abc import Collection, Iterable, Iterator

from paddock.privacy.predicates.facts import makes_pods
from paddock.privacy.predicates.findings import UNKNOWN, Inputs, value_at
from paddock.privacy.predicates.network_policies import PEERS, denies_by_default, directions, lets_everything
from paddock.privacy.predicates.pods import pods
from paddock.privacy.predicates.types import BUCKETS, NETWORK_POLICY
from paddock.privacy.resource import Resource

NOT_DENIED = "no NetworkPolicy of its namespace denies all pods both ways; add one with an empty podSelector"


def buckets_without(companions: Collection[str], resources: Iterable[Resource]) -> Iterator[str]:
    """URNs of buckets that no resource of the types `companions` is for."""
    resources = list(resources)
    names: set[str] = set()
    urns: set[str] = set()
    for each in resources:
        if each.type in companions:
            name = each.values.get("bucket")
            if isinstance(name, str):
                names.add(name)
            else:  # Before the bucket exists its name may be unknown, but not what the name comes from.
                urns |= set(each.links.get("bucket", ()))
    for bucket in resources:
        if bucket.type in BUCKETS and bucket.urn not in urns:
            name = bucket.values.get("bucket")
            if not isinstance(name, str) or name not in names:
                yield bucket.urn


def network_policy_faults(resources: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    """Workloads in a namespace that has no NetworkPolicy for all its pods, in and out; policies that undo one.

    An unknown namespace counts as one without.
    """
    resources = list(resources)
    policies = [each for each in resources if each.type == NETWORK_POLICY]
    denied = {_namespace(each.values) for each in policies if denies_by_default(each.values)}
    for each in resources:
        if makes_pods(each.type) and next(pods(each.type, each.values), None):
            namespace = _namespace(each.values)
            if namespace is UNKNOWN or namespace not in denied:
                yield each.urn, NOT_DENIED
    for each in policies:
        for direction in directions(each.values):
            for text in lets_everything(each.values, direction) if direction in PEERS else ():
                yield each.urn, f"{text}; policies add up, so no other one counts"


def _namespace(inputs: Inputs) -> object:
    return value_at(inputs, "metadata.namespace", "default")
