"""Load balancers with an address on the internet, and listeners that speak in plain text."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from paddock.privacy.predicates.findings import (
    UNKNOWN,
    Finding,
    Inputs,
    Problem,
    Undecided,
    required,
    value_at,
    values_at,
)

LOAD_BALANCERS = frozenset(f"aws:{service}/loadBalancer:LoadBalancer" for service in ("alb", "elb", "lb"))
LISTENERS: Mapping[str, str] = MappingProxyType(
    {
        "aws:lb/listener:Listener": "protocol",
        "aws:alb/listener:Listener": "protocol",
        "aws:elb/loadBalancer:LoadBalancer": "listeners[].lbProtocol",
    }
)
"""Path of the protocol that clients speak, by type."""
ENCRYPTED = frozenset({"TLS", "HTTPS", "SSL"})

SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        "kubernetes:core/v1:Service": "service.beta.kubernetes.io/aws-load-balancer-scheme",
        "kubernetes:networking.k8s.io/v1:Ingress": "alb.ingress.kubernetes.io/scheme",
    }
)
"""Annotation by which the AWS Load Balancer Controller chooses. Its default for both is `internal`, but the
controller built into Kubernetes makes a Service's balancer public, so silence is refused."""


def load_balancer_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Load balancers of AWS, and of Kubernetes services and ingresses, that are not said to be internal."""
    if resource_type in LOAD_BALANCERS:
        return required(inputs, "internal", wanted=True, why="AWS gives a balancer public addresses unless told not to")
    return list(_kubernetes(resource_type, inputs)) if resource_type in SCHEMES else []


def listener_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Listeners that end no TLS: prompts pass them in plain text, or encrypted by somebody who is not seen here."""
    path = LISTENERS.get(resource_type)
    if path is None:
        return []
    found: list[Finding] = []
    for where, protocol in list(values_at(inputs, path)) or [(path, None)]:
        if protocol is UNKNOWN:
            found.append(Undecided(where))
        elif str(protocol).upper() not in ENCRYPTED:
            found.append(Problem(where, f"got {protocol}; prompts would pass in plain text; set TLS or HTTPS"))
    return found


def _kubernetes(resource_type: str, inputs: Inputs) -> Iterator[Finding]:
    if resource_type.endswith(":Service"):
        kind = value_at(inputs, "spec.type", "ClusterIP")
        if kind is UNKNOWN:
            yield Undecided("spec.type")
            return
        policy = value_at(inputs, "spec.externalTrafficPolicy", "Cluster")
        if kind == "NodePort" and policy is UNKNOWN:
            yield Undecided("spec.externalTrafficPolicy")
        elif kind == "NodePort" and policy != "Local":
            # With Local the other nodes answer nothing, and the nodes' security group, checked too, says to whom.
            why = "got NodePort, which opens a port on every node; use ClusterIP, or externalTrafficPolicy Local"
            yield Problem("spec.type", why)
        if kind != "LoadBalancer":
            return
    name = SCHEMES[resource_type]
    annotations = value_at(inputs, "metadata.annotations", {})
    scheme = annotations.get(name) if isinstance(annotations, Mapping) else annotations
    path = f"metadata.annotations[{name}]"
    if scheme is UNKNOWN:
        yield Undecided(path)
    elif scheme != "internal":
        yield Problem(path, f"got {scheme}; the balancer may stand on the internet; set it to internal")
