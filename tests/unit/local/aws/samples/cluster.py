"""Samples of clusters and of what runs in them: EKS, IAM, instances and their templates."""

from __future__ import annotations

from tests.unit.local.aws.samples.sample import RETAGGED, TAGS, Sample
from tests.unit.local.aws.world import READ_AND_LIST, READ_ONLY, trust

SAMPLES: dict[str, Sample] = {
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
            **TAGS,
        },
        lambda _: {
            "instanceType": "t4g.micro",
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 2},
            "iamInstanceProfile": None,
            **RETAGGED,
        },
        lambda w: {"subnetId": w.subnet(1).id, "associatePublicIpAddress": True},
    ),
    "aws:iam/instanceProfile:InstanceProfile": Sample(
        lambda w: {"name": "sample-profile", "role": w.role("ec2")["name"], **TAGS},
        lambda w: {"role": w.role("ssm")["name"], **RETAGGED},
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
            **TAGS,
        },
        lambda _: {
            "description": "second",
            "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "optional", "httpPutResponseHopLimit": 1},
            **RETAGGED,
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
            **TAGS,
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
            **RETAGGED,
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
            **TAGS,
        },
        lambda _: {
            "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 3},
            "labels": {"paddock.dev/pool": "gpu", "new": "here"},
            "taints": [{"key": "nvidia.com/gpu", "value": "yes", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailablePercentage": 50},
            **RETAGGED,
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
            **TAGS,
        },
        lambda _: {"addonVersion": "v1.21.0-eksbuild.1", "configurationValues": '{"env": {}}', **RETAGGED},
        lambda _: {"addonName": "coredns"},
    ),
    "aws:eks/accessEntry:AccessEntry": Sample(
        lambda w: {
            "clusterName": w.cluster.id,
            "principalArn": w.role("ssm")["arn"],
            "kubernetesGroups": ["readers"],
            **TAGS,
        },
        lambda _: {"kubernetesGroups": ["writers", "readers"], **RETAGGED},
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
            **TAGS,
        },
        lambda _: {"disableSessionTags": True, **RETAGGED},
        lambda _: {"namespace": "other", "serviceAccount": "other"},
    ),
    "aws:iam/role:Role": Sample(
        lambda _: {"assumeRolePolicy": trust("ec2.amazonaws.com"), "description": "nodes", **TAGS},
        lambda _: {
            "assumeRolePolicy": trust("eks.amazonaws.com"),
            "description": "control plane",
            "maxSessionDuration": 7200,
            "managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"],
            **RETAGGED,
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
    "aws:autoscaling/attachment:Attachment": Sample(
        lambda w: {"autoscalingGroupName": w.autoscaling_group, "lbTargetGroupArn": w.targets().id},
        replaced=lambda w: {"autoscalingGroupName": "another", "lbTargetGroupArn": w.targets("others").id},
    ),
}
