"""paddock: the smallest private field on AWS that a Llama runs well in.

The names below are loaded when they are first used, so `import paddock.sizing` loads no Pulumi.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paddock.arguments import ArgumentError as ArgumentError
    from paddock.bastion import Bastion as Bastion
    from paddock.bastion import BastionArgs as BastionArgs
    from paddock.catalog import CapacityType as CapacityType
    from paddock.cluster import Cluster as Cluster
    from paddock.cluster import ClusterArgs as ClusterArgs
    from paddock.device_plugin import DevicePlugin as DevicePlugin
    from paddock.device_plugin import DevicePluginArgs as DevicePluginArgs
    from paddock.existing_network import ExistingNetwork as ExistingNetwork
    from paddock.existing_network import ExistingNetworkArgs as ExistingNetworkArgs
    from paddock.gpu_pool import GpuNodePool as GpuNodePool
    from paddock.gpu_pool import GpuNodePoolArgs as GpuNodePoolArgs
    from paddock.network import PrivateNetwork as PrivateNetwork
    from paddock.network import PrivateNetworkArgs as PrivateNetworkArgs
    from paddock.plan import Plan as Plan
    from paddock.plan import PlanError as PlanError
    from paddock.plan import make_plan as make_plan
    from paddock.platform import LlamaPlatform as LlamaPlatform
    from paddock.platform import LlamaPlatformArgs as LlamaPlatformArgs
    from paddock.service_door import ServiceDoor as ServiceDoor
    from paddock.service_door import ServiceDoorArgs as ServiceDoorArgs
    from paddock.serving import VllmService as VllmService
    from paddock.serving import VllmServiceArgs as VllmServiceArgs
    from paddock.settings import Settings as Settings
    from paddock.settings import SettingsError as SettingsError
    from paddock.weights import ModelWeights as ModelWeights
    from paddock.weights import ModelWeightsArgs as ModelWeightsArgs
    from paddock.weights_reader import WeightsReader as WeightsReader
    from paddock.weights_reader import WeightsReaderArgs as WeightsReaderArgs

_HOME = {
    "ArgumentError": "arguments",
    "Bastion": "bastion",
    "BastionArgs": "bastion",
    "CapacityType": "catalog",
    "Cluster": "cluster",
    "ClusterArgs": "cluster",
    "ExistingNetwork": "existing_network",
    "ExistingNetworkArgs": "existing_network",
    "DevicePlugin": "device_plugin",
    "DevicePluginArgs": "device_plugin",
    "GpuNodePool": "gpu_pool",
    "GpuNodePoolArgs": "gpu_pool",
    "LlamaPlatform": "platform",
    "LlamaPlatformArgs": "platform",
    "ModelWeights": "weights",
    "ModelWeightsArgs": "weights",
    "Plan": "plan",
    "PlanError": "plan",
    "PrivateNetwork": "network",
    "PrivateNetworkArgs": "network",
    "ServiceDoor": "service_door",
    "ServiceDoorArgs": "service_door",
    "Settings": "settings",
    "SettingsError": "settings",
    "VllmService": "serving",
    "VllmServiceArgs": "serving",
    "WeightsReader": "weights_reader",
    "WeightsReaderArgs": "weights_reader",
    "make_plan": "plan",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'paddock' has no attribute '{name}'")
    return getattr(import_module(f"paddock.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
