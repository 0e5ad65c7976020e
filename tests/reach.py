"""Connections that Kubernetes NetworkPolicies allow: plain objects in, connections out.

As the API reference of networking.k8s.io/v1 says and its conformance tests hold: policies only add up; a pod that no
policy of a direction selects is open in it; both sides must allow; `from`, `to` and `ports` that are missing or empty
are everyone and every port; an address block is matched by address, pods' own addresses included. Beyond policies, and
so not answered here: a pod always reaches itself, and its node always reaches it. A pod on its node's network is bound
by no policy, and to others' it is an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

Object = Mapping[str, Any]
Network = IPv4Network | IPv6Network

PROTOCOLS = ("TCP", "UDP", "SCTP")
FIRST_PORT, LAST_PORT = 1, 65535


@dataclass(frozen=True, slots=True)
class Ports:
    """A set of ports, as sorted ranges that neither touch nor overlap."""

    ranges: tuple[tuple[str, int, int], ...] = ()
    """Ranges as (protocol, first, last)."""

    @classmethod
    def of(cls, ranges: Iterable[tuple[str, int, int]]) -> Ports:
        joined: list[tuple[str, int, int]] = []
        for protocol, first, last in sorted(ranges):
            if joined and joined[-1][0] == protocol and first <= joined[-1][2] + 1:
                joined[-1] = (protocol, joined[-1][1], max(joined[-1][2], last))
            else:
                joined.append((protocol, first, last))
        return cls(tuple(joined))

    def __or__(self, other: Ports) -> Ports:
        return Ports.of([*self.ranges, *other.ranges])

    def __and__(self, other: Ports) -> Ports:
        return Ports.of(
            (mine, max(first, low), min(last, high))
            for mine, first, last in self.ranges
            for theirs, low, high in other.ranges
            if mine == theirs and max(first, low) <= min(last, high)
        )

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __str__(self) -> str:
        if self == EVERY_PORT:
            return "every port"
        parts = []
        for protocol, first, last in self.ranges:
            if (first, last) == (FIRST_PORT, LAST_PORT):
                parts.append(f"every {protocol} port")
            else:
                parts.append(f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}")
        return ", ".join(parts)


EVERY_PORT = Ports.of((protocol, FIRST_PORT, LAST_PORT) for protocol in PROTOCOLS)
NO_PORT = Ports()


@dataclass(frozen=True, slots=True)
class Outsider:
    """Addresses outside the cluster, under a name for the table. One that is reached reaches the outsider."""

    name: str
    addresses: tuple[Network, ...]

    @classmethod
    def of(cls, name: str, *cidrs: str) -> Outsider:
        return cls(name, tuple(ip_network(cidr) for cidr in cidrs))


@dataclass(frozen=True, slots=True)
class Pod:
    """Pod as policies see it."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    addresses: tuple[Network, ...] = ()
    on_host_network: bool = False
    named_ports: tuple[tuple[str, str, int], ...] = ()
    """Ports as (name, protocol, port)."""

    @classmethod
    def of(cls, pod: Object) -> Pod:
        metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
        ips = [each["ip"] for each in status.get("podIPs") or []] or [status.get("podIP")]
        # A restartable init container is a sidecar, whose ports are the pod's too.
        containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
        return cls(
            namespace=metadata.get("namespace") or "default",
            name=_workload(metadata),
            labels=metadata.get("labels") or {},
            addresses=tuple(ip_network(ip_address(ip)) for ip in ips if ip),
            on_host_network=bool(spec.get("hostNetwork")),
            named_ports=tuple(
                (port["name"], port.get("protocol") or "TCP", port["containerPort"])
                for container in containers
                for port in container.get("ports") or []
                if port.get("name")
            ),
        )

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def _workload(metadata: Object) -> str:
    """Name of a pod's controller, which is the same for all its pods and over rollouts; else the pod's own."""
    for owner in metadata.get("ownerReferences") or []:
        if owner.get("controller"):
            revision = (metadata.get("labels") or {}).get("pod-template-hash")
            return str(owner["name"]).removesuffix(f"-{revision}") if revision else str(owner["name"])
    return str(metadata["name"])


@dataclass(frozen=True, slots=True)
class Connection:
    """Connection that `source` may open to `destination`, on these ports."""

    source: str
    destination: str
    ports: Ports

    def __str__(self) -> str:
        return f"{self.source} → {self.destination}: {self.ports}"


