"""The door for Pulumi programs in any language: `pulumi package add <this repository>/components`."""

from pulumi.provider.experimental import component_provider_host

from paddock import (
    Bastion,
    Cluster,
    ExistingNetwork,
    GpuNodePool,
    LlamaPlatform,
    ModelWeights,
    PrivateNetwork,
    VllmService,
    WeightsReader,
)

if __name__ == "__main__":
    component_provider_host(
        [
            PrivateNetwork,
            ExistingNetwork,
            Cluster,
            Bastion,
            GpuNodePool,
            ModelWeights,
            WeightsReader,
            VllmService,
            LlamaPlatform,
        ],
        "paddock",
        version="0.1.0",
    )
