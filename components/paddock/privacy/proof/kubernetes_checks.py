"""Checks of Kubernetes objects: services, ingresses, network policies, and where pods run."""

from __future__ import annotations

from paddock.privacy.predicates.documents import as_list
from paddock.privacy.predicates.facts import makes_pods
from paddock.privacy.predicates.findings import Problem
from paddock.privacy.predicates.load_balancers import log_buckets, service_findings
from paddock.privacy.predicates.network_policies import directions, lets_everything, selects_all
from paddock.privacy.predicates.pods import pods
from paddock.privacy.predicates.types import EKS_CLUSTER, INGRESS, NETWORK_POLICY, NODE_GROUP
from paddock.privacy.predicates.values import UNKNOWN, annotation, has_unknown, shown, value_at, values_at
from paddock.privacy.proof.context import SUBNET, Context, some
from paddock.privacy.proof.graph import OUTSIDE, PODS, State
from paddock.privacy.proof.inventory import Inventory
from paddock.privacy.resource import Resource

NODE_TYPES = (NODE_GROUP, "aws:eks/fargateProfile:FargateProfile")
ACCESS = "cluster-access"
ROLE_OF_ACCOUNT = "eks.amazonaws.com/role-arn"
UNNAMED = frozenset({"system:anonymous", "system:unauthenticated"})
"""Names of nobody. Of `system:authenticated` EKS names each: it has an access entry, or is a pod."""
ALL_PODS = ("system:serviceaccounts", "system:authenticated")
ADMINISTRATORS = frozenset({"cluster-admin", "admin", "edit", "system:masters"})
MACHINES = (EKS_CLUSTER, "aws:ec2/instance:Instance", "aws:autoscaling/group:Group", "aws:ecs/service:Service")


def runs_anything(inventory: Inventory) -> bool:
    """True where the resources hold pods, or machines that might."""
    return any(each.type in (*NODE_TYPES, *MACHINES) or makes_pods(each.type) for each in inventory.resources)


def node_group(context: Context, here: Resource) -> None:
    """EKS node group or Fargate profile: pods run in its subnets."""
    subnets = [each for each in context.inventory.targets(here, "subnetIds") if each.type == SUBNET]
    vpcs = {vpc: None for each in subnets for vpc in context.vpcs(each)}
    node = context.node(here)
    context.edge(PODS, node, State.INSIDE, "nodes", here, "pods run on its nodes")
    for each in context.inventory.targets(here, "launchTemplate"):
        latest, default = (str(each.values.get(key)) for key in ("latestVersion", "defaultVersion"))
        asked = str(value_at(here.values, "launchTemplate.version", "$Default")).replace("$Default", default)
        if asked not in (latest, "$Latest", str(UNKNOWN)) and latest not in ("None", str(UNKNOWN)):
            text = f"starts from version {asked} of {each.name}; the one that is seen is {latest}"
            context.edge(node, OUTSIDE, State.UNCLEAR, "nodes", here, text)
    for vpc in vpcs:
        if vpc != PODS:
            context.edge(node, vpc, State.INSIDE, "nodes", here, "its nodes stand in this VPC")
    if PODS in vpcs or not vpcs:
        context.edge(node, OUTSIDE, State.UNCLEAR, "nodes", here, "its subnets or their VPC are not seen here")


def cluster(context: Context, here: Resource) -> None:
    """EKS cluster and its Kubernetes API: a caller that reaches it with rights can enter any pod."""
    text = "the API can run commands in pods"
    context.edge(PODS, context.node(here), State.INSIDE, "cluster-endpoint", here, text)


def service(context: Context, here: Resource) -> None:
    """Service or Ingress, and whom its load balancer lets in."""
    rule = here.type.rpartition(":")[2].lower()
    for finding in service_findings(here.type, here.values):
        # The AWS Load Balancer Controller makes an Ingress internal unless told; another may not.
        is_said = isinstance(finding, Problem) and (here.type != INGRESS or "got internet-facing" in finding.text)
        context.beside_pods(here, State.OPEN if is_said else State.UNCLEAR, rule, str(finding))
    for path, bucket in log_buckets(here.values):
        if bucket is UNKNOWN or not context.is_own(str(bucket)):
            text = f"{path} is {shown(bucket)}: who calls is logged into a bucket that is not seen here"
            context.beside_pods(here, State.UNCLEAR, "logs", text)


