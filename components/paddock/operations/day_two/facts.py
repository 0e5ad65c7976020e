"""Facts of a platform that decide what a change costs: as they stand in a state, and as a plan asks for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from paddock.catalog.eks import eks_addons
from paddock.catalog.lookup import RefusedError, shown
from paddock.choices import NodeOs
from paddock.common.labels import GPU_TAINT_KEY, MODEL_TAG, STACK_TAG
from paddock.economics.price import GP3_THROUGHPUT_MIB_S
from paddock.operations.day_two.state import Resource, State
from paddock.plan.plan import Plan
from paddock.serving.adapters import ADAPTERS_CONTAINER, LORA_MODULES
from paddock.settings import Settings
from paddock.sizing.placement.pod_shape import pull_seconds
from paddock.sizing.placement.shutdown import BACK_OFF_SECONDS

CLUSTER, POOL, SERVICE, BASTION = (
    f"paddock:index:{name}" for name in ("Cluster", "GpuNodePool", "VllmService", "Bastion")
)
NETWORK, BALANCER = "paddock:index:PrivateNetwork", "paddock:index:ServiceLoadBalancer"
WEIGHTS = "paddock:index:WeightsBucket"
NODE_GROUP, TEMPLATE = "aws:eks/nodeGroup:NodeGroup", "aws:ec2/launchTemplate:LaunchTemplate"
DEPLOYMENT, BUDGET = "kubernetes:apps/v1:Deployment", "kubernetes:policy/v1:PodDisruptionBudget"
OURS = frozenset({"Name", STACK_TAG, MODEL_TAG})
"""Tags that are no setting."""
OS_PREFIX = {"BOTTLEROCKET": NodeOs.BOTTLEROCKET, "AL2023": NodeOs.AL2023}
"""Operating system by the first word of an AMI type."""

BINARY = ("Ki", "Mi", "Gi", "Ti")
QUANTITY = re.compile(rf"([0-9]+(?:\.[0-9]+)?)(m|{'|'.join(BINARY)})")
VERSION = re.compile(r"[0-9]+\.[0-9]+")
KEY_VARIABLE = "VLLM_API_KEY"
NAMED_REVISION = re.compile(r"(?<=.)-[0-9a-f]{12}$")
"""End of paddock's own name of a revision, behind the quantization: of a commit, or of the listing."""
KEY_ENDING = ".pem"
"""End of the argument that names the key by which an init container checks weights."""
OWN = "its own"
"""Bucket of weights that the stack itself makes."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One platform; the fields that a stack file sets have the names of their keys."""

    region: str
    kubernetes_version: str
    node_version: str
    """Kubernetes of the GPU nodes: after an `up` that broke off it may be behind the control plane's."""
    system_node_version: str
    node_release_version: str
    """AMI release of the GPU nodes."""
    addons: Mapping[str, str]
    vpc_id: str | None
    """An existing network; None where the stack makes its own."""
    vpc_cidr: str
    number_of_availability_zones: int
    subnets: Mapping[str, str]
    """Ranges by the subnets' names; empty in an existing network."""
    endpoint_zones: int
    """Number of zones in which the interface endpoints have addresses."""
    peer_cidrs: frozenset[str]
    endpoint_public_access_cidrs: frozenset[str]
    bastion: bool
    tunnel_port: int | None
    deletion_protection: bool
    domain_name: str | None
    client_cidrs: frozenset[str]
    allowed_principals: frozenset[str]
    node_os: str
    instance_type: str
    capacity_type: str
    nodes: int
    disks: Mapping[str, str]
    """Size and speed of each GPU node's volumes, by device."""
    tags: Mapping[str, str]
    model: str
    quantization: str
    weights_revision: str | None
    """The revision that pods check; None where they check none."""
    adapters: Mapping[str, str]
    """`<model>/<revision>` of each LoRA adapter by its name."""
    weights_bucket: str
    """A kept bucket's name, or `OWN`."""
    replicas: int
    gpus: int
    """GPUs of one replica."""
    disruption_budget: int
    """Pods that Kubernetes lets go at once when a node is emptied."""
    vllm_image: str
    engine_args: Mapping[str, str]
    api_key: bool
    pod: Mapping[str, Any]
    """All else of the pod, by its place in the Deployment: a change of any of it restarts the pods."""
    start_budget_seconds: int
    """The longest start that the startup probe allows, after the copy of the weights where there is one."""
    grace_seconds: int
    """The longest that a pod may take to end."""


