"""LlamaPlatform: network, cluster, pool, weights and serving in one component, all from one plan."""

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
from paddock.plan.parts import LoadBalancerPlan
from paddock.plan.plan import Plan, make_plan
from paddock.policy import budget, licenses
from paddock.serving.api_key import checked_key
from paddock.serving.load_balancer import NODE_PORT, ServiceLoadBalancer, ServiceLoadBalancerArgs
from paddock.serving.vllm_service import VllmService, VllmServiceArgs
from paddock.settings import PREFIX, parse_settings
from paddock.weights.bucket import WeightsBucket
from paddock.weights.read_access import WeightsReadAccess


class LlamaPlatformArgs(TypedDict):
    """The settings of a stack file, without `paddock:` before each key; all plain, since they decide what is made."""

    region: str
    """The AWS region, such as `us-east-1`, which must be that of the provider in use."""
    model: str
    """The model to serve, by its name in the catalog (`paddock models`), such as `llama-3.1-8b`."""
    vllm_image: str
    """The vLLM image by digest, `<repository>@sha256:<64 hex digits>`; nodes pull it from a private registry, as
    they have no way to the internet."""
    vllm_version: NotRequired[str]
    """The vLLM version inside the image; arguments and memory follow it. Default: the catalog's newest."""
    quantization: NotRequired[str]
    """Format of the weights, one that the model has a checkpoint of, such as `fp8`. Default: bf16, as published."""
    quality_floor: NotRequired[str]
    """`full`, `near-lossless` or `four-bit`: any quantization so good may be taken. Default: only the named one."""
    max_model_len: NotRequired[int]
    """The longest conversation, prompt and answer. Default: 8192."""
    concurrent_requests: NotRequired[int]
    """Requests of the full context that one replica holds in memory at once; shorter ones fit in greater number.
    Default: 4."""
    requests_per_second: NotRequired[float]
    """In place of concurrent_requests: the rate over all replicas, of requests of input_tokens and output_tokens;
    there are as many replicas as it takes. Default: none."""
    input_tokens: NotRequired[int]
    """Prompt of an average request. Default: three quarters of the context."""
    output_tokens: NotRequired[int]
    """Answer of an average request. Default: a quarter of the context."""
    max_ttft_ms: NotRequired[float]
    """The longest mean time to the first token, in ms; there are as many replicas as it takes. Default: any."""
    max_itl_ms: NotRequired[float]
    """The longest mean time between two tokens of an answer, in ms. Default: any."""
    kv_cache_dtype: NotRequired[str]
    """Format of the KV cache: `auto` or `fp8`, for twice the tokens. Default: auto, as the model computes."""
    max_loras: NotRequired[int]
    """LoRA adapters that a step may mix; their slots take GPU memory. Default: 0, none."""
    max_lora_rank: NotRequired[int]
    """The largest rank of an adapter that a slot takes. Default: 16."""
    rank_by: NotRequired[str]
    """Order of placements: `cost` an hour, `cost-per-token` or `latency`. Default: cost."""
    replicas: NotRequired[int]
    """Copies of the model, each on GPUs of its own; rates and latencies may need more. Default: 1."""
    instance_type: NotRequired[str]
    """Pinned EC2 instance type. Default: the cheapest that fits."""
    capacity_type: NotRequired[CapacityType]
    """Purchase of GPU nodes: `on_demand`, or `spot`, taken back at two minutes' notice. Default: on_demand."""
    kubernetes_version: NotRequired[str]
    """The EKS version, as text. Default: the newest in standard support."""
    vpc_cidr: NotRequired[str]
    """The VPC's private range, /16 to /22. Default: 10.0.0.0/16."""
    number_of_availability_zones: NotRequired[int]
    """Availability zones of the network; each adds the hourly price of every endpoint. Default: 2."""
    endpoint_zones: NotRequired[str]
    """`all` or `one`: zones in which each endpoint of an AWS service has an address; all survive the loss of one,
    one costs half or less. Default: all."""
    vpc_id: NotRequired[str]
    """An existing VPC, checked against the same rules as one of paddock's; needs `node_subnet_ids` and
    `endpoint_subnet_ids`. Default: a new one."""
    node_subnet_ids: NotRequired[Sequence[str]]
    """Subnets of vpc_id for nodes and pods, one a zone. Default: none."""
    endpoint_subnet_ids: NotRequired[Sequence[str]]
    """Subnets of vpc_id for the control plane and the endpoints, one a zone. Default: none."""
    peer_cidrs: NotRequired[Sequence[str]]
    """Networks that may reach the cluster's API; the VPC must not overlap them. Default: none."""
    endpoint_public_access_cidrs: NotRequired[Sequence[str]]
    """Networks on the internet that may reach the cluster's API. Default: none, and no public endpoint."""
    bastion: NotRequired[bool]
    """True for a small instance in the VPC through which `paddock tunnel` reaches the cluster's API by Systems
    Manager. Default: true where nothing else reaches the API."""
    tunnel_port: NotRequired[int]
    """The port of the operator's machine on which `paddock tunnel` listens. Default: 8443."""
    node_os: NotRequired[str]
    """Operating system of nodes: `bottlerocket`, or `al2023` with NVIDIA's driver. Default: bottlerocket."""
    device_plugin_image: NotRequired[str]
    """NVIDIA's Kubernetes device plugin by digest, for node_os al2023, which lacks it; like vllm_image, from a
    private registry. Default: none."""
    deletion_protection: NotRequired[bool]
    """True for a cluster and a load balancer that refuse to be deleted until it is false. Default: false."""
    log_retention_days: NotRequired[int]
    """Days for which the logs of the control plane and of the network are kept. Default: 90."""
    domain_name: NotRequired[str]
    """The name by which clients in the VPC call the service over TLS; needs certificate_arn or
    certificate_authority_arn. Default: none, and only pods in the cluster reach it."""
    certificate_arn: NotRequired[str]
    """A certificate in ACM for domain_name. Default: none."""
    certificate_authority_arn: NotRequired[str]
    """A private CA of yours in ACM, which then issues the certificate. Default: none."""
    client_cidrs: NotRequired[Sequence[str]]
    """Peered networks that may call the service, beside the VPC itself. Default: none."""
    allowed_principals: NotRequired[Sequence[str]]
    """Accounts, roles or users, by ARN, that may connect to the service from their own VPC by PrivateLink; each
    connection is still accepted by hand. Default: none."""
    api_key: NotRequired[pulumi.Input[str]]
    """Secret key of 16 or more characters that clients must show. Default: whoever reaches the service may ask."""
    license: NotRequired[Mapping[str, str]]
    """Acceptance of the model's license: `license`, `by` whom and `on` which day. The policy pack refuses a model
    without it. Default: none."""
    monthly_budget_usd: NotRequired[float]
    """A plan that costs more a month, at 730 hours, is refused. Default: none."""
    retain_weights: NotRequired[bool]
    """True for weights that outlive `pulumi destroy`: fetching them again takes hours. Default: true."""
    tags: NotRequired[dict[str, str]]
    """Extra tags on every AWS resource. Default: none."""


