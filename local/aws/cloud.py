"""The provider's way to AWS: boto3 clients, made when first used, which refuse what AWS's models forbid."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from boto3 import Session

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_GONE = re.compile(r"NotFound|NoSuch")


class NotLocalError(Exception):
    """This provider was about to talk to something that is not a local emulation."""


def local_endpoint() -> str:
    """URL of the emulated AWS. An endpoint elsewhere is refused: it would be somebody's real account."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if urlsplit(endpoint).hostname not in _LOOPBACK:
        raise NotLocalError(
            "this `aws` provider emulates AWS and works only within the local cloud, but AWS_ENDPOINT_URL is "
            f"{endpoint or 'not set'}. Run `make shell` to enter the local cloud, or, to reach the real AWS, take "
            "the local cloud's plugins folder off PATH."
        )
    return endpoint


class GoneError(Exception):
    """AWS lists no such object."""


def is_gone(error: Exception) -> bool:
    """True if a refused call says that what it names does not exist."""
    if isinstance(error, GoneError):
        return True
    response = getattr(error, "response", {})
    return bool(_GONE.search(response.get("Error", {}).get("Code", "")))


def _client(service: str) -> Any:
    return property(lambda cloud: cloud.client(service))


@dataclass
class Cloud:
    """One region of the account."""

    region: str
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: RLock = field(default_factory=RLock, repr=False)

    acm = _client("acm")
    autoscaling = _client("autoscaling")
    codebuild = _client("codebuild")
    ec2 = _client("ec2")
    eks = _client("eks")
    elbv2 = _client("elbv2")
    iam = _client("iam")
    kms = _client("kms")
    logs = _client("logs")
    resolver = _client("route53resolver")
    route53 = _client("route53")
    s3 = _client("s3")
    ssm = _client("ssm")

    def client(self, service: str) -> Any:
        with self._lock:  # a session must not make two clients at once
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service, endpoint_url=local_endpoint(), config=self._config
                )
            return self._clients[service]

    def call(self, service: str, operation: str, values: Mapping[str, Any]) -> Any:
        """Call an operation with the values that it takes, whatever the case of their names; None is no value."""
        from botocore import xform_name

        client = self.client(service)
        shapes = client.meta.service_model.operation_model(operation).input_shape.members
        members = {name.lower(): name for name in shapes}
        given = {members[name.lower()]: value for name, value in values.items() if name.lower() in members}
        for name, value in given.items():
            if name == "Tags" and isinstance(value, dict):
                given[name] = [{"Key": key, "Value": each} for key, each in value.items()]
        present = {name: value for name, value in given.items() if value is not None}
        return getattr(client, xform_name(operation))(**present)

    @cached_property
    def _session(self) -> Session:
        import boto3

        from local.aws import constraints

        session = boto3.Session(region_name=self.region)
        constraints.enforce(session)
        return session

    @cached_property
    def _config(self) -> Any:
        from botocore.config import Config

        # The emulation answers at once or is broken; the SDK's minutes of retries would only hide which.
        return Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"}, parameter_validation=True)

    @cached_property
    def account_id(self) -> str:
        return str(self.client("sts").get_caller_identity()["Account"])

    def region_description(self, name: str) -> str | None:
        """Name of a region, say "US East (N. Virginia)"; None for one that AWS does not have."""
        partitions = self._session._loader.load_data("partitions")["partitions"]  # botocore has no public door to it
        for partition in partitions:
            if name in partition["regions"]:
                return str(partition["regions"][name]["description"])
        return None

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"
