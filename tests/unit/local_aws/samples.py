"""For every emulated type: a full set of arguments, an update, and changes that replace it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.unit.local_aws.world import READ_AND_LIST, READ_ONLY, World, trust

Args: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    args: Callable[[World], Args]
    updated: Callable[[World], Args] | None = None
    """Arguments to put over `args` that change the resource in place; None removes one."""
    replaced: Callable[[World], Args] = lambda _: {}
    """Arguments that, each alone, force replacement."""


_TAGS = {"tags": {"Name": "it", "kept": "yes"}}
_RETAGGED = {"tags": {"Name": "it", "kept": "no", "new": "yes"}}

SAMPLES: dict[str, Sample] = {
    "aws:ec2/vpc:Vpc": Sample(
        lambda _: {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": True, **_TAGS},
        lambda _: {"enableDnsHostnames": False, "enableDnsSupport": False, **_RETAGGED},
        lambda _: {"cidrBlock": "10.2.0.0/16", "region": "us-west-2"},
    ),
    "aws:ec2/subnet:Subnet": Sample(
        lambda w: {"vpcId": w.vpc.id, "cidrBlock": "10.0.9.0/24", "availabilityZone": "us-east-1a", **_TAGS},
        lambda _: {"mapPublicIpOnLaunch": True, "enableResourceNameDnsARecordOnLaunch": True, **_RETAGGED},
        lambda w: {"cidrBlock": "10.0.10.0/24", "availabilityZone": "us-east-1b", "vpcId": w.other_vpc.id},
    ),
    "aws:ec2/routeTable:RouteTable": Sample(
        lambda w: {"vpcId": w.vpc.id, **_TAGS}, lambda _: _RETAGGED, lambda w: {"vpcId": w.other_vpc.id}
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Sample(
        lambda w: {"routeTableId": w.route_table.id, "subnetId": w.subnet(0).id},
        replaced=lambda w: {"subnetId": w.subnet(1).id},
    ),
    "aws:ec2/route:Route": Sample(
        lambda w: {
            "routeTableId": w.route_table.id,
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": w.gateway.id,
        },
        lambda w: {"gatewayId": None, "natGatewayId": w.nat.id},
        lambda _: {"destinationCidrBlock": "192.168.0.0/16"},
    ),
    "aws:ec2/internetGateway:InternetGateway": Sample(
        lambda w: {"vpcId": w.vpc.id, **_TAGS}, lambda w: {"vpcId": w.other_vpc.id, **_RETAGGED}
    ),
    "aws:ec2/natGateway:NatGateway": Sample(
        lambda w: {"subnetId": w.subnet(0).id, "allocationId": w.address.id, **_TAGS},
        lambda _: _RETAGGED,
        lambda w: {"subnetId": w.subnet(1).id, "connectivityType": "private"},
    ),
    "aws:ec2/eip:Eip": Sample(lambda _: {"domain": "vpc", **_TAGS}, lambda _: _RETAGGED),
    "aws:ec2/flowLog:FlowLog": Sample(
        lambda w: {
            "vpcId": w.vpc.id,
            "trafficType": "ALL",
            "logDestination": w.log_group["arn"],
            "iamRoleArn": w.role("vpc-flow-logs")["arn"],
            **_TAGS,
        },
        lambda _: _RETAGGED,
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
            **_TAGS,
        },
        lambda _: {
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}],
            "egress": [],
            **_RETAGGED,
        },
        lambda w: {"description": "other", "vpcId": w.other_vpc.id, "name": "chosen"},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Sample(
        lambda w: {"vpcId": w.vpc.id, **_TAGS},
        lambda _: {
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/16"]}],
            **_RETAGGED,
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
            **_TAGS,
        },
        lambda _: {"toPort": 444, "cidrIpv4": "10.1.0.0/16", **_RETAGGED},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Sample(
        lambda w: {
            "securityGroupId": w.group.id,
            "ipProtocol": "-1",
            "referencedSecurityGroupId": w.group.id,
            "description": "out",
            **_TAGS,
        },
        lambda _: _RETAGGED,
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
            **_TAGS,
        },
        lambda w: {"subnetIds": [w.subnet(2).id, w.subnet(0).id], "privateDnsEnabled": False, **_RETAGGED},
        lambda w: {"serviceName": "com.amazonaws.us-east-1.sts", "vpcId": w.other_vpc.id},
    ),
    "aws:ec2/instance:Instance": Sample(
        lambda w: {
            "ami": w.arm_image,
            "instanceType": "t4g.nano",
            "subnetId": w.subnet(0).id,
            "vpcSecurityGroupIds": [w.group.id],
            "iamInstanceProfile": w.profile.id,
            "associatePublicIpAddress": False,
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
            "rootBlockDevice": {"encrypted": True, "volumeType": "gp3", "volumeSize": 8, "tags": {"Name": "it"}},
            **_TAGS,
        },
        lambda _: {
            "instanceType": "t4g.micro",
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 2},
            "iamInstanceProfile": None,
            **_RETAGGED,
        },
        lambda w: {"subnetId": w.subnet(1).id, "associatePublicIpAddress": True},
    ),
    "aws:iam/instanceProfile:InstanceProfile": Sample(
        lambda w: {"name": "sample-profile", "role": w.role("ec2")["name"], **_TAGS},
        lambda w: {"role": w.role("ssm")["name"], **_RETAGGED},
        lambda _: {"name": "other", "path": "/other/"},
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Sample(
        lambda w: {
            "description": "first",
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {
                        "volumeSize": 200,
                        "volumeType": "gp3",
                        "iops": 3000,
                        "throughput": 250,
                        "encrypted": "true",
                        "deleteOnTermination": "true",
                    },
                }
            ],
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 2},
            "networkInterfaces": [
                {"deviceIndex": 0, "associatePublicIpAddress": "false", "securityGroups": [w.group.id]}
            ],
            "tagSpecifications": [{"resourceType": "instance", "tags": {"a": "b"}}],
            "userData": "I2Nsb3VkLWNvbmZpZwo=",
            "updateDefaultVersion": True,
            **_TAGS,
        },
        lambda _: {
            "description": "second",
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "optional", "httpPutResponseHopLimit": 1},
            **_RETAGGED,
        },
        lambda _: {"name": "chosen"},
    ),
    "aws:eks/cluster:Cluster": Sample(
        lambda w: {
            "name": "sample",
            "roleArn": w.role("eks")["arn"],
            "version": "1.34",
            "vpcConfig": {
                "subnetIds": w.subnet_ids,
                "endpointPrivateAccess": True,
                "endpointPublicAccess": False,
                "securityGroupIds": [w.group.id],
            },
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True},
            "encryptionConfig": {"provider": {"keyArn": w.key["arn"]}, "resources": ["secrets"]},
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
            "enabledClusterLogTypes": ["audit", "api"],
            "upgradePolicy": {"supportType": "STANDARD"},
            "deletionProtection": False,
            **_TAGS,
        },
        lambda w: {
            "version": "1.35",
            "vpcConfig": {
                "subnetIds": list(reversed(w.subnet_ids)),
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["203.0.113.0/24"],
                "securityGroupIds": [],
            },
            "enabledClusterLogTypes": ["authenticator"],
            "upgradePolicy": {"supportType": "EXTENDED"},
            "deletionProtection": False,
            **_RETAGGED,
        },
        lambda w: {
            "name": "other",
            "roleArn": w.role("ec2")["arn"],
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.21.0.0/16", "ipFamily": "ipv4"},
        },
    ),
    "aws:eks/nodeGroup:NodeGroup": Sample(
        lambda w: {
            "clusterName": w.cluster.id,
            "nodeGroupName": "gpu",
            "nodeRoleArn": w.role("ec2")["arn"],
            "subnetIds": w.subnet_ids,
            "instanceTypes": ["g6.xlarge"],
            "amiType": "AL2023_x86_64_NVIDIA",
            "capacityType": "ON_DEMAND",
            "scalingConfig": {"minSize": 0, "desiredSize": 1, "maxSize": 2},
            "updateConfig": {"maxUnavailable": 1},
            "labels": {"paddock.dev/pool": "gpu", "gone": "soon"},
            "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
            "launchTemplate": {"id": w.template.id, "version": "1"},
            "nodeRepairConfig": {"enabled": True},
            **_TAGS,
        },
        lambda _: {
            "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 3},
            "labels": {"paddock.dev/pool": "gpu", "new": "here"},
            "taints": [{"key": "nvidia.com/gpu", "value": "yes", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailablePercentage": 50},
            **_RETAGGED,
        },
        lambda w: {
            "instanceTypes": ["g5.xlarge"],
            "capacityType": "SPOT",
            "amiType": "AL2023_x86_64_STANDARD",
            "subnetIds": [w.subnet(0).id],
            "nodeGroupName": "other",
        },
    ),
    "aws:eks/addon:Addon": Sample(
        lambda w: {
            "clusterName": w.cluster.id,
            "addonName": "vpc-cni",
            "addonVersion": "v1.20.4-eksbuild.2",
            "configurationValues": '{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}',
            "podIdentityAssociations": [{"serviceAccount": "aws-node", "roleArn": w.pod_role["arn"]}],
            "resolveConflictsOnCreate": "OVERWRITE",
            "resolveConflictsOnUpdate": "PRESERVE",
            **_TAGS,
        },
        lambda _: {"addonVersion": "v1.21.0-eksbuild.1", "configurationValues": '{"env": {}}', **_RETAGGED},
        lambda _: {"addonName": "coredns"},
    ),
    "aws:eks/accessEntry:AccessEntry": Sample(
        lambda w: {
            "clusterName": w.cluster.id,
            "principalArn": w.role("ssm")["arn"],
            "kubernetesGroups": ["readers"],
            **_TAGS,
        },
        lambda _: {"kubernetesGroups": ["writers", "readers"], **_RETAGGED},
        lambda w: {"principalArn": w.role("ec2")["arn"]},
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Sample(
        lambda w: {
            "clusterName": w.access_entry["clusterName"],
            "principalArn": w.access_entry["principalArn"],
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["llama"]},
        },
        replaced=lambda _: {
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
            "accessScope": {"type": "cluster"},
        },
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Sample(
        lambda w: {
            "clusterName": w.cluster.id,
            "namespace": "llama",
            "serviceAccount": "vllm",
            "roleArn": w.pod_role["arn"],
            **_TAGS,
        },
        lambda _: {"disableSessionTags": True, **_RETAGGED},
        lambda _: {"namespace": "other", "serviceAccount": "other"},
    ),
    "aws:iam/role:Role": Sample(
        lambda _: {"assumeRolePolicy": trust("ec2.amazonaws.com"), "description": "nodes", **_TAGS},
        lambda w: {
            "assumeRolePolicy": trust("eks.amazonaws.com"),
            "description": "control plane",
            "maxSessionDuration": 7200,
            "managedPolicyArns": [w.policy["arn"]],
            **_RETAGGED,
        },
        lambda _: {"name": "chosen", "path": "/paddock/"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Sample(
        lambda w: {"role": w.role("ec2").id, "policy": READ_ONLY},
        lambda _: {"policy": READ_AND_LIST},
        lambda w: {"role": w.role("eks").id, "name": "chosen"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Sample(
        lambda w: {"role": w.role("ec2").id, "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
        replaced=lambda w: {
            "role": w.role("eks").id,
            "policyArn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
        },
    ),
    "aws:iam/policy:Policy": Sample(
        lambda _: {"policy": READ_ONLY, "description": "reads", **_TAGS},
        lambda _: {"policy": READ_AND_LIST, **_RETAGGED},
        lambda _: {"description": "lists", "path": "/paddock/"},
    ),
    "aws:kms/key:Key": Sample(
        lambda _: {"description": "weights", "deletionWindowInDays": 7, "enableKeyRotation": True, **_TAGS},
        lambda _: {"description": "secrets", "enableKeyRotation": False, "isEnabled": False, **_RETAGGED},
        lambda _: {"multiRegion": True},
    ),
    "aws:kms/alias:Alias": Sample(
        lambda w: {"targetKeyId": w.key["arn"]},
        lambda w: {"targetKeyId": w.other_key["arn"]},
        lambda _: {"name": "alias/chosen"},
    ),
    "aws:codebuild/project:Project": Sample(
        lambda w: {
            "serviceRole": w.role("codebuild")["arn"],
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "A", "value": "b"}],
            },
            "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
            "logsConfig": {"cloudwatchLogs": {"groupName": "builds", "status": "ENABLED"}},
            **_TAGS,
        },
        lambda _: {"buildTimeout": 30, "description": "copies", **_RETAGGED},
        lambda _: {"name": "chosen"},
    ),
    "aws:cloudwatch/logGroup:LogGroup": Sample(
        lambda _: {"retentionInDays": 30, **_TAGS},
        lambda w: {"retentionInDays": 0, "kmsKeyId": w.key_of_logs["arn"], **_RETAGGED},
        lambda _: {"name": "/aws/eks/x/cluster", "logGroupClass": "INFREQUENT_ACCESS"},
    ),
    "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": Sample(
        lambda _: {"domains": ["*.us-east-1.amazonaws.com", "llama.internal"], **_TAGS},
        lambda _: {"domains": ["*"], **_RETAGGED},
        lambda _: {"name": "chosen"},
    ),
    "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup": Sample(
        lambda _: {**_TAGS}, lambda _: _RETAGGED, lambda _: {"name": "chosen"}
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
            **_TAGS,
        },
        lambda _: {"priority": 200, "name": "chosen", **_RETAGGED},
        lambda w: {"firewallRuleGroupId": w.rule_group("other-rules").id, "vpcId": w.other_vpc.id},
    ),
    "aws:route53/resolverFirewallConfig:ResolverFirewallConfig": Sample(
        lambda w: {"resourceId": w.vpc.id, "firewallFailOpen": "DISABLED"},
        lambda _: {"firewallFailOpen": "ENABLED"},
        lambda w: {"resourceId": w.other_vpc.id},
    ),
    "aws:s3/bucket:Bucket": Sample(lambda _: {**_TAGS}, lambda _: _RETAGGED, lambda _: {"bucket": "chosen-name"}),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Sample(
        lambda w: {"bucket": w.bucket.id, "blockPublicAcls": True, "blockPublicPolicy": True},
        lambda _: {"ignorePublicAcls": True, "restrictPublicBuckets": True},
        lambda _: {"bucket": "another-bucket"},
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Sample(
        lambda w: {"bucket": w.bucket.id, "versioningConfiguration": {"status": "Enabled"}},
        lambda _: {"versioningConfiguration": {"status": "Suspended"}},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Sample(
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": w.key["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        lambda _: {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Sample(
        lambda w: {"bucket": w.bucket.id, "policy": _bucket_policy(w.bucket.id, "s3:GetObject")},
        lambda w: {"policy": _bucket_policy(w.bucket.id, "s3:PutObject")},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Sample(
        lambda w: {"bucket": w.bucket.id, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        lambda _: {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Sample(
        lambda w: {
            "bucket": w.bucket.id,
            "rules": [
                {
                    "id": "parts",
                    "status": "Enabled",
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
                },
                {
                    "id": "old",
                    "status": "Enabled",
                    "filter": {"prefix": "weights/"},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                },
            ],
        },
        lambda _: {"rules": [{"id": "parts", "status": "Disabled", "expiration": {"days": 3}}]},
    ),
    "aws:ssm/parameter:Parameter": Sample(
        lambda _: {"name": "/paddock/token", "type": "SecureString", "value": "hush", **_TAGS},
        lambda _: {"value": "quiet", "description": "a secret", **_RETAGGED},
        lambda _: {"name": "/paddock/other"},
    ),
    "aws:lb/loadBalancer:LoadBalancer": Sample(
        lambda w: {
            "loadBalancerType": "network",
            "internal": True,
            "subnets": w.subnet_ids,
            "securityGroups": [w.group.id],
            "enableCrossZoneLoadBalancing": True,
            "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "off",
            **_TAGS,
        },
        lambda _: {
            "enableCrossZoneLoadBalancing": False,
            "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "on",
            **_RETAGGED,
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
            **_TAGS,
        },
        lambda _: {
            "deregistrationDelay": 60,
            "targetHealthStates": [{"enableUnhealthyConnectionTermination": True}],
            "healthCheck": {"protocol": "HTTP", "path": "/health", "matcher": "200-299", "interval": 20},
            **_RETAGGED,
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
            **_TAGS,
        },
        lambda w: {
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
            "certificateArn": w.certificate("other.test.internal")["arn"],
            "defaultActions": [{"type": "forward", "targetGroupArn": w.targets("others").id}],
            **_RETAGGED,
        },
        lambda w: {"loadBalancerArn": w.balancer("another").id},
    ),
    "aws:autoscaling/attachment:Attachment": Sample(
        lambda w: {"autoscalingGroupName": w.autoscaling_group, "lbTargetGroupArn": w.targets().id},
        replaced=lambda w: {"autoscalingGroupName": "another", "lbTargetGroupArn": w.targets("others").id},
    ),
    "aws:acm/certificate:Certificate": Sample(
        lambda w: {"domainName": "it.test.internal", "certificateAuthorityArn": w.authority, **_TAGS},
        lambda _: _RETAGGED,
        lambda w: {
            "domainName": "that.test.internal",
            "certificateAuthorityArn": w.authority.rsplit("/", 1)[0] + "/11111111-1111-1111-1111-111111111111",
        },
    ),
    "aws:route53/zone:Zone": Sample(
        lambda w: {"name": "it.test.internal", "vpcs": [{"vpcId": w.vpc.id}], "comment": "sample", **_TAGS},
        lambda w: {"comment": "changed", "vpcs": [{"vpcId": w.other_vpc.id}], **_RETAGGED},
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
            **_TAGS,
        },
        lambda _: {
            "acceptanceRequired": False,
            "allowedPrincipals": ["arn:aws:iam::222222222222:root", "arn:aws:iam::111111111111:role/reader"],
            **_RETAGGED,
        },
        lambda w: {"networkLoadBalancerArns": [w.balancer("another").id]},
    ),
}


def _bucket_policy(bucket: str, action: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
