"""Internet gateways."""

from __future__ import annotations

from local.aws.calls import ec2_tags, one, retag_ec2, tag_map
from local.aws.cloud import Cloud
from local.aws.definition import Change, Resource, names
from local.aws.values import Values


def _create(cloud: Cloud, inputs: Values) -> str:
    made = cloud.ec2.create_internet_gateway(TagSpecifications=ec2_tags("internet-gateway", inputs))
    return str(made["InternetGateway"]["InternetGatewayId"])


def _attach(cloud: Cloud, id_: str, inputs: Values) -> None:
    if "vpcId" in inputs:
        cloud.ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=inputs["vpcId"])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    gateway = one(cloud.ec2.describe_internet_gateways, "InternetGateways", InternetGatewayIds=[id_])
    attachments = gateway.get("Attachments", [])
    return {
        "arn": cloud.arn("ec2", f"internet-gateway/{id_}"),
        "ownerId": cloud.account_id,
        "tagsAll": tag_map(gateway.get("Tags")),
        "vpcId": attachments[0]["VpcId"] if attachments else "",
    }


def _reattach(change: Change) -> None:
    if change.of("vpcId"):
        _detach(change.cloud, change.id, change.state)
        _attach(change.cloud, change.id, change.new)


def _detach(cloud: Cloud, id_: str, state: Values) -> None:
    if state.get("vpcId"):
        cloud.ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=state["vpcId"])


def _delete(cloud: Cloud, id_: str, _: Values) -> None:
    _detach(cloud, id_, _read(cloud, id_, {}))
    cloud.ec2.delete_internet_gateway(InternetGatewayId=id_)


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/internetGateway:InternetGateway",
        operation=("ec2", "CreateInternetGateway"),
        arguments=names("vpcId"),
        create=_create,
        settle=_attach,
        read=_read,
        update=_reattach,
        delete=_delete,
        retag=retag_ec2,
    ),
)
