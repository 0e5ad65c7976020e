"""Flow logs of VPCs and subnets."""

from __future__ import annotations

from collections.abc import Iterator

from local.aws.calls import ec2_tags, given, one, retag_ec2, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Resource, names
from local.aws.values import Values

_ARGUMENTS = names(
    "vpcId subnetId eniId iamRoleArn logDestination logDestinationType logFormat maxAggregationInterval trafficType"
)
_SOURCES = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}


def _create(cloud: Cloud, inputs: Values) -> str:
    [source] = [name for name in _SOURCES if name in inputs]
    destination = inputs.get("logDestination")
    log_group = None
    if inputs["logDestinationType"] == "cloud-watch-logs" and destination is not None:
        # moto finds a log group by its name alone; AWS takes the ARN and shows both.
        log_group, destination = destination.split(":log-group:", 1)[-1].removesuffix(":*"), None
    made = cloud.ec2.create_flow_logs(
        ResourceType=_SOURCES[source],
        ResourceIds=[inputs[source]],
        LogDestinationType=inputs["logDestinationType"],
        MaxAggregationInterval=inputs["maxAggregationInterval"],
        TagSpecifications=ec2_tags("vpc-flow-log", inputs),
        **given(
            TrafficType=inputs.get("trafficType"),
            LogDestination=destination,
            LogGroupName=log_group,
            DeliverLogsPermissionArn=inputs.get("iamRoleArn"),
            LogFormat=inputs.get("logFormat"),
        ),
    )
    for refused in made["Unsuccessful"]:
        raise ValueError(refused["Error"]["Message"])
    return str(made["FlowLogIds"][0])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    log = one(cloud.ec2.describe_flow_logs, "FlowLogs", FlowLogIds=[id_])
    source = next(
        name
        for name, prefix in (("vpcId", "vpc-"), ("subnetId", "subnet-"), ("eniId", "eni-"))
        if log["ResourceId"].startswith(prefix)
    )
    group = log.get("LogGroupName")
    return {
        "arn": cloud.arn("ec2", f"vpc-flow-log/{id_}"),
        "iamRoleArn": log.get("DeliverLogsPermissionArn", ""),
        "logDestination": cloud.arn("logs", f"log-group:{group}") if group else log.get("LogDestination", ""),
        "logDestinationType": log["LogDestinationType"],
        "logFormat": log["LogFormat"],
        "maxAggregationInterval": log["MaxAggregationInterval"],
        "tagsAll": tag_map(log.get("Tags")),
        "trafficType": log.get("TrafficType", ""),
        source: log["ResourceId"],
    }


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    sources = [name for name in _SOURCES if name in inputs]
    if len(sources) != 1:
        yield "vpcId", f"exactly one of {', '.join(_SOURCES)} must be given, got {len(sources)}"
    if sources and "trafficType" not in inputs:
        yield "trafficType", "required for a VPC, subnet or network interface, but not given"


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/flowLog:FlowLog",
        operation=("ec2", "CreateFlowLogs"),
        arguments=_ARGUMENTS,
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
        required=names("logDestination"),
        replace_on=_ARGUMENTS,
        identity=names("vpcId subnetId eniId logDestination"),
        create=_create,
        read=_read,
        delete=lambda cloud, id_, _: cloud.ec2.delete_flow_logs(FlowLogIds=[id_]),
        retag=retag_ec2,
        validate=_validate,
    ),
)
