"""Values of a recording that carry no verdict, with reasons. All others do: replaced, the proof may not say private.

Patterns are of `kind path` or `kind name path`, as a shell matches names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

HARMLESS: Mapping[str, Collection[str]] = {
    "a word for people, or a name by which nothing is found": (
        "* tags*",
        "* description",
        "* name",
        "* path",
        "* nodeGroupName",
        "* *Sid",
        "LaunchTemplate tagSpecifications*",
        "Bucket bucket",  # its id names it
    ),
    "the kind is already in the type": ("* apiVersion", "* kind"),
    "a size, a number, a time, a place in the region": (
        "NodeGroup scalingConfig*",
        "NodeGroup updateConfig*",
        "NodeGroup nodeRepairConfig*",
        "NodeGroup instanceTypes*",
        "NodeGroup capacityType",
        "NodeGroup amiType",
        "NodeGroup taints*",
        "NodeGroup labels*",
        "LaunchTemplate blockDeviceMappings*",
        "BucketLifecycleConfiguration *",
        "Role maxSessionDuration",
        "Subnet availabilityZone",
        "Subnet cidrBlock",
        "Vpc instanceTenancy",
        "Cluster kubernetesNetworkConfig*",
        "SecurityGroupIngressRule *Port",
        "SecurityGroupIngressRule ipProtocol",
    ),
    "whether the resource may be deleted, kept or updated": (
        "* forceDestroy",
        "* deletionProtection",
        "* forceDetachPolicies",
        "* updateDefaultVersion",
        "* resolveConflicts*",
        "* mutationProtection",
        "* upgradePolicy*",
        "* *ersion",
        "* bootstrapSelfManagedAddons",
        "Bucket objectLockEnabled",
    ),
    "it decides who may decrypt and what is logged, which rules of the pack ask; no byte moves by it": (
        "Key *",
        "BucketServerSideEncryptionConfiguration *",
        "BucketVersioning *",
        "LogGroup *",
        "FlowLog *",
        "Cluster encryptionConfig*",
        "Cluster enabledClusterLogTypes*",
    ),
    "pods stand in a VPC that is closed whatever they are; rules of the pack ask what they may do": (
        "Deployment *",
        "NetworkPolicy *",
        "Namespace *",
        "ConfigMap *",
        "ResourceQuota *",
        "LimitRange *",
        "PodDisruptionBudget *",
        "ServiceAccount automountServiceAccountToken",
        "ServiceAccount metadata.labels",
        "ServiceAccount metadata.labels*",
        "ServiceAccount metadata.name*",
        "ServiceAccount metadata.annotations.pulumi.com/*",
        "Service metadata.labels*",
        "Service metadata.name*",
        "Service metadata.annotations.pulumi.com/*",
        "Service spec.ports*",
        "Service spec.selector*",
    ),
    "what is of no VPC that is seen is checked as if it were of the pods'": (
        "RouteTable vpcId",
        "SecurityGroup vpcId",
        "DefaultSecurityGroup vpcId",
        "Subnet vpcId",
        "VpcEndpoint vpcId",
    ),
    "an endpoint that is reached from less": (
        "VpcEndpoint routeTableIds*",
        "VpcEndpoint subnetIds*",
        "VpcEndpoint privateDnsEnabled",
        "VpcEndpoint vpcEndpointType",
    ),
    "a way out of a group is no way out of the VPC; a rule of the pack asks for it": ("DefaultSecurityGroup egress",),
    "a range that is not seen to be the VPC's own is named as a door": ("Vpc cidrBlock",),
    "names are fenced whether the VPC answers them or not": ("Vpc enableDns*", "Subnet enableResourceName*"),
    "AWS's own default is to fail closed": ("ResolverFirewallConfig resourceId",),
    "how a blocked name is answered, and what an allowed one leads to, which its owner decides": (
        "ResolverFirewallRule blockResponse",
        "ResolverFirewallRule firewallDomainRedirectionAction",
    ),
    "a rule that allows, broken or moved to another group, allows less": (
        "ResolverFirewallRule llama-dns-allowed action",
        "ResolverFirewallRule llama-dns-allowed firewallRuleGroupId",
    ),
    "AWS takes a role of the same account alone, and the control plane's pods are AWS's": (
        "Cluster roleArn",
        "Cluster accessConfig.bootstrapClusterCreatorAdminPermissions",
        "Cluster vpcConfig.endpointPrivateAccess",
    ),
    "other pods of the cluster get it, in the same closed VPC; a rule of the pack asks for the hop limit": (
        "PodIdentityAssociation namespace",
        "PodIdentityAssociation serviceAccount",
        "Addon podIdentityAssociations.*.serviceAccount",
        "LaunchTemplate metadataOptions*",
    ),
    "on which nodes the agent runs that reads their GPUs and reports to the cluster": (
        "Addon llama-eks-node-monitoring-agent configurationValues*",
    ),
    "whoever is let in is in the range, whatever the group": ("SecurityGroupIngressRule securityGroupId",),
    "a Service of type ClusterIP has no balancer to tell anything to": (
        "Service metadata",
        "Service metadata.annotations",
    ),
    "whatever a role may do, the endpoints are for the account's own resources": (
        "RolePolicy *",
        "RolePolicyAttachment *",
        "Addon configurationValues.env*",
    ),
    "who may take a role is its principal; what else a statement says can only narrow that": (
        "Role assumeRolePolicy.Statement.*.Action*",
        "Role assumeRolePolicy.Statement.*.Condition*",
    ),
    "a statement that only denies: the fence beside it still refuses": tuple(
        f"BucketPolicy policy.Statement.{index}.{key}"
        for index in (0, 2, 3, 4)
        for key in ("Action*", "Condition*", "Principal*", "Resource*")
    ),
    "whoever asks and for what, the account of the resource is in the condition": (
        "VpcEndpoint policy.Statement.*.Action*",
        "VpcEndpoint policy.Statement.*.Principal*",
        "VpcEndpoint policy.Statement.0.Resource*",
    ),
    "the two keys of the condition, and the names of the resources, each fence alone": (
        "VpcEndpoint policy.Statement.*.Condition.StringEquals.*",
        "VpcEndpoint policy.Statement.1.Condition*",
        "VpcEndpoint policy.Statement.1.Resource*",
    ),
}

SAFE_AS_NULL: Collection[str] = {
    "DefaultSecurityGroup ingress",  # the provider takes AWS's rules away
    "Subnet mapPublicIpOnLaunch",
    "Service spec.type",  # ClusterIP
    "Service spec",
    "ServiceAccount metadata",
    "ServiceAccount metadata.annotations",
    "SecurityGroupIngressRule cidrIpv4",  # AWS refuses a rule without a source
}
"""Values that may be left out: the default is as safe."""

NEVER_NULL: Collection[str] = {
    "Addon addonName",
    "Addon clusterName",
    "Addon podIdentityAssociations*",
    "Cluster vpcConfig.subnetIds*",
    "NodeGroup clusterName",
    "NodeGroup nodeRoleArn",
    "PodIdentityAssociation clusterName",
    "PodIdentityAssociation roleArn",
    "RouteTableAssociation subnetId",
    "VpcEndpoint securityGroupIds*",  # without one AWS takes the default group, which is closed here
}
"""Values without which the provider or AWS makes nothing."""

REFERENCES: Collection[str] = {
    "BucketPolicy bucket",
    "BucketPublicAccessBlock bucket",
    "Addon clusterName",
    "Addon podIdentityAssociations",
    "Addon podIdentityAssociations.0",
    "Addon podIdentityAssociations.0.roleArn",
    "Cluster vpcConfig.subnetIds",
    "Cluster vpcConfig.subnetIds.0",
    "Cluster vpcConfig.subnetIds.1",
    "NodeGroup clusterName",
    "NodeGroup launchTemplate",
    "NodeGroup launchTemplate.id",
    "NodeGroup nodeRoleArn",
    "NodeGroup subnetIds",
    "NodeGroup subnetIds.0",
    "NodeGroup subnetIds.1",
    "PodIdentityAssociation clusterName",
    "PodIdentityAssociation roleArn",
    "VpcEndpoint securityGroupIds",
    "VpcEndpoint securityGroupIds.0",
    "RouteTableAssociation routeTableId",
    "RouteTableAssociation subnetId",
    "ResolverFirewallRule firewallDomainListId",
    "ResolverFirewallRule firewallRuleGroupId",
    "ResolverFirewallRuleGroupAssociation firewallRuleGroupId",
    "ResolverFirewallRuleGroupAssociation vpcId",
}
"""Ids of another resource: where one is secret or not known, the engine says of which resource it was made."""


def carries_the_verdict(kind: str, name: str, path: str, by: str) -> bool:
    value = f"{kind} {path}"
    if by == "null" and (value in SAFE_AS_NULL or any(fnmatchcase(value, each) for each in NEVER_NULL)):
        return False
    if by in ("secret", "unknown") and value in REFERENCES:
        return False
    patterns = [pattern for patterns in HARMLESS.values() for pattern in patterns]
    return not any(fnmatchcase(each, pattern) for pattern in patterns for each in (value, f"{kind} {name} {path}"))
