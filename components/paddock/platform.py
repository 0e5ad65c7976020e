"""LlamaPlatform: network, cluster, pool, weights and serving in one component, all from one plan."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from paddock.choices import EndpointZones
from paddock.cluster.bastion import Bastion
from paddock.cluster.cluster import Cluster, ClusterArgs
from paddock.cluster.device_plugin import DevicePlugin
from paddock.cluster.gpu_node_pool import GpuNodePool, GpuNodePoolArgs
from paddock.cluster.standing_pools import standing_instance_types
from paddock.common.account import Account
from paddock.common.inputs import ArgumentError, label, whole_numbers
from paddock.common.labels import MODEL_TAG
from paddock.common.naming import cluster_name
from paddock.network.existing_network import ExistingNetwork
from paddock.network.private_network import PrivateNetwork
from paddock.operations.ingest.project import ingest_project
from paddock.operations.tunnel.gate import once_open
from paddock.plan.parts import LoadBalancerPlan
from paddock.plan.plan import Plan, PlanError, make_plan
from paddock.platform_args import LlamaPlatformArgs
from paddock.policy import budget, licenses
from paddock.privacy.predicates.images import ecr_home
from paddock.privacy.proof.doors import ANNOTATION
from paddock.serving.api_key import checked_key
from paddock.serving.load_balancer import NODE_PORT, ServiceLoadBalancer, ServiceLoadBalancerArgs
from paddock.serving.vllm_service import VllmService, VllmServiceArgs
from paddock.settings import PREFIX, Settings, parse_settings
from paddock.weights.bucket import KeptWeights, WeightsBucket
from paddock.weights.planned import adapter_prefixes, adapter_uris, weights_public_key, weights_store
from paddock.weights.read_access import WeightsReadAccess, WeightsReadAccessArgs


class LlamaPlatform(pulumi.ComponentResource):
    """A Llama behind an OpenAI-compatible endpoint in a VPC of its own.

    Makes its own Kubernetes provider, since the cluster that it speaks to does not exist before. `plan` is the
    decided `paddock.plan.plan.Plan`. Raises `SettingsError` or `PlanError` before anything is made.
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
        profile, role_arn = given.pop("aws_profile", None), given.pop("aws_role_arn", None)
        if api_key is not None:
            api_key = checked_key(f"{PREFIX}api_key", api_key)
        label("LlamaPlatform: the name", name)
        cluster_name(name)
        today = datetime.now(UTC).date()
        settings = parse_settings(given, region=str(given.pop("region", "")), today=today)
        plan = make_plan(settings)
        super().__init__("paddock:index:LlamaPlatform", name, {}, opts)
        if settings.model.instance_type is None:
            standing = standing_instance_types(name, plan.model.name, plan.model.capacity_type, self)
            plan = kept_plan(plan, settings, standing, self)
        self.plan = plan
        require_own_images(plan, Account.of(self).id)
        child = pulumi.ResourceOptions(parent=self)
        extra = dict(plan.tags)

        # The store first: the network lets through to this bucket alone.
        weights = weights_store(name, plan, child)
        ingest_project(name, plan, weights, child)
        network = private_network(name, plan, weights.bucket_name, child)
        signed_on = {"aws_profile": profile, "aws_role_arn": role_arn}
        made = cluster_args(plan, network, extra)
        made.update({key: value for key, value in signed_on.items() if value is not None})  # type: ignore[typeddict-item]
        # The control plane comes up through these endpoints' subnets, and nodes join through the endpoints.
        cluster = Cluster(name, made, pulumi.ResourceOptions(parent=self, depends_on=[network]))
        reached_by: list[pulumi.Resource] = []
        kubeconfig = cluster.kubeconfig
        if plan.cluster.bastion:
            bastion = Bastion(
                f"{name}-bastion",
                {
                    "cluster_name": cluster_name(name),
                    "cluster_security_group_id": cluster.cluster_security_group_id,
                    "vpc_id": network.vpc_id,
                    "endpoint_cidrs": [
                        network.endpoint_cidrs.apply(itemgetter(i))
                        for i in range(plan.network.zones_of_endpoints(EndpointZones.ALL))
                    ],
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
            pool_args(plan, network, cluster, extra),
            pulumi.ResourceOptions(parent=self, depends_on=[cluster]),
        )
        reader = WeightsReadAccess(name, read_access_args(plan, weights, network, cluster, name, extra), child)
        kubernetes_provider = kubernetes.Provider(
            f"{name}-kubernetes",
            kubeconfig=kubeconfig,
            # Another way to the same API changes the kubeconfig. Without this the provider and with it every object
            # would be replaced, the namespace too (provider.go DiffConfig, read 2026-11-28; docs/adr/0016).
            cluster_identifier=cluster.endpoint,
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
            service_args(
                plan, weights.uri, network, pool.node_group_name, name, api_key, weights_public_key(plan, weights)
            ),
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


def kept_plan(plan: Plan, settings: Settings, standing: Collection[str], component: pulumi.Resource) -> Plan:
    """The plan on the GPU pool that stands, if one does; says so where newer prices would choose another type."""
    if not standing:
        return plan
    kept = make_plan(settings, standing)
    if kept.model.placement.instance_type != plan.model.placement.instance_type:
        pulumi.log.info(kept.model.why[0], component)
    return kept


def require_own_images(plan: Plan, account_id: str) -> None:
    """Raises `ArgumentError` for an image of an account that the endpoints' policies let nodes read nothing of."""
    accounts = (account_id, *plan.network.image_accounts)
    for key, image in (
        ("vllm_image", plan.model.engine.image),
        ("device_plugin_image", plan.cluster.device_plugin_image),
    ):
        if image is not None and (owner := ecr_home(image)[0]) not in accounts:
            raise ArgumentError(
                f"{PREFIX}{key} is in account {owner}, but nodes pull from {' and '.join(accounts)} alone; copy the "
                f"image to {account_id}.dkr.ecr.{plan.region}.amazonaws.com (`paddock images sync`), or add '{owner}' "
                f"to {PREFIX}image_accounts"
            )


def private_network(
    name: str, plan: Plan, bucket_name: pulumi.Output[str], opts: pulumi.ResourceOptions | None = None
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
        "image_accounts": network.image_accounts,
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


def cluster_args(plan: Plan, network: PrivateNetwork | ExistingNetwork, extra: dict[str, str]) -> ClusterArgs:
    """Arguments of `Cluster` from the plan."""
    cluster, peers = plan.cluster, plan.network.peer_cidrs
    clients = plan.load_balancer.client_cidrs if plan.load_balancer else ()
    made: ClusterArgs = {
        "vpc_id": network.vpc_id,
        "endpoint_subnet_ids": network.endpoint_subnet_ids,
        "node_subnet_ids": network.node_subnet_ids,
        "peer_cidrs": peers,
        "endpoint_public_access_cidrs": cluster.endpoint_public_access_cidrs,
        "routed_cidrs": network.vpc_cidrs.apply(lambda own: [*own, *peers, *clients]),
        "admin_principal_arns": cluster.admin_principal_arns,
        "region": plan.region,
        "node_os": cluster.node_os,
        "deletion_protection": cluster.deletion_protection,
        "log_retention_days": cluster.log_retention_days,
        "tags": extra,
    }
    if cluster.kubernetes_version is not None:
        made["kubernetes_version"] = cluster.kubernetes_version
    if cluster.node_release_version is not None:
        made["node_release_version"] = cluster.node_release_version
    if cluster.bastion:
        made["tunnel_port"] = cluster.tunnel_port
    return made


def read_access_args(
    plan: Plan,
    weights: WeightsBucket | KeptWeights,
    network: PrivateNetwork | ExistingNetwork,
    cluster: Cluster,
    namespace: str,
    extra: dict[str, str],
) -> WeightsReadAccessArgs:
    """Arguments of `WeightsReadAccess` for the pods of a namespace."""
    made: WeightsReadAccessArgs = {
        "bucket_name": weights.bucket_name,
        "key_arn": weights.key_arn,
        "prefix": weights.prefix,
        "cluster_name": cluster.cluster_name,
        "namespace": namespace,
        "s3_endpoint_id": network.s3_endpoint_id,
        "tags": extra,
    }
    if prefixes := adapter_prefixes(plan):
        made["adapter_prefixes"] = prefixes
    return made


def pool_args(
    plan: Plan, network: PrivateNetwork | ExistingNetwork, cluster: Cluster, extra: dict[str, str]
) -> GpuNodePoolArgs:
    """Arguments of `GpuNodePool` from the plan."""
    model = plan.model
    made: GpuNodePoolArgs = {
        "cluster_name": cluster.cluster_name,
        "kubernetes_version": cluster.kubernetes_version,
        "subnet_ids": network.gpu_subnet_ids,
        "instance_type": model.placement.instance_type,
        "accelerator": model.placement.gpu.name.lower(),
        "nodes": model.placement.nodes,
        "disk_gib": model.disk_gib,
        "disk_throughput_mib_s": model.disk_throughput_mib_s,
        "instance_store": model.loading.disk_mib > 0,
        "capacity_type": model.capacity_type,
        "node_os": plan.cluster.node_os,
        "tags": extra,
        # On the group alone: another model must not cost new nodes.
        "group_tags": {MODEL_TAG: model.name},
    }
    if plan.cluster.node_release_version is not None:
        made["release_version"] = plan.cluster.node_release_version
    return made


def service_args(
    plan: Plan,
    model_uri: pulumi.Input[str],
    network: PrivateNetwork | ExistingNetwork,
    node_group_name: pulumi.Input[str],
    namespace: str,
    api_key: pulumi.Input[str] | None = None,
    weights_public_key: pulumi.Input[str] | None = None,
) -> VllmServiceArgs:
    """Arguments of `VllmService` from the plan; nothing is sized here."""
    model = plan.model
    if model.engine.image is None:
        raise PlanError("the plan has no image: it was made to be priced, not to be deployed")
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
        "image_pull_seconds": model.pull_seconds,
        "readiness_period_seconds": model.probes.readiness_period_seconds,
        "liveness_period_seconds": model.probes.liveness_period_seconds,
        "termination_grace_seconds": model.probes.termination_grace_seconds,
        "engine_silent_seconds": model.probes.engine_silent_seconds,
        "replicas": model.placement.replicas,
        "replicas_per_node": model.placement.replicas_per_node,
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
    if model.loading.disk_mib:
        made["weights_disk_mib"], made["weights_copy_seconds"] = model.loading.disk_mib, model.loading.copy_seconds
    if adapters := adapter_uris(plan, model_uri):
        made["adapters"], made["adapters_disk_mib"] = adapters, model.adapters.disk_mib
    if model.weights_revision is not None:
        if weights_public_key is None:
            raise PlanError("the plan pins a revision of the weights; give the key that signed it: weights_public_key")
        made["weights_public_key"] = weights_public_key
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
    """Annotations for the policy pack and auditors: who accepted the license, the doors declared, and the budget."""
    budget_usd = plan.monthly_budget_usd
    budgeted = {} if budget_usd is None else {budget.ANNOTATION: f"{budget_usd:g}"}
    own = licenses.own_checkpoint(plan.model.checkpoint)
    declared = {ANNOTATION: json.dumps(plan.doors)} if plan.doors else {}
    return {licenses.ANNOTATIONS[key]: value for key, value in plan.model.license.items()} | declared | budgeted | own
