"""EC2 instances, each with one network interface and a root volume."""

from __future__ import annotations

from typing import Any

from local.aws.calls import ec2_tags, first, given, one, pascal, retag_ec2, tag_list, tag_map
from local.aws.cloud import Cloud, GoneError
from local.aws.definition import Change, Resource, names
from local.aws.values import Value, Values

_GONE = ("shutting-down", "terminated")
_IMAGE_GIB = 8
"""Size of Amazon Linux's own snapshot; moto knows no sizes of snapshots."""
_VOLUME = names("encrypted iops kmsKeyId throughput volumeSize volumeType")


def _root_device(cloud: Cloud, image_id: str) -> str:
    image = first(cloud.ec2.describe_images, "Images", ImageIds=[image_id])
    if image is None:
        raise ValueError(f"there is no AMI {image_id} in {cloud.region}")
    return str(image["RootDeviceName"])


def _create(cloud: Cloud, inputs: Values) -> str:
    root = inputs.get("rootBlockDevice", {})
    volume = pascal({name: root[name] for name in _VOLUME if name in root})
    tags = ec2_tags("instance", inputs)
    if root.get("tags"):
        tags.append({"ResourceType": "volume", "Tags": tag_list(root["tags"])})
    made = cloud.ec2.run_instances(
        ImageId=inputs["ami"],
        InstanceType=inputs["instanceType"],
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": inputs["subnetId"],
                "DeleteOnTermination": True,
                **given(
                    Groups=inputs.get("vpcSecurityGroupIds"),
                    AssociatePublicIpAddress=inputs.get("associatePublicIpAddress"),
                ),
            }
        ],
        BlockDeviceMappings=[
            {
                "DeviceName": _root_device(cloud, inputs["ami"]),
                "Ebs": {
                    "VolumeSize": _IMAGE_GIB,
                    **volume,
                    "DeleteOnTermination": root.get("deleteOnTermination", True),
                },
            }
        ],
        TagSpecifications=tags,
        **given(
            IamInstanceProfile={"Name": inputs["iamInstanceProfile"]} if "iamInstanceProfile" in inputs else None,
            MetadataOptions=pascal(inputs["metadataOptions"]) if "metadataOptions" in inputs else None,
        ),
    )
    return str(made["Instances"][0]["InstanceId"])


def _read(cloud: Cloud, id_: str, _: Values) -> Values:
    instance = one(cloud.ec2.describe_instances, "Reservations", InstanceIds=[id_])["Instances"][0]
    if instance["State"]["Name"] in _GONE:
        raise GoneError(f"{id_} is terminated")
    (interface,) = instance["NetworkInterfaces"]
    options = instance["MetadataOptions"]
    return {
        "ami": instance["ImageId"],
        "arn": cloud.arn("ec2", f"instance/{id_}"),
        "associatePublicIpAddress": "PublicIpAddress" in instance,
        "availabilityZone": instance["Placement"]["AvailabilityZone"],
        "iamInstanceProfile": instance.get("IamInstanceProfile", {}).get("Arn", "").rpartition("/")[2],
        "instanceState": instance["State"]["Name"],
        "instanceType": instance["InstanceType"],
        "metadataOptions": {
            "httpEndpoint": options["HttpEndpoint"],
            "httpPutResponseHopLimit": options["HttpPutResponseHopLimit"],
            "httpTokens": options["HttpTokens"],
        },
        "primaryNetworkInterfaceId": interface["NetworkInterfaceId"],
        "privateDns": instance["PrivateDnsName"],
        "privateIp": instance["PrivateIpAddress"],
        "publicIp": instance.get("PublicIpAddress", ""),
        "rootBlockDevice": _root(cloud, instance),
        "subnetId": interface["SubnetId"],
        "tagsAll": tag_map(instance.get("Tags")),
        "vpcSecurityGroupIds": [group["GroupId"] for group in interface["Groups"]],
    }


def _root(cloud: Cloud, instance: dict[str, Any]) -> Values:
    (device,) = instance["BlockDeviceMappings"]
    volume = cloud.ec2.describe_volumes(VolumeIds=[device["Ebs"]["VolumeId"]])["Volumes"][0]
    return {
        "deleteOnTermination": device["Ebs"]["DeleteOnTermination"],
        "deviceName": device["DeviceName"],
        "encrypted": volume["Encrypted"],
        "tags": tag_map(volume.get("Tags")),
        "volumeId": volume["VolumeId"],
        "volumeSize": volume["Size"],
        "volumeType": volume["VolumeType"],
    }


def _update(change: Change) -> None:
    ec2, state = change.cloud.ec2, change.state
    if change.of("metadataOptions"):
        ec2.modify_instance_metadata_options(InstanceId=change.id, **pascal(change.new["metadataOptions"]))
    if change.of("vpcSecurityGroupIds"):
        ec2.modify_network_interface_attribute(
            NetworkInterfaceId=state["primaryNetworkInterfaceId"], Groups=change.new["vpcSecurityGroupIds"]
        )
    if change.of("iamInstanceProfile"):
        _exchange_profile(ec2, change.id, change.new.get("iamInstanceProfile"))
    if change.of("instanceType"):
        ec2.stop_instances(InstanceIds=[change.id])
        ec2.modify_instance_attribute(InstanceId=change.id, InstanceType={"Value": change.new["instanceType"]})
        ec2.start_instances(InstanceIds=[change.id])


def _exchange_profile(ec2: Any, id_: str, name: Value) -> None:
    filters = [{"Name": "instance-id", "Values": [id_]}]
    for each in ec2.describe_iam_instance_profile_associations(Filters=filters)["IamInstanceProfileAssociations"]:
        ec2.disassociate_iam_instance_profile(AssociationId=each["AssociationId"])
    if name:
        ec2.associate_iam_instance_profile(InstanceId=id_, IamInstanceProfile={"Name": name})


RESOURCES = (
    Resource(
        pulumi_type="aws:ec2/instance:Instance",
        operation=("ec2", "RunInstances"),
        arguments=names(
            "ami associatePublicIpAddress iamInstanceProfile instanceType metadataOptions rootBlockDevice subnetId "
            "vpcSecurityGroupIds"
        ),
        renames={"ami": "ImageId", "vpcSecurityGroupIds": "SecurityGroupIds"},
        replace_on=names("ami associatePublicIpAddress rootBlockDevice subnetId"),
        sets=names("vpcSecurityGroupIds"),
        create=_create,
        read=_read,
        update=_update,
        delete=lambda cloud, id_, _: cloud.ec2.terminate_instances(InstanceIds=[id_]),
        retag=retag_ec2,
    ),
)
