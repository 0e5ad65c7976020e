"""paddock: the smallest private field on AWS that a Llama runs well in.

The names below are loaded when they are first used, so `import paddock.sizing` loads no Pulumi.
"""

from typing import TYPE_CHECKING, Any

from paddock.lazy import loaded

if TYPE_CHECKING:
    from paddock.catalog import CapacityType as CapacityType
    from paddock.cluster.bastion import Bastion as Bastion
    from paddock.cluster.bastion import BastionArgs as BastionArgs
    from paddock.cluster.cluster import Cluster as Cluster
    from paddock.cluster.cluster import ClusterArgs as ClusterArgs
    from paddock.cluster.device_plugin import DevicePlugin as DevicePlugin
    from paddock.cluster.device_plugin import DevicePluginArgs as DevicePluginArgs
    from paddock.cluster.gpu_node_pool import GpuNodePool as GpuNodePool
    from paddock.cluster.gpu_node_pool import GpuNodePoolArgs as GpuNodePoolArgs
    from paddock.common.inputs import ArgumentError as ArgumentError
    from paddock.network.existing_network import ExistingNetwork as ExistingNetwork
    from paddock.network.existing_network import ExistingNetworkArgs as ExistingNetworkArgs
    from paddock.network.private_network import PrivateNetwork as PrivateNetwork
    from paddock.network.private_network import PrivateNetworkArgs as PrivateNetworkArgs
    from paddock.plan.plan import Plan as Plan
    from paddock.plan.plan import PlanError as PlanError
    from paddock.plan.plan import make_plan as make_plan
    from paddock.platform import LlamaPlatform as LlamaPlatform
    from paddock.platform_args import LlamaPlatformArgs as LlamaPlatformArgs
    from paddock.serving.load_balancer import ServiceLoadBalancer as ServiceLoadBalancer
    from paddock.serving.load_balancer import ServiceLoadBalancerArgs as ServiceLoadBalancerArgs
    from paddock.serving.vllm_service import VllmService as VllmService
    from paddock.serving.vllm_service import VllmServiceArgs as VllmServiceArgs
    from paddock.settings import Settings as Settings
    from paddock.settings import SettingsError as SettingsError
    from paddock.weights.bucket import WeightsBucket as WeightsBucket
    from paddock.weights.bucket import WeightsBucketArgs as WeightsBucketArgs
    from paddock.weights.ingest_project import IngestProject as IngestProject
    from paddock.weights.ingest_project import IngestProjectArgs as IngestProjectArgs
    from paddock.weights.read_access import WeightsReadAccess as WeightsReadAccess
    from paddock.weights.read_access import WeightsReadAccessArgs as WeightsReadAccessArgs

__version__ = "0.1.0"
"""Version of the package, and the only place that states it (RELEASING.md)."""

_HOME = {
    "ArgumentError": "common.inputs",
    "Bastion": "cluster.bastion",
    "BastionArgs": "cluster.bastion",
    "CapacityType": "catalog",
    "Cluster": "cluster.cluster",
    "ClusterArgs": "cluster.cluster",
    "ExistingNetwork": "network.existing_network",
    "ExistingNetworkArgs": "network.existing_network",
    "DevicePlugin": "cluster.device_plugin",
    "DevicePluginArgs": "cluster.device_plugin",
    "GpuNodePool": "cluster.gpu_node_pool",
    "GpuNodePoolArgs": "cluster.gpu_node_pool",
    "IngestProject": "weights.ingest_project",
    "IngestProjectArgs": "weights.ingest_project",
    "LlamaPlatform": "platform",
    "LlamaPlatformArgs": "platform_args",
    "WeightsBucket": "weights.bucket",
    "WeightsBucketArgs": "weights.bucket",
    "Plan": "plan.plan",
    "PlanError": "plan.plan",
    "PrivateNetwork": "network.private_network",
    "PrivateNetworkArgs": "network.private_network",
    "ServiceLoadBalancer": "serving.load_balancer",
    "ServiceLoadBalancerArgs": "serving.load_balancer",
    "Settings": "settings",
    "SettingsError": "settings",
    "VllmService": "serving.vllm_service",
    "VllmServiceArgs": "serving.vllm_service",
    "WeightsReadAccess": "weights.read_access",
    "WeightsReadAccessArgs": "weights.read_access",
    "make_plan": "plan.plan",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'paddock' has no attribute '{name}'")
    return getattr(loaded(f"paddock.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
