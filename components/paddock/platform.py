"""The whole field in one component: network, cluster, pool, weights, serving, all from one plan."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from paddock.catalog import CapacityType
from paddock.cluster.bastion import Bastion
from paddock.cluster.cluster import Cluster, ClusterArgs
from paddock.cluster.device_plugin import DevicePlugin
from paddock.cluster.gpu_node_pool import GpuNodePool
from paddock.common.inputs import label, whole_numbers
from paddock.common.naming import cluster_name
from paddock.network.existing_network import ExistingNetwork
from paddock.network.private_network import PrivateNetwork
from paddock.operations.tunnel.gate import once_open
from paddock.plan.plan import Plan, make_plan
from paddock.policy import budget, licenses
from paddock.serving.api_key import checked_key
from paddock.serving.load_balancer import NODE_PORT, ServiceLoadBalancer, ServiceLoadBalancerArgs
from paddock.serving.vllm_service import VllmService, VllmServiceArgs
from paddock.settings import PREFIX, Settings, parse_settings
from paddock.weights.bucket import WeightsBucket
from paddock.weights.read_access import WeightsReadAccess


class LlamaPlatformArgs(TypedDict):
    """The settings of a stack file, without `paddock:` before each key; all plain, since they decide what is made."""

    region: str
    """The AWS region of the provider in use, such as `us-east-1`."""
    model: str
    """A model of the catalog, such as `llama-3.1-8b`."""
    vllm_image: str
    """The vLLM image by digest, `<repository>@sha256:…`."""
    vllm_version: NotRequired[str]
    """The vLLM version in that image; sizing follows it. Default: the newest in the catalog."""
    quantization: NotRequired[str]
    """One that the model has a checkpoint of, such as `fp8`. Default: `bf16`."""
    quality_floor: NotRequired[str]
    """`full`, `near-lossless` or `four-bit`: any quantization so good may be taken. Default: only the named one."""
    max_model_len: NotRequired[int]
    """Tokens of the longest conversation. Default: 8192."""
    concurrent_requests: NotRequired[int]
    """Conversations of that length that one replica holds at once. Default: 4."""
    requests_per_second: NotRequired[float]
    """In place of `concurrent_requests`: the rate over all replicas; there are as many as it takes. Default: none."""
    input_tokens: NotRequired[int]
    """Prompt of an average request. Default: three quarters of the context."""
    output_tokens: NotRequired[int]
    """Answer of an average request. Default: a quarter of the context."""
    max_ttft_ms: NotRequired[float]
    """The longest mean time to the first token, in ms. Default: any."""
    max_itl_ms: NotRequired[float]
    """The longest mean time between two tokens, in ms. Default: any."""
    kv_cache_dtype: NotRequired[str]
    """`auto` or `fp8`. Default: `auto`."""
    max_loras: NotRequired[int]
    """LoRA adapters that a step may mix. Default: 0, none."""
    max_lora_rank: NotRequired[int]
    """The largest rank of an adapter. Default: 16."""
    rank_by: NotRequired[str]
    """What makes a placement the best: `cost`, `cost-per-token` or `latency`. Default: `cost`."""
    replicas: NotRequired[int]
    """At least so many. Default: 1."""
    instance_type: NotRequired[str]
    """Pin the instance type. Default: the cheapest that fits."""
    capacity_type: NotRequired[CapacityType]
    """Default: `on_demand`."""
    kubernetes_version: NotRequired[str]
    """Default: the newest in the catalog."""
    vpc_cidr: NotRequired[str]
    """Default: `10.0.0.0/16`."""
    number_of_availability_zones: NotRequired[int]
    """Default: 2."""
    endpoint_zones: NotRequired[str]
    """`all` or `one`: zones in which each endpoint of an AWS service has an address. Default: `all`."""
    vpc_id: NotRequired[str]
    """An existing VPC, with the two lists of its subnets below. Default: a new one."""
    node_subnet_ids: NotRequired[Sequence[str]]
    """Subnets of `vpc_id` for nodes and pods, one a zone. Default: none."""
    endpoint_subnet_ids: NotRequired[Sequence[str]]
    """Subnets of `vpc_id` for the control plane and the endpoints, one a zone. Default: none."""
    peer_cidrs: NotRequired[Sequence[str]]
    """Networks that may reach the cluster's API and must not overlap. Default: none."""
    endpoint_public_access_cidrs: NotRequired[Sequence[str]]
    """Networks on the internet that may reach the cluster's API, by a public endpoint. Default: none, and no public
    endpoint."""
    bastion: NotRequired[bool]
    """Whether `paddock tunnel` has an instance to go through. Default: true where nothing else reaches the API."""
    tunnel_port: NotRequired[int]
    """Where `paddock tunnel` listens on the operator's machine. Default: 8443."""
    node_os: NotRequired[str]
    """`bottlerocket` or `al2023`. Default: `bottlerocket`."""
    device_plugin_image: NotRequired[str]
    """NVIDIA's device plugin by digest, for `al2023`. Default: none."""
    deletion_protection: NotRequired[bool]
    """Whether cluster and load balancer refuse to be deleted. Default: false."""
    log_retention_days: NotRequired[int]
    """How long the control plane's and the network's logs are kept. Default: 90."""
    domain_name: NotRequired[str]
    """The name by which clients in the VPC call the service over TLS. Default: none, and only pods reach it."""
    certificate_arn: NotRequired[str]
    """A certificate in ACM for `domain_name`. Default: none."""
    certificate_authority_arn: NotRequired[str]
    """A private CA in ACM, which then issues the certificate. Default: none."""
    client_cidrs: NotRequired[Sequence[str]]
    """Peered networks that may call the service, beside the VPC itself. Default: none."""
    allowed_principals: NotRequired[Sequence[str]]
    """Who may connect to the service from their own VPC, by ARN. Default: none."""
    api_key: NotRequired[pulumi.Input[str]]
    """What clients must show (`Authorization: Bearer …`), 16 or more characters. Secret, and alone not plain, as it
    decides nothing. Default: whoever reaches the service may ask."""
    license: NotRequired[Mapping[str, str]]
    """Who accepted the model's license: `license`, `by`, `on`. Default: nobody."""
    monthly_budget_usd: NotRequired[float]
    """A plan that costs more a month is refused. Default: none."""
    retain_weights: NotRequired[bool]
    """Whether the weights outlive the stack. Default: true."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on every AWS resource. Default: none."""


