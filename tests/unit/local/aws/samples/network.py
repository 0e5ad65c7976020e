"""Samples of networks: VPCs, endpoints, load balancers, certificates, private zones, DNS Firewall."""

from __future__ import annotations

from tests.unit.local.aws.samples.sample import RETAGGED, TAGS, Sample
from tests.unit.local.aws.world import READ_ONLY

SAMPLES: dict[str, Sample] = {
    "aws:ec2/vpc:Vpc": Sample(
        lambda _: {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": True, **TAGS},
        lambda _: {"enableDnsHostnames": False, "enableDnsSupport": False, **RETAGGED},
        lambda _: {"cidrBlock": "10.2.0.0/16", "region": "us-west-2"},
    ),
    "aws:ec2/subnet:Subnet": Sample(
        lambda w: {"vpcId": w.vpc.id, "cidrBlock": "10.0.9.0/24", "availabilityZone": "us-east-1a", **TAGS},
        lambda _: {"mapPublicIpOnLaunch": True, "enableResourceNameDnsARecordOnLaunch": True, **RETAGGED},
        lambda w: {"cidrBlock": "10.0.10.0/24", "availabilityZone": "us-east-1b", "vpcId": w.other_vpc.id},
    ),
    "aws:ec2/routeTable:RouteTable": Sample(
        lambda w: {"vpcId": w.vpc.id, **TAGS}, lambda _: RETAGGED, lambda w: {"vpcId": w.other_vpc.id}
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Sample(
        lambda w: {"routeTableId": w.route_table.id, "subnetId": w.subnet(0).id},
        replaced=lambda w: {"subnetId": w.subnet(1).id},
    ),
    "aws:ec2/internetGateway:InternetGateway": Sample(
        lambda w: {"vpcId": w.vpc.id, **TAGS}, lambda w: {"vpcId": w.other_vpc.id, **RETAGGED}
    ),
    "aws:ec2/flowLog:FlowLog": Sample(
        lambda w: {
            "vpcId": w.vpc.id,
            "trafficType": "ALL",
            "logDestination": w.log_group["arn"],
            "iamRoleArn": w.role("vpc-flow-logs")["arn"],
            **TAGS,
        },
        lambda _: RETAGGED,
        lambda _: {"trafficType": "REJECT", "maxAggregationInterval": 60},
    ),
    "aws:ec2/securityGroup:SecurityGroup": Sample(
        lambda w: {
            "vpcId": w.vpc.id,
            "description": "sample",
            "ingress": [
                {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16", "10.9.0.0/16"]},
                {"protocol": "tcp", "fromPort": 80, "toPort": 80, "self": True, "description": "itself"},
            ],
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            **TAGS,
        },
        lambda _: {
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}],
            "egress": [],
            **RETAGGED,
        },
        lambda w: {"description": "other", "vpcId": w.other_vpc.id, "name": "chosen"},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Sample(
        lambda w: {"vpcId": w.vpc.id, **TAGS},
        lambda _: {
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}],
            **RETAGGED,
        },
        lambda w: {"vpcId": w.other_vpc.id},
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Sample(
        lambda w: {
            "securityGroupId": w.group.id,
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.0.0.0/16",
            "description": "in",
            **TAGS,
        },
        lambda _: {"toPort": 444, "cidrIpv4": "10.1.0.0/16", **RETAGGED},
        lambda _: {"securityGroupId": "sg-another"},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Sample(
        lambda w: {
            "securityGroupId": w.group.id,
            "ipProtocol": "-1",
            "referencedSecurityGroupId": w.group.id,
            "description": "out",
            **TAGS,
        },
        lambda _: RETAGGED,
        lambda _: {"securityGroupId": "sg-another"},
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Sample(
        lambda w: {
            "vpcId": w.vpc.id,
            "serviceName": "com.amazonaws.us-east-1.ecr.dkr",
            "vpcEndpointType": "Interface",
            "privateDnsEnabled": True,
            "subnetIds": w.subnet_ids,
            "securityGroupIds": [w.group.id],
            "policy": READ_ONLY.replace('"Effect"', '"Principal": "*", "Effect"'),
            **TAGS,
        },
        lambda w: {"subnetIds": [w.subnet(2).id, w.subnet(0).id], "privateDnsEnabled": False, **RETAGGED},
        lambda w: {"serviceName": "com.amazonaws.us-east-1.sts", "vpcId": w.other_vpc.id},
    ),
    "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": Sample(
        lambda _: {"domains": ["*.us-east-1.amazonaws.com", "llama.internal"], **TAGS},
        lambda _: {"domains": ["*"], **RETAGGED},
        lambda _: {"name": "chosen"},
    ),
    "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup": Sample(
        lambda _: {**TAGS}, lambda _: RETAGGED, lambda _: {"name": "chosen"}
    ),
    "aws:route53/resolverFirewallRule:ResolverFirewallRule": Sample(
        lambda w: {
            "firewallRuleGroupId": w.rule_group("rules").id,
            "firewallDomainListId": w.domain_list("names").id,
            "priority": 100,
            "action": "ALLOW",
            "firewallDomainRedirectionAction": "TRUST_REDIRECTION_DOMAIN",
        },
        lambda _: {"action": "BLOCK", "blockResponse": "NXDOMAIN", "priority": 200, "name": "chosen"},
        lambda w: {
            "firewallRuleGroupId": w.rule_group("other-rules").id,
            "firewallDomainListId": w.domain_list("other-names").id,
            "qType": "TXT",
        },
    ),
    "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": Sample(
        lambda w: {
            "firewallRuleGroupId": w.rule_group("rules").id,
            "vpcId": w.vpc.id,
            "priority": 101,
            "mutationProtection": "DISABLED",
            **TAGS,
        },
        lambda _: {"priority": 200, "name": "chosen", **RETAGGED},
        lambda w: {"firewallRuleGroupId": w.rule_group("other-rules").id, "vpcId": w.other_vpc.id},
    ),
    "aws:route53/resolverFirewallConfig:ResolverFirewallConfig": Sample(
        lambda w: {"resourceId": w.vpc.id, "firewallFailOpen": "DISABLED"},
        lambda _: {"firewallFailOpen": "ENABLED"},
        lambda w: {"resourceId": w.other_vpc.id},
    ),
    "aws:lb/loadBalancer:LoadBalancer": Sample(
        lambda w: {
            "loadBalancerType": "network",
            "internal": True,
            "subnets": w.subnet_ids,
            "securityGroups": [w.group.id],
            "enableCrossZoneLoadBalancing": True,
            "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "off",
            **TAGS,
        },
        lambda _: {
            "enableCrossZoneLoadBalancing": False,
            "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "on",
            **RETAGGED,
        },
        lambda w: {"internal": False, "subnets": [w.subnet(0).id], "name": "chosen"},
    ),
    "aws:lb/targetGroup:TargetGroup": Sample(
        lambda w: {
            "vpcId": w.vpc.id,
            "targetType": "instance",
            "protocol": "TCP",
            "port": 30080,
            "preserveClientIp": "false",
            "deregistrationDelay": 120,
            "targetHealthStates": [{"enableUnhealthyConnectionTermination": False, "unhealthyDrainingInterval": 120}],
            "healthCheck": {
                "protocol": "HTTP",
                "port": "traffic-port",
                "path": "/health",
                "matcher": "200",
                "interval": 10,
                "timeout": 5,
                "healthyThreshold": 2,
                "unhealthyThreshold": 2,
            },
            **TAGS,
        },
        lambda _: {
            "deregistrationDelay": 60,
            "targetHealthStates": [{"enableUnhealthyConnectionTermination": True}],
            "healthCheck": {"protocol": "HTTP", "path": "/health", "matcher": "200-299", "interval": 20},
            **RETAGGED,
        },
        lambda w: {"port": 30081, "protocol": "TLS", "vpcId": w.other_vpc.id, "targetType": "ip", "name": "chosen"},
    ),
    "aws:lb/listener:Listener": Sample(
        lambda w: {
            "loadBalancerArn": w.balancer().id,
            "port": 443,
            "protocol": "TLS",
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
            "certificateArn": w.certificate()["arn"],
            "defaultActions": [{"type": "forward", "targetGroupArn": w.targets().id}],
            **TAGS,
        },
        lambda w: {
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
            "certificateArn": w.certificate("other.test.internal")["arn"],
            "defaultActions": [{"type": "forward", "targetGroupArn": w.targets("others").id}],
            **RETAGGED,
        },
        lambda w: {"loadBalancerArn": w.balancer("another").id},
    ),
    "aws:acm/certificate:Certificate": Sample(
        lambda w: {"domainName": "it.test.internal", "certificateAuthorityArn": w.authority, **TAGS},
        lambda _: RETAGGED,
        lambda w: {
            "domainName": "that.test.internal",
            "certificateAuthorityArn": w.authority.rsplit("/", 1)[0] + "/11111111-1111-1111-1111-111111111111",
        },
    ),
    "aws:route53/zone:Zone": Sample(
        lambda w: {"name": "it.test.internal", "vpcs": [{"vpcId": w.vpc.id}], "comment": "sample", **TAGS},
        lambda w: {"comment": "changed", "vpcs": [{"vpcId": w.other_vpc.id}], **RETAGGED},
        lambda _: {"name": "that.test.internal"},
    ),
    "aws:route53/record:Record": Sample(
        lambda w: {
            "zoneId": w.zone.id,
            "name": "zone.test.internal",
            "type": "A",
            "aliases": [
                {"name": w.balancer()["dnsName"], "zoneId": w.balancer()["zoneId"], "evaluateTargetHealth": False}
            ],
        },
        lambda _: {"aliases": None, "records": ["10.0.0.9"], "ttl": 60},
        lambda _: {"name": "www.zone.test.internal"},
    ),
    "aws:ec2/vpcEndpointService:VpcEndpointService": Sample(
        lambda w: {
            "acceptanceRequired": True,
            "allowedPrincipals": ["arn:aws:iam::111111111111:root"],
            "networkLoadBalancerArns": [w.balancer("offered").id],
            **TAGS,
        },
        lambda _: {
            "acceptanceRequired": False,
            "allowedPrincipals": ["arn:aws:iam::222222222222:root", "arn:aws:iam::111111111111:role/reader"],
            **RETAGGED,
        },
        lambda w: {"networkLoadBalancerArns": [w.balancer("another").id]},
    ),
}