def kept_types(standing: Facts, settings: Settings) -> tuple[str, ...]:
    """Instance types that a plan keeps to: none where the settings ask for another model or capacity type."""
    asked = settings.model
    same = (standing.model, standing.capacity_type) == (asked.name, asked.capacity_type)
    return (standing.instance_type,) if same else ()


def facts_that_stand(state: State) -> Facts:
    """Facts of a state; raises `RefusedError` for a platform that never came up, or is not as paddock makes it."""
    try:
        return _facts_that_stand(state)
    except RefusedError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as odd:
        raise RefusedError(
            f"the platform {state.platform} is in the state in a form that paddock does not make "
            f"({type(odd).__name__}: {shown(str(odd))}), so nothing can be compared; run `pulumi refresh` and try "
            "again, or see `pulumi preview --diff`"
        ) from None


def _facts_that_stand(state: State) -> Facts:
    cluster, deployment = state.one("aws:eks/cluster:Cluster"), state.one(DEPLOYMENT, SERVICE)
    pool, template = _pool(state, deployment)
    system = state.one(NODE_GROUP, CLUSTER)
    if cluster is None or system is None or pool is None or template is None or deployment is None:
        raise RefusedError(
            f"the platform {state.platform} is in the state without its cluster, pool or service: it never came up, "
            "so every change is a first one; run `pulumi up`"
        )
    addons, budget = state.all("aws:eks/addon:Addon", CLUSTER), state.one(BUDGET, SERVICE)
    vpc, balancer = state.one("aws:ec2/vpc:Vpc", NETWORK), state.one("aws:route53/zone:Zone", BALANCER)
    subnets = {
        each.name.removeprefix(f"{state.platform}-"): str(each.now("cidrBlock"))
        for each in state.all("aws:ec2/subnet:Subnet", NETWORK)
    }
    endpoints = [each for each in state.all("aws:ec2/vpcEndpoint:VpcEndpoint") if each.inputs.get("subnetIds")]
    peers = [
        rule.inputs["cidrIpv4"]
        for rule in state.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", CLUSTER)
        if "cidrIpv4" in rule.inputs
    ]
    clients = [
        rule.inputs["cidrIpv4"]
        for rule in state.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", BALANCER)
        if "-lb-from-" in rule.name and not rule.name.endswith("-lb-from-vpc")
    ]
    service = state.one("aws:ec2/vpcEndpointService:VpcEndpointService", BALANCER)
    access = cluster.now("vpcConfig") or {}
    return Facts(
        region=str(cluster.now("arn")).split(":")[3],
        kubernetes_version=_version(cluster),
        node_version=_version(pool),
        system_node_version=_version(system),
        node_release_version=str(pool.now("releaseVersion")),
        addons={each.inputs["addonName"]: str(each.now("addonVersion")) for each in addons},
        vpc_id=str(access["vpcId"]) if vpc is None else None,
        vpc_cidr="" if vpc is None else str(vpc.now("cidrBlock")),
        number_of_availability_zones=len(subnets) // 2 or len(access["subnetIds"]),
        subnets=subnets,
        endpoint_zones=max((len(each.inputs["subnetIds"]) for each in endpoints), default=0),
        peer_cidrs=frozenset(peers),
        endpoint_public_access_cidrs=frozenset(
            (access.get("publicAccessCidrs") or ()) if access.get("endpointPublicAccess") else ()
        ),
        bastion=any(BASTION in each.parents for each in state.resources),
        tunnel_port=_tunnel_port(state),
        deletion_protection=bool(cluster.now("deletionProtection")),
        domain_name=None if balancer is None else str(balancer.now("name")),
        client_cidrs=frozenset(clients),
        allowed_principals=frozenset(() if service is None else service.now("allowedPrincipals") or ()),
        node_os=OS_PREFIX[str(pool.now("amiType")).split("_")[0]],
        instance_type=str(pool.now("instanceTypes")[0]),
        capacity_type=str(pool.now("capacityType")).lower(),
        nodes=int(pool.now("scalingConfig")["desiredSize"]),
        disks={
            each["deviceName"]: disk(each["ebs"]["volumeSize"], each["ebs"].get("throughput"))
            for each in template.now("blockDeviceMappings")
        }
        | instance_store(is_used=bool(template.now("userData"))),
        tags={key: value for key, value in (pool.now("tags") or {}).items() if key not in OURS},
        **{
            **_of_deployment(deployment.inputs),
            "disruption_budget": int(budget.inputs["spec"]["maxUnavailable"]) if budget else 1,
            **({} if state.one("aws:s3/bucket:Bucket", WEIGHTS) is None else {"weights_bucket": OWN}),
        },
    )


