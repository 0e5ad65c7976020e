"""Checks of Kubernetes objects: services, ingresses, network policies, and where pods run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from paddock.privacy.predicates import UNKNOWN, service_findings
from paddock.privacy.predicates.documents import as_list
from paddock.privacy.predicates.findings import has_unknown, values_at
from paddock.privacy.predicates.ranges import Breadth, breadth
from paddock.privacy.predicates.types import EKS_CLUSTER, INGRESS, NETWORK_POLICY, NODE_GROUP
from paddock.privacy.proof.context import SUBNET, Context, exit_of
from paddock.privacy.proof.graph import OUTSIDE, PODS, State
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.proof.reach import Network, Pod, Reach
from paddock.privacy.resource import Resource

NODE_TYPES = (NODE_GROUP, "aws:eks/fargateProfile:FargateProfile")
ACCESS = "cluster-access"
UNNAMED = frozenset({"system:anonymous", "system:unauthenticated", "system:authenticated"})
ADMINISTRATORS = frozenset({"cluster-admin", "admin", "edit", "system:masters"})
MOST_PUBLIC_ADDRESSES = {4: 2**24, 6: 2**96}
"""Most public addresses of an allow-list, a /8 and a /32: S3 of a large region is a tenth of that."""
WORKLOADS = ("Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob", "Pod", "LeaderWorkerSet")
MACHINES = (
    EKS_CLUSTER,
    "aws:ec2/instance:Instance",
    "aws:autoscaling/group:Group",
    "aws:ecs/service:Service",
)


def runs_anything(inventory: Inventory) -> bool:
    """True where the resources hold pods, or machines that might."""
    return any(each.type in (*NODE_TYPES, *MACHINES) or _is_workload(each) for each in inventory.resources)


def _is_workload(resource: Resource) -> bool:
    return resource.type.startswith("kubernetes:") and resource.type.rpartition(":")[2] in WORKLOADS


def node_group(context: Context, here: Resource) -> None:
    """EKS node group or Fargate profile: pods run in its subnets."""
    subnets = [each for each in context.inventory.targets(here, "subnetIds") if each.type == SUBNET]
    named = here.values.get("subnetIds")
    # Ids that are known but lead to no subnet here would be dropped without a word.
    unseen = isinstance(named, list) and any(isinstance(e, str) and not context.inventory.named(e) for e in named)
    node = context.node(here)
    context.edge(PODS, node, State.INSIDE, "nodes", here, "pods run on its nodes")
    for vpc in {vpc: None for each in subnets for vpc in context.vpcs(each)}:
        if vpc != PODS:
            context.edge(node, vpc, State.INSIDE, "nodes", here, "its nodes stand in this VPC")
        else:
            unseen = True
    if unseen or not subnets:
        context.edge(node, OUTSIDE, State.UNCLEAR, "nodes", here, "its subnets or their VPC are not seen here")


def cluster(context: Context, here: Resource) -> None:
    """EKS cluster and its Kubernetes API: a caller that reaches it with rights can enter any pod."""
    text = "the API can run commands in pods"
    context.edge(PODS, context.node(here), State.INSIDE, "cluster-endpoint", here, text)


def service(context: Context, here: Resource) -> None:
    """Service or Ingress, and whom its load balancer lets in."""
    rule = here.type.rpartition(":")[2].lower()
    for finding in service_findings(here.type, here.values):
        state, text = exit_of(finding)
        # The AWS Load Balancer Controller makes an Ingress internal unless told; another may not.
        said = here.type != INGRESS or "got internet-facing" in text
        _pods(context, here, state if said else State.UNCLEAR, rule, text)


def config_map(context: Context, here: Resource) -> None:
    """ConfigMap: text in the cluster, but for the one by which EKS lets identities of any account in."""
    if _mapping(here.values.get("metadata")).get("name") == "aws-auth":
        text = "aws-auth lets identities use the Kubernetes API where the cluster reads it; use access entries"
        _pods(context, here, State.UNCLEAR, ACCESS, text)


def binding(context: Context, here: Resource) -> None:
    """RBAC binding: rights in the cluster for its own identities; nobody unnamed, and no pod gets all of them."""
    role = _mapping(here.values.get("roleRef")).get("name")
    subjects = here.values.get("subjects")
    if role is UNKNOWN or has_unknown(subjects) or not isinstance(subjects, list | None):
        _pods(context, here, State.UNCLEAR, ACCESS, "whom it gives rights is not known yet")
        return
    for subject in subjects or ():
        kind, name = _mapping(subject).get("kind"), str(_mapping(subject).get("name"))
        if name in UNNAMED:
            _pods(context, here, State.OPEN, ACCESS, f"it gives {role} to {name}, whoever reaches the Kubernetes API")
        elif role in ADMINISTRATORS and (kind == "ServiceAccount" or name.startswith("system:serviceaccounts")):
            _pods(context, here, State.UNCLEAR, ACCESS, f"pods as {name} are {role} of the cluster, and may enter all")


def role(context: Context, here: Resource) -> None:
    """RBAC role: named rights; one of everything is an administrator under another name."""
    for _, rule in values_at(here.values, "rules[]"):
        verbs, resources = _mapping(rule).get("verbs"), _mapping(rule).get("resources")
        if has_unknown(rule) or ("*" in as_list(verbs) and "*" in as_list(resources)):
            _pods(context, here, State.UNCLEAR, ACCESS, "it gives every right, or one that is not known; name them")


def pod_egress(context: Context) -> None:
    """Remarks on pods' own egress rules, which the verdict does not rest on."""
    seen = list(_workloads(context))
    if not seen:
        context.remarks.append("No pods are among these resources; nodes stand for them.")
    cluster = Reach(
        [_known_policy(each.values) for each in context.inventory.of(NETWORK_POLICY)],
        [each.values for each in context.inventory.of("kubernetes:core/v1:Namespace") if _has_metadata(each.values)],
    )
    unlimited = sorted({pod.namespace for pod, _ in seen if _unlimited(cluster.egress_blocks(pod))})
    models = sorted({pod.namespace for pod, uses_gpus in seen if uses_gpus} & set(unlimited))
    if models:
        context.remarks.append(
            f"Nothing limits where the GPU pods of namespace {', '.join(models)} may connect to (no NetworkPolicy of "
            "type Egress, or one that lets them out everywhere). The network alone carries this proof."
        )
    if others := [each for each in unlimited if each not in models]:
        context.remarks.append(f"Nothing limits where the pods of namespace {', '.join(others)} may connect to.")
    if seen and not unlimited:
        names = ", ".join(sorted({pod.namespace for pod, _ in seen}))
        context.remarks.append(
            f"NetworkPolicies limit the egress of all pods of {names} too; the proof does not need it."
        )
    for each in context.inventory.resources:
        if each.type.startswith("kubernetes:") and any(v is True for _, v in _host_network(each.values)):
            context.remarks.append(f"{each.name} is on its node's network, where no NetworkPolicy binds it.")