class Reach:
    """NetworkPolicies of a cluster, asked one question at a time."""

    def __init__(self, policies: Iterable[Object], namespaces: Iterable[Object]) -> None:
        self._policies = list(policies)
        self._labels = {each["metadata"]["name"]: each["metadata"].get("labels") or {} for each in namespaces}

    def ports(self, source: Pod | Outsider, destination: Pod | Outsider) -> Ports:
        """Ports on which the one may reach the other."""
        out = self._allowed("Egress", source, destination) if isinstance(source, Pod) else EVERY_PORT
        if not out or not isinstance(destination, Pod):
            return out
        return out & self._allowed("Ingress", destination, source)

    def is_isolated(self, pod: Pod, direction: str) -> bool:
        return next(self._selecting(direction, pod), None) is not None

    def egress_blocks(self, pod: Pod) -> list[Network] | None:
        """Address ranges to which a pod may open connections, on any port; None if to all there are."""
        if not self.is_isolated(pod, "Egress"):
            return None
        found: list[Network] = []
        for _, rule in self._rules("Egress", pod):
            if not rule.get("to"):
                return None
            for peer in rule["to"]:
                if "ipBlock" in peer:
                    found += _remaining(ip_network(peer["ipBlock"]["cidr"]), _excepted(peer["ipBlock"]))
        return found

    def _allowed(self, direction: str, pod: Pod, other: Pod | Outsider) -> Ports:
        if not self.is_isolated(pod, direction):
            return EVERY_PORT
        target = pod if direction == "Ingress" else other
        allowed = NO_PORT
        for namespace, rule in self._rules(direction, pod):
            peers = rule.get("from" if direction == "Ingress" else "to")
            if not peers or any(self._matches(peer, namespace, other) for peer in peers):
                allowed |= _ports(rule.get("ports"), target)
        return allowed

    def _selecting(self, direction: str, pod: Pod) -> Iterator[tuple[str, Object]]:
        """Policies that bind the pod in this direction, as (namespace, spec)."""
        if pod.on_host_network:
            return
        for policy in self._policies:
            spec = policy.get("spec") or {}
            namespace = policy["metadata"].get("namespace") or "default"
            bound = namespace == pod.namespace and selects(spec.get("podSelector") or {}, pod.labels)
            if bound and direction in directions(spec):
                yield namespace, spec

    def _rules(self, direction: str, pod: Pod) -> Iterator[tuple[str, Object]]:
        for namespace, spec in self._selecting(direction, pod):
            for rule in spec.get(direction.lower()) or []:
                yield namespace, rule

    def _matches(self, peer: Object, namespace: str, other: Pod | Outsider) -> bool:
        if "ipBlock" in peer:
            block, excepted = ip_network(peer["ipBlock"]["cidr"]), _excepted(peer["ipBlock"])
            return any(_remaining(common, excepted) for each in other.addresses if (common := _common(each, block)))
        if not isinstance(other, Pod) or other.on_host_network:
            return False
        if peer.get("namespaceSelector") is None:
            if other.namespace != namespace:
                return False
        elif not selects(peer["namespaceSelector"], self._labels.get(other.namespace, {})):
            return False
        return selects(peer.get("podSelector") or {}, other.labels)


def directions(spec: Object) -> Sequence[str]:
    """`policyTypes`, or what the API server takes instead."""
    return spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Match of a label selector; the empty one selects everything."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(each, labels) for each in selector.get("matchExpressions") or [])


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    match operator:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            raise ValueError(f"a label selector has no operator {operator!r}")


def _ports(given: Sequence[Object] | None, target: Pod | Outsider) -> Ports:
    if not given:
        return EVERY_PORT
    found: list[tuple[str, int, int]] = []
    for each in given:
        protocol, port = each.get("protocol") or "TCP", each.get("port")
        if port is None:
            found.append((protocol, FIRST_PORT, LAST_PORT))
        elif isinstance(port, int):
            found.append((protocol, port, each.get("endPort") or port))
        elif isinstance(target, Pod):  # a name is the target's own for its port; an address has none
            found += [(protocol, n, n) for name, kind, n in target.named_ports if (name, kind) == (port, protocol)]
    return Ports.of(found)


def _excepted(block: Object) -> list[Network]:
    return [ip_network(each) for each in block.get("except") or []]


def _common(one: Network, other: Network) -> Network | None:
    """Intersection of two ranges: the narrower of them, or nothing."""
    if one.version != other.version or not one.overlaps(other):
        return None
    return one if one.prefixlen >= other.prefixlen else other


def _remaining(block: Network, excepted: Sequence[Network]) -> list[Network]:
    """Range without the exceptions."""
    left = [block]
    for hole in excepted:
        left = [part for each in left for part in _without(each, hole)]
    return left


def _without(block: Network, hole: Network) -> list[Network]:
    if _common(block, hole) is None:
        return [block]
    if hole.prefixlen <= block.prefixlen:
        return []
    return list(block.address_exclude(hole))  # type: ignore[arg-type]  # `_common` has compared the versions


def connections(
    policies: Iterable[Object],
    namespaces: Iterable[Object],
    pods: Iterable[Object],
    outsiders: Iterable[Outsider] = (),
) -> list[Connection]:
    """Connections that are allowed, sorted; pods of one workload are one party.

    Pods that have ended are left out, and so is what happens between outsiders.
    """
    cluster = Reach(policies, namespaces)
    inside = [Pod.of(each) for each in pods if (each.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
    outside = list(outsiders)
    found: dict[tuple[str, str], Ports] = {}
    pairs: list[tuple[Pod | Outsider, Pod | Outsider]] = [(a, b) for a in inside for b in inside if a is not b]
    pairs += [pair for pod in inside for other in outside for pair in ((pod, other), (other, pod))]
    for source, destination in pairs:
        if ports := cluster.ports(source, destination):
            key = (_called(source), _called(destination))
            found[key] = found.get(key, NO_PORT) | ports
    return [Connection(source, destination, ports) for (source, destination), ports in sorted(found.items())]


def _called(party: Pod | Outsider) -> str:
    return str(party) if isinstance(party, Pod) else party.name


def table(found: Iterable[Connection]) -> str:
    """Table of connections, `source → destination: ports`, a line each."""
    return "".join(f"{each}\n" for each in found)
