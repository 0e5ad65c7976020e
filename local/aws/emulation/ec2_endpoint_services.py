"""Endpoint services of one's own: moto 5.2.5 takes any load balancer and any principal."""

from __future__ import annotations

import re
from typing import Any

from moto.ec2.models import EC2Backend

from local.aws.emulation import Refused, teach

_PRINCIPAL = re.compile(r"\*|arn:aws[a-z-]*:iam::[0-9]{12}:(?:root|user/.+|role/.+)")


def install() -> None:
    """Teach every EC2 backend of this process."""
    create, permit = (
        EC2Backend.create_vpc_endpoint_service_configuration,
        EC2Backend.modify_vpc_endpoint_service_permissions,
    )

    def create_vpc_endpoint_service_configuration(
        self: EC2Backend, lb_arns: list[str], *rest: Any, **named: Any
    ) -> Any:
        for balancer in self.elbv2_backend.describe_load_balancers(arns=lb_arns, names=None):
            if balancer.type not in ("network", "gateway"):
                raise Refused(
                    "InvalidParameter", f"{balancer.arn} is of type {balancer.type}; it must be network or gateway"
                )
            if any(balancer.arn in other.network_load_balancer_arns for other in self.configurations.values()):
                raise Refused("InvalidParameter", f"{balancer.arn} is already used by another endpoint service")
        return create(self, lb_arns, *rest, **named)

    def modify_vpc_endpoint_service_permissions(
        self: EC2Backend, service_id: str, add_principals: list[str], remove_principals: list[str]
    ) -> None:
        for principal in add_principals:
            if not _PRINCIPAL.fullmatch(principal):
                raise Refused("InvalidPrincipal", f"The principal '{principal}' is not valid")
        permit(self, service_id, add_principals, remove_principals)

    teach(EC2Backend, create_vpc_endpoint_service_configuration, modify_vpc_endpoint_service_permissions)
