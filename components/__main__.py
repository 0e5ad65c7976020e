"""The door for Pulumi programs in any language: `pulumi package add <this repository>/components`."""

from pulumi.provider.experimental import component_provider_host

from paddock import Cluster, DevicePlugin, GpuNodePool, LlamaPlatform, ModelWeights, PrivateNetwork, VllmService

if __name__ == "__main__":
    component_provider_host(
        [PrivateNetwork, Cluster, GpuNodePool, DevicePlugin, ModelWeights, VllmService, LlamaPlatform],
        "paddock",
        version="0.1.0",
    )
