"""What only a whole stack shows: a resource that lacks another one beside it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from paddock.privacy.predicates.buckets import BUCKETS
from paddock.privacy.predicates.findings import UNKNOWN, Inputs, values_at
from paddock.privacy.predicates.pods import POD_AT

NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BOTH_WAYS = {"Ingress", "Egress"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One resource among the others of its stack."""

    resource_type: str
    urn: str
    inputs: Inputs
    sources: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By input: the URNs of the resources that its value comes from."""


def buckets_without(companions: Collection[str], resources: Iterable[Placed]) -> Iterator[str]:
    """URNs of buckets that no resource of the types `companions` names."""
    resources = list(resources)
    names: set[object] = set()
    urns: set[str] = set()
    for each in resources:
        if each.resource_type in companions:
            name = each.inputs.get("bucket", UNKNOWN)
            if name is UNKNOWN:
                # Before the bucket exists its name may be unknown, but not what the name comes from.
                urns |= set(each.sources.get("bucket", ()))
            else:
                names.add(name)
    for bucket in resources:
        if bucket.resource_type in BUCKETS and bucket.urn not in urns:
            name = bucket.inputs.get("bucket", UNKNOWN)
            if name is UNKNOWN or name not in names:
                yield bucket.urn


def workloads_without_a_default_deny(resources: Iterable[Placed]) -> Iterator[str]:
    """URNs of workloads in a namespace that has no NetworkPolicy for all its pods, in and out.

    An unknown namespace counts as one without.
    """
    resources = list(resources)
    fenced = {
        _namespace(each.inputs)
        for each in resources
        if each.resource_type == NETWORK_POLICY and _denies_by_default(each.inputs)
    }
    for each in resources:
        if each.resource_type in POD_AT:
            namespace = _namespace(each.inputs)
            if namespace is UNKNOWN or namespace not in fenced:
                yield each.urn


def _denies_by_default(inputs: Inputs) -> bool:
    selector = [value for _, value in values_at(inputs, "spec.podSelector")]
    kinds = {str(value) for _, value in values_at(inputs, "spec.policyTypes[]")}
    allowed = any(value for key in ("ingress", "egress") for _, value in values_at(inputs, f"spec.{key}"))
    everything = all(isinstance(each, Mapping) and not any(each.values()) for each in selector)
    return everything and kinds >= BOTH_WAYS and not allowed


def _namespace(inputs: Inputs) -> object:
    return next((value for _, value in values_at(inputs, "metadata.namespace")), "default")
