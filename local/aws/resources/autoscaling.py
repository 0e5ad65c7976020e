"""Target groups that get the instances of an Auto Scaling group."""

from __future__ import annotations

from collections.abc import Iterator

from local.aws.cloud import Cloud
from local.aws.definition import Resource, names
from local.aws.values import Values


def _create(cloud: Cloud, inputs: Values) -> str:
    group, target = inputs["autoscalingGroupName"], inputs["lbTargetGroupArn"]
    cloud.autoscaling.attach_load_balancer_target_groups(AutoScalingGroupName=group, TargetGroupARNs=[target])
    return f"{group}-{target.rsplit('/', 1)[1]}"


def _read(cloud: Cloud, _: str, known: Values) -> Values | None:
    group, target = known["autoscalingGroupName"], known["lbTargetGroupArn"]
    try:
        found = cloud.autoscaling.describe_load_balancer_target_groups(AutoScalingGroupName=group)
    except cloud.autoscaling.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # what Auto Scaling says of a group that is gone
            return None
        raise
    if target not in [each["LoadBalancerTargetGroupARN"] for each in found["LoadBalancerTargetGroups"]]:
        return None
    return {"autoscalingGroupName": group, "lbTargetGroupArn": target}


def _delete(cloud: Cloud, id_: str, known: Values) -> None:
    if _read(cloud, id_, known):
        cloud.autoscaling.detach_load_balancer_target_groups(
            AutoScalingGroupName=known["autoscalingGroupName"], TargetGroupARNs=[known["lbTargetGroupArn"]]
        )


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    if "lbTargetGroupArn" not in inputs:
        yield "lbTargetGroupArn", "required, but not given"


RESOURCES = (
    Resource(
        pulumi_type="aws:autoscaling/attachment:Attachment",
        operation=("autoscaling", "AttachLoadBalancerTargetGroups"),
        arguments=names("autoscalingGroupName lbTargetGroupArn"),
        replace_on=names("autoscalingGroupName lbTargetGroupArn"),
        create=_create,
        read=_read,
        delete=_delete,
        importable=False,
        validate=_validate,
    ),
)
