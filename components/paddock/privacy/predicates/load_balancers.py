"""Load balancers that Kubernetes asks AWS for, by a Service or an Ingress."""

import re
from collections.abc import Collection, Iterator, Mapping

from paddock.privacy.predicates.findings import Finding, Problem, Undecided
from paddock.privacy.predicates.types import INGRESS, SERVICE
from paddock.privacy.predicates.values import UNKNOWN, Inputs, annotation, shown, value_at, values_at

INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
INGRESS_SCHEME = "alb.ingress.kubernetes.io/scheme"
TYPE, CLASS = "service.beta.kubernetes.io/aws-load-balancer-type", "kubernetes.io/ingress.class"
BY_SCHEME = frozenset({"service.k8s.aws/nlb", "eks.amazonaws.com/nlb", "external", "nlb-ip"})
"""Classes, and types of a Service of no class, of the AWS Load Balancer Controller and of EKS Auto Mode, which alone
read the scheme. EKS's own controller serves any other Service of no class, reads INTERNAL, and makes a public balancer
without it. Source: cloud-provider-aws, pkg/providers/v1/aws.go, isLBExternal, and aws-load-balancer-controller,
docs/guide/service/annotations.md, read 2026-11-28."""
LOG_BUCKET = re.compile(r"(?:_logs\.s3\.bucket|access-log-s3-bucket-name)\s*=\s*([^,\s]+)")


def service_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A Service or an Ingress whose balancer is not said to be internal, or that leads outside."""
    if resource_type == INGRESS:
        name = value_at(inputs, "spec.ingressClassName") or annotation(inputs, CLASS)
        return [*_scheme(inputs, INGRESS_SCHEME), *_class("spec.ingressClassName", name, {"alb"})]
    return list(_service(inputs)) if resource_type == SERVICE else []


def node_port_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A Service with a port on every node."""
    if resource_type != SERVICE or value_at(inputs, "spec.type") != "NodePort":
        return []
    policy = value_at(inputs, "spec.externalTrafficPolicy", "Cluster")
    if policy is UNKNOWN:
        return [Undecided("spec.externalTrafficPolicy")]
    # With Local the other nodes answer nothing, and the nodes' security group, checked too, says to whom.
    why = "got NodePort, which opens a port on every node; use ClusterIP, or externalTrafficPolicy Local"
    return [] if policy == "Local" else [Problem("spec.type", why)]


def _service(inputs: Inputs) -> Iterator[Finding]:
    kind = value_at(inputs, "spec.type", "ClusterIP")
    if kind is UNKNOWN:
        yield Undecided("spec.type")
    elif kind == "LoadBalancer":
        named = value_at(inputs, "spec.loadBalancerClass")
        by = named or annotation(inputs, TYPE)
        yield from _class("spec.loadBalancerClass", UNKNOWN if by is UNKNOWN else named, BY_SCHEME)
        if by in BY_SCHEME or not named:
            yield from _scheme(inputs, SCHEME) if by in BY_SCHEME else _internal(inputs)
    elif kind not in ("ClusterIP", "NodePort"):
        yield Problem("spec.type", f"got {kind}, which leads clients to {value_at(inputs, 'spec.externalName')}")
    for path, address in values_at(inputs, "spec.externalIPs[]"):
        outside = f"got {address}, an address from outside the cluster; remove it"
        yield Undecided(path) if address is UNKNOWN else Problem(path, outside)


def _scheme(inputs: Inputs, name: str) -> Iterator[Finding]:
    scheme = annotation(inputs, name)
    path = f"metadata.annotations[{name}]"
    if scheme is UNKNOWN:
        yield Undecided(path)
    elif scheme != "internal":
        yield Problem(path, f"got {scheme}; the balancer may stand on the internet; set it to internal")


def _class(path: str, name: object, known: Collection[str]) -> Iterator[Finding]:
    if name is UNKNOWN:
        yield Undecided(path)
    elif name and name not in known:
        yield Undecided(path, f"got {shown(name)}, and where its controller leads is not seen")


def log_buckets(inputs: Inputs) -> Iterator[tuple[str, object]]:
    """Buckets into which a balancer writes who called it, each with its annotation; what is not known yet too."""
    for path, annotations in values_at(inputs, "metadata.annotations"):
        for name, text in annotations.items() if isinstance(annotations, Mapping) else [(path, UNKNOWN)]:
            if text is not UNKNOWN:
                yield from ((name, each) for each in LOG_BUCKET.findall(f"{name}={text}"))
            elif name == path or name.endswith(("balancer-attributes", "log-s3-bucket-name")):
                yield name, UNKNOWN


def _internal(inputs: Inputs) -> Iterator[Finding]:
    internal, scheme = annotation(inputs, INTERNAL), annotation(inputs, SCHEME)
    path = f"metadata.annotations[{INTERNAL}]"
    if UNKNOWN in (internal, scheme):
        yield Undecided(path)
    elif str(internal).lower() != "true":
        text = "EKS's own controller then makes a public balancer, whatever the scheme; set it to 'true'"
        yield Problem(path, f"got {internal}; {text}")
    elif scheme not in (None, "internal"):
        yield Problem(f"metadata.annotations[{SCHEME}]", f"got {scheme}; set it to internal or remove it")
