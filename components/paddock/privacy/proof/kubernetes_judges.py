"""Judges of Kubernetes objects: services, ingresses, network policies, and where pods run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from paddock.privacy.predicates import UNKNOWN, public_address_findings
from paddock.privacy.predicates.findings import Problem, values_at
from paddock.privacy.proof.graph import OUTSIDE, PODS, State
from paddock.privacy.proof.ranges import judged_range
from paddock.privacy.proof.reach import Network, Pod, Reach
from paddock.privacy.proof.resources import Inventory, Resource
from paddock.privacy.proof.scene import SUBNET, Scene

NODE_HOLDERS = {
    "aws:eks/nodeGroup:NodeGroup": "subnetIds",
    "aws:eks/fargateProfile:FargateProfile": "subnetIds",
}
SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
INGRESS_SCHEME = "alb.ingress.kubernetes.io/scheme"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
MOST_PUBLIC_ADDRESSES = {4: 2**24, 6: 2**96}
"""A /8 and a /32: S3 of a large region is a tenth of that, and two halves of the internet are no list."""
WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob", "Pod", "LeaderWorkerSet")


MACHINES = (
    "aws:eks/cluster:Cluster",
    "aws:ec2/instance:Instance",
    "aws:autoscaling/group:Group",
    "aws:ecs/service:Service",
)


def runs_anything(inventory: Inventory) -> bool:
    """Whether the resources hold pods, or machines that might."""
    return any(each.type in NODE_HOLDERS or each.type in MACHINES or _is_workload(each) for each in inventory.resources)


def _is_workload(resource: Resource) -> bool:
    return resource.type.startswith("kubernetes:") and resource.type.rpartition(":")[2] in WORKLOADS


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
    seen = list(_workloads(scene))
    if not seen:
        scene.remarks.append("No pods are among these resources; nodes stand for them.")
    cluster = Reach(
        [_known_policy(each.values) for each in scene.inventory.of(NETWORK_POLICY)],
        [each.values for each in scene.inventory.of("kubernetes:core/v1:Namespace") if _has_metadata(each.values)],
    )
    unlimited = sorted({pod.namespace for pod, _ in seen if _unlimited(cluster.egress_blocks(pod))})
    models = sorted({pod.namespace for pod, uses_gpus in seen if uses_gpus} & set(unlimited))
    if models:
        scene.remarks.append(
            f"Nothing limits where the GPU pods of namespace {', '.join(models)} may connect to (no NetworkPolicy of "
            "type Egress, or one that lets them out everywhere). The network alone carries this proof."
        )
    if others := [each for each in unlimited if each not in models]:
        scene.remarks.append(f"Nothing limits where the pods of namespace {', '.join(others)} may connect to.")
    if seen and not unlimited:
        names = ", ".join(sorted({pod.namespace for pod, _ in seen}))
        scene.remarks.append(
            f"NetworkPolicies limit the egress of all pods of {names} too; the proof does not need it."
        )
    for each in scene.inventory.resources:
        if each.type.startswith("kubernetes:") and any(v is True for _, v in _host_network(each.values)):
            scene.remarks.append(f"{each.name} is on its node's network, where no NetworkPolicy binds it.")


def _workloads(scene: Scene) -> Iterator[tuple[Pod, bool]]:
    """Every pod that a workload would make, and whether it asks for GPUs."""
    for each in scene.inventory.resources:
        if not _is_workload(each):
            continue
        metadata, spec = _mapping(each.values.get("metadata")), _mapping(each.values.get("spec"))
        for step in ("jobTemplate", "leaderWorkerTemplate"):
            spec = _mapping(_mapping(spec.get(step)).get("spec")) or _mapping(spec.get(step)) or spec
        template = _mapping(spec.get("template") or spec.get("workerTemplate"))
        labels = _mapping(_mapping(template.get("metadata") or metadata).get("labels"))
        pod_spec = _mapping(template.get("spec")) or spec
        namespace = metadata.get("namespace") or "default"
        pod = Pod(
            namespace=namespace if isinstance(namespace, str) else "(not known yet)",
            name=each.name,
            labels=labels,
            on_host_network=pod_spec.get("hostNetwork") is True,
        )
        limits = [value for _, value in values_at(pod_spec, "containers[].resources.limits")]
        yield pod, any("gpu" in str(key) for limit in limits for key in _mapping(limit))


def _known_policy(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The policy as it stands; where part of its egress is not known yet, as if it let everything out."""
    spec = _mapping(values.get("spec"))
    if _holds_unknown(spec.get("egress")):
        spec = {**spec, "egress": [{}]}
    return {"metadata": _mapping(values.get("metadata")), "spec": spec}


def _holds_unknown(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(_holds_unknown(each) for each in value)
    return value is UNKNOWN


def _has_metadata(values: Mapping[str, Any]) -> bool:
    return isinstance(_mapping(values.get("metadata")).get("name"), str)


def _unlimited(blocks: Sequence[Network] | None) -> bool:
    """Whether ranges are everywhere: more public addresses than a list of places has, in one range or in many."""
    if blocks is None:
        return True
    public = [block for block in blocks if judged_range(block) is not State.INSIDE]
    return any(
        sum(block.num_addresses for block in public if block.version == version) > most
        for version, most in MOST_PUBLIC_ADDRESSES.items()
    )


def _host_network(values: object) -> list[tuple[str, object]]:
    return [*values_at(values, "spec.hostNetwork"), *values_at(values, "spec.template.spec.hostNetwork")]


def _pods(scene: Scene, here: Resource, state: State, rule: str, text: str) -> None:
    node = scene.node(here)
    scene.way(PODS, node, State.INSIDE, rule, here, "it leads to pods")
    scene.way(node, OUTSIDE, state, rule, here, text)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