class LlamaPlatform(pulumi.ComponentResource):
    """A Llama behind an OpenAI-compatible endpoint in a VPC of its own.

    Makes its own Kubernetes provider, since the cluster that it speaks to does not exist before. `plan` is the
    decided `paddock.plan.plan.Plan`. Raises `SettingsError` or `PlanError` before anything is registered.
    """

    endpoint: pulumi.Output[str]
    """Base URL for OpenAI clients: of the load balancer where there is one, else inside the cluster."""
    endpoint_service_name: pulumi.Output[str]
    """Endpoint service to which clients' VPCs connect by PrivateLink; empty without principals."""
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
        plan = make_plan(parse_settings(given, region=str(given.pop("region", ""))))
        super().__init__("paddock:index:LlamaPlatform", name, {}, opts)
        self.plan = plan
        model = plan.model
        child = pulumi.ResourceOptions(parent=self)
        extra = dict(plan.tags)

        # The store first: the network lets through to this bucket alone.
        weights = WeightsBucket(
            name,
            {
                "model": model.name,
                "quantization": str(model.quantization),
                "retain": model.retain_weights,
                "tags": extra,
            },
            child,
        )
        network = private_network(name, plan, weights.bucket_name, child)
        cluster_args: ClusterArgs = {
            "kubernetes_version": plan.cluster.kubernetes_version,
            "vpc_id": network.vpc_id,
            "endpoint_subnet_ids": network.endpoint_subnet_ids,
            "node_subnet_ids": network.node_subnet_ids,
            "peer_cidrs": plan.network.peer_cidrs,
            "endpoint_public_access_cidrs": plan.cluster.endpoint_public_access_cidrs,
            "region": plan.region,
            "node_os": plan.cluster.node_os,
            "deletion_protection": plan.cluster.deletion_protection,
            "log_retention_days": plan.cluster.log_retention_days,
            "tags": extra,
        }
        if plan.cluster.bastion:
            cluster_args["tunnel_port"] = plan.cluster.tunnel_port
        # The control plane comes up through these endpoints' subnets, and nodes join through the endpoints.
        cluster = Cluster(name, cluster_args, pulumi.ResourceOptions(parent=self, depends_on=[network]))
        reached_by: list[pulumi.Resource] = []
        kubeconfig = cluster.kubeconfig
        if plan.cluster.bastion:
            bastion = Bastion(
                f"{name}-bastion",
                {
                    "cluster_name": cluster_name(name),
                    "cluster_security_group_id": cluster.cluster_security_group_id,
                    "vpc_id": network.vpc_id,
                    "vpc_cidr": network.vpc_cidr,
                    "subnet_id": network.endpoint_subnet_ids.apply(lambda subnets: subnets[0]),
                    "region": plan.region,
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
                "instance_type": model.placement.instance_type,
                "accelerator": model.placement.gpu.name.lower(),
                "nodes": model.placement.nodes,
                "disk_gib": model.disk_gib,
                "capacity_type": model.capacity_type,
                "node_os": plan.cluster.node_os,
                # On the pool alone: it is most of the bill, and another model then touches nothing else.
                "tags": {**extra, "paddock:model": model.name},
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
        if plan.cluster.device_plugin_image is not None:
            plugin = DevicePlugin(
                f"{name}-device-plugin",
                {
                    "image": plan.cluster.device_plugin_image,
                    "node_group_name": pool.node_group_name,
                    "namespace": f"{name}-device-plugin",
                },
                pulumi.ResourceOptions(parent=self, provider=kubernetes_provider, depends_on=[pool]),
            )
            before_pods.append(plugin)
        load_balancer = None
        if plan.load_balancer is not None:
            # After the pool and before the pods, so that a destroy takes it down between the two: no client's request
            # then meets a node that is going.
            load_balancer = ServiceLoadBalancer(
                name,
                load_balancer_args(plan.load_balancer, network, cluster, pool, extra),
                pulumi.ResourceOptions(parent=self, depends_on=[pool]),
            )
            before_pods.append(load_balancer)
        service = VllmService(
            f"{name}-vllm",
            service_args(plan, weights.uri, network, pool.node_group_name, name, api_key),
            # Pod Identity hands credentials to pods at their creation only, so the right to read must come first.
            pulumi.ResourceOptions(parent=self, provider=kubernetes_provider, depends_on=before_pods),
        )

        self.endpoint = service.endpoint
        self.endpoint_service_name = pulumi.Output.from_input("")
        if load_balancer is not None:
            # True only when both answer: a load balancer without pods refuses, pods without one are not reached.
            self.endpoint = pulumi.Output.all(load_balancer.endpoint, service.endpoint).apply(lambda both: both[0])
            self.endpoint_service_name = load_balancer.endpoint_service_name
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


def private_network(
    name: str, plan: Plan, bucket_name: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> PrivateNetwork | ExistingNetwork:
    """A new network, or the existing one that the plan names."""
    network, balanced = plan.network, plan.load_balancer
    shared: Any = {
        "peer_cidrs": network.peer_cidrs,
        "instance_type": plan.model.placement.instance_type,
        "endpoint_zones": str(network.endpoint_zones),
        "bastion": plan.cluster.bastion,
        "bucket_names": [bucket_name],
        "dns_names": [balanced.domain_name] if balanced else [],
        "log_retention_days": network.log_retention_days,
        "tags": dict(plan.tags),
    }
    if network.vpc_id is None:
        zones = network.subnets.zones
        return PrivateNetwork(
            name, shared | {"vpc_cidr": network.vpc_cidr, "number_of_availability_zones": zones}, opts
        )
    ids = ("vpc_id", "node_subnet_ids", "endpoint_subnet_ids")
    return ExistingNetwork(name, shared | {key: getattr(network, key) for key in ids}, opts)


def service_args(
    plan: Plan,
    model_uri: pulumi.Input[str],
    network: PrivateNetwork | ExistingNetwork,
    node_group_name: pulumi.Input[str],
    namespace: str,
    api_key: pulumi.Input[str] | None = None,
) -> VllmServiceArgs:
    """Arguments of `VllmService` from the plan; nothing is sized here."""
    model = plan.model
    made: VllmServiceArgs = {
        "model_uri": model_uri,
        "image": model.engine.image,
        "node_group_name": node_group_name,
        "engine_args": model.engine.args,
        "engine_env": dict(model.engine.env),
        "gpus": model.pod.gpus,
        "cpu_millicores": model.pod.cpu_millicores,
        "memory_mib": model.pod.memory_mib,
        "shm_mib": model.pod.shm_mib,
        "scratch_mib": model.pod.ephemeral_mib,
        "startup_period_seconds": model.probes.startup_period_seconds,
        "startup_failure_threshold": model.probes.startup_failure_threshold,
        "readiness_period_seconds": model.probes.readiness_period_seconds,
        "liveness_period_seconds": model.probes.liveness_period_seconds,
        "termination_grace_seconds": model.probes.termination_grace_seconds,
        "replicas": model.placement.replicas,
        "namespace": namespace,
        "endpoint_cidrs": network.endpoint_cidrs,
        "s3_cidrs": network.s3_cidrs,
        "annotations": decisions(plan),
    }
    if plan.load_balancer is not None:
        made["node_port"] = NODE_PORT
        # The load balancer stands in the endpoints' subnets and speaks to pods under its own addresses.
        made["client_cidrs"] = network.endpoint_cidrs
    if api_key is not None:
        made["api_key"] = api_key
    return made


def load_balancer_args(
    plan: LoadBalancerPlan,
    network: PrivateNetwork | ExistingNetwork,
    cluster: Cluster,
    pool: GpuNodePool,
    extra: dict[str, str],
) -> ServiceLoadBalancerArgs:
    """Arguments of `ServiceLoadBalancer` from its plan."""
    made: ServiceLoadBalancerArgs = {
        "vpc_id": network.vpc_id,
        "vpc_cidr": network.vpc_cidr,
        "subnet_ids": network.endpoint_subnet_ids,
        "node_security_group_id": cluster.cluster_security_group_id,
        "autoscaling_group_name": pool.autoscaling_group_name,
        "domain_name": plan.domain_name,
        "client_cidrs": plan.client_cidrs,
        "allowed_principals": plan.allowed_principals,
        "deletion_protection": plan.deletion_protection,
        "tags": extra,
    }
    if plan.certificate_arn is not None:
        made["certificate_arn"] = plan.certificate_arn
    if plan.certificate_authority_arn is not None:
        made["certificate_authority_arn"] = plan.certificate_authority_arn
    return made


def decisions(plan: Plan) -> dict[str, str]:
    """Annotations for the policy pack and auditors: who accepted the license, and the budget."""
    budget_usd = plan.monthly_budget_usd
    budgeted = {} if budget_usd is None else {budget.ANNOTATION: f"{budget_usd:g}"}
    return {licenses.ANNOTATIONS[key]: value for key, value in plan.model.license.items()} | budgeted
