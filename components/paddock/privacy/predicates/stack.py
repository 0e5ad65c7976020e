"""Predicates of a whole stack: a resource that lacks another one beside it."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from paddock.privacy.predicates.findings import UNKNOWN, Inputs, value_at, values_at
from paddock.privacy.predicates.pods import POD_AT
from paddock.privacy.predicates.types import BUCKETS, NETWORK_POLICY
from paddock.privacy.resource import Resource

BOTH_DIRECTIONS = {"Ingress", "Egress"}


def buckets_without(companions: Collection[str], resources: Iterable[Resource]) -> Iterator[str]:
    """URNs of buckets that no resource of the types `companions` is for."""
    resources = list(resources)
    names: set[object] = set()
    urns: set[str] = set()
    for each in resources:
        if each.type in companions:
            name = each.values.get("bucket", UNKNOWN)
            if name is UNKNOWN:
                # Before the bucket exists its name may be unknown, but not what the name comes from.
                urns |= set(each.links.get("bucket", ()))
            else:
                names.add(name)
    for bucket in resources:
        if bucket.type in BUCKETS and bucket.urn not in urns:
            name = bucket.values.get("bucket", UNKNOWN)
            if name is UNKNOWN or name not in names:
                yield bucket.urn


def workloads_without_a_default_deny(resources: Iterable[Resource]) -> Iterator[str]:
    """URNs of workloads in a namespace that has no NetworkPolicy for all its pods, in and out.

    An unknown namespace counts as one without.
    """
    resources = list(resources)
    denied = {
        _namespace(each.values) for each in resources if each.type == NETWORK_POLICY and _denies_by_default(each.values)
    }
    for each in resources:
        if each.type in POD_AT:
            namespace = _namespace(each.values)
            if namespace is UNKNOWN or namespace not in denied:
                yield each.urn


def _denies_by_default(inputs: Inputs) -> bool:
    selector = [value for _, value in values_at(inputs, "spec.podSelector")]
    kinds = {str(value) for _, value in values_at(inputs, "spec.policyTypes[]")}
    allowed = any(value for key in ("ingress", "egress") for _, value in values_at(inputs, f"spec.{key}"))
    everything = all(isinstance(each, Mapping) and not any(each.values()) for each in selector)
    return everything and kinds >= BOTH_DIRECTIONS and not allowed


def _namespace(inputs: Inputs) -> object:
    return value_at(inputs, "metadata.namespace", "default")
