"""Auto Scaling groups that EKS makes for node groups. They hold no instances: a node group's nodes are the bridge's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from local.aws.recorded.region import Region


def make(region: Region, name: str, template: dict[str, Any], subnet_ids: Iterable[str]) -> None:
    """Make a group of a launch template of its own, as EKS makes it from the node group's."""
    made = region.ec2.create_launch_template(name, "", dict(template), {})
    autoscaling_backends[region.account_id][region.name].create_auto_scaling_group(
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


def delete(region: Region, name: str) -> None:
    autoscaling_backends[region.account_id][region.name].delete_auto_scaling_group(name)
    region.ec2.delete_launch_template(name, None)
