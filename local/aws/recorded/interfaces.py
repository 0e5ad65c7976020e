"""Network interfaces of EKS: while a cluster or a node lives, AWS keeps its subnets and its security group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.aws.recorded.kind import Record

if TYPE_CHECKING:
    from local.aws.recorded.region import Region


def connect_cluster(region: Region, cluster: Record) -> None:
    """Attach the control plane to each subnet, in place of those before."""
    release(region, cluster["arn"])
    config = cluster["resourcesVpcConfig"]
    for subnet in region.require_subnets(config["subnetIds"]):
        groups = [config["clusterSecurityGroupId"], *config["securityGroupIds"]]
        _attach(region, cluster["arn"], subnet, groups, f"Amazon EKS {cluster['name']}", {})


def connect_nodes(region: Region, cluster: Record, nodegroup: Record) -> None:
    """Attach each node that the group asks for, to its subnets in turn; detach those of nodes that went."""
    arn = nodegroup["nodegroupArn"]
    attached, subnets = region.interfaces[arn], region.require_subnets(nodegroup["subnets"])
    wanted = nodegroup["scalingConfig"].get("desiredSize", 0)
    while len(attached) > wanted:
        region.ec2.delete_network_interface(attached.pop())
    while len(attached) < wanted:
        subnet, groups = (
            subnets[len(attached) % len(subnets)],
            [cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]],
        )
        tags = {"cluster.k8s.amazonaws.com/name": cluster["name"]}
        _attach(region, arn, subnet, groups, f"a node of {nodegroup['nodegroupName']}", tags)


def release(region: Region, arn: str) -> None:
    for interface_id in region.interfaces.pop(arn, []):
        region.ec2.delete_network_interface(interface_id)


def _attach(
    region: Region, arn: str, subnet: object, groups: list[str], description: str, tags: dict[str, str]
) -> None:
    made = region.ec2.create_network_interface(
        subnet, private_ip_address="", group_ids=groups, description=description, tags=tags
    )
    region.interfaces[arn].append(made.id)
