"""The door of the recorded EKS: from an HTTP request to the function that answers its operation."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, TypeAlias

from botocore.session import Session as BotocoreSession
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores

from local.aws import constraints
from local.aws.emulation.eks import access, addons, clusters, nodegroups, pod_identity, tags
from local.aws.emulation.eks.errors import InvalidParameter, InvalidRequest
from local.aws.emulation.eks.region import Eks, Record, Region

Operation: TypeAlias = Callable[[Region, Record], Record]

OPERATIONS: dict[str, Operation] = {
    **clusters.OPERATIONS,
    **nodegroups.OPERATIONS,
    **addons.OPERATIONS,
    **access.OPERATIONS,
    **pod_identity.OPERATIONS,
    **tags.OPERATIONS,
}

_MODEL = BotocoreSession().get_service_model("eks")
_LOCK = RLock()
EKS = Eks()
"""The one EKS of this process."""


class EksResponse(BaseResponse):
    """Answers for moto's dispatcher; moto parses the request and serialises the answer by the service model."""

    def __init__(self) -> None:
        super().__init__(service_name="eks")
        self.automated_parameter_parsing = True

    def call_action(self) -> Any:
        name = self._get_action()
        try:
            answer: object = self._answer(name)
        except ServiceException as refusal:
            answer = refusal
        status, headers, body = self.serialized(ActionResult(answer))
        return status, {**headers, "status": str(status)}, body

    def _answer(self, name: str) -> Record:
        operation = OPERATIONS.get(camelcase_to_underscores(name))
        if operation is None:
            raise InvalidRequest(f"The local cloud's EKS does not know the operation {name}.")
        shape = _MODEL.operation_model(name).input_shape
        params = {key: value for key, value in self.params.items() if value is not None}
        found = [f"{failure.path} {failure.reason}" for failure in constraints.failures(shape, params)]
        if found:
            raise InvalidParameter("; ".join(found))
        with _LOCK:
            return operation(EKS.region(self.current_account, self.region), params)
