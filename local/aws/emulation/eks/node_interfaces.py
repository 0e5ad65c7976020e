"""The network interfaces of nodes: while a node lives, AWS lets go of neither its subnet nor its security group."""

from __future__ import annotations

from local.aws.emulation.eks.region import Cluster, Record, Region


def follow(region: Region, cluster: Cluster, nodegroup: Record) -> None:
    """One for each node that the group asks for, its subnets in turn; those of nodes that went are gone."""
    interfaces = cluster.node_interface_ids.setdefault(nodegroup["nodegroupName"], [])
    subnets = region.require_subnets(nodegroup["subnets"])
    wanted = nodegroup["scalingConfig"].get("desiredSize", 0)
    while len(interfaces) > wanted:
        region.ec2.delete_network_interface(interfaces.pop())
    while len(interfaces) < wanted:
        made = region.ec2.create_network_interface(
            subnets[len(interfaces) % len(subnets)],
            private_ip_address="",
            group_ids=[cluster.description["resourcesVpcConfig"]["clusterSecurityGroupId"]],
            description=f"a node of {nodegroup['nodegroupName']}",
            tags={"cluster.k8s.amazonaws.com/name": cluster.name},
        )
        interfaces.append(made.id)


def release(region: Region, cluster: Cluster, nodegroup_name: str) -> None:
    for interface_id in cluster.node_interface_ids.pop(nodegroup_name, []):
        region.ec2.delete_network_interface(interface_id)
