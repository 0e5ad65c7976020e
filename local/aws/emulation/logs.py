"""Encryption and class of log groups: moto 5.2.5 cannot change the one and forgets the other."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import EmptyResult
from moto.kms.models import kms_backends
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from local.aws.emulation import teach


class InvalidParameter(ServiceException):
    code = "InvalidParameterException"


class NotFound(ServiceException):
    code = "ResourceNotFoundException"


def install() -> None:
    """Teach every CloudWatch Logs backend of this process."""
    describe = LogGroup.to_describe_dict

    def create_log_group(self: LogsResponse) -> EmptyResult:
        name, key_id = self._get_param("logGroupName"), self._get_param("kmsKeyId")
        if key_id is not None:
            _require_key(self.logs_backend, key_id)
        self.logs_backend.create_log_group(name, self._get_param("tags"), kmsKeyId=key_id)
        vars(self.logs_backend.groups[name])["log_group_class"] = self._get_param("logGroupClass", "STANDARD")
        return EmptyResult()

    def associate_kms_key(self: LogsResponse) -> EmptyResult:
        return _encrypt(self, self._get_param("kmsKeyId"))

    def disassociate_kms_key(self: LogsResponse) -> EmptyResult:
        return _encrypt(self, None)

    def to_describe_dict(self: Any) -> dict[str, Any]:
        return {**describe(self), "logGroupClass": self.log_group_class}

    teach(LogsResponse, create_log_group, associate_kms_key, disassociate_kms_key)
    teach(LogGroup, to_describe_dict)


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
