"""The refusals of EKS, each with the code that the service model gives it."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class InvalidParameter(ServiceException):
    code = "InvalidParameterException"


class InvalidRequest(ServiceException):
    code = "InvalidRequestException"


class NotFound(ServiceException):
    code = "ResourceNotFoundException"


class InUse(ServiceException):
    code = "ResourceInUseException"


class LimitExceeded(ServiceException):
    code = "ResourceLimitExceededException"