def facts_asked(plan: Plan, deployment: Json, disks: Mapping[str, str], standing: Facts) -> Facts:
    """Facts of a plan whose Deployment is rendered already. What a plan leaves to what stands is as it stands."""
    network, cluster, model, balancer = plan.network, plan.cluster, plan.model, plan.load_balancer
    kubernetes = cluster.kubernetes_version or standing.kubernetes_version
    ranges = {"nodes": network.subnets.node_cidrs, "endpoints": network.subnets.endpoint_cidrs}
    subnets = {f"{purpose}-{i}": str(cidr) for purpose, cidrs in ranges.items() for i, cidr in enumerate(cidrs)}
    return Facts(
        region=plan.region,
        kubernetes_version=kubernetes,
        # With a newer control plane the nodes follow, which the change of its version says.
        node_version=kubernetes if kubernetes == standing.kubernetes_version else standing.node_version,
        system_node_version=kubernetes if kubernetes == standing.kubernetes_version else standing.system_node_version,
        node_release_version=cluster.node_release_version or standing.node_release_version,
        addons={**standing.addons, **eks_addons().versions.get(kubernetes, {})},
        vpc_id=network.vpc_id,
        vpc_cidr=network.vpc_cidr if network.vpc_id is None else "",
        # In an existing network it is the network's own.
        number_of_availability_zones=network.subnets.zones
        if standing.subnets
        else standing.number_of_availability_zones,
        subnets=subnets if standing.subnets else {},
        endpoint_zones=network.zones_of_endpoints(network.endpoint_zones),
        peer_cidrs=frozenset(network.peer_cidrs),
        endpoint_public_access_cidrs=frozenset(cluster.endpoint_public_access_cidrs),
        bastion=cluster.bastion,
        tunnel_port=cluster.tunnel_port if cluster.bastion else None,
        deletion_protection=cluster.deletion_protection,
        domain_name=balancer.domain_name if balancer else None,
        client_cidrs=frozenset(balancer.client_cidrs if balancer else ()),
        allowed_principals=frozenset(balancer.allowed_principals if balancer else ()),
        node_os=cluster.node_os,
        instance_type=model.placement.instance_type,
        capacity_type=model.capacity_type,
        nodes=model.placement.nodes,
        disks=disks,
        tags=plan.tags,
        disruption_budget=model.placement.replicas_per_node,
        **_of_deployment(deployment),
    )


def disk(gib: float, throughput_mib_s: float | None = None) -> str:
    """A volume in words; what gp3 has by itself is left unsaid."""
    faster = throughput_mib_s is not None and throughput_mib_s > GP3_THROUGHPUT_MIB_S
    return f"{gib:.0f} GiB" + (f" of {throughput_mib_s:.0f} MiB/s" if faster else "")


def instance_store(*, is_used: bool) -> dict[str, str]:
    """The instance store beside a node's volumes; a template of paddock's has user data where it is used."""
    return {"instance store": "images, logs and scratch"} if is_used else {}


def _pool(state: State, deployment: Resource | None) -> tuple[Resource | None, Resource | None]:
    """The GPU node group whose nodes the pods select, of perhaps two in the middle of a move, and its template."""
    if deployment is None:
        return None, None
    (selected,) = deployment.inputs["spec"]["template"]["spec"]["nodeSelector"].values()
    groups = state.all(NODE_GROUP, POOL)
    group = next((each for each in groups if each.now("nodeGroupName") == selected), next(iter(groups), None))
    templates = [each for each in state.all(TEMPLATE, POOL) if group and each.name == group.name]
    return group, next(iter(templates), None)


def _version(resource: Resource) -> str:
    """Kubernetes' version of a cluster or node group; raises `ValueError` for what is none."""
    version = str(resource.now("version"))
    if not VERSION.fullmatch(version):
        raise ValueError(f"{resource.name} has the version {version}")
    return version


