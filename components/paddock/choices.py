"""Choices and defaults that settings, plan and components share."""

from enum import StrEnum

DEFAULT_VPC_CIDR = "10.0.0.0/16"
DEFAULT_ZONES = 2
DEFAULT_LOG_RETENTION_DAYS = 90
DEFAULT_TUNNEL_PORT = 8443
HTTPS_PORT = 443


class EndpointZones(StrEnum):
    """Zones in which interface endpoints have addresses."""

    ALL = "all"
    ONE = "one"


class NodeOs(StrEnum):
    """The operating system of the nodes."""

    BOTTLEROCKET = "bottlerocket"
    AL2023 = "al2023"
