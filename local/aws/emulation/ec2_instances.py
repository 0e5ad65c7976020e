"""Launching instances: moto 5.2.5 takes any image, and any network for it."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES

from local.aws.emulation import Refused, teach


def install() -> None:
    """Teach every EC2 backend of this process."""
    run = EC2Backend.run_instances

    def run_instances(self: EC2Backend, image_id: str, *rest: Any, **named: Any) -> Any:
        (image,) = self.describe_images(ami_ids=[image_id])
        _require_type(named["instance_type"], image.architecture)
        for interface in named.get("nics") or []:
            _require_capacity(self, interface, named["instance_type"])
        return run(self, image_id, *rest, **named)

    teach(EC2Backend, run_instances)


def _require_type(instance_type: str, architecture: str | None) -> None:
    known = INSTANCE_TYPES.get(instance_type)
    if known is None:
        raise Refused("InvalidParameterValue", f"Invalid value '{instance_type}' for InstanceType.")
    supported = known["ProcessorInfo"]["SupportedArchitectures"]
    if architecture not in supported:
        raise Refused(
            "InvalidParameterValue",
            f"The architecture '{','.join(supported)}' of the specified instance type does not match the architecture "
            f"'{architecture}' of the specified AMI. Specify an instance type and an AMI that have matching "
            "architectures, and try again.",
        )


def _require_capacity(ec2: EC2Backend, interface: dict[str, Any], instance_type: str) -> None:
    subnet = ec2.get_subnet(interface["SubnetId"])
    offered = INSTANCE_TYPE_OFFERINGS["availability-zone"][ec2.region_name]
    zones = sorted(each["Location"] for each in offered if each["InstanceType"] == instance_type)
    if subnet.availability_zone not in zones:
        raise Refused(
            "Unsupported",
            f"Your requested instance type ({instance_type}) is not supported in your requested Availability Zone "
            f"({subnet.availability_zone}). Please retry your request by not specifying an Availability Zone or "
            f"choosing {', '.join(zones)}.",
        )
    for group_id in interface.get("Groups") or []:
        group = ec2.get_security_group_from_id(group_id)
        if group is None:
            raise Refused("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        if group.vpc_id != subnet.vpc_id:
            raise Refused(
                "InvalidParameter", f"Security group {group_id} and subnet {subnet.id} belong to different networks."
            )
