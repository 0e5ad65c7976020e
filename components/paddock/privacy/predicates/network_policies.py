"""NetworkPolicies: which deny by default, and which let everything through. They add up: one undoes another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from paddock.privacy.predicates.facts import makes_pods
from paddock.privacy.predicates.pods import pods
from paddock.privacy.predicates.ranges import Breadth, breadth
from paddock.privacy.predicates.types import NETWORK_POLICY
from paddock.privacy.predicates.values import UNKNOWN, Inputs, has_unknown, value_at, values_at
from paddock.privacy.resource import Resource

PEERS = {"Ingress": "from", "Egress": "to"}
DNS = 53
MOST_PUBLIC_ADDRESSES = {4: 2**24, 6: 2**96}
"""Most public addresses of an allow-list, a /8 and a /32: S3 of a large region is a tenth of that."""
NOT_DENIED = "no NetworkPolicy of its namespace denies all pods both ways; add one with an empty podSelector"


def directions(inputs: Inputs) -> Sequence[str]:
    """`policyTypes`, or what the API server takes instead."""
    named = [str(value) for _, value in values_at(inputs, "spec.policyTypes[]")]
    return named or (["Ingress", "Egress"] if value_at(inputs, "spec.egress") else ["Ingress"])


def selects_all(inputs: Inputs) -> bool:
    """True for a policy of every pod of its namespace."""
    selector = [value for _, value in values_at(inputs, "spec.podSelector")]
    return all(isinstance(each, Mapping) and not any(each.values()) for each in selector)


def denies_by_default(inputs: Inputs) -> bool:
    allowed = any(value for key in ("ingress", "egress") for _, value in values_at(inputs, f"spec.{key}"))
    return selects_all(inputs) and set(directions(inputs)) >= set(PEERS) and not allowed


def _asks_names_alone(rule: object) -> bool:
    """True for a rule about port 53 alone: the DNS firewall says which names are answered."""
    ports = [value for _, value in values_at(rule, "ports[]")]
    return bool(ports) and all(value_at(each, "port") == DNS and value_at(each, "endPort") is None for each in ports)


def lets_everything(inputs: Inputs, direction: str) -> Iterator[str]:
    """Reason why rules of a direction let everything through, or may."""
    peers = PEERS[direction]
    blocks: list[Any] = []
    for path, rule in values_at(inputs, f"spec.{direction.lower()}[]"):
        if has_unknown(rule):
            yield f"{path} is not known yet, so it counts as everything"
        elif not value_at(rule, peers) and (direction == "Ingress" or not _asks_names_alone(rule)):
            yield f"{path} names no `{peers}`, which is everything"
        blocks += [value for _, value in values_at(rule, f"{peers}[].ipBlock.cidr")]
    for block in blocks:
        if breadth(block) is Breadth.NO_RANGE or str(ip_network(block, strict=False)) != block:
            yield f"{block} is no range as it is written; write its network"
    public = [ip_network(each, strict=False) for each in blocks if breadth(each) in (Breadth.LISTED, Breadth.EVERYONE)]
    for version, most in MOST_PUBLIC_ADDRESSES.items():
        if sum(each.num_addresses for each in public if each.version == version) > most:
            yield f"its `{peers}` are more public addresses than any list of an organization has"


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