def config_map(context: Context, here: Resource) -> None:
    """ConfigMap: text in the cluster, but for the one by which EKS lets identities of any account in."""
    if value_at(here.values, "metadata.name") == "aws-auth":
        text = "aws-auth lets identities use the Kubernetes API where the cluster reads it; use access entries"
        context.beside_pods(here, State.UNCLEAR, ACCESS, text)


def service_account(context: Context, here: Resource) -> None:
    """ServiceAccount: an identity of the cluster, and by an annotation that of a role."""
    role = annotation(here.values, ROLE_OF_ACCOUNT)
    if role is not None and (role is UNKNOWN or not context.is_own(str(role))):
        text = f"its pods take {shown(role)}, a role that is not seen here"
        context.beside_pods(here, State.UNCLEAR, "pod-identity", text)


def binding(context: Context, here: Resource) -> None:
    """RBAC binding: rights in the cluster for its own identities; nobody unnamed, and no pod gets all of them."""
    role = value_at(here.values, "roleRef.name")
    subjects = [[value_at(each, "kind"), value_at(each, "name")] for _, each in values_at(here.values, "subjects[]")]
    if has_unknown([role, *subjects]):
        context.beside_pods(here, State.UNCLEAR, ACCESS, "whom it gives rights is not known yet")
        return
    for kind, name in ((kind, str(name)) for kind, name in subjects):
        if name in UNNAMED:
            context.beside_pods(
                here, State.OPEN, ACCESS, f"it gives {role} to {name}, whoever reaches the Kubernetes API"
            )
        elif role in ADMINISTRATORS and (kind == "ServiceAccount" or name.startswith(ALL_PODS)):
            context.beside_pods(
                here, State.UNCLEAR, ACCESS, f"pods as {name} are {role} of the cluster, and may enter all"
            )


def role(context: Context, here: Resource) -> None:
    """RBAC role: named rights; one of everything is an administrator under another name."""
    for _, rule in values_at(here.values, "rules[]"):
        verbs, resources = as_list(value_at(rule, "verbs")), as_list(value_at(rule, "resources"))
        if has_unknown([rule, verbs]) or ("*" in verbs and "*" in resources):
            context.beside_pods(
                here, State.UNCLEAR, ACCESS, "it gives every right, or one that is not known; name them"
            )


def pod_egress(context: Context) -> None:
    """Remarks on pods' own egress rules, which the verdict does not rest on."""
    made = (each for each in context.inventory.resources if makes_pods(each.type))
    seen = [(_namespace(each), each, pod) for each in made for _, pod, _ in pods(each.type, each.values)]
    if not seen:
        context.remarks.append("No pods are among these resources; nodes stand for them.")
    policies: dict[str, list[bool]] = {}
    for each in context.inventory.of(NETWORK_POLICY):
        if "Egress" in directions(each.values):
            opens = any(True for _ in lets_everything(each.values, "Egress"))
            # Of a policy for some pods, what it lets through counts, and not what it denies.
            policies.setdefault(_namespace(each), []).extend([opens] if opens or selects_all(each.values) else [])
    unlimited = sorted({name for name, *_ in seen if not policies.get(name) or any(policies[name])})
    models = sorted({name for name, _, pod in seen if _asks_for_gpus(pod)} & set(unlimited))
    if models:
        context.remarks.append(
            f"Nothing limits where the GPU pods of namespace {some(models)} may connect to (no NetworkPolicy of "
            "type Egress, or one that lets them out everywhere). The network alone carries this proof."
        )
    if others := [each for each in unlimited if each not in models]:
        context.remarks.append(f"Nothing limits where the pods of namespace {some(others)} may connect to.")
    if seen and not unlimited:
        names = some(sorted({name for name, *_ in seen}))
        context.remarks.append(
            f"NetworkPolicies limit the egress of all pods of {names} too; the proof does not need it."
        )
    for _, each, pod in seen:
        if value_at(pod, "hostNetwork") is True:
            context.remarks.append(f"{each.name} is on its node's network, where no NetworkPolicy binds it.")


def _namespace(resource: Resource) -> str:
    name = value_at(resource.values, "metadata.namespace", "default")
    return name if isinstance(name, str) else "(not known yet)"


def _asks_for_gpus(pod: object) -> bool:
    return any("gpu" in str(limits) for _, limits in values_at(pod, "containers[].resources.limits"))
