"""The emulated resource types, one module per corner of AWS; those that moto lacks are in `local.aws.recorded`."""

from __future__ import annotations

from local.aws.definition import Resource
from local.aws.recorded import access, addons, dns_firewall, pod_identity
from local.aws.resources import (
    acm,
    autoscaling,
    codebuild,
    ec2_endpoint,
    ec2_endpoint_service,
    ec2_flow_log,
    ec2_instance,
    ec2_internet_gateway,
    ec2_launch_template,
    ec2_network,
    ec2_route,
    ec2_security,
    ec2_security_rule,
    eks_cluster,
    eks_node_group,
    elbv2,
    iam,
    iam_instance_profile,
    kms,
    logs,
    route53,
    s3,
    s3_settings,
    ssm,
)

_MODULES = (
    access,
    acm,
    addons,
    autoscaling,
    codebuild,
    dns_firewall,
    ec2_endpoint,
    ec2_endpoint_service,
    ec2_flow_log,
    ec2_instance,
    ec2_internet_gateway,
    ec2_launch_template,
    ec2_network,
    ec2_route,
    ec2_security,
    ec2_security_rule,
    eks_cluster,
    eks_node_group,
    elbv2,
    iam,
    iam_instance_profile,
    kms,
    logs,
    pod_identity,
    route53,
    s3,
    s3_settings,
    ssm,
)
RESOURCES: dict[str, Resource] = {
    resource.pulumi_type: resource for module in _MODULES for resource in module.RESOURCES
}
