"""Choices that settings, plan and components share."""

from enum import StrEnum


class EndpointZones(StrEnum):
    """Where interface endpoints have addresses."""

    ALL = "all"
    ONE = "one"


class NodeOs(StrEnum):
    """The operating system of the nodes."""

    BOTTLEROCKET = "bottlerocket"
    AL2023 = "al2023"