class LlamaPlatform(pulumi.ComponentResource):
    """A Llama behind an OpenAI-compatible endpoint in a VPC of its own.

    Makes its own Kubernetes provider, since the cluster that it speaks to does not exist before. `plan` is the
    decided `paddock.plan.plan.Plan`. Raises `SettingsError` or `PlanError` before anything is registered.
    """

    endpoint: pulumi.Output[str]
    """Base URL for OpenAI clients: of the door where there is one, else inside the cluster."""
    endpoint_service_name: pulumi.Output[str]
    """What clients' VPCs connect to by PrivateLink; empty without principals."""
    cluster_name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    vpc_id: pulumi.Output[str]
    node_subnet_ids: pulumi.Output[list[str]]
    weights_uri: pulumi.Output[str]
    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: LlamaPlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = whole_numbers(dict(args))
        api_key = given.pop("api_key", None)
        if api_key is not None:
            api_key = checked_key(f"{PREFIX}api_key", api_key)
        label("LlamaPlatform: the name", name)
        cluster_name(name)
        settings = parse_settings(given, region=str(given.pop("region", "")))
        plan = make_plan(settings)
        super().__init__("paddock:index:LlamaPlatform", name, {}, opts)
        self.plan = plan
        child = pulumi.ResourceOptions(parent=self)
        extra = dict(settings.tags)

        # The store first: the network lets through to this bucket alone.
        weights = WeightsBucket(
            name,
            {
                "model": plan.model.name,
                "quantization": str(plan.quantization),
                "retain": settings.retain_weights,
                "tags": extra,
            },
            child,
        )
        network = self._network(name, settings, plan, weights.bucket_name)
        cluster_args: ClusterArgs = {
            "kubernetes_version": settings.kubernetes_version,
            "vpc_id": network.vpc_id,
            "endpoint_subnet_ids": network.endpoint_subnet_ids,
            "node_subnet_ids": network.node_subnet_ids,
            "peer_cidrs": [str(cidr) for cidr in settings.peer_cidrs],
            "endpoint_public_access_cidrs": [str(cidr) for cidr in settings.endpoint_public_access_cidrs],
            "region": settings.region,
            "node_os": settings.node_os,
            "deletion_protection": settings.deletion_protection,
            "log_retention_days": settings.log_retention_days,
            "tags": extra,
        }
        if settings.has_bastion:
            cluster_args["tunnel_port"] = settings.tunnel_port
        # The control plane comes up through these endpoints' subnets, and nodes join through the endpoints.
        cluster = Cluster(name, cluster_args, pulumi.ResourceOptions(parent=self, depends_on=[network]))
        reached_by: list[pulumi.Resource] = []
        kubeconfig = cluster.kubeconfig
        if settings.has_bastion:
            bastion = Bastion(
                f"{name}-bastion",
                {
                    "cluster_name": cluster_name(name),
                    "cluster_security_group_id": cluster.cluster_security_group_id,
                    "vpc_id": network.vpc_id,
                    "vpc_cidr": network.vpc_cidr,
                    "subnet_id": network.endpoint_subnet_ids.apply(lambda subnets: subnets[0]),
                    "region": settings.region,
                    "tags": extra,
                },
                # Its agent signs on through the endpoints, and goes before they do.
                pulumi.ResourceOptions(parent=self, depends_on=[network]),
            )
            reached_by = [bastion]
            kubeconfig = cluster.kubeconfig.apply(once_open)
        pool = GpuNodePool(
            name,
            {
                "cluster_name": cluster.cluster_name,
                "subnet_ids": network.gpu_subnet_ids,
                "instance_type": plan.placement.instance_type,
                "accelerator": plan.placement.gpu.name.lower(),
                "nodes": plan.placement.nodes,
                "disk_gib": plan.disk_gib,
                "capacity_type": settings.capacity_type,
                "node_os": settings.node_os,
                # On the pool alone: it is most of the bill, and another model then touches nothing else.
                "tags": {**extra, "paddock:model": settings.model},
            },
            pulumi.ResourceOptions(parent=self, depends_on=[cluster]),
        )
        reader = WeightsReadAccess(
            name,
            {
                "bucket_name": weights.bucket_name,
                "key_arn": weights.key_arn,
                "prefix": weights.prefix,
                "cluster_name": cluster.cluster_name,
                "namespace": name,
                "s3_endpoint_id": network.s3_endpoint_id,
                "tags": extra,
            },
            child,
        )
        kubernetes_provider = kubernetes.Provider(
            f"{name}-kubernetes",
            kubeconfig=kubeconfig,
            # An `up` that was killed between making an object and recording it can simply be run again. The price: an
            # object whose Pulumi name changes without an alias is taken over and then deleted with its old name.
            upsert_existing_objects=True,
            # The way to the API is there before the first object is made, and until the last one is gone.
            opts=pulumi.ResourceOptions(parent=self, depends_on=reached_by),
        )
        before_pods: list[pulumi.Resource] = [pool, reader]
        if settings.device_plugin_image is not None:
            plugin = DevicePlugin(
                f"{name}-device-plugin",
                {"image": settings.device_plugin_image},
                pulumi.ResourceOptions(parent=self, provider=kubernetes_provider, depends_on=[pool]),
            )
            before_pods.append(plugin)
        door = None
        if settings.has_load_balancer:
            # After the pool and before the pods, so that a destroy takes it down between the two: no client's request
            # then meets a node that is going.
            door = ServiceLoadBalancer(
                name,
                door_args(settings, network, cluster, pool),
                pulumi.ResourceOptions(parent=self, depends_on=[pool]),
            )
            before_pods.append(door)
        service = VllmService(
            f"{name}-vllm",
            service_args(plan, weights.uri, network, name, api_key),
            # Pod Identity hands credentials to pods at their creation only, so the right to read must come first.
            pulumi.ResourceOptions(parent=self, provider=kubernetes_provider, depends_on=before_pods),
        )

        self.endpoint = service.endpoint
        self.endpoint_service_name = pulumi.Output.from_input("")
        if door is not None:
            # True only when both answer: the door without pods refuses, pods without the door are not reached.
            self.endpoint = pulumi.Output.all(door.endpoint, service.endpoint).apply(lambda both: both[0])
            self.endpoint_service_name = door.endpoint_service_name
        self.cluster_name = cluster.cluster_name
        self.kubeconfig = cluster.kubeconfig
        self.vpc_id = network.vpc_id
        self.node_subnet_ids = network.node_subnet_ids
        self.weights_uri = weights.uri
        self.namespace = service.namespace
        self.register_outputs(
            {
                "endpoint": self.endpoint,
                "endpoint_service_name": self.endpoint_service_name,
                "cluster_name": self.cluster_name,
                "kubeconfig": self.kubeconfig,
                "vpc_id": self.vpc_id,
                "node_subnet_ids": self.node_subnet_ids,
                "weights_uri": self.weights_uri,
                "namespace": self.namespace,
            }
        )

    def _network(
        self, name: str, settings: Settings, plan: Plan, bucket_name: pulumi.Output[str]
    ) -> PrivateNetwork | ExistingNetwork:
        child = pulumi.ResourceOptions(parent=self)
        fittings: Any = {
            "peer_cidrs": [str(cidr) for cidr in settings.peer_cidrs],
            "instance_type": plan.placement.instance_type,
            "endpoint_zones": str(settings.endpoint_zones),
            "bastion": settings.has_bastion,
            "bucket_names": [bucket_name],
            "dns_names": [settings.domain_name] if settings.domain_name else [],
            "log_retention_days": settings.log_retention_days,
            "tags": dict(settings.tags),
        }
        if settings.vpc_id is None:
            fittings |= {
                "vpc_cidr": str(settings.vpc_cidr),
                "number_of_availability_zones": settings.number_of_availability_zones,
            }
            return PrivateNetwork(name, fittings, child)
        fittings |= {
            "vpc_id": settings.vpc_id,
            "node_subnet_ids": list(settings.node_subnet_ids),
            "endpoint_subnet_ids": list(settings.endpoint_subnet_ids),
        }
        return ExistingNetwork(name, fittings, child)


