"""NetworkPolicy rules of a service's pods; everything else is denied.

Rules are lists that a template prints. An empty `to` or `from` would mean everyone, so no rule here is made of nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any, TypeVar

import pulumi

from paddock.catalog.lookup import shown
from paddock.choices import HTTPS_PORT
from paddock.common.inputs import ArgumentError

Rule = Mapping[str, Any]
Cidrs = pulumi.Input[Sequence[pulumi.Input[str]]]

POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Source: EKS user guide, pod-id-agent-setup: a link-local address of the node, port 80 for credentials."""
WIDEST_PREFIX = 8
"""Wider is no list of places but the internet by another name; the widest range of S3 is a /15."""

HTTPS = {"protocol": "TCP", "port": HTTPS_PORT}

Value = TypeVar("Value")


def egress_rules(endpoint_cidrs: Cidrs | None, s3_cidrs: Cidrs | None) -> list[Rule]:
    """Names, credentials, and AWS by HTTPS: what loading weights takes. No other pod, and no server in the VPC."""
    dns = {
        "to": [{**_namespaces(["kube-system"]), "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
        "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
    }
    credentials = {
        "to": [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}],
        "ports": [{"protocol": "TCP", "port": 80}],
    }
    aws = [
        {"to": _blocks(name, cidrs), "ports": [HTTPS]}
        for name, cidrs in (("endpoint_cidrs", endpoint_cidrs), ("s3_cidrs", s3_cidrs))
        if cidrs is not None and cidrs != []
    ]
    return [dns, credentials, *aws]


def ingress_rules(namespaces: Sequence[str], cidrs: Cidrs | None, port: int) -> list[Rule]:
    """Ingress rules: the callers of the service, on its port alone."""
    ports = [{"protocol": "TCP", "port": port}]
    rules: list[Rule] = []
    if namespaces:
        rules.append({"from": [_namespaces(namespaces)], "ports": ports})
    if cidrs is not None and cidrs != []:
        rules.append({"from": _blocks("client_cidrs", cidrs), "ports": ports})
    return rules


def _namespaces(names: Sequence[str]) -> Rule:
    """Selector by the label that the API server itself keeps on every namespace."""
    key = "kubernetes.io/metadata.name"
    return {"namespaceSelector": {"matchExpressions": [{"key": key, "operator": "In", "values": list(names)}]}}


def _blocks(name: str, cidrs: Cidrs) -> pulumi.Input[list[Rule]]:
    return _checked(cidrs, lambda known: [{"ipBlock": {"cidr": _narrow(name, each)}} for each in _some(name, known)])


def _checked(value: Any, check: Callable[[Any], Value]) -> pulumi.Input[Value]:
    """Now if the value is plain, else when it is known."""
    plain = not isinstance(value, pulumi.Output) and not any(isinstance(each, pulumi.Output) for each in value)
    return check(value) if plain else pulumi.Output.from_input(value).apply(check)


def _some(name: str, cidrs: Sequence[str]) -> Sequence[str]:
    if not cidrs:
        raise ArgumentError(f"VllmService: {name} came out empty, which a NetworkPolicy would read as everyone")
    return cidrs


def _narrow(name: str, cidr: str) -> str:
    try:
        network = IPv4Network(cidr)
    except ValueError:
        raise ArgumentError(f"VllmService: {name} must be IPv4 ranges such as 10.0.0.0/16, got {shown(cidr)}") from None
    if network.prefixlen < WIDEST_PREFIX:
        raise ArgumentError(f"VllmService: {name} has {cidr}; each must be /{WIDEST_PREFIX} or narrower")
    return str(network)
