"""Ways out of the VPC and into it: routes, peerings, gateways, security groups, nodes that stand elsewhere."""

from __future__ import annotations

from tests.privacy_cases.case import door, fault, rule_only
from tests.privacy_cases.program import add, drop, put, ref
from tests.privacy_cases.values import (
    ALL_PORTS,
    CLUSTER,
    EVERYWHERE,
    FOREIGN,
    GROUP_ELSEWHERE,
    OWN,
    QUARTERS,
    SAFE_MACHINE,
    SUBNET,
    TABLE,
    TABLE_ELSEWHERE,
    TRANSIT,
    VPC,
    VPN,
    endpoint,
    route,
    rule,
    second_vpc,
)

ATTACHMENT = "aws:ec2transitgateway/vpcAttachment:VpcAttachment"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
PROPAGATION = "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
NODES = {
    "nodeRoleArn": ref("Role", "llama-gpu-node", "arn"),
    "subnetIds": [SUBNET],
    "instanceTypes": ["g6.xlarge"],
    "scalingConfig": {"desiredSize": 1, "minSize": 0, "maxSize": 1},
    "launchTemplate": {"id": ref("LaunchTemplate", "llama-system"), "version": "1"},
    "labels": {"team": "other"},
}
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"

CASES = [
    fault(
        "peering with a VPC of another account, and a route there: its owner may run a proxy",
        add(PEERING, "partner", vpcId=VPC, peerVpcId="vpc-0a1b2c3d4e5f60718", peerOwnerId=FOREIGN),
        route("vpcPeeringConnectionId", ref("VpcPeeringConnection", "partner"), "10.66.0.0/16"),
    ),
    fault(
        "transit gateway with a default route: the hub behind it has the internet",
        add(ATTACHMENT, "hub", vpcId=VPC, transitGatewayId=TRANSIT, subnetIds=[SUBNET]),
        route("transitGatewayId", TRANSIT),
    ),
    # As of a peering, a proxy may stand behind it: the team answers for it, by the range.
    door(
        "transit gateway to the company's network, with a route to its addresses alone",
        add(ATTACHMENT, "hub", vpcId=VPC, transitGatewayId=TRANSIT, subnetIds=[SUBNET]),
        route("transitGatewayId", TRANSIT, "10.128.0.0/9"),
    ),
    door(
        "route in the table itself to a range of the company, through a transit gateway that another stack attached",
        put("RouteTable", "llama-private", routes=[{"cidrBlock": "10.128.0.0/9", "transitGatewayId": TRANSIT}]),
    ),
    door(
        "route to the office through a VPN gateway that another stack attached",
        route("gatewayId", VPN, "192.168.0.0/16"),
    ),
    door(
        "route to a few public addresses of the company through a peering that another stack made",
        route("vpcPeeringConnectionId", "pcx-0a1b2c3d4e5f60718", "203.0.113.0/24"),
    ),
    fault(
        "route to every IPv4 address by its NAT64 form through a transit gateway, whose hub may have a NAT gateway",
        route("transitGatewayId", TRANSIT, None, destinationIpv6CidrBlock="64:ff9b::/96"),
    ),
    fault("route to half of the internet through a transit gateway", route("transitGatewayId", TRANSIT, "0.0.0.0/1")),
    fault(
        "route to a prefix list through a transit gateway, whose ranges are not seen",
        route("transitGatewayId", TRANSIT, None, destinationPrefixListId="pl-0a1b2c3d"),
    ),
    fault("default route to a peering that another stack made", route("vpcPeeringConnectionId", "pcx-0a1b2c3d4e5f")),
    fault(
        "IPv6 default route to a transit gateway, beside an IPv4 range of the company",
        route("transitGatewayId", TRANSIT, "10.128.0.0/9", destinationIpv6CidrBlock="::/0"),
    ),
    fault(
        "default route to a transit gateway that another stack attached to this VPC",
        route("transitGatewayId", TRANSIT),
    ),
    fault(
        "VPN gateway of this stack whose routes flow into the pods' table",
        add("aws:ec2/vpnGateway:VpnGateway", "vpn", vpcId=VPC),
        add(PROPAGATION, vpnGatewayId=ref("VpnGateway", "vpn"), routeTableId=TABLE),
    ),
    fault(
        "pods' table takes the routes of a VPN gateway that others attached",
        put("RouteTable", "llama-private", propagatingVgws=[VPN]),
    ),
    fault(
        "propagation from a VPN gateway made elsewhere, as a resource of its own",
        add(PROPAGATION, vpnGatewayId=VPN, routeTableId=TABLE),
    ),
    fault(
        "Direct Connect joins the VPC to a network on premises",
        add(
            "aws:directconnect/gatewayAssociation:GatewayAssociation",
            dxGatewayId="9f1c1111-2222-4333-8444-555566667777",
            associatedGatewayId=VPN,
        ),
    ),
    fault(
        "default route to a Gateway Load Balancer endpoint of the security team",
        route("vpcEndpointId", "vpce-0a1b2c3d4e5f60718"),
    ),
    fault(
        "route to an ODB network of another account",
        route("odbNetworkArn", f"arn:aws:odb:us-east-1:{FOREIGN}:odb-network/n", "10.99.0.0/16"),
    ),
    fault(
        "IPv6 default route to an egress-only gateway that another stack made",
        add(
            "aws:ec2/route:Route",
            routeTableId=TABLE,
            destinationIpv6CidrBlock="::/0",
            egressOnlyGatewayId="eigw-0a1b2c3d4e5f60718",
        ),
    ),
    fault(
        "Network Firewall in the VPC, which forwards by routes of its own",
        add(
            "aws:networkfirewall/firewall:Firewall",
            vpcId=VPC,
            firewallPolicyArn=f"arn:aws:network-firewall:us-east-1:{OWN}:firewall-policy/p",
            subnetMappings=[{"subnetId": SUBNET}],
        ),
    ),
    fault(
        "Lattice service network of another account joined: its services answer at link-local addresses",
        add(
            "aws:vpclattice/serviceNetworkVpcAssociation:ServiceNetworkVpcAssociation",
            vpcIdentifier=VPC,
            serviceNetworkIdentifier=f"arn:aws:vpc-lattice:us-east-1:{FOREIGN}:servicenetwork/sn-0a1b2c3d4e5f60718",
        ),
    ),
    fault(
        "endpoint of type Resource: PrivateLink to a database or proxy of another account",
        endpoint(
            "x",
            serviceName=None,
            vpcEndpointType="Resource",
            resourceConfigurationArn=f"arn:aws:vpc-lattice:us-east-1:{FOREIGN}:resourceconfiguration/rcfg-0a1b2c3d",
        ),
    ),
    fault(
        "second VPC with NAT in the same stack, peered with ours: a proxy there takes prompts out",
        *second_vpc("egress"),
        add(
            "aws:ec2/natGateway:NatGateway",
            "egress",
            subnetId=ref("Subnet", "egress"),
            allocationId="eipalloc-0a1b2c3d4e5f60718",
        ),
        add(PEERING, "egress", vpcId=VPC, peerVpcId=ref("Vpc", "egress"), autoAccept=True),
    ),
    fault(
        "EC2 Instance Connect endpoint: SSH into the VPC from the internet",
        add("aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint", subnetId=SUBNET),
    ),
    fault(
        "default group lets in four quarters of IPv4, which are all of it",
        put("DefaultSecurityGroup", ingress=[{"cidrBlocks": QUARTERS, **ALL_PORTS}]),
    ),
    rule_only(
        "group lets out to four quarters of IPv4",
        *[rule("Egress", f"quarter-{i}", cidrIpv4=cidr) for i, cidr in enumerate(QUARTERS)],
    ),
    rule_only("group lets out to all global addresses of IPv6 by 2000::/3", rule("Egress", cidrIpv6="2000::/3")),
    rule_only(
        "group lets out to a prefix list that nobody sees, which may hold every address",
        rule("Egress", prefixListId="pl-0a1b2c3d4e5f60718"),
    ),
    rule_only(
        "old-style rule lets out to four quarters of IPv4",
        add(
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            type="egress",
            securityGroupId=ref("SecurityGroup", "llama-endpoints"),
            cidrBlocks=QUARTERS,
            **ALL_PORTS,
        ),
    ),
    fault("group lets in all global addresses of IPv6 by 2000::/3", rule("Ingress", cidrIpv6="2000::/3")),
    door(
        "group lets in sixteen public ranges of a cloud: a million machines of strangers",
        *[rule("Ingress", f"cloud-{i}", cidrIpv4=f"3.{80 + i}.0.0/16") for i in range(16)],
    ),
    fault(
        "instance without a source check, and the default route to its interface",
        add(
            "aws:ec2/instance:Instance",
            "nat",
            subnetId=SUBNET,
            sourceDestCheck=False,
            primaryNetworkInterfaceId="eni-0a1b2c3d4e5f60718",
            **SAFE_MACHINE,
        ),
        route("networkInterfaceId", ref("Instance", "nat", "primaryNetworkInterfaceId")),
    ),
    fault(
        "instance with interfaces in two VPCs, which AWS allows: it is a bridge",
        add(
            "aws:ec2/instance:Instance",
            sourceDestCheck=False,
            networkInterfaces=[{"deviceIndex": i, "networkInterfaceId": f"eni-{i}a1b2c3d4e5f60718"} for i in range(2)],
            **SAFE_MACHINE,
        ),
    ),
    fault(
        "nodes' subnet on an Outpost hands out addresses that a network on premises routes",
        put(
            "Subnet",
            "llama-nodes-0",
            outpostArn=f"arn:aws:outposts:us-east-1:{FOREIGN}:outpost/op-0a1b2c3d4e5f60718",
            mapCustomerOwnedIpOnLaunch=True,
            customerOwnedIpv4Pool="ipv4pool-coip-0a1b2c3d4e5f60718",
        ),
    ),
    fault(
        "nodes' subnets are shared with another account: its machines stand in the VPC",
        add("aws:ram/resourceShare:ResourceShare", "share", allowExternalPrincipals=True),
        add(
            "aws:ram/principalAssociation:PrincipalAssociation",
            principal=FOREIGN,
            resourceShareArn=ref("ResourceShare", "share", "arn"),
        ),
        add(
            "aws:ram/resourceAssociation:ResourceAssociation",
            resourceArn=ref("Subnet", "llama-nodes-0", "arn"),
            resourceShareArn=ref("ResourceShare", "share", "arn"),
        ),
    ),
    fault(
        "mirror of a node's interface: prompts in plain text between balancer and pod are copied out",
        add(
            "aws:ec2/trafficMirrorSession:TrafficMirrorSession",
            networkInterfaceId="eni-0a1b2c3d4e5f60718",
            sessionNumber=1,
            trafficMirrorFilterId="tmf-0a1b2c3d4e5f60718",
            trafficMirrorTargetId="tmt-0a1b2c3d4e5f60718",
        ),
    ),
    fault(
        "node group without a launch template: EKS makes one whose hop limit of 2 gives pods the node's role",
        put("NodeGroup", "llama-gpu-g6-xlarge", launchTemplate=None),
    ),
    fault(
        "nodes start from a launch template that is not in the stack",
        put("NodeGroup", "llama-gpu-g6-xlarge", launchTemplate={"id": "lt-0a1b2c3d4e5f60718", "version": "7"}),
    ),
    fault(
        "SSH to nodes for a group made elsewhere, which may be open",
        put(
            "NodeGroup",
            "llama-gpu-g6-xlarge",
            remoteAccess={"ec2SshKey": "key", "sourceSecurityGroupIds": [GROUP_ELSEWHERE]},
            launchTemplate=None,
        ),
    ),
    fault(
        "a peering that another account asked for is accepted",
        add(
            "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
            vpcPeeringConnectionId="pcx-0a1b2c3d4e5f60718",
            autoAccept=True,
        ),
    ),
    fault(
        "group lets in a prefix list of this stack that holds 0.0.0.0/0",
        add(
            "aws:ec2/managedPrefixList:ManagedPrefixList",
            "all",
            addressFamily="IPv4",
            maxEntries=1,
            entries=[{"cidr": EVERYWHERE}],
        ),
        rule("Ingress", prefixListId=ref("ManagedPrefixList", "all")),
    ),
    fault(
        "Verified Access endpoint: a door from the internet to what stands in the VPC",
        add(
            "aws:verifiedaccess/endpoint:Endpoint",
            attachmentType="vpc",
            endpointType="load-balancer",
            verifiedAccessGroupId="vagr-0a1b2c3d4e5f60718",
            applicationDomain="x.example.com",
        ),
    ),
    fault(
        "second VPC with nodes and no DNS firewall at all",
        add("aws:ec2/vpc:Vpc", "second", cidrBlock="10.60.0.0/16"),
        add("aws:ec2/subnet:Subnet", "second", vpcId=ref("Vpc", "second"), cidrBlock="10.60.0.0/24"),
        add(NODE_GROUP, "second", **{**NODES, "clusterName": CLUSTER, "subnetIds": [ref("Subnet", "second")]}),
    ),
    fault(
        "nodes' subnets follow a route table that the network team made, with NAT in it",
        *[put("RouteTableAssociation", f"llama-nodes-{zone}", routeTableId=TABLE_ELSEWHERE) for zone in range(2)],
    ),
    fault(
        "association of a nodes' subnet with a table elsewhere, in place of ours",
        drop("RouteTableAssociation", "llama-nodes-0"),
        add(ASSOCIATION, subnetId=SUBNET, routeTableId=TABLE_ELSEWHERE),
    ),
    fault(
        "main route table of the VPC is one of another stack",
        add("aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation", vpcId=VPC, routeTableId=TABLE_ELSEWHERE),
    ),
    fault(
        "node group joins a cluster of another stack, whose API may be public",
        add(NODE_GROUP, **{**NODES, "clusterName": "cluster-of-another-team"}),
    ),
    fault("nodes of this stack belong to a cluster that is not in the file", drop("Cluster", "llama-cluster")),
    fault(
        "nodes' role is made elsewhere: its rights are not seen",
        put("NodeGroup", "llama-gpu-g6-xlarge", nodeRoleArn=f"arn:aws:iam::{OWN}:role/legacy-admin"),
    ),
    fault(
        "DNS is off, and DHCP hands out a resolver on the internet",
        put("Vpc", "llama-vpc", enableDnsSupport=False),
        add("aws:ec2/vpcDhcpOptions:VpcDhcpOptions", "dhcp", domainNameServers=["8.8.8.8"]),
        add(
            "aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation",
            vpcId=VPC,
            dhcpOptionsId=ref("VpcDhcpOptions", "dhcp"),
        ),
    ),
    fault(
        "endpoint is guarded by a group of another stack, which may let in anybody",
        put("VpcEndpoint", "llama-sts", securityGroupIds=[GROUP_ELSEWHERE]),
    ),
    fault(
        "group with a rule from itself and from 0.0.0.0/0 at once: the range counts",
        add(
            "aws:ec2/securityGroup:SecurityGroup",
            "common",
            vpcId=VPC,
            ingress=[{"protocol": "tcp", "fromPort": 22, "toPort": 3389, "self": True, "cidrBlocks": [EVERYWHERE]}],
        ),
    ),
    fault(
        "rule from 0.0.0.0/0 apart from its empty group",
        add("aws:ec2/securityGroup:SecurityGroup", "apart", vpcId=VPC, description="empty"),
        add(
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            type="ingress",
            securityGroupId=ref("SecurityGroup", "apart"),
            protocol="tcp",
            fromPort=22,
            toPort=22,
            cidrBlocks=[EVERYWHERE],
        ),
    ),
]