def service_args(
    plan: Plan,
    model_uri: pulumi.Input[str],
    network: PrivateNetwork | ExistingNetwork,
    namespace: str,
    api_key: pulumi.Input[str] | None = None,
) -> VllmServiceArgs:
    """The plan in the words of `VllmService`; nothing is sized here."""
    made: VllmServiceArgs = {
        "model_uri": model_uri,
        "image": plan.settings.vllm_image,
        "engine_args": plan.engine.args,
        "engine_env": dict(plan.engine.env),
        "gpus": plan.pod.gpus,
        "cpu_millicores": plan.pod.cpu_millicores,
        "memory_mib": plan.pod.memory_mib,
        "shm_mib": plan.pod.shm_mib,
        "scratch_mib": plan.pod.ephemeral_mib,
        "startup_period_seconds": plan.probes.startup_period_seconds,
        "startup_failure_threshold": plan.probes.startup_failure_threshold,
        "readiness_period_seconds": plan.probes.readiness_period_seconds,
        "liveness_period_seconds": plan.probes.liveness_period_seconds,
        "termination_grace_seconds": plan.probes.termination_grace_seconds,
        "replicas": plan.placement.replicas,
        "namespace": namespace,
        "endpoint_cidrs": network.endpoint_cidrs,
        "s3_cidrs": network.s3_cidrs,
        "annotations": decisions(plan.settings),
    }
    if plan.settings.has_load_balancer:
        made["node_port"] = NODE_PORT
        # The load balancer stands in the endpoints' subnets and speaks to pods under its own addresses.
        made["client_cidrs"] = network.endpoint_cidrs
    if api_key is not None:
        made["api_key"] = api_key
    return made