def _tunnel_port(state: State) -> int | None:
    provider = state.one("pulumi:providers:kubernetes")
    try:
        entry = json.loads(provider.inputs["kubeconfig"])["clusters"][0]["cluster"] if provider else {}
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return urlsplit(entry["server"]).port if "tls-server-name" in entry else None


def _of_deployment(deployment: Json) -> dict[str, Any]:
    """Facts that a Deployment has: they are those of the pods that it makes."""
    spec = deployment["spec"]
    pod = spec["template"]["spec"]
    (engine,) = pod["containers"]
    # Where weights are copied first, vLLM itself is given the copy's folder.
    before = pod.get("initContainers", ())
    first = [str(arg) for each in before if each["name"] != ADAPTERS_CONTAINER for arg in each["args"]]
    adapters = {
        name: address for each in before if each["name"] == ADAPTERS_CONTAINER for name, address in _pairs(each)
    }
    uri, *args = engine["args"]
    uri = next((each for each in first if each.startswith("s3://")), uri)
    _, _, bucket, _, model, folder = uri.split("/")
    checked, copied = any(each.endswith(KEY_ENDING) for each in first), not str(engine["args"][0]).startswith("s3://")
    probe = engine["startupProbe"]
    start_seconds = int(probe["periodSeconds"]) * int(probe["failureThreshold"])
    # What these name, image and weights, is said by itself.
    plain = [{**each, "args": (), "image": ""} for each in before]
    own = {**pod, "containers": [{**engine, "args": (), "image": ""}], "initContainers": plain}
    rest = dict(_flat({**spec["template"], "spec": own}))
    # Which nodes is said by the pool; which key nobody can tell, as it is encrypted.
    rest = {path: value for path, value in rest.items() if "nodeSelector" not in path and KEY_VARIABLE not in path}
    return {
        "model": model,
        # A revision bears it in its name, where paddock named it.
        "quantization": NAMED_REVISION.sub("", folder) if checked else folder,
        "weights_revision": folder if checked else None,
        "adapters": adapters,
        "weights_bucket": bucket,
        "replicas": int(spec["replicas"]),
        "gpus": int(engine["resources"]["limits"][GPU_TAINT_KEY]),
        "vllm_image": engine["image"],
        # Which adapters is said by itself.
        "engine_args": {flag: value for flag, value in _flags(args) if flag != LORA_MODULES},
        "api_key": any(each["name"] == KEY_VARIABLE for each in engine["env"]),
        "pod": rest,
        "start_budget_seconds": start_seconds + (_copy_seconds(spec, start_seconds) if copied or adapters else 0),
        "grace_seconds": int(pod["terminationGracePeriodSeconds"]),
    }


def _pairs(container: Json) -> Iterator[tuple[str, str]]:
    """Adapters that an init container copies: the name, which is the folder's, and `<model>/<revision>`."""
    args = [str(each) for each in container["args"]]
    for address, folder in pairwise(args):
        if address.startswith("s3://"):
            yield folder.rpartition("/")[2], "/".join(address.split("/")[-2:])


def _copy_seconds(spec: Json, start_seconds: int) -> int:
    """The longest copy of the weights: what a rollout's deadline has beside the rest of its sum (`VllmService`)."""
    rest = int(spec["template"]["spec"]["terminationGracePeriodSeconds"]) + pull_seconds() + BACK_OFF_SECONDS
    return max(0, int(spec["progressDeadlineSeconds"]) - rest - start_seconds - int(spec["minReadySeconds"]))


def _flags(args: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Flags with their values; a flag alone has an empty one."""
    for i, flag in enumerate(args):
        if flag.startswith("--"):
            following = args[i + 1] if i + 1 < len(args) else "--"
            yield flag, "" if following.startswith("--") else following


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested data by their path; an entry of a list that has a name is called by it."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for i, each in enumerate(value):
            name = each.get("name", i) if isinstance(each, Mapping) else i
            yield from _flat(each, f"{path}[{name}]")
    else:
        yield path, _quantity(value) if isinstance(value, str) else value


def _quantity(text: str) -> str:
    """The same text, or a quantity as Kubernetes compares it: Pulumi's provider writes 10240Mi as 10Gi, 4000m as 4."""
    found = QUANTITY.fullmatch(text)
    if found is None:
        return text
    number, unit = float(found[1]), found[2]
    return f"{number / 1000:.15g}" if unit == "m" else f"{number * 1024 ** (BINARY.index(unit) - 1):.15g}Mi"
