"""Judges of Kubernetes objects: services, ingresses, network policies, and where pods run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paddock.policy.predicates import UNKNOWN, public_address_findings
from paddock.policy.predicates.findings import Problem, values_at
from paddock.proof import documents
from paddock.proof.graph import OUTSIDE, PODS, State
from paddock.proof.ranges import judged_range
from paddock.proof.resources import Resource
from paddock.proof.scene import SUBNET, Scene

NODE_HOLDERS = {
    "aws:eks/nodeGroup:NodeGroup": "subnetIds",
    "aws:eks/fargateProfile:FargateProfile": "subnetIds",
}
SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
INGRESS_SCHEME = "alb.ingress.kubernetes.io/scheme"
WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob", "Pod", "LeaderWorkerSet")


def node_holder(scene: Scene, here: Resource) -> None:
    subnets = [each for each in scene.inventory.targets(here, NODE_HOLDERS[here.type]) if each.type == SUBNET]
    named = here.values.get(NODE_HOLDERS[here.type])
    # Ids that are known but lead to no subnet here would be dropped without a word.
    unseen = isinstance(named, list) and any(isinstance(e, str) and e not in scene.inventory.by_identity for e in named)
    node = scene.node(here)
    scene.way(PODS, node, State.INSIDE, "nodes", here, "pods run on its nodes")
    for vpc in {vpc: None for each in subnets for vpc in scene.vpcs(each)}:
        if vpc != PODS:
            scene.way(node, vpc, State.INSIDE, "nodes", here, "its nodes stand in this VPC")
        else:
            unseen = True
    if unseen or not subnets:
        scene.way(node, OUTSIDE, State.UNCLEAR, "nodes", here, "its subnets or their VPC are not seen here")
    for finding in public_address_findings(here.type, here.values):
        state = State.OPEN if isinstance(finding, Problem) else State.UNCLEAR
        text = str(finding) if isinstance(finding, Problem) else f"{finding.path} is not known yet"
        scene.way(node, OUTSIDE, state, "public-address", here, text)


def service(scene: Scene, here: Resource) -> None:
    spec = _mapping(here.values.get("spec"))
    kind = spec.get("type", "ClusterIP")
    notes = _mapping(_mapping(here.values.get("metadata")).get("annotations"))
    if here.values.get("spec") is UNKNOWN or kind is UNKNOWN:
        _pods(scene, here, State.UNCLEAR, "service", "its type is not known yet")
    elif kind == "LoadBalancer" and notes.get(SCHEME) != "internal" and notes.get(INTERNAL) not in ("true", True):
        text = f"a service of type LoadBalancer may be internet-facing; annotate it {SCHEME}: internal"
        _pods(scene, here, State.OPEN, "service", text)
    elif kind == "ExternalName":
        _pods(scene, here, State.UNCLEAR, "service", f"it stands for {spec.get('externalName')}, not seen here")
    addresses = spec.get("externalIPs") or ()
    if addresses is UNKNOWN:
        _pods(scene, here, State.UNCLEAR, "service", "its external addresses are not known yet")
        addresses = ()
    for address in addresses:
        _pods(scene, here, State.OPEN, "service", f"it answers on {address}, an address from outside the cluster")


def ingress(scene: Scene, here: Resource) -> None:
    notes = _mapping(_mapping(here.values.get("metadata")).get("annotations"))
    scheme = notes.get(INGRESS_SCHEME)
    if scheme == "internet-facing":
        _pods(scene, here, State.OPEN, "ingress", "its load balancer is internet-facing; make the scheme internal")
    elif scheme != "internal":
        _pods(
            scene, here, State.UNCLEAR, "ingress", f"who reaches it is not said; annotate it {INGRESS_SCHEME}: internal"
        )


def pod_egress(scene: Scene) -> None:
    """What is said of pods' own egress rules, which the verdict does not rest on."""
    if not any(each.type.rpartition(":")[2] in WORKLOADS for each in scene.inventory.resources):
        scene.remarks.append("No pods are among these resources; nodes stand for them.")
    found = list(scene.inventory.of("kubernetes:networking.k8s.io/v1:NetworkPolicy"))
    wide = [each.name for each in found if any(_wide(block) for block in _egress_ranges(each.values))]
    limiting = [
        each.name
        for each in found
        if "Egress" in documents.listed(_mapping(each.values.get("spec")).get("policyTypes"))
    ]
    if not limiting:
        scene.remarks.append(
            "Pods have no egress rule (no NetworkPolicy of type Egress): each reaches whatever the VPC lets it reach, "
            "other pods included. The network alone carries this proof."
        )
    elif wide:
        scene.remarks.append(
            f"Egress rules of {', '.join(wide)} let pods out to every address. The network alone carries this proof."
        )
    else:
        scene.remarks.append(f"Pods' egress is narrowed too, by {', '.join(limiting)}; the proof does not need it.")
    for each in scene.inventory.resources:
        if each.type.startswith("kubernetes:") and any(v is True for _, v in _host_network(each.values)):
            scene.remarks.append(f"{each.name} is on its node's network, where no NetworkPolicy binds it.")


def _host_network(values: object) -> list[tuple[str, object]]:
    return [*values_at(values, "spec.hostNetwork"), *values_at(values, "spec.template.spec.hostNetwork")]


def _egress_ranges(values: object) -> list[object]:
    return [cidr for _, cidr in values_at(values, "spec.egress[].to[].ipBlock.cidr")] + [
        "0.0.0.0/0"
        for _, rule in values_at(values, "spec.egress[]")
        if isinstance(rule, Mapping) and not rule.get("to")
    ]


def _wide(cidr: object) -> bool:
    return cidr is UNKNOWN or judged_range(cidr) is State.OPEN


def _pods(scene: Scene, here: Resource, state: State, rule: str, text: str) -> None:
    node = scene.node(here)
    scene.way(PODS, node, State.INSIDE, rule, here, "it leads to pods")
    scene.way(node, OUTSIDE, state, rule, here, text)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