def door_args(
    settings: Settings, network: PrivateNetwork | ExistingNetwork, cluster: Cluster, pool: GpuNodePool
) -> ServiceLoadBalancerArgs:
    """The settings in the words of `ServiceLoadBalancer`; only where they ask for one."""
    made: ServiceLoadBalancerArgs = {
        "vpc_id": network.vpc_id,
        "vpc_cidr": network.vpc_cidr,
        "subnet_ids": network.endpoint_subnet_ids,
        "node_security_group_id": cluster.cluster_security_group_id,
        "autoscaling_group_name": pool.autoscaling_group_name,
        "domain_name": str(settings.domain_name),
        "client_cidrs": [str(cidr) for cidr in settings.client_cidrs],
        "allowed_principals": settings.allowed_principals,
        "deletion_protection": settings.deletion_protection,
        "tags": dict(settings.tags),
    }
    if settings.certificate_arn is not None:
        made["certificate_arn"] = settings.certificate_arn
    if settings.certificate_authority_arn is not None:
        made["certificate_authority_arn"] = settings.certificate_authority_arn
    return made


def decisions(settings: Settings) -> dict[str, str]:
    """What people decided, where the policy pack and auditors find it: who accepted the license, and the budget."""
    acceptance, budget_usd = settings.license, settings.monthly_budget_usd
    given = {key: str(getattr(acceptance, key)) for key in licenses.ANNOTATIONS} if acceptance else {}
    budgeted = {} if budget_usd is None else {budget.ANNOTATION: f"{budget_usd:g}"}
    return {licenses.ANNOTATIONS[key]: value for key, value in given.items()} | budgeted
