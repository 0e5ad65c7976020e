"""The door for Pulumi programs in any language: `pulumi package add <this repository>/components`."""

from pulumi.provider.experimental import component_provider_host

from paddock import (
    Bastion,
    Cluster,
    DevicePlugin,
    ExistingNetwork,
    GpuNodePool,
    IngestProject,
    LlamaPlatform,
    PrivateNetwork,
    ServiceLoadBalancer,
    VllmService,
    WeightsBucket,
    WeightsReadAccess,
    __version__,
)

if __name__ == "__main__":
    component_provider_host(
        [
            PrivateNetwork,
            ExistingNetwork,
            Cluster,
            Bastion,
            GpuNodePool,
            DevicePlugin,
            WeightsBucket,
            WeightsReadAccess,
            IngestProject,
            VllmService,
            ServiceLoadBalancer,
            LlamaPlatform,
        ],
        "paddock",
        version=__version__,
    )
