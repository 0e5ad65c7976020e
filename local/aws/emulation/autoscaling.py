"""The Auto Scaling groups that EKS makes for node groups, and what may be attached to them.

They hold no instances: a node group's nodes are made by the bridge.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import AutoScalingBackend

from local.aws.emulation import Refused, teach


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
        raise Refused("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{group_name}' not found")
