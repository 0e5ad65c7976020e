"""gRPC servers in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc


@contextmanager
def served(register: Any, servicer: object) -> Iterator[str]:
    """Address of a servicer, registered by the function of its protocol."""
    server = grpc.server(ThreadPoolExecutor(4))
    register(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()
