"""Requests for recorded types: from moto's dispatcher to the function that answers an operation."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import RLock
from typing import Any

import moto.eks.urls
from botocore import xform_name
from botocore.session import Session
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.route53resolver.models import Route53ResolverBackend
from moto.route53resolver.responses import Route53ResolverResponse

from local.aws import constraints
from local.aws.emulation import Refused, teach
from local.aws.recorded import access, addons, clusters, dns_firewall, nodegroups, pod_identity, tags
from local.aws.recorded.kind import Operation, Record
from local.aws.recorded.operations import operations
from local.aws.recorded.refusals import Invalid, InvalidParameter, InvalidRequest, Refusal
from local.aws.recorded.region import RECORDED

_EKS: dict[str, Operation] = {
    **operations(
        clusters.CLUSTER,
        clusters.UPDATE,
        nodegroups.NODEGROUP,
        addons.ADDON,
        access.ACCESS_ENTRY,
        access.POLICY,
        pod_identity.POD_IDENTITY,
    ),
    **clusters.OPERATIONS,
    **nodegroups.OPERATIONS,
    **addons.OPERATIONS,
    **access.OPERATIONS,
    **tags.OPERATIONS,
}
_RESOLVER: dict[str, Operation] = {
    **operations(
        dns_firewall.DOMAIN_LIST,
        dns_firewall.RULE_GROUP,
        dns_firewall.RULE,
        dns_firewall.ASSOCIATION,
        dns_firewall.CONFIG,
    ),
    **dns_firewall.OPERATIONS,
}
_MODELS = {name: Session().get_service_model(name) for name in ("eks", "route53resolver")}
_LOCK = RLock()


def install() -> None:
    """Teach this process all of EKS, and its Resolvers the DNS Firewall."""
    moto.eks.urls.url_paths = {"{0}/<path:rest>": EksResponse.dispatch}
    known = Route53ResolverBackend._matched_arn

    def _matched_arn(self: Route53ResolverBackend, resource_arn: str) -> None:
        records = RECORDED.region(self.account_id, self.region_name).records.values()
        if not any(record.get("Arn") == resource_arn for kept in records for record in kept.values()):
            known(self, resource_arn)

    teach(Route53ResolverBackend, _matched_arn)
    teach(Route53ResolverResponse, *map(_of_resolver, _RESOLVER))


class EksResponse(BaseResponse):
    """Answers for moto's dispatcher; moto parses the request and serializes the answer by the service model."""

    def __init__(self) -> None:
        super().__init__(service_name="eks")
        self.automated_parameter_parsing = True

    def call_action(self) -> Any:
        params = {key: value for key, value in self.params.items() if value is not None}
        try:
            answer: object = _answer(self, _EKS, self._get_action(), params, InvalidParameter)
        except ServiceException as refusal:
            answer = refusal
        status, headers, body = self.serialized(ActionResult(answer))
        return status, {**headers, "status": str(status)}, body


def _of_resolver(name: str) -> Callable[[Route53ResolverResponse], ActionResult]:
    def answer(self: Route53ResolverResponse) -> ActionResult:
        return ActionResult(_answer(self, _RESOLVER, name, json.loads(self.body), Invalid))

    answer.__name__ = xform_name(name)
    return answer


def _answer(
    request: BaseResponse, known: dict[str, Operation], name: str, params: Record, invalid: type[Refusal]
) -> Record:
    try:
        if name not in known:
            raise InvalidRequest(f"The local cloud's EKS does not know the operation {name}.")
        shape = _MODELS[request.boto3_service_name].operation_model(name).input_shape
        if found := [f"{failure.path} {failure.reason}" for failure in constraints.failures(shape, params)]:
            raise invalid("; ".join(found))
        with _LOCK:
            return known[name](RECORDED.region(request.current_account, request.region), params)
    except Refusal as refusal:
        raise Refused(refusal.code, str(refusal)) from None
