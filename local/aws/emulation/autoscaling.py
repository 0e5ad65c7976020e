"""The Auto Scaling groups that EKS makes for node groups, and what may be attached to them.

They hold no instances: a node group's nodes are made by the bridge.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, autoscaling_backends
from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends

from local.aws.emulation import teach


class ValidationError(ServiceException):
    code = "ValidationError"


def install() -> None:
    """Teach every Auto Scaling backend of this process: moto 5.2.5 breaks down over a group that does not exist."""
    attach, detach, describe = (
        AutoScalingBackend.attach_load_balancer_target_groups,
        AutoScalingBackend.detach_load_balancer_target_groups,
        AutoScalingBackend.describe_load_balancer_target_groups,
    )

    def attach_load_balancer_target_groups(self: AutoScalingBackend, group_name: str, target_group_arns: Any) -> None:
        _require(self, group_name)
        self.elbv2_backend.describe_target_groups(None, target_group_arns, None)
        attach(self, group_name, target_group_arns)

    def detach_load_balancer_target_groups(self: AutoScalingBackend, group_name: str, target_group_arns: Any) -> None:
        _require(self, group_name)
        detach(self, group_name, target_group_arns)

    def describe_load_balancer_target_groups(self: AutoScalingBackend, group_name: str) -> Any:
        _require(self, group_name)
        return describe(self, group_name)

    teach(
        AutoScalingBackend,
        attach_load_balancer_target_groups,
        detach_load_balancer_target_groups,
        describe_load_balancer_target_groups,
    )


def _require(backend: AutoScalingBackend, group_name: str) -> None:
    if group_name not in backend.autoscaling_groups:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{group_name}' not found")


def make_group(account_id: str, region: str, name: str, template: dict[str, Any], subnet_ids: Iterable[str]) -> None:
    """A group of a launch template of its own, as EKS makes it from the node group's."""
    made = ec2_backends[account_id][region].create_launch_template(name, "", dict(template), {})
    autoscaling_backends[account_id][region].create_auto_scaling_group(
        name=name,
        availability_zones=[],
        desired_capacity=0,
        max_size=0,
        min_size=0,
        launch_config_name="",
        launch_template={"LaunchTemplateId": made.id, "Version": "1"},
        vpc_zone_identifier=",".join(subnet_ids),
        default_cooldown=None,
        health_check_period=None,
        health_check_type=None,
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=[],
        tags=[],
    )


def delete_group(account_id: str, region: str, name: str) -> None:
    autoscaling_backends[account_id][region].delete_auto_scaling_group(name)
    ec2_backends[account_id][region].delete_launch_template(name, None)
