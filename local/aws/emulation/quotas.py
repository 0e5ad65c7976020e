"""Service Quotas: moto 5.2.5 has those of VPCs alone, and raises none. The local account's EC2 quotas are raised."""

from __future__ import annotations

import json
from typing import Any

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from local.aws.emulation import Refused, teach

RAISED_VCPUS = 2000.0
"""Every quota on vCPUs, so that any plan of the catalog can be tried; a new account has 0 of most (quotas.toml)."""
_DEFAULTS = {
    "ec2": {
        "L-DB2E81BA": "Running On-Demand G and VT instances",
        "L-417A185B": "Running On-Demand P instances",
        "L-1216C47A": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
        "L-3819A6DF": "All G and VT Spot Instance Requests",
        "L-C4BD4855": "All P5 Spot Instance Requests",
        "L-7212CCBC": "All P4, P3 and P2 Spot Instance Requests",
    },
    "elasticloadbalancing": {"L-69A177A2": "Network Load Balancers per Region"},
}
_LOAD_BALANCERS = 50.0
VALUES: dict[tuple[str, str], float] = {}
"""Values by service and code that differ from the default; in all regions of this process."""


def install() -> None:
    """Teach every Service Quotas backend of this process."""
    known = ServiceQuotasBackend.get_service_quota

    def get_service_quota(self: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
        quota = _default(self, known, service_code, quota_code)
        return quota | {"Value": VALUES.get((service_code, quota_code), quota["Value"])}

    def get_aws_default_service_quota(self: ServiceQuotasResponse) -> str:
        asked = json.loads(self.body)
        return json.dumps({"Quota": _default(self.backend, known, asked["ServiceCode"], asked["QuotaCode"])})

    def request_service_quota_increase(self: ServiceQuotasResponse) -> str:
        asked = json.loads(self.body)
        service, code, wanted = asked["ServiceCode"], asked["QuotaCode"], float(asked["DesiredValue"])
        quota = self.backend.get_service_quota(service, code)
        if wanted <= quota["Value"]:
            raise Refused("IllegalArgumentException", "You must provide a quota value greater than the current value.")
        VALUES[(service, code)] = wanted
        answer = {"ServiceCode": service, "QuotaCode": code, "DesiredValue": wanted, "Status": "APPROVED"}
        return json.dumps({"RequestedQuota": answer})

    teach(ServiceQuotasBackend, get_service_quota)
    teach(ServiceQuotasResponse, get_aws_default_service_quota, request_service_quota_increase)


def _default(backend: ServiceQuotasBackend, known: Any, service: str, code: str) -> dict[str, Any]:
    if service not in _DEFAULTS:
        return dict(known(backend, service, code))
    if code not in _DEFAULTS[service]:
        raise NoSuchResource
    value = RAISED_VCPUS if service == "ec2" else _LOAD_BALANCERS
    return {"ServiceCode": service, "QuotaCode": code, "QuotaName": _DEFAULTS[service][code], "Value": value}
