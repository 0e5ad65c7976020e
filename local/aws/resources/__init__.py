"""The emulated resource types and functions, one module per corner of AWS."""

from __future__ import annotations

from local.aws.definition import Resource
from local.aws.resources import (
    acm,
    autoscaling,
    codebuild,
    ec2_endpoint,
    ec2_endpoint_service,
    ec2_flow_log,
    ec2_gateway,
    ec2_instance,
    ec2_launch_template,
    ec2_network,
    ec2_route,
    ec2_security,
    ec2_security_rule,
    eks_access,
    eks_addon,
    eks_cluster,
    eks_node_group,
    elbv2,
    iam,
    iam_instance_profile,
    kms,
    logs,
    route53,
    route53_resolver,
    s3,
    s3_settings,
    ssm,
)

RESOURCES: dict[str, Resource] = {
    resource.pulumi_type: resource
    for module in (
        codebuild,
        ec2_network,
        ec2_route,
        ec2_endpoint,
        ec2_flow_log,
        ec2_gateway,
        ec2_security,
        ec2_security_rule,
        ec2_launch_template,
        ec2_instance,
        eks_cluster,
        eks_node_group,
        eks_addon,
        eks_access,
        elbv2,
        autoscaling,
        acm,
        route53,
        ec2_endpoint_service,
        iam,
        iam_instance_profile,
        kms,
        logs,
        route53_resolver,
        s3,
        s3_settings,
        ssm,
    )
    for resource in module.RESOURCES
}
