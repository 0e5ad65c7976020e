"""Target groups that get the instances of an Auto Scaling group."""

from __future__ import annotations

from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Resource, names
from local.aws.values import Values


def _create(cloud: Cloud, inputs: Values) -> str:
    group, target = inputs["autoscalingGroupName"], inputs["lbTargetGroupArn"]
    cloud.autoscaling.attach_load_balancer_target_groups(AutoScalingGroupName=group, TargetGroupARNs=[target])
    return f"{group}-{target.rsplit('/', 1)[1]}"


def _read(cloud: Cloud, _: str, known: Values) -> Values:
    group, target = known["autoscalingGroupName"], known["lbTargetGroupArn"]
    try:
        found = cloud.autoscaling.describe_load_balancer_target_groups(AutoScalingGroupName=group)
    except cloud.autoscaling.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # what Auto Scaling says of a group that is gone
            raise GoneError(group) from error
        raise
    if target not in [each["LoadBalancerTargetGroupARN"] for each in found["LoadBalancerTargetGroups"]]:
        raise GoneError(f"{group} has no {target}")
    return {"autoscalingGroupName": group, "lbTargetGroupArn": target}


def _delete(cloud: Cloud, id_: str, known: Values) -> None:
    _read(cloud, id_, known)
    cloud.autoscaling.detach_load_balancer_target_groups(
        AutoScalingGroupName=known["autoscalingGroupName"], TargetGroupARNs=[known["lbTargetGroupArn"]]
    )


RESOURCES = (
    Resource(
        pulumi_type="aws:autoscaling/attachment:Attachment",
        operation=("autoscaling", "AttachLoadBalancerTargetGroups"),
        arguments=names("autoscalingGroupName lbTargetGroupArn"),
        required=names("lbTargetGroupArn"),
        replace_on=names("autoscalingGroupName lbTargetGroupArn"),
        create=_create,
        read=_read,
        delete=_delete,
        importable=False,
    ),
)
