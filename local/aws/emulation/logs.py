"""Encryption of log groups: moto 5.2.5 knows it at creation only, and never asks whether the key exists."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import EmptyResult
from moto.kms.models import kms_backends
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse


class InvalidParameter(ServiceException):
    code = "InvalidParameterException"


class NotFound(ServiceException):
    code = "ResourceNotFoundException"


def install() -> None:
    """Teach every CloudWatch Logs backend of this process."""
    create = LogsBackend.create_log_group

    def create_log_group(self: LogsBackend, log_group_name: str, tags: Any, **arguments: Any) -> Any:
        if arguments.get("kmsKeyId"):
            _require_key(self, arguments["kmsKeyId"])
        return create(self, log_group_name, tags, **arguments)

    def associate_kms_key(self: LogsResponse) -> EmptyResult:
        return _encrypt(self, self._get_param("kmsKeyId"))

    def disassociate_kms_key(self: LogsResponse) -> EmptyResult:
        return _encrypt(self, None)

    LogsBackend.create_log_group = create_log_group  # type: ignore[method-assign]  # moto has no hook for it
    for operation in (associate_kms_key, disassociate_kms_key):
        setattr(LogsResponse, operation.__name__, operation)


def _encrypt(response: LogsResponse, key_id: str | None) -> EmptyResult:
    backend, name = response.logs_backend, response._get_param("logGroupName")
    if name not in backend.groups:
        raise NotFound("The specified log group does not exist.")
    if key_id is not None:
        _require_key(backend, key_id)
    backend.groups[name].kms_key_id = key_id
    return EmptyResult()


def _require_key(backend: LogsBackend, arn: str) -> None:
    keys = kms_backends[backend.account_id][backend.region_name].keys.values()
    if arn not in {key.arn for key in keys if key.key_state == "Enabled"}:
        raise InvalidParameter(f"The specified KMS key does not exist or is not enabled: {arn}")
