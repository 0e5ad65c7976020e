"""The AWS of the local cloud: `python -m local.aws.server --port N …`, a moto server that knows more of EKS and EC2.

It keeps everything in memory, for as long as it runs, and listens on one address for every service and region.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Final
from urllib.parse import parse_qs

# moto reads it while it is imported; without it, AWS's own policies (AmazonEKSClusterPolicy, …) do not exist.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sts.models import STSBackend
from werkzeug.serving import BaseWSGIServer, make_server

from local.aws.emulation import (
    CALLER,
    acm,
    ami_parameters,
    autoscaling,
    codebuild,
    ec2_capacity,
    ec2_dependencies,
    ec2_endpoint_services,
    ec2_endpoints,
    ec2_instances,
    ecr,
    elbv2,
    iam,
    iam_simulation,
    kms,
    logs,
    quotas,
    recorded,
    route53,
    s3_policies,
    ssm_sessions,
    tagging,
)
from local.aws.recorded.node_updates import nodes_replaced
from local.aws.recorded.region import RECORDED, ControlPlane

NODES_REPLACED: Final = "/_local/nodes-replaced"
"""No path of AWS: the bridge tells there that the nodes of a group are replaced, or why not."""


_SERVICES = (
    acm,
    ami_parameters,
    autoscaling,
    codebuild,
    ec2_capacity,
    ec2_dependencies,
    ec2_endpoint_services,
    ec2_endpoints,
    ec2_instances,
    ecr,
    elbv2,
    iam,
    iam_simulation,
    kms,
    logs,
    quotas,
    recorded,
    route53,
    s3_policies,
    ssm_sessions,
    tagging,
)


class Application(DomainDispatcherApplication):
    """moto's dispatcher, which also knows a presigned request by its query string, as `aws eks get-token` makes it."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO") == NODES_REPLACED:
            nodes_replaced(RECORDED, environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            start_response("204 No Content", [])
            return []
        query = parse_qs(environ.get("QUERY_STRING", ""))
        credential = query.get("X-Amz-Credential", [""])[0]
        if "HTTP_AUTHORIZATION" not in environ and "/sts/" in credential:
            signed = query.get("X-Amz-SignedHeaders", [""])[0]
            environ["HTTP_AUTHORIZATION"] = (
                f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature=unchecked"
            )
        return super().__call__(environ, start_response)


def make(host: str, port: int, control_plane: ControlPlane | None) -> BaseWSGIServer:
    """A server bound to its port, not serving yet. One process has one: moto's state is global."""
    RECORDED.control_plane = control_plane
    _teach_moto()
    return make_server(host, port, Application(create_backend_app), threaded=True, request_handler=_QuietHandler)


@cache
def _teach_moto() -> None:
    """Once in a process: what is taught wraps what was there."""
    for service in _SERVICES:
        service.install()
    _name_the_caller()


@contextmanager
def serving(control_plane: ControlPlane | None = None) -> Iterator[str]:
    """A server on a free port of this process; yields its URL."""
    before = RECORDED.control_plane
    server = make("127.0.0.1", 0, control_plane)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        # Of another server of this process, in a test.
        RECORDED.control_plane = before


class _QuietHandler(MotoRequestHandler):
    """Logs refused requests only; a health check every second would fill the log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if str(code) >= "400":
            super().log_request(code, size)


def _name_the_caller() -> None:
    known = STSBackend.get_caller_identity

    def get_caller_identity(self: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
        user_id, arn, account_id = known(self, access_key_id, region)
        if arn.endswith(":user/moto"):
            arn = f"arn:aws:iam::{account_id}:{CALLER}"
        return user_id, arn, account_id

    STSBackend.get_caller_identity = get_caller_identity  # type: ignore[method-assign]  # moto has no setting for it


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="local.aws.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--kubernetes-endpoint", help="URL that every described EKS cluster leads to")
    parser.add_argument("--kubernetes-ca-file", type=Path, help="PEM certificate of the authority that signed it")
    options = parser.parse_args(arguments)
    if (options.kubernetes_endpoint is None) != (options.kubernetes_ca_file is None):
        parser.error("--kubernetes-endpoint and --kubernetes-ca-file go together")

    control_plane = None
    if options.kubernetes_endpoint is not None:
        control_plane = ControlPlane.load(options.kubernetes_endpoint, options.kubernetes_ca_file)
    server = make(options.host, options.port, control_plane)

    def stop(_: int, __: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()  # shutdown waits for serve_forever, which this thread runs

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
