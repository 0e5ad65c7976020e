"""Encryption and class of log groups: moto 5.2.5 cannot change the one, asks nothing of its key, forgets the other."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import EmptyResult
from moto.kms.models import kms_backends
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from local.aws.documents import many, statements
from local.aws.emulation import Refused, teach


def install() -> None:
    """Teach every CloudWatch Logs backend of this process."""
    describe = LogGroup.to_describe_dict

    def create_log_group(self: LogsResponse) -> EmptyResult:
        name, key_id = self._get_param("logGroupName"), self._get_param("kmsKeyId")
        if key_id is not None:
            _require_key(self.logs_backend, key_id, name)
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
        raise Refused("ResourceNotFoundException", "The specified log group does not exist.")
    if key_id is not None:
        _require_key(backend, key_id, name)
    backend.groups[name].kms_key_id = key_id
    return EmptyResult()


def _require_key(backend: LogsBackend, arn: str, group: str) -> None:
    keys = kms_backends[backend.account_id][backend.region_name].keys.values()
    found = next((key for key in keys if key.arn == arn and key.key_state == "Enabled"), None)
    if found is None:
        raise Refused("InvalidParameterException", f"The specified KMS key does not exist or is not enabled: {arn}")
    group_arn = f"arn:aws:logs:{backend.region_name}:{backend.account_id}:log-group:{group}"
    if not _may_encrypt(found.policy, f"logs.{backend.region_name}.amazonaws.com", group_arn):
        raise Refused(
            "InvalidParameterException",
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{group_arn}'",
        )


def _may_encrypt(policy: str, service: str, group_arn: str) -> bool:
    """True if a key's policy lets the service use it for this group: AWS tries, and else refuses."""
    return any(
        statement["Effect"] == "Allow"
        and isinstance(statement.get("Principal"), dict)
        and service in many(statement["Principal"].get("Service"))
        and all(any(fnmatchcase(action, like) for like in many(statement["Action"])) for action in _USED)
        and all(
            any(fnmatchcase(group_arn, like) for like in many(keys[_CONTEXT]))
            for keys in statement.get("Condition", {}).values()
            if _CONTEXT in keys
        )
        for statement in statements(policy)
    )


_USED = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey")
_CONTEXT = "kms:EncryptionContext:aws:logs:arn"