def _workloads(context: Context) -> Iterator[tuple[Pod, bool]]:
    """Pods that workloads would make, and True for one that asks for GPUs."""
    for each in context.inventory.resources:
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
    """NetworkPolicy as it stands; where part of its egress is not known yet, as if it let everything out."""
    spec = _mapping(values.get("spec"))
    if has_unknown(spec.get("egress")):
        spec = {**spec, "egress": [{}]}
    return {"metadata": _mapping(values.get("metadata")), "spec": spec}


def _has_metadata(values: Mapping[str, Any]) -> bool:
    return isinstance(_mapping(values.get("metadata")).get("name"), str)


def _unlimited(blocks: Sequence[Network] | None) -> bool:
    """True for ranges that are everywhere: more public addresses than an allow-list has, in one range or in many."""
    if blocks is None:
        return True
    public = [block for block in blocks if breadth(block) is not Breadth.PRIVATE]
    return any(
        sum(block.num_addresses for block in public if block.version == version) > most
        for version, most in MOST_PUBLIC_ADDRESSES.items()
    )


def _host_network(values: object) -> list[tuple[str, object]]:
    return [*values_at(values, "spec.hostNetwork"), *values_at(values, "spec.template.spec.hostNetwork")]


def _pods(context: Context, here: Resource, state: State, rule: str, text: str) -> None:
    node = context.node(here)
    context.edge(PODS, node, State.INSIDE, rule, here, "it leads to pods")
    context.edge(node, OUTSIDE, state, rule, here, text)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
