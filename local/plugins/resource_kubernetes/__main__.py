"""`pulumi-resource-kubernetes ENGINE_ADDRESS`: serves the provider until the engine is done."""

from __future__ import annotations

import sys

from pulumi.runtime.proto import provider_pb2_grpc

from local.plugins.lifetime import engine_address, serve
from local.plugins.resource_kubernetes.provider import Provider

_PARALLEL_CALLS = 128
"""Every object that is waited for holds one."""


def main() -> None:
    engine = engine_address(sys.argv)
    provider = Provider(engine)
    serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server),
        engine,
        parallel_calls=_PARALLEL_CALLS,
    )


if __name__ == "__main__":
    main()
