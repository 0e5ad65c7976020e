"""AWS's refusals of recorded types, each with the code that the service model gives it."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  # named for what AWS does
    code = ""


class InvalidParameter(Refusal):
    code = "InvalidParameterException"


class InvalidRequest(Refusal):
    code = "InvalidRequestException"


class NotFound(Refusal):
    code = "ResourceNotFoundException"


class InUse(Refusal):
    code = "ResourceInUseException"


class LimitExceeded(Refusal):
    code = "ResourceLimitExceededException"


class BadRequest(Refusal):
    """EKS's word for InvalidParameter where tags are meant."""

    code = "BadRequestException"


class NoSuchTagged(Refusal):
    """EKS's word for NotFound where tags are meant."""

    code = "NotFoundException"


class UnsupportedZone(Refusal):
    code = "UnsupportedAvailabilityZoneException"


class Invalid(Refusal):
    """Route 53 Resolver's word for EKS's InvalidParameter."""

    code = "ValidationException"


class Conflict(Refusal):
    """Route 53 Resolver's word for EKS's InUse."""

    code = "ConflictException"
