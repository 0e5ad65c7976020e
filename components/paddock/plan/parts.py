"""Parts of a plan: what each component needs of it, and how each was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from paddock.catalog import CapacityType, Gpu, Quantization
from paddock.choices import EndpointZones, NodeOs
from paddock.common.subnets import SubnetPlan
from paddock.plan.adapters import AdaptersPlan
from paddock.plan.loading import LoadingPlan
from paddock.sizing import KvCache, MemoryBudget, Performance, PodShape, Rejection, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    vpc_id: str | None
    """An existing VPC with its subnets; None for a new one."""
    node_subnet_ids: tuple[str, ...]
    endpoint_subnet_ids: tuple[str, ...]
    vpc_cidr: str
    subnets: SubnetPlan
    peer_cidrs: tuple[str, ...]
    endpoint_zones: EndpointZones
    image_accounts: tuple[str, ...]
    """Accounts beside the stack's own from which nodes pull images."""
    log_retention_days: int

    def zones_of_endpoints(self, choice: EndpointZones) -> int:
        """Number of zones in which each interface endpoint has an address."""
        zones = len(self.endpoint_subnet_ids) or self.subnets.zones
        return zones if choice is EndpointZones.ALL else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    kubernetes_version: str | None
    """None: the catalog's newest for a new cluster, its own for one that is there."""
    node_release_version: str | None
    node_os: NodeOs
    device_plugin_image: str | None
    endpoint_public_access_cidrs: tuple[str, ...]
    admin_principal_arns: tuple[str, ...]
    bastion: bool
    tunnel_port: int
    deletion_protection: bool
    log_retention_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerPlan:
    domain_name: str
    certificate_arn: str | None
    certificate_authority_arn: str | None
    client_cidrs: tuple[str, ...]
    allowed_principals: tuple[str, ...]
    deletion_protection: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestPlan:
    """The build that copies images and weights into the account."""

    package: str
    """Requirement of paddock, as pip takes it."""
    token_secret_arn: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    instance_type: str
    gpu: Gpu
    gpus_per_instance: int
    tensor_parallel: int
    pipeline_parallel: int
    replicas: int
    replicas_per_node: int
    nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLaunch:
    """Image, arguments and environment of vLLM, but for the model's path, host and port, which the service knows."""

    vllm_version: str
    image: str | None
    """None while it is not copied to a registry of the account; nothing is deployed then."""
    args: tuple[str, ...]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """The same model elsewhere, if AWS has no capacity for the chosen instance type."""

    placement: Placement
    quantization: Quantization
    usd_per_hour: float
    """Hourly price of the GPU nodes."""
    engine_args: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBudget:
    startup_period_seconds: int
    startup_failure_threshold: int
    readiness_period_seconds: int
    liveness_period_seconds: int
    termination_grace_seconds: int
    engine_silent_seconds: int
    """Silence after which the engine counts as hung and the pod is not ready."""

    @property
    def startup_seconds(self) -> int:
        """The longest start that is not a failure."""
        return self.startup_period_seconds * self.startup_failure_threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """One model: its weights, its GPU nodes, its pods."""

    name: str
    display_name: str
    quantization: Quantization
    """The one chosen of those that the settings accept."""
    checkpoint: str
    """The Hugging Face repository that holds the weights at the chosen quantization, or the address of one's own."""
    weights_bytes: int
    """Size of the checkpoint."""
    retain_weights: bool
    weights_bucket: str | None
    """A bucket that holds the weights already; None for a new one."""
    weights_key_arn: str | None
    weights_revision: str | None
    """The signed revision that pods check; None for the folder of the quantization, unchecked."""
    weights_public_key: str | None
    """The key that signed it; None for that of the bucket's signing key."""
    weights_lock_days: int | None
    loading: LoadingPlan
    """Way of the weights to GPU memory, and the seconds of each way."""
    adapters: AdaptersPlan
    """LoRA adapters that pods copy and vLLM serves beside the model."""
    workload: Workload
    placement: Placement
    capacity_type: CapacityType
    disk_gib: int
    disk_throughput_mib_s: int
    """Throughput of the node's volume, so that the image's pull does not wait for it."""
    pull_seconds: int
    """The longest pull of the image that is not a failure; a start's probes count after it."""
    memory: MemoryBudget
    kv_cache: KvCache
    performance: Performance | None
    """Speed of one replica with the requests that it is planned for."""
    engine: EngineLaunch
    pod: PodShape
    probes: ProbeBudget
    license: Mapping[str, str]
    """Acceptance of the license, `license`, `by` and `on`; empty where nobody accepted it."""
    notice: str
    """Text that the license wants shown to users; empty for a license that the catalog does not have."""
    why: tuple[str, ...]
    fallbacks: tuple[Fallback, ...]
    """Other placements, in the order in which to try them."""
    rejected: tuple[Rejection, ...]
    """Cheaper instance types that do not work, the dearest first; then those without a known price."""

    @property
    def source(self) -> str:
        """Address of the checkpoint, as `paddock weights push --from` takes it."""
        return self.checkpoint if "://" in self.checkpoint else f"hf://{self.checkpoint}"

    @property
    def weights_folder(self) -> str:
        """Last part of the weights' folder: the revision, or the quantization where none is pinned."""
        return self.weights_revision or str(self.quantization)
