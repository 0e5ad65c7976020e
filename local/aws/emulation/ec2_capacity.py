"""Capacity reservations, which moto 5.2.5 does not know: tests put them into `RESERVATIONS`; they are only read."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from local.aws.emulation import teach

RESERVATIONS: list[dict[str, Any]] = []
"""Reservations as DescribeCapacityReservations answers them, of all regions of this process."""
_MEMBERS = {"instance-type": "InstanceType", "state": "State"}


def install() -> None:
    """Teach every EC2 backend of this process."""

    def describe_capacity_reservations(self: EC2Response) -> ActionResult:
        wanted: dict[str, list[str]] = {
            _MEMBERS[name]: list(values) for name, values in self._filters_from_querystring().items()
        }
        found = [each for each in RESERVATIONS if all(each.get(name) in values for name, values in wanted.items())]
        return ActionResult({"CapacityReservations": found})

    teach(EC2Response, describe_capacity_reservations)
